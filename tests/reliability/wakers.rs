//! WK: a waker outlives everything it may refer to, and reaches its own task or nobody.

use crate::support::{OnDrop, bump, counter, new_loop, nth, rounds, virtual_loop, watch, within};
use oneloop::{Event, EventLoop, LoopHandle, RemoteHandle, Task};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread::ThreadId;
use std::time::Duration;

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// The waker of a task that is over and forgotten.
fn stale_waker(handle: &LoopHandle) -> Waker {
    let slot = Rc::new(RefCell::new(None));
    let into = slot.clone();
    let task = handle.spawn(poll_fn(move |cx| {
        *into.borrow_mut() = Some(cx.waker().clone());
        Poll::Ready(())
    }));
    drop(task.expect("the loop is open"));
    turn(handle);
    slot.take().expect("the task was polled")
}

/// A task that counts its polls and never ends.
fn counted(handle: &LoopHandle) -> (Rc<Cell<usize>>, Task<()>) {
    let polls = counter();
    let count = polls.clone();
    let task = handle.spawn(poll_fn(move |_| {
        bump(&count);
        Poll::Pending
    }));
    (polls, task.expect("the loop is open"))
}

fn count_stale_wakes(handle: &LoopHandle) -> Rc<Cell<usize>> {
    let stale = counter();
    let seen = stale.clone();
    watch(handle, move |event| {
        if matches!(event, Event::StaleWake) {
            bump(&seen);
        }
    });
    stale
}

#[test]
fn wk_001_a_stale_wake_reaches_nobody_from_here_or_from_a_thread() {
    let event_loop = virtual_loop();
    let waker = stale_waker(&event_loop);
    let (polls, _task) = counted(&event_loop);
    turn(&event_loop);
    let stale = count_stale_wakes(&event_loop);
    let local = waker.clone();
    event_loop.call_soon(move || local.wake()).expect("the loop is open");
    turn(&event_loop);
    std::thread::spawn(move || waker.wake()).join().expect("no panic");
    turn(&event_loop);
    assert_eq!((polls.get(), stale.get()), (1, 2));
}

/// A name that was kept of a task that is gone, while another has its slot.
fn stale_ref(handle: &LoopHandle) -> oneloop::TaskRef {
    let task = handle.spawn(async {}).expect("the loop is open");
    let name = task.clone();
    drop(task);
    turn(handle);
    name
}

#[test]
fn wk_001_a_stale_task_ref_does_nothing_to_the_task_that_has_the_slot() {
    let event_loop = virtual_loop();
    let stale = stale_ref(&event_loop);
    let (_, task) = counted(&event_loop);
    task.set_name("new");
    assert!(stale.done() && !stale.cancel() && !stale.cancelled());
    stale.set_name("old");
    assert_eq!((task.name(), stale.name()), ("new".to_owned(), "Task-1".to_owned()));
    assert_eq!((task.cancelling(), stale.cancelling()), (0, 0));
}

#[test]
fn wk_001_a_stale_task_ref_takes_no_cancel_request_back() {
    let event_loop = virtual_loop();
    let stale = stale_ref(&event_loop);
    let (_, task) = counted(&event_loop);
    task.cancel();
    assert_eq!((stale.uncancel(), task.cancelling()), (0, 1));
}

#[test]
fn wk_002_a_waker_of_a_closed_loop_does_nothing_to_the_loop_that_has_its_number() {
    for _ in 0..100 {
        let waker = {
            let event_loop = virtual_loop();
            stale_waker(&event_loop)
        };
        let event_loop = virtual_loop();
        let (polls, _task) = counted(&event_loop);
        turn(&event_loop);
        let elsewhere = waker.clone();
        std::thread::spawn(move || elsewhere.wake()).join().expect("no panic");
        waker.wake();
        turn(&event_loop);
        assert_eq!(polls.get(), 1);
    }
}

/// Wakes and injects until the loop has been closed for a while; wakes are no-ops then.
fn hammer(waker: Waker, remote: RemoteHandle) {
    let mut refused = 0;
    while refused < 20 {
        waker.wake_by_ref();
        drop(waker.clone());
        if let Err(error) = remote.call_soon_threadsafe(|| {}) {
            assert!(error.is_closed());
            refused += 1;
        }
        std::thread::yield_now();
    }
}

/// One round: eight threads hammer a loop while it is dropped.
fn drop_under_fire() {
    let event_loop = new_loop();
    let (sender, wakers) = mpsc::channel();
    let task = event_loop.spawn(poll_fn(move |cx| {
        let _ = sender.send(cx.waker().clone());
        Poll::<()>::Pending
    }));
    turn(&event_loop);
    let waker = wakers.recv().expect("the task was polled");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (waker, remote) = (waker.clone(), event_loop.remote());
            std::thread::spawn(move || hammer(waker, remote))
        })
        .collect();
    (0..3).for_each(|_| turn(&event_loop));
    drop(event_loop);
    drop(task);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

