//! PN, re-entrancy: calls that come from where they should not, wakes under a borrow of the
//! user's, and what changes hands.

use crate::support::{OnDrop, bump, counter, nth, virtual_loop};
use oneloop::{LoopHandle, RunError, Task, TaskRef};
use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Runs `inner` in a callback of a loop, and then the loop to its end.
fn inside(inner: impl FnOnce(&LoopHandle) + 'static) {
    let event_loop = virtual_loop();
    let (handle, reports) = (event_loop.handle(), crate::support::reports(&event_loop));
    event_loop.call_soon(move || inner(&handle)).expect("the loop is open");
    event_loop.run_until_complete(async { oneloop::sleep(HOUR).await }).expect("it is unharmed");
    assert_eq!(*reports.borrow(), Vec::<String>::new());
}

#[test]
fn pn_005_a_loop_refuses_to_run_inside_itself() {
    inside(|handle| {
        assert!(matches!(handle.run_forever(), Err(RunError::AlreadyRunning)));
        assert!(matches!(handle.turn(None), Err(RunError::AlreadyRunning)));
        let run = handle.run_until_complete(async {});
        assert!(matches!(run, Err(RunError::AlreadyRunning)));
        assert!(handle.close().is_err() && !handle.is_closed());
    });
}

#[test]
fn pn_005_another_loop_refuses_to_run_inside_a_loop() {
    inside(|_| {
        let other = virtual_loop();
        assert!(matches!(other.run_forever(), Err(RunError::OtherLoopRunning)));
        assert!(matches!(other.turn(None), Err(RunError::OtherLoopRunning)));
        assert!(matches!(oneloop::run(async {}), Err(RunError::OtherLoopRunning)));
        assert!(!other.is_running());
    });
}

/// asyncio looks first, and only then makes a task.
#[test]
fn pn_005_a_run_that_is_refused_never_starts_its_future() {
    let polls = counter();
    let count = polls.clone();
    inside(move |handle| {
        let run = handle.run_until_complete(async move { bump(&count) });
        assert!(matches!(run, Err(RunError::AlreadyRunning)));
    });
    assert_eq!(polls.get(), 0);
}

/// A loop is told to stop, and then something inside of it tries to run it: how many steps
/// a task of it still gets, of a hundred.
fn steps_after_a_stop(refused: impl FnOnce(&LoopHandle) -> bool + 'static) -> usize {
    let event_loop = virtual_loop();
    let (handle, steps) = (event_loop.handle(), counter());
    let stop = move || {
        handle.stop();
        assert!(refused(&handle));
    };
    event_loop.call_soon(stop).expect("the loop is open");
    let (count, handle) = (steps.clone(), event_loop.handle());
    drop(event_loop.spawn(async move {
        while nth(&count) < 100 {
            oneloop::yield_now().await;
        }
        handle.stop();
    }));
    event_loop.run_forever().expect("it was stopped");
    steps.get()
}

#[test]
fn pn_005_a_run_that_is_refused_does_not_undo_a_stop() {
    assert_eq!(steps_after_a_stop(|handle| handle.run_forever().is_err()), 1);
    assert_eq!(steps_after_a_stop(|handle| handle.run_until_complete(async {}).is_err()), 1);
}

#[test]
fn pn_005_a_turn_that_is_refused_does_not_undo_a_stop() {
    assert_eq!(steps_after_a_stop(|handle| handle.turn(None).is_err()), 1);
}

/// A wake only queues: what the caller has borrowed stays the caller's.
#[test]
fn pn_007_a_wake_or_cancel_drops_and_polls_nothing_inline() {
    let event_loop = virtual_loop();
    let shared = Rc::new(RefCell::new(0));
    let (borrows, slot) = (shared.clone(), Rc::new(RefCell::new(None::<Waker>)));
    let own = slot.clone();
    let drops = shared.clone();
    let held = OnDrop(move || *drops.borrow_mut() += 100);
    let task = event_loop.spawn(poll_fn(move |cx| {
        let _held = &held;
        *borrows.borrow_mut() += 1;
        *own.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    }));
    let task = task.expect("the loop is open");
    turn(&event_loop);
    let (waker, borrowed) = (slot.take().expect("it was polled"), shared.clone());
    let wake = move || {
        let _borrowed = borrowed.borrow_mut();
        waker.wake_by_ref();
        task.cancel();
        waker.wake();
        drop(task);
    };
    event_loop.call_soon(wake).expect("the loop is open");
    (0..3).for_each(|_| turn(&event_loop));
    assert_eq!(*shared.borrow(), 101, "one poll, one drop, and no panic");
}

/// No name, key or value of the user's is converted, cloned or dropped under a borrow.
#[test]
fn pn_007_what_the_user_converts_into_a_name_may_call_back_in() {
    struct Name(TaskRef);

    impl From<Name> for String {
        fn from(name: Name) -> String {
            name.0.cancel();
            format!("after {}", name.0.name())
        }
    }

    let event_loop = virtual_loop();
    let task = event_loop.spawn(pending::<()>()).expect("the loop is open");
    task.set_name(Name(task.clone()));
    assert_eq!(task.name(), "after Task-1");
}

#[test]
fn pn_007_a_result_that_calls_back_in_as_it_is_cloned_is_given() {
    struct Curious(LoopHandle, Rc<RefCell<Vec<Task<Curious>>>>);

    impl Clone for Curious {
        fn clone(&self) -> Curious {
            drop(self.0.spawn(async {}).expect("the loop is open"));
            self.1.borrow_mut().clear(); // the task's own handle
            Curious(self.0.clone(), self.1.clone())
        }
    }

    let event_loop = virtual_loop();
    let tasks = Rc::new(RefCell::new(Vec::new()));
    let value = Curious(event_loop.handle(), tasks.clone());
    let task = event_loop.spawn(async move { value }).expect("the loop is open");
    turn(&event_loop);
    assert!(task.result().expect("it is done").is_ok());
    let future = event_loop.create_future();
    assert!(future.set_result(Curious(event_loop.handle(), tasks)).is_ok());
    assert!(future.result().is_ok());
}
