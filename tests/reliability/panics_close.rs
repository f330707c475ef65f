//! PN, the end: a loop may be dropped anywhere, and what it drops then may do anything.

use crate::support::{
    OnDrop, bump, counter, in_child, loop_on, new_loop, open_descriptors, reports, virtual_loop,
    within,
};
use oneloop::io::AsyncFd;
use oneloop::net::{TcpListener, TcpStream};
use oneloop::{Clock, EventLoop, Handle, LoopHandle, RunError, Task, TimerHandle};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// A descriptor that the kernel polls, because a read of it would have blocked.
fn registered(handle: &LoopHandle) -> AsyncFd<UnixStream> {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    near.set_nonblocking(true).expect("it can be");
    let fd = AsyncFd::on(handle, near);
    {
        let mut read = std::pin::pin!(fd.read_with(|mut fd| fd.read(&mut [0])));
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(read.as_mut().poll(&mut cx).is_pending());
        }
    }
    drop(far);
    fd
}

/// Drops a loop from inside itself, in several ways; the run ends well, the loop is closed.
fn dropped_from_inside(start: impl FnOnce(&LoopHandle, EventLoop)) {
    let event_loop = virtual_loop();
    let (handle, token) = (event_loop.handle(), Rc::new(()));
    let held = token.clone();
    let waits = async move {
        let _held = held;
        pending::<()>().await;
    };
    drop(handle.spawn(waits).expect("the loop is open"));
    handle.set_exception_handler(|_| {});
    start(&handle, event_loop);
    handle.run_forever().expect("the drop stops it");
    assert!(handle.is_closed() && !handle.is_running());
    assert!(matches!(handle.run_forever(), Err(RunError::Closed)));
    assert!(handle.call_soon(|| {}).is_err() && handle.spawn(async {}).is_err());
    assert_eq!(Rc::strong_count(&token), 1, "a task was kept");
}

#[test]
fn pn_006_a_loop_may_be_dropped_by_its_own_callback() {
    dropped_from_inside(|handle, event_loop| {
        handle.call_soon(move || drop(event_loop)).expect("the loop is open");
    });
}

#[test]
fn pn_006_a_loop_may_be_dropped_by_its_own_timer() {
    dropped_from_inside(|handle, event_loop| {
        handle.call_later(HOUR, move || drop(event_loop)).expect("the loop is open");
    });
}

#[test]
fn pn_006_a_loop_may_be_dropped_by_its_own_task_which_goes_on() {
    let ended = Rc::new(Cell::new(false));
    let end = ended.clone();
    dropped_from_inside(move |handle, event_loop| {
        let task = async move {
            drop(event_loop);
            let _end = OnDrop(|| end.set(true));
            pending::<()>().await;
        };
        drop(handle.spawn(task).expect("the loop is open"));
    });
    assert!(ended.get());
}

#[test]
fn pn_006_a_loop_may_be_dropped_as_its_own_task_is_dropped() {
    dropped_from_inside(|handle, event_loop| {
        let task = handle.spawn(async move {
            let _held = event_loop;
            pending::<()>().await;
        });
        let task = task.expect("the loop is open");
        let cancel = move || assert!(task.cancel());
        handle.call_soon(cancel).expect("the loop is open");
    });
}

/// The loop owns the callback that owns the loop: nobody ever runs it.
#[test]
fn pn_006_a_loop_that_was_dropped_from_inside_may_have_no_handle_left() {
    let dropped = counter();
    let count = dropped.clone();
    {
        let event_loop = virtual_loop();
        let handle = event_loop.handle();
        let held = OnDrop(move || bump(&count));
        handle.call_later(HOUR, move || drop(held)).expect("the loop is open");
        handle.call_soon(move || drop(event_loop)).expect("the loop is open");
        handle.run_forever().expect("the drop stops it");
    }
    assert_eq!(dropped.get(), 1);
}

#[test]
fn pn_006_a_task_may_drop_its_own_handle_and_forget_itself_while_it_is_polled() {
    let event_loop = virtual_loop();
    let own: Rc<RefCell<Option<Task<u8>>>> = Rc::default();
    let mine = own.clone();
    let task = event_loop.spawn(async move {
        drop(mine.take());
        oneloop::yield_now().await;
        7
    });
    *own.borrow_mut() = Some(task.expect("the loop is open"));
    (0..3).for_each(|_| turn(&event_loop));
    assert!(event_loop.all_tasks().is_empty());
}

/// Closes a loop that holds `left`, made with the loop: nothing panics in doing so.
#[track_caller]
fn closes_in_peace<T: 'static>(leave: impl FnOnce(&LoopHandle) -> T) {
    let event_loop = loop_on(Clock::Manual);
    let reports = reports(&event_loop);
    let kept = leave(&event_loop);
    drop(event_loop);
    let complaints = reports.borrow().iter().filter(|r| r.contains("borrow")).count();
    assert_eq!(complaints, 0, "{:?}", reports.borrow());
    drop(kept);
}

#[test]
fn pn_008_a_callback_dropped_at_the_end_may_cancel_another() {
    closes_in_peace(|handle| {
        let other: Rc<RefCell<Option<Handle>>> = Rc::default();
        let cancels = other.clone();
        let held = OnDrop(move || cancels.take().iter().for_each(Handle::cancel));
        handle.call_soon(move || drop(held)).expect("the loop is open");
        *other.borrow_mut() = Some(handle.call_soon(|| {}).expect("the loop is open"));
    });
}

