//! FU: what a future is at each time, and what it says of itself.

use crate::diary::Diary;
use crate::loops::{jumping, manual, tick};
use oneloop::{Future, FutureError};
use std::panic::catch_unwind;
use std::time::Duration;

type Fallible = Future<Result<&'static str, &'static str>>;

#[test]
fn fu_001_a_future_that_is_pending_has_no_result() {
    let future: Fallible = manual().create_future();
    assert!(!future.done() && !future.cancelled());
    assert_eq!(future.result(), Err(FutureError::NotReady));
    assert_eq!(future.exception(), Err(FutureError::NotReady));
    assert_eq!(FutureError::NotReady.to_string(), "the future is not done");
}

#[test]
fn fu_002_a_result_is_there_at_once() {
    let future: Fallible = manual().create_future();
    future.set_result(Ok("value")).unwrap();
    assert!(future.done() && !future.cancelled());
    assert_eq!(future.result(), Ok(Ok("value")));
    assert_eq!(future.result(), Ok(Ok("value")), "any number of times");
    assert_eq!(future.exception(), Ok(None));
}

#[test]
fn fu_003_an_exception_is_there_at_once() {
    let future: Fallible = manual().create_future();
    future.set_exception("error").unwrap();
    assert!(future.done() && !future.cancelled());
    assert_eq!(future.result(), Ok(Err("error")));
    assert_eq!(future.exception(), Ok(Some("error")));
}

#[test]
fn fu_004_a_future_is_set_once_and_gives_a_second_value_back() {
    let on = manual();
    let [value, error, cancelled]: [Fallible; 3] = std::array::from_fn(|_| on.create_future());
    value.set_result(Ok("first")).unwrap();
    error.set_exception("first").unwrap();
    cancelled.cancel();
    for future in [&value, &error, &cancelled] {
        assert_eq!(future.set_result(Ok("second")).unwrap_err().into_inner(), Ok("second"));
        assert_eq!(future.set_exception("third").unwrap_err().into_inner(), "third");
        assert!(!future.cancel());
    }
    assert_eq!(value.result(), Ok(Ok("first")));
    assert_eq!(error.result(), Ok(Err("first")));
    assert!(cancelled.cancelled());
    let refused = value.set_result(Ok("second")).unwrap_err();
    assert_eq!(refused.to_string(), "the future is done already");
}

#[test]
fn fu_005_a_cancelled_future_is_done_at_once() {
    let future: Fallible = manual().create_future();
    assert!(future.cancel());
    assert!(future.done() && future.cancelled());
    assert_eq!(future.result(), Err(FutureError::Cancelled));
    assert_eq!(future.exception(), Err(FutureError::Cancelled));
}

#[test]
fn fu_018_a_future_needs_a_loop() {
    let panic = catch_unwind(|| drop(oneloop::create_future::<()>())).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("no event loop is running on this thread"), "{text}");
    let on = manual();
    let diary = Diary::default();
    let inner = diary.clone();
    on.call_soon(move || {
        let future = oneloop::create_future::<()>();
        future.add_done_callback(move |_| inner.stamp("on the running loop"));
        future.set_result(()).unwrap();
    })
    .unwrap();
    tick(&on);
    tick(&on);
    assert_eq!(diary.read(), ["on the running loop@2"]);
}

#[test]
fn fu_022_a_late_result_for_a_cancelled_future_is_given_back_and_not_reported() {
    let on = jumping();
    let reports = crate::reports::Reports::of(&on);
    let future = on.create_future();
    let (late, refused) = (future.clone(), on.create_future());
    let told = refused.clone();
    on.call_later(Duration::from_secs(1), move || {
        told.set_result(late.set_result("late").unwrap_err().into_inner()).unwrap();
    })
    .unwrap();
    future.cancel();
    let given_back = on.run_until_complete(refused).unwrap();
    assert_eq!(given_back, Ok("late"));
    assert!(future.cancelled());
    assert_eq!(reports.count(), 0);
}

#[test]
fn fu_026_a_future_tells_its_state() {
    let on = manual();
    let future: Fallible = on.create_future();
    assert_eq!(format!("{future:?}"), "Future(pending, 0 waiting)");
    // Callbacks that hold the future itself make no circle in the text.
    (0..3).for_each(|_| {
        let held = future.clone();
        future.add_done_callback(move |_| drop(held));
    });
    assert_eq!(format!("{future:?}"), "Future(pending, 3 waiting)");
    future.set_result(Ok("value")).unwrap();
    assert_eq!(format!("{future:?}"), "Future(finished, result=Ok(\"value\"))");
    let failed: Fallible = on.create_future();
    failed.set_exception("error").unwrap();
    assert_eq!(format!("{failed:?}"), "Future(finished, result=Err(\"error\"))");
    assert_eq!(failed.exception(), Ok(Some("error")));
    let cancelled: Fallible = on.create_future();
    cancelled.cancel();
    assert_eq!(format!("{cancelled:?}"), "Future(cancelled)");
    tick(&on);
}

#[test]
fn fu_026_a_future_that_holds_itself_can_be_shown() {
    #[derive(Clone, Debug)]
    struct Knot(#[allow(dead_code)] Option<oneloop::TaskRef>);
    let on = manual();
    let future = on.create_future::<Knot>();
    let awaited = future.clone();
    let task = on.spawn(async move { awaited.await.unwrap() }).unwrap();
    tick(&on);
    let name = (*task).clone();
    future.set_result(Knot(Some(name))).unwrap();
    tick(&on);
    let text = format!("{future:?} {task:?}");
    assert!(text.contains("finished"), "{text}");
}
