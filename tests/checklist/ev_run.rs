//! EV: `run_until_complete`, runs inside of runs, and which loop is the running one.

use crate::diary::Diary;
use crate::loops::{jumping, manual, real, tick};
use oneloop::{LoopHandle, RunError};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Runs `f` in a callback of `on`, and gives what it answered.
fn in_callback<R: 'static>(on: &LoopHandle, f: impl FnOnce() -> R + 'static) -> R {
    let answer = Rc::new(RefCell::new(None));
    let into = answer.clone();
    on.call_soon(move || drop(into.replace(Some(f())))).unwrap();
    tick(on);
    answer.take().expect("the callback ran, and did not panic")
}

#[test]
fn ev_021_a_run_gives_the_result_of_its_future() {
    assert_eq!(manual().run_until_complete(async { 6 * 7 }).unwrap(), 42);
    assert_eq!(oneloop::run(async { 6 * 7 }).unwrap(), 42);
}

#[test]
fn ev_021_a_run_panics_as_its_future_does() {
    let on = manual();
    let main = || on.run_until_complete(async { panic!("from main") });
    let payload = catch_unwind(AssertUnwindSafe(main)).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"from main"));
    assert!(!on.is_running());
    assert_eq!(on.run_until_complete(async { "well again" }).unwrap(), "well again");
}

#[test]
fn ev_022_a_run_for_what_is_done_takes_one_turn() {
    let on = manual();
    let diary = Diary::default();
    let task = on.spawn(async { "result" }).unwrap();
    tick(&on);
    assert!(task.done());
    on.call_soon(diary.to_stamp("before")).unwrap();
    on.run_until_done(&task).unwrap();
    assert_eq!(diary.read(), ["before@2"]);
    assert_eq!(on.turns(), 2);
}

#[test]
fn ev_023_a_run_that_is_stopped_says_so_and_can_be_taken_up_again() {
    let on = manual();
    let future = on.create_future();
    let awaited = future.clone();
    let task = on.spawn(async move { awaited.await.unwrap() }).unwrap();
    let handle = on.handle();
    on.call_soon(move || handle.stop()).unwrap();
    let error = on.run_until_done(&task).unwrap_err();
    assert!(matches!(error, RunError::Stopped));
    assert_eq!(error.to_string(), "the event loop stopped before the future was done");
    assert!(!task.done());
    future.set_result("late").unwrap();
    on.run_until_done(&task).unwrap();
    assert_eq!(task.result().unwrap().unwrap(), "late");
}

#[test]
fn ev_024_a_loop_that_runs_cannot_be_run() {
    let on = manual();
    let (handle, again, turn) = (on.handle(), on.handle(), on.handle());
    let errors = in_callback(&on, move || {
        [
            handle.run_forever().unwrap_err(),
            again.run_until_complete(async {}).unwrap_err(),
            turn.turn(None).unwrap_err(),
        ]
    });
    assert!(errors.iter().all(|error| matches!(error, RunError::AlreadyRunning)), "{errors:?}");
    assert_eq!(errors[0].to_string(), "this event loop is already running");
    assert_eq!(in_callback(&on, || "the outer run goes on"), "the outer run goes on");
}

#[test]
fn ev_024_a_run_that_is_refused_does_not_start_its_future() {
    let on = manual();
    let diary = Diary::default();
    let (handle, inner) = (on.handle(), diary.clone());
    in_callback(&on, move || {
        handle.run_until_complete(async move { inner.note("started") }).unwrap_err()
    });
    tick(&on);
    tick(&on);
    assert!(diary.read().is_empty());
}

#[test]
fn ev_024_a_run_that_is_refused_leaves_a_request_to_stop_alone() {
    let on = manual();
    let handle = on.handle();
    on.call_soon(move || {
        handle.stop();
        handle.run_forever().unwrap_err();
    })
    .unwrap();
    on.call_soon(|| drop(oneloop::call_soon(|| ()))).unwrap();
    // If the request were lost, the second turn would come, and then nothing ever.
    assert!(on.run_forever().is_ok());
    assert_eq!(on.turns(), 1);
}

#[test]
fn ev_025_a_loop_cannot_run_inside_another() {
    let (outer, inner) = (manual(), manual());
    let handle = inner.handle();
    let errors = in_callback(&outer, move || {
        [handle.run_forever().unwrap_err(), oneloop::run(async {}).unwrap_err()]
    });
    assert!(errors.iter().all(|error| matches!(error, RunError::OtherLoopRunning)), "{errors:?}");
    assert_eq!(errors[0].to_string(), "another event loop is running on this thread");
}

#[test]
fn ev_025_a_run_inside_another_leaves_no_task_behind() {
    let (outer, inner) = (manual(), manual());
    let handle = inner.handle();
    in_callback(&outer, move || handle.run_until_complete(async {}).unwrap_err());
    assert!(inner.all_tasks().is_empty());
}

#[test]
fn ev_026_the_future_of_a_failed_run_does_not_stop_a_later_run() {
    let on = jumping();
    let gate = on.create_future::<()>();
    let awaited = gate.clone();
    let first = on.run_until_complete(awaited);
    assert!(matches!(first, Err(RunError::Deadlock(_))));
    gate.set_result(()).unwrap();
    let second = on.run_until_complete(async {
        for _ in 0..10 {
            oneloop::yield_now().await;
        }
        "to its own end"
    });
    assert_eq!(second.unwrap(), "to its own end");
}

#[test]
fn ev_029_a_callback_finds_its_loop_and_others_find_none() {
    let none = oneloop::running_loop().unwrap_err();
    assert_eq!(none.to_string(), "no event loop is running on this thread");
    let (first, second) = (manual(), manual());
    first.set_debug(true);
    assert!(in_callback(&first, || oneloop::running_loop().unwrap().debug()));
    assert!(!in_callback(&second, || oneloop::running_loop().unwrap().debug()));
    assert!(oneloop::running_loop().is_err());
}

#[test]
fn ev_030_the_running_loop_of_a_thread_is_not_that_of_another() {
    let on = real();
    let elsewhere = in_callback(&on, || {
        assert!(oneloop::running_loop().is_ok());
        std::thread::spawn(|| oneloop::running_loop().is_err()).join().unwrap()
    });
    assert!(elsewhere);
}
