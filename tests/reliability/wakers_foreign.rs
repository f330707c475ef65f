//! WK, foreign wakers: code of anybody's that may panic (WK-8), or call back in (WK-9).
//!
//! Each of the five things that can be awaited keeps a waker of the test's while it is
//! cloned, woken and dropped.

use crate::hooks::{Call, Hooks};
use crate::support::{Wakes, loop_on, new_loop, reports, within};
use oneloop::io::AsyncFd;
use oneloop::{Blocking, Clock, EventLoop, Future as Promise, LoopHandle, Task};
use std::cell::RefCell;
use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

type Wait = Pin<Box<dyn Future<Output = ()>>>;

/// Something to wait for: three waits for it, and how it comes.
struct Awaited {
    waits: Vec<Wait>,
    complete: Box<dyn FnOnce(&EventLoop)>,
}

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

fn a_future(event_loop: &EventLoop) -> Awaited {
    let future: Promise<()> = event_loop.create_future();
    let wait = |_| -> Wait {
        let future = future.clone();
        Box::pin(async move {
            let _ = future.await;
        })
    };
    let waits = (0..3).map(wait).collect();
    let set = move || future.set_result(()).expect("it is set once");
    let complete = move |event_loop: &EventLoop| {
        event_loop.call_soon(set).expect("the loop is open");
        turn(event_loop);
    };
    Awaited { waits, complete: Box::new(complete) }
}

fn a_task(event_loop: &EventLoop) -> Awaited {
    let over = event_loop.create_future::<()>();
    let end = over.clone();
    let task = event_loop
        .spawn(async move {
            let _ = over.await;
        })
        .expect("the loop is open");
    let task: Rc<Task<()>> = Rc::new(task);
    turn(event_loop);
    let wait = |_| -> Wait {
        let task = task.clone();
        Box::pin(async move { drop((&*task).await) })
    };
    let complete = move |event_loop: &EventLoop| {
        end.set_result(()).expect("it is set once");
        turn(event_loop);
    };
    Awaited { waits: (0..3).map(wait).collect(), complete: Box::new(complete) }
}

fn sleeps(_: &EventLoop) -> Awaited {
    let wait = |_| -> Wait { Box::pin(async { oneloop::sleep(Duration::from_secs(1)).await }) };
    let complete = |event_loop: &EventLoop| {
        event_loop.advance(Duration::from_secs(2));
        turn(event_loop);
    };
    Awaited { waits: (0..3).map(wait).collect(), complete: Box::new(complete) }
}

fn a_descriptor(event_loop: &EventLoop) -> Awaited {
    let (mut near, far) = UnixStream::pair().expect("a socket pair");
    far.set_nonblocking(true).expect("it can be");
    let far = Rc::new(AsyncFd::on(event_loop, far));
    let wait = |_| -> Wait {
        let far = far.clone();
        Box::pin(async move { drop(far.read_with(|mut fd| fd.read(&mut [0])).await) })
    };
    let complete = move |event_loop: &EventLoop| {
        near.write_all(b"x").expect("there is room");
        turn(event_loop);
    };
    Awaited { waits: (0..3).map(wait).collect(), complete: Box::new(complete) }
}

fn jobs(event_loop: &EventLoop) -> Awaited {
    let mut ends = Vec::new();
    let waits = (0..3).map(|_| -> Wait {
        let (go, wait) = mpsc::channel::<()>();
        ends.push(go);
        let job = event_loop.run_in_executor(move || {
            let _ = wait.recv();
        });
        let job: Blocking<()> = job.expect("the loop is open");
        Box::pin(async move {
            let _ = job.await;
        })
    });
    let waits = waits.collect();
    let complete = move |event_loop: &EventLoop| {
        drop(ends);
        let event_loop: &LoopHandle = event_loop;
        // No job is in flight once virtual time finds nothing to wait for.
        while event_loop.turn(None).is_ok() {}
    };
    Awaited { waits, complete: Box::new(complete) }
}

const ALL: [fn(&EventLoop) -> Awaited; 5] = [a_future, a_task, sleeps, a_descriptor, jobs];

/// Polls a wait once, in a step of a task, with the hooks armed meanwhile if there are
/// any. Also whether the poll panicked.
fn poll(
    event_loop: &EventLoop,
    mut wait: Wait,
    waker: &Waker,
    hooks: Option<Arc<Hooks>>,
) -> (Wait, bool) {
    let waker = waker.clone();
    let polled = async move {
        let arm = |on| hooks.iter().for_each(|hooks| hooks.arm(on));
        arm(true);
        let poll = || wait.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let poll = catch_unwind(AssertUnwindSafe(poll));
        arm(false);
        assert!(!matches!(poll, Ok(true)), "there is nothing yet");
        (wait, poll.is_err(), waker)
    };
    let (wait, panicked, waker) = event_loop.run_until_complete(polled).expect("it is one step");
    drop(waker);
    (wait, panicked)
}

/// A waker that panics in `at` harms neither the loop nor other waiters.
fn survives(make: fn(&EventLoop) -> Awaited, at: Call) {
    let event_loop = loop_on(Clock::Manual);
    let _reports = reports(&event_loop);
    let Awaited { mut waits, complete } = make(&event_loop);
    let (hooks, bad) = Hooks::new(move |call| assert!(call != at, "the waker panics"));
    let (wakes, good) = Wakes::new();
    let (first, second) = (waits.remove(0), waits.remove(0));
    let armed = (at == Call::Clone).then(|| hooks.clone());
    let (first, panicked) = poll(&event_loop, first, &bad, armed);
    assert_eq!(panicked, at == Call::Clone);
    let (second, _) = poll(&event_loop, second, &good, None);
    hooks.arm(true);
    let well = catch_unwind(AssertUnwindSafe(|| complete(&event_loop)));
    hooks.arm(false);
    assert!(well.is_ok(), "the panic went through the loop");
    assert_eq!(wakes.count(), 1, "wakes of the other waiter");
    assert_eq!(hooks.wakes(), usize::from(at != Call::Clone));
    let lives = event_loop.run_until_complete(async { 7 });
    assert_eq!(lives.expect("the loop lives"), 7);
    drop((first, second));
}

