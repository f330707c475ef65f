//! EV: `stop`: the turn it ends, and what the next run finds.

use crate::diary::Diary;
use crate::loops::{manual, ticks};
use crate::sockets::{pair, put, take};
use std::cell::Cell;
use std::rc::Rc;

#[test]
fn ev_017_stop_ends_the_run_after_the_batch_that_is_running() {
    let on = manual();
    let diary = Diary::default();
    let (inner, handle) = (diary.clone(), on.handle());
    on.call_soon(move || {
        inner.note("A");
        handle.stop();
        oneloop::call_soon(inner.to_note("too late"));
    })
    .unwrap();
    on.call_soon(diary.to_note("B")).unwrap();
    on.run_forever().unwrap();
    assert_eq!(diary.read(), ["A", "B"]);
    assert!(!on.is_running());
}

#[test]
fn ev_017_a_stop_before_the_run_ends_it_after_its_first_turn() {
    let on = manual();
    let diary = Diary::default();
    let inner = diary.clone();
    on.call_soon(move || {
        inner.note("first turn");
        oneloop::call_soon(inner.to_note("second turn"));
    })
    .unwrap();
    on.stop();
    on.run_forever().unwrap();
    assert_eq!(diary.read(), ["first turn"]);
}

// EV-019
#[test]
fn ev_018_what_a_stopped_run_left_runs_first_in_the_next() {
    let on = manual();
    let diary = Diary::default();
    let (inner, handle) = (diary.clone(), on.handle());
    on.call_soon(move || {
        handle.stop();
        oneloop::call_soon(inner.to_stamp("left over"));
    })
    .unwrap();
    on.run_forever().unwrap();
    assert!(diary.read().is_empty());
    let (inner, handle) = (diary.clone(), on.handle());
    on.call_soon(move || {
        inner.stamp("new");
        let inner = inner.clone();
        oneloop::call_soon(move || {
            inner.stamp("the request to stop is forgotten");
            handle.stop();
        });
    })
    .unwrap();
    on.run_forever().unwrap();
    assert_eq!(diary.read(), ["left over@2", "new@2", "the request to stop is forgotten@3"]);
}

#[test]
fn ev_019_a_loop_runs_many_times() {
    let on = manual();
    for _ in 0..5 {
        let handle = on.handle();
        on.call_soon(|| drop(oneloop::call_soon(move || handle.stop()))).unwrap();
        on.run_forever().unwrap();
    }
    assert_eq!(on.turns(), 10);
}

#[test]
fn ev_020_an_event_in_the_turn_of_a_stop_is_neither_lost_nor_repeated() {
    let on = manual();
    let calls = Rc::new(Cell::new(0));
    let (here, there) = pair();
    let (counted, from) = (calls.clone(), here.clone());
    on.add_reader(&here, move || {
        take(&from);
        counted.set(counted.get() + 1);
    })
    .unwrap();
    for expected in 1..=3 {
        put(1, &there);
        on.stop();
        on.run_forever().unwrap();
        // Whether or not that turn asked the kernel, the next ones find no more.
        ticks(&on, 3);
        assert_eq!(calls.get(), expected);
    }
}
