//! PN-8, twice: of one thing that holds several of the user's, two panic when it goes. One
//! drop of both would end the process, so each test has a process of its own.

use crate::hooks::{Call, Hooks};
use crate::support::{in_child, logged, loop_on, reports};
use oneloop::lowlevel::Registration;
use oneloop::{Clock, Event, EventLoop, LoopHandle, Moment, Observer};
use std::future::{Future, pending};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor panics");
    }
}

fn bomb() -> impl FnMut() + 'static {
    let held = Bomb;
    move || {
        let _held = &held;
    }
}

fn manual() -> EventLoop {
    loop_on(Clock::Manual)
}

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Drops `event_loop`; this many panics are reported, and nothing else happens.
#[track_caller]
fn closes_with(event_loop: EventLoop, panics: usize) {
    let seen = reports(&event_loop);
    drop(event_loop);
    let count = seen.borrow().iter().filter(|report| report.contains("destructor")).count();
    assert_eq!(count, panics, "{:?}", seen.borrow());
}

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    near.set_nonblocking(true).expect("it can be");
    (near, far)
}

#[test]
fn pn_008_a_reader_and_a_writer_of_one_descriptor_may_both_panic_at_the_end() {
    in_child(pn_008_a_reader_and_a_writer_of_one_descriptor_may_both_panic_at_the_end, || {
        let event_loop = manual();
        let (near, _far) = pair();
        event_loop.add_reader(&near, bomb()).expect("a socket can be polled");
        event_loop.add_writer(&near, bomb()).expect("a socket can be polled");
        closes_with(event_loop, 2);
    });
}

#[test]
fn pn_008_all_done_callbacks_of_a_task_and_the_task_may_panic_at_the_end() {
    in_child(pn_008_all_done_callbacks_of_a_task_and_the_task_may_panic_at_the_end, || {
        let event_loop = manual();
        let task = event_loop.spawn(async {
            let _held = Bomb;
            pending::<()>().await;
        });
        let task = task.expect("the loop is open");
        turn(&event_loop);
        for mut call in [bomb(), bomb()] {
            task.add_done_callback(move |_| call());
        }
        closes_with(event_loop, 3);
    });
}

#[test]
fn pn_008_all_done_callbacks_of_a_future_may_panic_when_it_goes() {
    in_child(pn_008_all_done_callbacks_of_a_future_may_panic_when_it_goes, || {
        let event_loop = manual();
        let seen = reports(&event_loop);
        let future = event_loop.create_future::<()>();
        for mut call in [bomb(), bomb()] {
            future.add_done_callback(move |_| call());
        }
        drop(future);
        assert_eq!(seen.borrow().len(), 2, "{:?}", seen.borrow());
    });
}

#[test]
fn pn_008_all_wakers_of_a_descriptor_may_panic_when_it_goes() {
    in_child(pn_008_all_wakers_of_a_descriptor_may_panic_when_it_goes, || {
        let event_loop = manual();
        let seen = reports(&event_loop);
        let (near, _far) = pair();
        let registration = Registration::new(&event_loop, &near);
        registration.clear(oneloop::lowlevel::Direction::Read).expect("a socket can be polled");
        let (hooks, waker) = Hooks::new(|call| assert!(call != Call::Drop, "a destructor panics"));
        for _ in 0..2 {
            // A wait that is forgotten leaves its waker behind.
            let wait = registration.ready(oneloop::lowlevel::Direction::Read);
            let mut wait = std::mem::ManuallyDrop::new(wait);
            assert!(Pin::new(&mut *wait).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        hooks.arm(true);
        drop(registration);
        hooks.arm(false);
        assert!(seen.borrow().iter().all(|report| report.contains("a waker")));
    });
}

#[test]
fn pn_008_all_that_upper_layers_keep_may_panic_at_the_end() {
    struct One(Bomb);
    struct Other(Bomb);
    in_child(pn_008_all_that_upper_layers_keep_may_panic_at_the_end, || {
        let event_loop = manual();
        event_loop.extension(|| One(Bomb));
        event_loop.extension(|| Other(Bomb));
        closes_with(event_loop, 2);
    });
}

#[test]
fn pn_008_the_exception_handler_and_the_observer_may_panic_at_the_end() {
    struct Idle(Bomb);
    impl Observer for Idle {
        fn event(&self, _: Moment, _: &Event<'_>) {}
    }
    in_child(pn_008_the_exception_handler_and_the_observer_may_panic_at_the_end, || {
        let event_loop = manual();
        event_loop.set_observer(Some(Rc::new(Idle(Bomb))));
        let held = Bomb;
        event_loop.set_exception_handler(move |_| {
            let _held = &held;
        });
        let lines = logged(move || drop(event_loop));
        assert_eq!(lines.len(), 2, "{lines:?}");
    });
}

#[test]
fn pn_008_a_job_and_the_waker_of_its_awaiter_may_panic_when_it_is_given_up() {
    in_child(pn_008_a_job_and_the_waker_of_its_awaiter_may_panic_when_it_is_given_up, || {
        let event_loop = EventLoop::builder().max_workers(1).build().expect("there is room");
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let before = event_loop.run_in_executor(move || gate.recv()).expect("the loop is open");
        let held = Bomb;
        let job = event_loop.run_in_executor(move || drop(held)).expect("the loop is open");
        let (hooks, waker) = Hooks::new(|call| assert!(call != Call::Drop, "a destructor panics"));
        let mut job = Box::pin(job);
        assert!(job.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        hooks.arm(true);
        let given_up = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(job)));
        hooks.arm(false);
        assert!(given_up.is_err(), "the job's own panic is its owner's");
        go.send(()).expect("the job waits");
        let mut before = pin!(before);
        let _ = before.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    });
}
