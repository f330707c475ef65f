//! EV: the exception handler: what escapes from callbacks, and where it goes.

use crate::diary::Diary;
use crate::logged;
use crate::loops::{manual, tick, ticks};
use crate::reports::Reports;
use crate::sockets::{pair, put};
use log::Level;
use oneloop::LoopHandle;
use std::time::Duration;

/// Has a callback panic, and runs it.
fn fail(on: &LoopHandle) {
    on.call_soon(|| panic!("ouch")).unwrap();
    tick(on);
}

#[test]
fn ev_041_a_callback_that_panics_is_reported_and_the_loop_goes_on() {
    let on = manual();
    let (reports, diary) = (Reports::of(&on), Diary::default());
    on.call_soon(|| panic!("ouch")).unwrap();
    let inner = diary.clone();
    on.call_soon(move || {
        inner.stamp("same turn");
        oneloop::call_soon(inner.to_stamp("next turn"));
    })
    .unwrap();
    ticks(&on, 2);
    let report = reports.only();
    assert!(report.message.starts_with("Exception in callback"), "{report:?}");
    assert!(report.source.contains("ev_041_"), "{report:?}");
    assert_eq!(report.panic.as_deref(), Some("ouch"));
    assert_eq!(diary.read(), ["same turn@1", "next turn@2"]);
}

#[test]
fn ev_041_a_panic_may_carry_anything() {
    let on = manual();
    on.set_exception_handler(|context| {
        assert_eq!(context.payload().unwrap().downcast_ref::<i32>(), Some(&7));
        oneloop::running_loop().unwrap().set_debug(true); // "seen"
    });
    on.call_soon(|| std::panic::panic_any(7)).unwrap();
    tick(&on);
    assert!(on.debug());
}

#[test]
fn ev_041_a_reader_that_panics_is_reported_as_a_callback_and_stays() {
    let on = manual();
    let reports = Reports::of(&on);
    let (here, there) = pair();
    on.add_reader(&here, || panic!("ouch")).unwrap();
    put(1, &there);
    tick(&on);
    let report = reports.only();
    assert!(report.message.starts_with("Exception in callback"), "{report:?}");
    assert_eq!(report.panic.as_deref(), Some("ouch"));
    tick(&on);
    assert_eq!(reports.count(), 2);
}

#[test]
fn ev_042_a_timer_that_panics_is_reported_like_any_callback() {
    let on = manual();
    let (reports, diary) = (Reports::of(&on), Diary::default());
    on.call_later(Duration::ZERO, || panic!("ouch")).unwrap();
    on.call_later(Duration::ZERO, diary.to_note("goes on")).unwrap();
    tick(&on);
    let report = reports.only();
    assert!(report.message.starts_with("Exception in callback"), "{report:?}");
    assert!(report.source.contains("ev_042_"), "{report:?}");
    assert_eq!(report.panic.as_deref(), Some("ouch"));
    assert_eq!(diary.read(), ["goes on"]);
}

#[test]
fn ev_043_a_handler_takes_the_place_of_the_log() {
    let on = manual();
    let reports = Reports::of(&on);
    let errors = logged::during(Level::Error, || fail(&on));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(reports.count(), 1);
}

#[test]
fn ev_043_without_a_handler_a_panic_is_logged() {
    let on = manual();
    let reports = Reports::of(&on);
    on.reset_exception_handler();
    let errors = logged::during(Level::Error, || fail(&on));
    assert_eq!(reports.count(), 0);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("Exception in callback"), "{errors:?}");
    assert!(errors[0].contains("ouch"), "{errors:?}");
}

#[test]
fn ev_043_a_handler_is_told_on_its_loop_and_may_replace_itself() {
    let on = manual();
    let diary = Diary::default();
    let first = diary.clone();
    on.set_exception_handler(move |_| {
        first.stamp("first");
        let second = first.clone();
        let here = oneloop::running_loop().unwrap();
        here.set_exception_handler(move |_| second.stamp("second"));
    });
    fail(&on);
    fail(&on);
    assert_eq!(diary.read(), ["first@1", "second@2"]);
}

#[test]
fn ev_044_a_handler_that_panics_is_logged_with_what_it_was_told() {
    let on = manual();
    on.set_exception_handler(|_| panic!("handler broke"));
    let errors = logged::during(Level::Error, || fail(&on));
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("Unhandled error in exception handler"), "{errors:?}");
    assert!(errors[0].contains("handler broke"), "{errors:?}");
    assert!(errors[0].contains("Exception in callback"), "{errors:?}");
    assert!(errors[0].contains("ouch"), "{errors:?}");
    let diary = Diary::default();
    on.call_soon(diary.to_note("the loop survives")).unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["the loop survives"]);
}