/// A test under a sanitizer more than an assertion: `.ci/asan` runs it.
#[test]
fn wk_003_wakes_and_injects_while_the_loop_is_dropped_are_harmless() {
    within(|| (0..rounds(500, 10_000)).for_each(|_| drop_under_fire()));
}

#[test]
fn wk_004_what_is_sent_while_the_loop_closes_runs_is_dropped_or_comes_back() {
    within(|| {
        for _ in 0..rounds(200, 5_000) {
            let event_loop = new_loop();
            let (token, remote) = (Arc::new(()), event_loop.remote());
            let held = token.clone();
            let sender = std::thread::spawn(move || {
                let send = || {
                    remote.call_soon_threadsafe({
                        let held = held.clone();
                        move || drop(held)
                    })
                };
                (0..50).filter(|_| send().is_err()).count()
            });
            turn(&event_loop);
            drop(event_loop);
            sender.join().expect("no panic");
            assert_eq!(Arc::strong_count(&token), 1, "an item was kept");
        }
    });
}

/// A future that must not leave its thread notes where it was dropped.
fn dropped_on(made: impl FnOnce(&EventLoop, RemoteHandle, mpsc::Sender<ThreadId>)) {
    let event_loop = new_loop();
    let (sender, dropped) = mpsc::channel();
    let remote = event_loop.remote();
    made(&event_loop, remote, sender);
    drop(event_loop);
    assert_eq!(dropped.recv().expect("it is dropped"), std::thread::current().id());
    assert!(dropped.recv().is_err(), "it was dropped twice");
}

fn not_send(sender: mpsc::Sender<ThreadId>) -> impl Future<Output = ()> {
    let note = OnDrop(move || sender.send(std::thread::current().id()).expect("the test waits"));
    let not_send = Rc::new(());
    async move {
        let _kept = (note, not_send);
        pending::<()>().await;
    }
}

#[test]
fn wk_005_a_task_whose_last_waker_a_thread_drops_is_dropped_by_its_loop() {
    within(|| {
        dropped_on(|event_loop, _, sender| {
            let (give, take) = mpsc::channel::<Waker>();
            let body = not_send(sender);
            let task = event_loop.spawn(async move {
                let mut body = std::pin::pin!(body);
                poll_fn(|cx| {
                    give.send(cx.waker().clone()).expect("the test waits");
                    body.as_mut().poll(cx)
                })
                .await;
            });
            drop(task.expect("the loop is open"));
            turn(event_loop);
            std::thread::spawn(move || drop(take.recv())).join().expect("no panic");
        });
    });
}

#[test]
fn wk_005_a_task_that_a_thread_cancels_is_dropped_by_its_loop() {
    within(|| {
        dropped_on(|event_loop, remote, sender| {
            let asked = std::thread::spawn(move || {
                let (begin, begun) = mpsc::channel();
                let make = move || {
                    begin.send(()).expect("the thread waits");
                    not_send(sender)
                };
                let task = remote.spawn(make).expect("the loop is open");
                begun.recv().expect("it begins");
                task.cancel().expect("the loop is open");
                let ended = task.wait().expect_err("it was cancelled");
                remote.stop().expect("the loop is open");
                ended.is_cancelled()
            });
            event_loop.run_forever().expect("stopped by the thread");
            assert!(asked.join().expect("no panic"));
        });
    });
}

type Late = Box<dyn FnMut()>;

thread_local! {
    /// Wakes when the thread ends, among its last acts.
    static LATE: RefCell<Option<OnDrop<Late>>> = const { RefCell::new(None) };
}

fn at_thread_end(f: impl FnMut() + 'static) {
    LATE.set(Some(OnDrop(Box::new(f))));
}

