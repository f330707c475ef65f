//! EV: debug mode: the slow ones are named.

use crate::logged;
use crate::loops::ticks;
use log::Level;
use oneloop::{EventLoop, LoopHandle};
use std::time::Duration;

/// The warnings of a loop on which `begin` has scheduled something.
fn warnings(debug: bool, slow: Duration, begin: impl FnOnce(&LoopHandle)) -> Vec<String> {
    let on = EventLoop::builder().debug(debug).slow_callback(slow).build().unwrap();
    logged::during(Level::Warn, || {
        begin(&on);
        ticks(&on, 2);
    })
}

#[test]
fn ev_047_a_slow_callback_is_named_with_its_time_and_place() {
    let warnings = warnings(true, Duration::ZERO, |on| {
        on.call_soon(|| ()).unwrap();
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("ev_047_a_slow_callback"), "{warnings:?}");
    assert!(warnings[0].contains("ev_debug.rs"), "{warnings:?}");
    assert!(warnings[0].contains("took"), "{warnings:?}");
}

#[test]
fn ev_047_a_slow_timer_is_named_like_any_callback() {
    let warnings = warnings(true, Duration::ZERO, |on| {
        on.call_later(Duration::ZERO, || ()).unwrap();
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("ev_047_a_slow_timer"), "{warnings:?}");
}

#[test]
fn ev_047_what_is_faster_than_the_threshold_is_not_named() {
    let schedule = |on: &LoopHandle| drop(on.call_soon(|| ()).unwrap());
    assert!(warnings(true, Duration::from_secs(3600), schedule).is_empty());
    let changed = |on: &LoopHandle| {
        on.set_slow_callback_duration(Duration::from_secs(3600));
        schedule(on);
    };
    assert!(warnings(true, Duration::ZERO, changed).is_empty());
}

#[test]
fn ev_047_slow_is_from_a_tenth_of_a_second() {
    let builder = format!("{:?}", EventLoop::builder());
    assert!(builder.contains("slow: 100ms"), "{builder}");
}

#[test]
fn ev_048_a_slow_step_is_named_after_its_task() {
    let warnings = warnings(true, Duration::ZERO, |on| {
        drop(on.spawn_named("digger", async {}).unwrap());
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("digger"), "{warnings:?}");
    assert!(warnings[0].contains("ev_debug.rs"), "{warnings:?}");
}

#[test]
fn ev_049_without_debug_mode_nobody_is_named() {
    let schedule = |on: &LoopHandle| {
        on.call_soon(|| ()).unwrap();
        drop(on.spawn(async {}).unwrap());
    };
    assert!(warnings(false, Duration::ZERO, schedule).is_empty());
    let switched_off = |on: &LoopHandle| {
        on.set_debug(false);
        schedule(on);
    };
    assert!(warnings(true, Duration::ZERO, switched_off).is_empty());
}
