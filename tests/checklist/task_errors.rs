//! TA: tasks that nobody looks after: destroyed while they wait, or failed and unseen.

use crate::loops::{Tracer, manual, real, tick, ticks};
use crate::reports::Reports;
use std::future::pending;
use std::sync::mpsc;
use std::thread;

#[test]
fn ta_013_a_task_that_is_pending_when_its_loop_closes_is_reported() {
    let on = manual();
    let (reports, tracer) = (Reports::of(&on), Tracer::default());
    let held = tracer.hold();
    let task = on
        .spawn_named("abandoned", async move {
            let _held = held;
            pending::<()>().await;
        })
        .unwrap();
    drop(on.spawn(async {}).unwrap());
    tick(&on);
    drop(on);
    let report = reports.only();
    assert_eq!(report.message, "Task was destroyed but it is pending!");
    assert_eq!(report.source, "abandoned");
    assert_eq!(tracer.dropped(), 1);
    drop(task);
}

#[test]
fn ta_013_dropping_its_handle_does_not_stop_a_task() {
    let on = manual();
    let (reports, future) = (Reports::of(&on), on.create_future());
    let set = future.clone();
    drop(on.spawn(async move {
        oneloop::yield_now().await;
        set.set_result("ran to its end").unwrap();
    }));
    assert_eq!(on.run_until_complete(future).unwrap().unwrap(), "ran to its end");
    assert_eq!(reports.count(), 0);
}

#[test]
fn ta_035_a_panic_that_nobody_looked_at_is_reported() {
    let on = manual();
    let reports = Reports::of(&on);
    let early = on.spawn_named("early", async { panic!("ouch") }).unwrap();
    let late = on.spawn_named("late", async { panic!("ouch") }).unwrap();
    drop(early);
    tick(&on);
    let report = reports.only();
    assert_eq!(report.message, "Task exception was never retrieved");
    assert_eq!((report.source.as_str(), report.panic.as_deref()), ("early", Some("ouch")));
    assert!(late.done());
    assert_eq!(reports.count(), 1, "there may still be somebody who asks");
    drop(late);
    assert_eq!(reports.count(), 2);
}

#[test]
fn ta_035_a_panic_that_was_awaited_is_not_reported() {
    let on = manual();
    let reports = Reports::of(&on);
    let task = on.spawn(async { panic!("ouch") }).unwrap();
    let _: oneloop::JoinError = on.run_until_complete(task).unwrap().unwrap_err();
    let lent = on.spawn(async { panic!("ouch") }).unwrap();
    on.run_until_complete(async move {
        let _: oneloop::JoinError = (&lent).await.unwrap_err();
    })
    .unwrap();
    ticks(&on, 2);
    assert_eq!(reports.count(), 0);
}

#[test]
fn ta_035_a_panic_whose_result_was_read_is_not_reported() {
    let on = manual();
    let reports = Reports::of(&on);
    let task: oneloop::Task<()> = on.spawn(async { panic!("ouch") }).unwrap();
    tick(&on);
    assert!(task.result().unwrap().unwrap_err().is_panic());
    drop(task);
    assert_eq!(reports.count(), 0);
}

#[test]
fn ta_035_cancelling_a_task_that_panicked_counts_as_looking() {
    let on = manual();
    let reports = Reports::of(&on);
    let task = on.spawn(async { panic!("ouch") }).unwrap();
    tick(&on);
    assert!(!task.cancel());
    drop(task);
    assert_eq!(reports.count(), 0);
}

#[test]
fn ta_035_a_panic_in_a_task_from_another_thread_that_nobody_waits_for_is_reported() {
    let on = real();
    let reports = Reports::of(&on);
    let (remote, stop) = (on.remote(), on.remote());
    let (finished, ends) = mpsc::channel::<()>();
    thread::spawn(move || {
        drop(remote.spawn(move || async move {
            let _finished = finished;
            panic!("ouch");
        }));
        ends.recv().unwrap_err();
        stop.call_soon_threadsafe(|| oneloop::running_loop().unwrap().stop()).unwrap();
    });
    on.run_forever().unwrap();
    ticks(&on, 3);
    assert_eq!(reports.only().panic.as_deref(), Some("ouch"));
}
