//! TA: `RemoteHandle::spawn`, asyncio's `run_coroutine_threadsafe`: tasks that another
//! thread asks for, and waits for.

use crate::loops::{Tracer, real};
use oneloop::{EventLoop, RemoteHandle};
use std::future::pending;
use std::thread;
use std::time::Duration;

/// Runs a loop while another thread does `ask`; its answer.
fn asked<R: Send + 'static>(
    on: &EventLoop,
    ask: impl FnOnce(&RemoteHandle) -> R + Send + 'static,
) -> R {
    let remote = on.remote();
    let asker = thread::spawn(move || {
        let answer = ask(&remote);
        remote.stop().unwrap();
        answer
    });
    on.run_forever().unwrap();
    asker.join().unwrap()
}

#[test]
fn ta_040_a_thread_gets_the_result_of_the_task_it_asked_for() {
    let on = real();
    let home = thread::current().id();
    let answer = asked(&on, move |remote| {
        let task = remote.spawn(move || {
            // This runs on the loop's thread, so the future may hold what is not `Send`.
            let not_send = Tracer::default();
            async move {
                oneloop::yield_now().await;
                assert_eq!(thread::current().id(), home);
                not_send.dropped() + 42
            }
        });
        task.unwrap().wait()
    });
    assert_eq!(answer.unwrap(), 42);
    assert!(on.all_tasks().is_empty());
}

#[test]
fn ta_041_a_thread_gets_the_error_of_the_task_it_asked_for() {
    let on = real();
    let failed =
        asked(&on, |remote| remote.spawn(|| async { Err::<(), _>("no luck") }).unwrap().wait());
    assert_eq!(failed.unwrap(), Err("no luck"));
    let panicked = asked(&on, |remote| {
        let task = remote.spawn(|| async { panic!("ouch") }).unwrap();
        Result::<(), _>::unwrap_err(task.wait())
    });
    assert_eq!(panicked.to_string(), "the task panicked: ouch");
}

#[test]
fn ta_042_a_thread_that_gives_up_can_cancel_its_task() {
    let on = real();
    let cancelled = asked(&on, |remote| {
        let task = remote.spawn(pending::<()>).unwrap();
        let task = task.wait_timeout(Duration::from_millis(1)).unwrap_err();
        assert!(!task.done());
        task.cancel().unwrap();
        task.wait().unwrap_err().is_cancelled()
    });
    assert!(cancelled);
    assert!(on.all_tasks().is_empty());
}

#[test]
fn ta_043_a_thread_sees_that_its_task_was_cancelled_on_the_loop() {
    let on = real();
    let error = asked(&on, |remote| {
        let task = remote.spawn(|| async {
            oneloop::current_task().unwrap().cancel();
            oneloop::yield_now().await;
        });
        task.unwrap().wait().unwrap_err()
    });
    assert!(error.is_cancelled());
}

#[test]
fn ta_044_a_task_whose_making_panics_fails_for_who_asked() {
    let on = real();
    let error = asked(&on, |remote| {
        let make = || -> std::future::Ready<()> { panic!("cannot be made") };
        remote.spawn(make).unwrap().wait().unwrap_err()
    });
    assert_eq!(error.to_string(), "the task panicked: cannot be made");
    assert!(on.all_tasks().is_empty());
}

#[test]
fn ta_044_a_loop_that_closes_answers_who_asked_it_for_a_task() {
    let on = real();
    let (remote, late) = (on.remote(), on.remote());
    let asker = thread::spawn(move || remote.spawn(pending::<()>).unwrap());
    let task = asker.join().unwrap();
    on.close().unwrap();
    assert!(task.wait().unwrap_err().is_cancelled());
    assert!(late.spawn(pending::<()>).unwrap_err().is_closed());
}
