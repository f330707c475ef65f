//! FU: an error that nobody looked at is reported when its future goes, and only then.

use crate::loops::{Tracer, manual, tick};
use crate::reports::Reports;
use oneloop::{EventLoop, Future};

type Fallible = Future<Result<u32, &'static str>>;

/// A loop, its reports, and a future with an error.
fn failed() -> (EventLoop, Reports, Fallible) {
    let on = manual();
    let (reports, future) = (Reports::of(&on), on.create_future());
    future.set_exception("unseen").unwrap();
    (on, reports, future)
}

#[test]
fn fu_019_an_error_that_nobody_looked_at_is_reported_when_the_last_handle_goes() {
    let (_on, reports, future) = failed();
    let other = future.clone();
    drop(future);
    assert_eq!(reports.count(), 0);
    drop(other);
    let report = reports.only();
    assert_eq!(report.message, "Future exception was never retrieved");
    assert!(report.source.contains("unseen"), "{report:?}");
}

#[test]
fn fu_019_an_error_that_was_looked_at_is_not_reported() {
    let (_on, reports, future) = failed();
    future.exception().unwrap();
    drop(future);
    assert_eq!(reports.count(), 0);
    let (_on, reports, future) = failed();
    future.result().unwrap().unwrap_err();
    drop(future);
    assert_eq!(reports.count(), 0);
}

#[test]
fn fu_019_an_error_that_was_awaited_is_not_reported() {
    let (on, reports, future) = failed();
    let awaited = future.clone();
    on.run_until_complete(async move { awaited.await.unwrap().unwrap_err() }).unwrap();
    drop(future);
    assert_eq!(reports.count(), 0);
}

#[test]
fn fu_020_futures_without_an_error_go_silently() {
    let on = manual();
    let reports = Reports::of(&on);
    drop::<Fallible>(on.create_future());
    let unread: Fallible = on.create_future();
    unread.set_result(Ok(1)).unwrap();
    drop(unread);
    let cancelled: Fallible = on.create_future();
    cancelled.cancel();
    drop(cancelled);
    tick(&on);
    assert_eq!(reports.count(), 0);
}

#[test]
fn fu_020_a_pending_future_that_goes_takes_its_callbacks_along() {
    let on = manual();
    let tracer = Tracer::default();
    let held = tracer.hold();
    let future = on.create_future::<u32>();
    future.add_done_callback(move |_| panic!("called, with {held:?}"));
    drop(future);
    assert_eq!(tracer.dropped(), 1);
}

#[test]
fn fu_021_cancelling_a_failed_future_counts_as_looking() {
    let (_on, reports, future) = failed();
    assert!(!future.cancel());
    drop(future);
    assert_eq!(reports.count(), 0);
}