#[test]
fn wk_007_a_waker_woken_by_the_destructor_of_a_thread_local_of_another_thread_works() {
    within(|| {
        let mut started = false;
        let ended = oneloop::run(poll_fn(move |cx| {
            if std::mem::replace(&mut started, true) {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            std::thread::spawn(move || at_thread_end(move || waker.wake_by_ref()));
            Poll::Pending
        }));
        ended.expect("the wake came");
    });
}

/// On the loop's own thread, too, and the loop itself is among what the thread leaves.
#[test]
fn wk_007_wakers_and_loops_in_thread_locals_of_their_own_thread_are_harmless() {
    within(|| {
        for loop_first in [true, false] {
            let thread = std::thread::spawn(move || {
                let early = loop_first.then(new_loop);
                at_thread_end(|| {});
                let event_loop = early.unwrap_or_else(new_loop);
                let waker = stale_waker(&event_loop);
                let (_, task) = counted(&event_loop);
                let mut kept = Some((event_loop, task));
                at_thread_end(move || {
                    waker.wake_by_ref();
                    drop(kept.take());
                    waker.wake_by_ref();
                });
            });
            thread.join().expect("no panic");
        }
    });
}

#[derive(Clone, Copy, Debug)]
enum During {
    Wake,
    Cancel,
    WakeThenCancel,
    CancelThenWake,
    DropTheHandle,
}

#[derive(Clone, Copy, Debug)]
enum Ends {
    Pending,
    Ready,
    Panic,
}

/// A task that does something to itself in its first poll, which then ends in some way:
/// how often it is polled, and how it ended, in a word.
fn polled_while(during: During, ends: Ends) -> (usize, &'static str) {
    let event_loop = virtual_loop();
    event_loop.set_exception_handler(|_| {});
    let (polls, own) = (counter(), Rc::new(RefCell::new(None::<Task<()>>)));
    let (count, handle) = (polls.clone(), own.clone());
    let task = event_loop.spawn(poll_fn(move |cx| {
        if nth(&count) > 1 {
            return Poll::Pending;
        }
        let cancel = || handle.borrow().as_ref().map(|task| task.cancel());
        match during {
            During::Wake => cx.waker().wake_by_ref(),
            During::Cancel => drop(cancel()),
            During::WakeThenCancel => {
                cx.waker().wake_by_ref();
                cancel();
            }
            During::CancelThenWake => {
                cancel();
                cx.waker().wake_by_ref();
            }
            During::DropTheHandle => drop(handle.take()),
        }
        match ends {
            Ends::Pending => Poll::Pending,
            Ends::Ready => Poll::Ready(()),
            Ends::Panic => panic!("the poll panics"),
        }
    }));
    let task = task.expect("the loop is open");
    let name = task.clone();
    *own.borrow_mut() = Some(task);
    (0..5).for_each(|_| turn(&event_loop));
    let state = match (name.done(), name.cancelled(), name.panicked()) {
        (false, ..) => "waits",
        (true, true, _) => "cancelled",
        (true, _, true) => "panicked",
        (true, false, false) => "over",
    };
    (polls.get(), state)
}

#[test]
fn wk_010_what_happens_to_a_task_while_it_is_polled_has_its_fixed_effect() {
    use During::{Cancel, CancelThenWake, DropTheHandle, Wake, WakeThenCancel};
    for (during, pending, ready, panic) in [
        (Wake, (2, "waits"), (1, "over"), (1, "panicked")),
        (Cancel, (1, "cancelled"), (1, "cancelled"), (1, "panicked")),
        (WakeThenCancel, (1, "cancelled"), (1, "cancelled"), (1, "panicked")),
        (CancelThenWake, (1, "cancelled"), (1, "cancelled"), (1, "panicked")),
        (DropTheHandle, (1, "waits"), (1, "over"), (1, "over")),
    ] {
        assert_eq!(polled_while(during, Ends::Pending), pending, "{during:?}, pending");
        assert_eq!(polled_while(during, Ends::Ready), ready, "{during:?}, ready");
        assert_eq!(polled_while(during, Ends::Panic), panic, "{during:?}, panic");
    }
}

#[test]
fn wk_011_a_done_task_is_not_polled_and_its_result_is_given_once() {
    let event_loop = virtual_loop();
    let slot = Rc::new(RefCell::new(None::<Waker>));
    let (polls, into) = (counter(), slot.clone());
    let count = polls.clone();
    let task = event_loop
        .spawn(poll_fn(move |cx| {
            bump(&count);
            *into.borrow_mut() = Some(cx.waker().clone());
            Poll::Ready(7)
        }))
        .expect("the loop is open");
    turn(&event_loop);
    slot.take().expect("it was polled").wake();
    turn(&event_loop);
    assert_eq!(polls.get(), 1);
    let task = Rc::new(RefCell::new(task));
    let give = |task: &Rc<RefCell<Task<u8>>>| {
        let task = task.clone();
        event_loop.run_until_complete(poll_fn(move |cx| Pin::new(&mut *task.borrow_mut()).poll(cx)))
    };
    assert_eq!(give(&task).expect("the loop runs").expect("it is done"), 7);
    let again = give(&task).expect("the loop runs").expect_err("it was given");
    assert_eq!(again.to_string(), "the result was taken already");
}
