//! TA: cancelling a task: where the request goes, when it arrives, and taking it back.

use crate::diary::Diary;
use crate::loops::{Tracer, manual, tick, ticks};
use oneloop::{LoopHandle, Task};
use std::future::pending;
use std::time::Duration;

/// Stamps how a task ended, as a task that awaits it sees it.
fn watch(on: &LoopHandle, task: Task<()>, diary: &Diary) {
    let diary = diary.clone();
    drop(on.spawn(async move {
        match task.await {
            Ok(()) => diary.stamp("sees the end"),
            Err(error) if error.is_cancelled() => diary.stamp("sees the cancellation"),
            Err(_) => diary.stamp("sees a panic"),
        }
    }));
}

#[test]
fn ta_014_a_cancelled_task_ends_in_the_next_turn_and_is_seen_in_the_one_after() {
    let on = manual();
    let diary = Diary::default();
    let task = on.spawn(pending()).unwrap();
    let name = (*task).clone();
    let ended = diary.clone();
    task.add_done_callback(move |task| {
        ended.stamp(if task.cancelled() { "is cancelled" } else { "is not cancelled" });
    });
    watch(&on, task, &diary);
    tick(&on);
    assert!(name.cancel());
    assert!(!name.done());
    tick(&on);
    assert!(name.done() && name.cancelled());
    assert!(diary.read().is_empty());
    tick(&on);
    assert_eq!(diary.read(), ["is cancelled@3", "sees the cancellation@3"]);
}

#[test]
fn ta_014_every_kind_of_wait_can_be_cancelled() {
    let on = manual();
    let never = on.create_future::<()>();
    let other = on.spawn(pending::<()>()).unwrap();
    let job = on.run_in_executor(|| ()).unwrap();
    let tasks = [
        on.spawn(async { never.await.unwrap() }).unwrap(),
        on.spawn(async { other.await.unwrap() }).unwrap(),
        on.spawn(async { oneloop::sleep(Duration::MAX).await }).unwrap(),
        on.spawn(async { job.await.unwrap() }).unwrap(),
        on.spawn(pending()).unwrap(),
    ];
    tick(&on);
    assert!(tasks.iter().all(|task| task.cancel()));
    ticks(&on, 2);
    assert!(tasks.iter().all(|task| task.cancelled()), "{tasks:?}");
}

#[test]
fn ta_015_a_task_that_has_ended_cannot_be_cancelled() {
    let on = manual();
    let finished = on.spawn(async { "value" }).unwrap();
    let panicked = on.spawn(async { panic!("ouch") }).unwrap();
    let cancelled = on.spawn(async {}).unwrap();
    cancelled.cancel();
    tick(&on);
    for task in [&*finished, &*panicked, &*cancelled] {
        let before = task.cancelling();
        assert!(!task.cancel());
        assert_eq!(task.cancelling(), before);
    }
    assert_eq!(finished.result().unwrap().unwrap(), "value");
    assert!(panicked.panicked());
    assert!(cancelled.cancelled());
    assert_eq!(cancelled.cancelling(), 1);
    let _: oneloop::JoinError = on.run_until_complete(panicked).unwrap().unwrap_err();
}

#[test]
fn ta_016_a_task_that_is_cancelled_before_its_first_step_never_begins() {
    let on = manual();
    let (diary, tracer) = (Diary::default(), Tracer::default());
    let (inner, held) = (diary.clone(), tracer.hold());
    let task = on
        .spawn(async move {
            let _held = held;
            inner.note("began");
        })
        .unwrap();
    assert!(task.cancel());
    assert!(!task.done());
    tick(&on);
    assert!(task.done() && task.cancelled());
    assert_eq!(tracer.dropped(), 1);
    assert!(diary.read().is_empty());
}

#[test]
fn ta_018_two_requests_make_one_delivery() {
    let on = manual();
    let tracer = Tracer::default();
    let held = tracer.hold();
    let never = on.create_future::<()>();
    let task = on
        .spawn(async move {
            let _held = held;
            never.await.unwrap();
        })
        .unwrap();
    tick(&on);
    assert!(task.cancel());
    assert!(task.cancel());
    assert_eq!(task.cancelling(), 2);
    ticks(&on, 3);
    assert!(task.cancelled());
    assert_eq!(tracer.dropped(), 1);
    assert_eq!(task.cancelling(), 2);
}