#[test]
fn wk_008_a_waker_that_panics_when_cloned_wedges_nothing() {
    within(|| ALL.into_iter().for_each(|make| survives(make, Call::Clone)));
}

#[test]
fn wk_008_a_waker_that_panics_when_woken_wedges_nothing() {
    within(|| ALL.into_iter().for_each(|make| survives(make, Call::Wake)));
}

#[test]
fn wk_008_a_waker_that_panics_when_dropped_does_not_wedge_a_future() {
    within(|| survives(a_future, Call::Drop));
}

#[test]
fn wk_008_a_waker_that_panics_when_dropped_does_not_wedge_a_task() {
    within(|| survives(a_task, Call::Drop));
}

#[test]
fn wk_008_a_waker_that_panics_when_dropped_does_not_wedge_sleeps() {
    within(|| survives(sleeps, Call::Drop));
}

#[test]
fn wk_008_a_waker_that_panics_when_dropped_does_not_wedge_a_descriptor() {
    within(|| survives(a_descriptor, Call::Drop));
}

#[test]
fn wk_008_a_waker_that_panics_when_dropped_does_not_wedge_jobs() {
    within(|| survives(jobs, Call::Drop));
}

thread_local! {
    /// What a waker calls back into; a waker itself may hold nothing of this thread.
    static CALL_BACK: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    static REFUSED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Touches every table of the loop, as user code may.
fn touch_everything(handle: &LoopHandle, wait: &mut Wait) {
    let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let task = handle.spawn(std::future::pending::<()>()).expect("the loop is open");
    task.set_name("made by a waker");
    task.add_done_callback(|_| {});
    task.cancel();
    handle.call_soon(|| {}).expect("the loop is open").cancel();
    handle.call_later(Duration::from_secs(9), || {}).expect("the loop is open").cancel();
    let (fd, _peer) = UnixStream::pair().expect("a socket pair");
    handle.add_reader(&fd, || {}).expect("a socket can be polled");
    handle.remove_reader(&fd);
    let _ = (handle.all_tasks(), handle.next_deadline(), format!("{handle:?}"));
    drop(EventLoop::new().expect("another loop can be made"));
}

/// A waker that calls back in from `at` finds nothing borrowed or locked.
fn lets_in(make: fn(&EventLoop) -> Awaited, at: Call) {
    let event_loop = loop_on(Clock::Manual);
    let Awaited { mut waits, complete } = make(&event_loop);
    let (hooks, waker) = Hooks::new(move |call| {
        let back = CALL_BACK.with_borrow(Clone::clone).filter(|_| call == at);
        if let Some(Err(refused)) = back.map(|back| catch_unwind(AssertUnwindSafe(|| back()))) {
            let text = oneloop::error::panic_message(&*refused).to_owned();
            REFUSED.with_borrow_mut(|all| all.push(text));
        }
    });
    let (first, second, third) = (waits.remove(0), waits.remove(0), waits.remove(0));
    let (handle, third) = (event_loop.handle(), RefCell::new(third));
    CALL_BACK.set(Some(Rc::new(move || touch_everything(&handle, &mut third.borrow_mut()))));
    // Cloned in a poll; dropped as it is replaced, as a wait goes, and as it has woken.
    let (first, _) = poll(&event_loop, first, &waker, Some(hooks.clone()));
    let (first, _) = poll(&event_loop, first, &waker, Some(hooks.clone()));
    let (second, _) = poll(&event_loop, second, &waker, Some(hooks.clone()));
    hooks.arm(true);
    drop(second);
    complete(&event_loop);
    hooks.arm(false);
    CALL_BACK.set(None);
    drop(first);
    assert_eq!(REFUSED.take(), Vec::<String>::new());
}

#[test]
fn wk_009_a_waker_may_call_back_in_when_woken() {
    within(|| ALL.into_iter().for_each(|make| lets_in(make, Call::Wake)));
}

#[test]
fn wk_009_a_waker_may_call_back_in_when_dropped() {
    within(|| ALL.into_iter().for_each(|make| lets_in(make, Call::Drop)));
}

#[test]
fn wk_009_a_waker_may_call_back_in_when_cloned() {
    within(|| ALL.into_iter().for_each(|make| lets_in(make, Call::Clone)));
}

/// Who waits for the pool to end has a waker, too.
#[test]
fn wk_009_a_waker_of_a_shutdown_may_submit_a_job_when_dropped() {
    within(|| {
        let event_loop = new_loop();
        let (go, wait) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel::<()>();
        let job = event_loop
            .run_in_executor(move || {
                begun.send(()).expect("the test waits for that");
                let _ = wait.recv();
            })
            .expect("it is open");
        begins.recv().expect("the job begins");
        let handle = event_loop.handle();
        let shutdown = async move {
            let _ = handle.shutdown_default_executor(Duration::MAX).await;
        };
        let (hooks, waker) = Hooks::new(|call| {
            if call == Call::Drop {
                drop(oneloop::run_blocking(|| {}));
            }
        });
        let (shutdown, _) = poll(&event_loop, Box::pin(shutdown), &waker, None);
        let (shutdown, _) = poll(&event_loop, shutdown, Waker::noop(), Some(hooks));
        go.send(()).expect("the job waits");
        event_loop.run_until_complete(shutdown).expect("the pool ends");
        drop(job);
    });
}