#[test]
fn pn_008_a_timer_dropped_at_the_end_may_cancel_another() {
    closes_in_peace(|handle| {
        let other: Rc<RefCell<Option<TimerHandle>>> = Rc::default();
        let cancels = other.clone();
        let held = OnDrop(move || cancels.take().iter().for_each(TimerHandle::cancel));
        handle.call_later(HOUR, move || drop(held)).expect("the loop is open");
        *other.borrow_mut() = Some(handle.call_later(HOUR, || {}).expect("the loop is open"));
    });
}

#[test]
fn pn_008_a_timer_dropped_at_the_end_may_hold_a_sleep() {
    closes_in_peace(|handle| {
        let (arm, kept) = (handle.clone(), Rc::new(RefCell::new(Vec::new())));
        let timers = kept.clone();
        let armed = move || {
            let mut sleep = Box::pin(oneloop::sleep(HOUR));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let timer = arm.call_later(HOUR, move || drop(sleep)).expect("the loop is open");
            timers.borrow_mut().push(timer);
        };
        handle.call_soon(armed).expect("the loop is open");
        turn(handle);
        kept
    });
}

#[test]
fn pn_008_a_reader_dropped_at_the_end_may_hold_a_descriptor_of_the_loop() {
    closes_in_peace(|handle| {
        let (near, far) = UnixStream::pair().expect("a socket pair");
        let held = registered(handle);
        let reader = move || assert!(held.handle().is_running());
        handle.add_reader(&near, reader).expect("a socket can be polled");
        (near, far)
    });
}

/// Twice the same panic in one drop would be the end of the process.
#[test]
fn pn_008_a_reader_dropped_at_the_end_may_hold_two_descriptors_of_the_loop() {
    in_child(pn_008_a_reader_dropped_at_the_end_may_hold_two_descriptors_of_the_loop, || {
        closes_in_peace(|handle| {
            let (near, far) = UnixStream::pair().expect("a socket pair");
            let held = [registered(handle), registered(handle)];
            let reader = move || assert!(held.iter().all(|fd| fd.handle().is_running()));
            handle.add_reader(&near, reader).expect("a socket can be polled");
            (near, far)
        });
    });
}

/// What sets a future as it is dropped schedules callbacks on a loop that ends: they are
/// dropped too, and not kept for ever.
#[test]
fn pn_008_what_is_scheduled_while_the_loop_closes_is_dropped() {
    let token = Rc::new(());
    closes_in_peace(|handle| {
        let future = handle.create_future::<()>();
        let held = token.clone();
        future.add_done_callback(move |_| drop(held));
        let set = OnDrop(move || future.set_result(()).expect("it is set once"));
        handle.call_later(HOUR, move || drop(set)).expect("the loop is open");
    });
    assert_eq!(Rc::strong_count(&token), 1, "a callback is held for ever");
}

/// A hundred tasks, each of which, as it is dropped, wakes, spawns, cancels and injects.
#[test]
fn pn_008_a_hundred_tasks_that_do_all_they_can_when_dropped_are_dropped_once() {
    within(|| {
        let event_loop = new_loop();
        let (reports, dropped, refused) = (reports(&event_loop), counter(), counter());
        let tasks: Rc<RefCell<Vec<Task<()>>>> = Rc::default();
        for number in 0..100_usize {
            let (all, count, errors) = (tasks.clone(), dropped.clone(), refused.clone());
            let (handle, remote) = (event_loop.handle(), event_loop.remote());
            let waker = Rc::new(RefCell::new(None::<Waker>));
            let own = waker.clone();
            let held = OnDrop(move || {
                bump(&count);
                own.take().expect("it was polled").wake();
                let spawned = handle.spawn(async {}).is_err();
                let called = handle.call_soon(|| {}).is_err();
                let injected = remote.call_soon_threadsafe(|| {}).is_err();
                errors.set(errors.get() + usize::from(spawned && called && injected));
                let all = all.borrow();
                all[(number + 1) % 100].cancel();
                all[(number + 50) % 100].set_name("a new name");
                let _ = (handle.all_tasks(), handle.next_deadline(), format!("{handle:?}"));
            });
            let task = event_loop.spawn(poll_fn(move |cx| {
                let _held = &held;
                *waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }));
            tasks.borrow_mut().push(task.expect("the loop is open"));
        }
        turn(&event_loop);
        drop(event_loop);
        assert_eq!((dropped.get(), refused.get()), (100, 100));
        let destroyed = reports.borrow().iter().filter(|r| r.contains("pending")).count();
        assert_eq!((destroyed, reports.borrow().len()), (100, 100), "{:?}", reports.borrow());
    });
}

#[test]
fn pn_013_what_outlives_its_loop_answers_that_it_is_closed_and_closes_its_descriptor() {
    in_child(
        pn_013_what_outlives_its_loop_answers_that_it_is_closed_and_closes_its_descriptor,
        || {
            let before = open_descriptors();
            let event_loop = new_loop();
            let connect = async {
                let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
                let near = TcpStream::connect(listener.local_addr()?).await?;
                let (far, _) = listener.accept().await?;
                std::io::Result::Ok((listener, near, far))
            };
            let sockets = event_loop.run_until_complete(connect).expect("the loop runs");
            let (listener, near, far) = sockets.expect("loopback works");
            drop(event_loop);
            let other = new_loop();
            let late = async move {
                let mut buffer = [0; 8];
                let read = near.read(&mut buffer).await.map(drop);
                let write = far.write_all(b"x").await;
                let accept = listener.accept().await.map(drop);
                [read, write, accept]
            };
            let results = other.run_until_complete(late).expect("the other loop runs");
            for result in results {
                let text = result.expect_err("its loop is gone").to_string();
                assert_eq!(text, "the event loop is closed");
            }
            drop(other);
            assert_eq!(open_descriptors(), before);
        },
    );
}