#[test]
fn ta_019_a_request_goes_down_at_once_and_comes_up_turn_by_turn() {
    let on = manual();
    let diary = Diary::default();
    let never = on.create_future::<()>();
    let awaited = never.clone();
    let inner = on.spawn(async move { awaited.await.unwrap() }).unwrap();
    let inner_name = (*inner).clone();
    let outer = on.spawn(async move { inner.await.unwrap() }).unwrap();
    let note = |task: &oneloop::TaskRef, what: &'static str| {
        let diary = diary.clone();
        task.add_done_callback(move |_| diary.stamp(what));
    };
    note(&inner_name, "inner has ended");
    note(&outer, "outer has ended");
    tick(&on);
    outer.cancel();
    assert!(never.cancelled());
    assert_eq!((inner_name.cancelling(), outer.cancelling()), (1, 1));
    tick(&on);
    assert!(inner_name.cancelled() && !outer.done());
    tick(&on);
    assert!(outer.cancelled());
    tick(&on);
    assert_eq!(diary.read(), ["inner has ended@3", "outer has ended@4"]);
}

#[test]
fn ta_020_cancelling_both_a_task_and_its_future_cancels_the_task() {
    for task_first in [true, false] {
        let on = manual();
        let never = on.create_future::<()>();
        let awaited = never.clone();
        let task = on.spawn(async move { awaited.await.unwrap() }).unwrap();
        tick(&on);
        if task_first {
            assert!(task.cancel());
            assert!(!never.cancel(), "the task's request went there at once");
        } else {
            assert!(never.cancel());
            assert!(task.cancel());
        }
        tick(&on);
        assert!(task.cancelled());
        assert_eq!(task.cancelling(), 1);
    }
}

#[test]
fn ta_020_a_future_that_somebody_else_cancelled_is_a_value() {
    let on = manual();
    let never = on.create_future::<()>();
    let awaited = never.clone();
    let task = on.spawn(async move { awaited.await.is_err() }).unwrap();
    tick(&on);
    never.cancel();
    tick(&on);
    assert!(task.result().unwrap().unwrap());
}

#[test]
fn ta_026_a_destructor_that_panics_under_a_cancellation_makes_it_a_panic() {
    struct Ouch;
    impl Drop for Ouch {
        fn drop(&mut self) {
            panic!("in the clean-up");
        }
    }
    let on = manual();
    let task = on
        .spawn(async {
            let _ouch = Ouch;
            pending::<()>().await;
        })
        .unwrap();
    tick(&on);
    task.cancel();
    tick(&on);
    assert!(task.panicked() && !task.cancelled());
    let error = on.run_until_complete(task).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: in the clean-up");
}

#[test]
fn ta_029_a_request_that_is_taken_back_in_time_is_void() {
    let on = manual();
    let future = on.create_future();
    let awaited = future.clone();
    let task = on.spawn(async move { awaited.await.unwrap() }).unwrap();
    tick(&on);
    future.set_result("value").unwrap();
    task.cancel();
    task.cancel();
    assert_eq!(task.uncancel(), 1);
    assert_eq!(task.uncancel(), 0);
    tick(&on);
    assert_eq!(task.result().unwrap().unwrap(), "value");
}

#[test]
fn ta_029_a_request_of_which_one_is_left_is_delivered() {
    let on = manual();
    let future = on.create_future();
    let awaited = future.clone();
    let task = on.spawn(async move { awaited.await.unwrap() }).unwrap();
    tick(&on);
    future.set_result("value").unwrap();
    task.cancel();
    task.cancel();
    assert_eq!(task.uncancel(), 1);
    tick(&on);
    assert!(task.cancelled());
}

#[test]
fn ta_029_a_request_that_is_taken_back_before_the_first_step_is_void() {
    let on = manual();
    let task = on.spawn(async { "value" }).unwrap();
    task.cancel();
    assert_eq!(task.uncancel(), 0);
    tick(&on);
    assert_eq!(task.result().unwrap().unwrap(), "value");
}

#[test]
fn ta_029_a_request_that_was_passed_on_is_not_called_back_with_a_later_one() {
    let on = manual();
    let future = on.create_future::<()>();
    let awaited = future.clone();
    let task = on.spawn(awaited).unwrap();
    tick(&on);
    task.cancel();
    assert!(future.cancelled());
    task.cancel();
    assert_eq!(task.uncancel(), 1);
    assert_eq!(task.uncancel(), 0);
    tick(&on);
    assert!(task.cancelled());
}

#[test]
fn ta_030_what_has_ended_cancelled_stays_so() {
    let on = manual();
    let task = on.spawn(pending::<()>()).unwrap();
    task.cancel();
    tick(&on);
    assert_eq!(task.uncancel(), 0);
    assert!(task.cancelled());
    assert_eq!(task.uncancel(), 0, "not below");
    assert!(on.run_until_complete(task).unwrap().unwrap_err().is_cancelled());
}
