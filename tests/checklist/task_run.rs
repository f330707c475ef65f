//! TA: how tasks start, step, and hand on their results.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::LoopHandle;

/// A task that stamps `what`.
fn stamping(on: &LoopHandle, diary: &Diary, what: &'static str) {
    let diary = diary.clone();
    drop(on.spawn(async move { diary.stamp(what) }).unwrap());
}

#[test]
fn ta_001_tasks_start_in_the_order_they_were_made_and_in_line_with_callbacks() {
    let on = manual();
    let diary = Diary::default();
    let (handle, inner) = (on.handle(), diary.clone());
    on.call_soon(move || {
        stamping(&handle, &inner, "A");
        oneloop::call_soon(inner.to_stamp("callback"));
        stamping(&handle, &inner, "B");
        stamping(&handle, &inner, "C");
        oneloop::call_soon(inner.to_stamp("callback"));
        inner.stamp("making them");
    })
    .unwrap();
    ticks(&on, 2);
    let expected = ["making them@1", "A@2", "callback@2", "B@2", "C@2", "callback@2"];
    assert_eq!(diary.read(), expected);
}

#[test]
fn ta_002_a_task_made_before_the_run_starts_with_it() {
    let on = manual();
    let diary = Diary::default();
    stamping(&on, &diary, "starts");
    assert!(diary.read().is_empty());
    on.stop();
    on.run_forever().unwrap();
    assert_eq!(diary.read(), ["starts@1"]);
}

#[test]
fn ta_003_a_task_that_ends_has_its_result_and_gives_it() {
    let on = manual();
    let task = on.spawn(async { 42 }).unwrap();
    assert!(!task.done());
    assert!(task.result().is_err());
    tick(&on);
    assert!(task.done() && !task.cancelled() && !task.panicked());
    assert_eq!(task.result().unwrap().unwrap(), 42);
    assert_eq!(on.run_until_complete(task).unwrap().unwrap(), 42);
}

#[test]
fn ta_003_a_task_that_panics_gives_what_the_panic_carried() {
    let on = manual();
    let task = on.spawn(async { panic!("ouch") }).unwrap();
    tick(&on);
    assert!(task.done() && task.panicked() && !task.cancelled());
    let error: oneloop::JoinError = on.run_until_complete(task).unwrap().unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.try_into_panic().unwrap().downcast_ref::<&str>(), Some(&"ouch"));
}

#[test]
#[allow(clippy::async_yields_async)] // that is the row
fn ta_004_a_task_that_returns_a_future_gives_that_future() {
    let on = manual();
    let future = on.create_future::<&str>();
    let returned = future.clone();
    let task = on.spawn(async move { returned }).unwrap();
    let result = on.run_until_complete(task).unwrap().unwrap();
    assert!(!result.done());
    future.set_result("later").unwrap();
    assert_eq!(result.result(), Ok("later"));
}

#[test]
fn ta_005_who_awaits_a_task_goes_on_in_the_turn_after_its_end() {
    let on = manual();
    let diary = Diary::default();
    let gate = on.create_future::<()>();
    let (opened, inner) = (gate.clone(), diary.clone());
    let b = on
        .spawn(async move {
            opened.await.unwrap();
            inner.stamp("B");
        })
        .unwrap();
    let inner = diary.clone();
    let a = on
        .spawn(async move {
            b.await.unwrap();
            inner.stamp("A");
        })
        .unwrap();
    let inner = diary.clone();
    a.add_done_callback(move |_| inner.stamp("callback of A"));
    tick(&on);
    gate.set_result(()).unwrap();
    ticks(&on, 3);
    assert_eq!(diary.read(), ["B@2", "A@3", "callback of A@4"]);
}

#[test]
fn ta_006_a_task_that_has_ended_is_awaited_without_a_turn() {
    let on = manual();
    let diary = Diary::default();
    let task = on.spawn(async { "value" }).unwrap();
    tick(&on);
    let inner = diary.clone();
    drop(on.spawn(async move {
        inner.stamp("before");
        inner.stamp((&task).await.unwrap());
        inner.stamp(task.await.unwrap());
    }));
    tick(&on);
    assert_eq!(diary.read(), ["before@2", "value@2", "value@2"]);
}
