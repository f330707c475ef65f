//! EV: `call_soon`, and the handle that cancels what it scheduled.

use crate::diary::Diary;
use crate::loops::{Tracer, manual, tick};
use crate::sockets::{pair, put, take};
use oneloop::{Handle, LoopHandle};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

#[test]
fn ev_001_a_callback_scheduled_by_a_callback_runs_in_the_next_turn() {
    let on = manual();
    let diary = Diary::default();
    let inner = diary.clone();
    on.call_soon(move || {
        inner.stamp("A");
        oneloop::call_soon(inner.to_stamp("B"));
    })
    .unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["A@1"]);
    tick(&on);
    assert_eq!(diary.read(), ["A@1", "B@2"]);
}

/// Schedules itself for ever, and counts; gives up after many turns.
fn spin(turns: Rc<Cell<u64>>, each: impl Fn() + 'static) {
    turns.set(turns.get() + 1);
    each();
    if turns.get() < 1000 {
        oneloop::call_soon(move || spin(turns, each));
    } else {
        oneloop::running_loop().unwrap().stop();
    }
}

#[test]
fn ev_002_a_queue_that_is_never_empty_does_not_starve_timers() {
    let on = manual();
    let spun = Rc::new(Cell::new(0));
    let (turns, clock) = (spun.clone(), on.handle());
    on.call_soon(move || spin(turns, move || clock.advance(Duration::from_millis(1)))).unwrap();
    let stopper = on.handle();
    on.call_later(Duration::from_millis(10), move || stopper.stop()).unwrap();
    on.run_forever().unwrap();
    assert_eq!(spun.get(), 11, "the timer was due when ten turns had passed");
}

#[test]
fn ev_002_a_queue_that_is_never_empty_does_not_starve_descriptors() {
    let on = manual();
    let spun = Rc::new(Cell::new(0));
    let (here, there) = pair();
    let (stopper, from) = (on.handle(), here.clone());
    on.add_reader(&here, move || {
        take(&from);
        stopper.stop();
    })
    .unwrap();
    let turns = spun.clone();
    on.call_soon(move || {
        spin(turns, || ());
        // Only now is there something to read: the loop has looked in vain before.
        oneloop::call_soon(move || put(1, &there));
    })
    .unwrap();
    on.run_forever().unwrap();
    assert!(spun.get() < 100, "the kernel was not asked for {} turns", spun.get());
}

#[test]
fn ev_003_a_cancelled_callback_never_runs() {
    let on = manual();
    let diary = Diary::default();
    let handle = on.call_soon(diary.to_note("cancelled")).unwrap();
    assert!(!handle.cancelled());
    handle.cancel();
    assert!(handle.cancelled());
    on.call_soon(diary.to_note("kept")).unwrap();
    tick(&on);
    tick(&on);
    assert_eq!(diary.read(), ["kept"]);
}

#[test]
fn ev_004_a_callback_of_the_same_batch_can_be_cancelled() {
    let on = manual();
    let diary = Diary::default();
    let later: Rc<RefCell<Option<Handle>>> = Rc::default();
    let (inner, victim) = (diary.clone(), later.clone());
    on.call_soon(move || {
        inner.note("A");
        victim.take().unwrap().cancel();
    })
    .unwrap();
    later.replace(Some(on.call_soon(diary.to_note("B")).unwrap()));
    on.call_soon(diary.to_note("C")).unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["A", "C"]);
}

#[test]
fn ev_005_cancelling_releases_at_once_what_the_callback_held() {
    let on = manual();
    let tracer = Tracer::default();
    let held = tracer.hold();
    let handle = on.call_soon(move || drop(held)).unwrap();
    let held = tracer.hold();
    let timer = on.call_later(Duration::from_secs(1), move || drop(held)).unwrap();
    handle.cancel();
    assert_eq!(tracer.dropped(), 1);
    timer.cancel();
    assert_eq!(tracer.dropped(), 2);
}

#[test]
fn ev_005_what_a_cancelled_callback_held_may_use_the_loop_as_it_goes() {
    struct Last(LoopHandle, Diary);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.call_soon(self.1.to_stamp("last words")).unwrap();
        }
    }
    let on = manual();
    let diary = Diary::default();
    let last = Last(on.handle(), diary.clone());
    on.call_soon(move || drop(last)).unwrap().cancel();
    tick(&on);
    assert_eq!(diary.read(), ["last words@1"]);
}

#[test]
fn ev_006_a_cancelled_handle_names_its_callback_in_debug_mode_only() {
    let on = manual();
    let (soon, later) =
        (on.call_soon(|| ()).unwrap(), on.call_later(Duration::MAX, || ()).unwrap());
    assert!(format!("{soon:?}").contains("ev_callbacks.rs"), "{soon:?}");
    soon.cancel();
    later.cancel();
    assert_eq!(format!("{soon:?} {later:?}"), "Handle(cancelled) TimerHandle(cancelled)");
    on.set_debug(true);
    for text in [format!("{soon:?}"), format!("{later:?}")] {
        assert!(text.contains("cancelled"), "{text}");
        assert!(text.contains("ev_006_"), "{text}");
        assert!(text.contains("ev_callbacks.rs"), "{text}");
    }
}
