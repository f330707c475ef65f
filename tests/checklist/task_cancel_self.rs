//! TA: a task that cancels itself: where the request arrives, and what wins.

use crate::diary::Diary;
use crate::loops::{Tracer, jumping, manual, tick};
use oneloop::{JoinError, RunError};
use std::time::Duration;

fn cancel_myself() {
    assert!(oneloop::current_task().unwrap().cancel());
}

#[test]
fn ta_021_a_task_that_cancelled_itself_ends_where_it_next_waits() {
    let on = manual();
    let (diary, tracer) = (Diary::default(), Tracer::default());
    let (inner, held) = (diary.clone(), tracer.hold());
    let never = on.create_future::<()>();
    let awaited = never.clone();
    let task = on
        .spawn(async move {
            let _held = held;
            cancel_myself();
            inner.note("not yet");
            awaited.await.unwrap();
            inner.note("after the wait");
        })
        .unwrap();
    tick(&on);
    assert!(never.cancelled(), "what it came to wait for was cancelled at once");
    assert_eq!((task.done(), tracer.dropped()), (false, 0));
    tick(&on);
    assert!(task.cancelled());
    assert_eq!((diary.read(), tracer.dropped()), (vec!["not yet".to_owned()], 1));
}

#[test]
fn ta_021_a_task_that_cancelled_itself_does_not_sleep() {
    let on = jumping();
    let answer = on.run_until_complete(async {
        cancel_myself();
        oneloop::sleep(Duration::from_secs(3600)).await;
    });
    assert!(matches!(answer, Err(RunError::Cancelled)));
    assert_eq!(on.time(), Duration::ZERO);
}

#[test]
fn ta_021_a_task_that_cancelled_itself_ends_at_a_bare_yield() {
    let on = manual();
    let diary = Diary::default();
    let inner = diary.clone();
    let task = on
        .spawn(async move {
            cancel_myself();
            oneloop::yield_now().await;
            inner.note("after the yield");
        })
        .unwrap();
    tick(&on);
    assert!(!task.done());
    tick(&on);
    assert!(task.cancelled());
    assert!(diary.read().is_empty());
}

#[test]
fn ta_022_awaiting_what_is_done_delivers_nothing() {
    let on = manual();
    let diary = Diary::default();
    let (inner, done) = (diary.clone(), on.create_future());
    done.set_result("already done").unwrap();
    let task = on
        .spawn(async move {
            cancel_myself();
            inner.note(done.await.unwrap());
            oneloop::yield_now().await;
            inner.note("after a wait");
        })
        .unwrap();
    tick(&on);
    tick(&on);
    assert!(task.cancelled());
    assert_eq!(diary.read(), ["already done"]);
}

#[test]
fn ta_023_a_task_that_cancels_itself_and_returns_counts_as_cancelled() {
    let on = manual();
    let tracer = Tracer::default();
    let value = tracer.hold();
    let task = on
        .spawn(async move {
            cancel_myself();
            value
        })
        .unwrap();
    tick(&on);
    assert!(task.cancelled());
    assert_eq!(tracer.dropped(), 1);
    assert!(on.run_until_complete(task).unwrap().unwrap_err().is_cancelled());
}

#[test]
fn ta_024_a_task_that_cancels_itself_and_panics_has_panicked() {
    let on = manual();
    let task = on
        .spawn(async {
            cancel_myself();
            panic!("ouch");
        })
        .unwrap();
    tick(&on);
    assert!(task.panicked() && !task.cancelled());
    let error: JoinError = on.run_until_complete(task).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: ouch");
}
