//! EV: `add_reader` and `add_writer`: callbacks for descriptors, by their level.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use crate::sockets::{pair, put, take};
use std::cell::Cell;
use std::rc::Rc;

#[test]
fn ev_070_a_reader_runs_once_a_turn_while_there_is_something_to_read() {
    let on = manual();
    let calls = Rc::new(Cell::new(0));
    let (here, there) = pair();
    let (counted, from) = (calls.clone(), here.clone());
    on.add_reader(&here, move || {
        take(&from);
        counted.set(counted.get() + 1);
    })
    .unwrap();
    ticks(&on, 2);
    assert_eq!(calls.get(), 0);
    put(3, &there);
    for expected in [1, 2, 3, 3, 3] {
        tick(&on);
        assert_eq!(calls.get(), expected);
    }
    put(1, &there);
    ticks(&on, 2);
    assert_eq!(calls.get(), 4);
}

#[test]
fn ev_071_a_new_reader_takes_the_place_of_the_old() {
    let on = manual();
    let diary = Diary::default();
    let (here, there) = pair();
    let (old, new) = (diary.clone(), diary.clone());
    on.add_reader(&here, move || old.note("old")).unwrap();
    on.add_reader(&here, move || new.note("new")).unwrap();
    put(1, &there);
    tick(&on);
    assert_eq!(diary.read(), ["new"]);
    assert!(on.remove_reader(&here));
    assert!(!on.remove_reader(&here));
}

#[test]
fn ev_071_a_reader_that_is_replaced_in_the_turn_it_is_queued_for_does_not_run() {
    let on = manual();
    let diary = Diary::default();
    let (here, there) = pair();
    put(1, &there);
    let (old, new, fd, handle) = (diary.clone(), diary.clone(), here.clone(), on.handle());
    // It was queued before, so it runs before the descriptors of its turn.
    on.call_soon(move || handle.add_reader(&fd, move || new.stamp("new")).unwrap()).unwrap();
    on.add_reader(&here, move || old.stamp("old")).unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["new@2"]);
}

#[test]
fn ev_071_a_reader_may_replace_itself() {
    let on = manual();
    let diary = Diary::default();
    let (here, there) = pair();
    put(1, &there);
    let (old, fd, handle) = (diary.clone(), here.clone(), on.handle());
    on.add_reader(&here, move || {
        old.stamp("old");
        let new = old.clone();
        handle.add_reader(&fd, move || new.stamp("new")).unwrap();
    })
    .unwrap();
    ticks(&on, 3);
    assert_eq!(diary.read(), ["old@1", "new@2", "new@3"]);
}

#[test]
fn ev_072_a_writer_runs_each_turn_until_it_is_removed() {
    let on = manual();
    let diary = Diary::default();
    let (here, _there) = pair();
    let inner = diary.clone();
    on.add_writer(&here, move || inner.stamp("writable")).unwrap();
    ticks(&on, 3);
    assert_eq!(diary.read(), ["writable@1", "writable@2", "writable@3"]);
    assert!(on.remove_writer(&here));
    assert!(!on.remove_writer(&here));
    ticks(&on, 2);
    assert_eq!(diary.read().len(), 3);
}

#[test]
fn ev_073_a_reader_and_a_writer_of_one_descriptor_go_their_own_ways() {
    let on = manual();
    let diary = Diary::default();
    let (here, there) = pair();
    put(1, &there);
    let (reader, writer, again) = (diary.clone(), diary.clone(), diary.clone());
    on.add_reader(&here, move || reader.stamp("reader")).unwrap();
    on.add_writer(&here, move || writer.stamp("writer")).unwrap();
    tick(&on);
    assert!(on.remove_reader(&here));
    tick(&on);
    on.add_reader(&here, move || again.stamp("reader")).unwrap();
    assert!(on.remove_writer(&here));
    tick(&on);
    assert_eq!(diary.read(), ["reader@1", "writer@1", "writer@2", "reader@3"]);
}

#[test]
fn ev_074_there_is_nothing_to_remove_where_nothing_was_added() {
    let on = manual();
    let (here, _there) = pair();
    assert!(!on.remove_reader(&here));
    assert!(!on.remove_writer(&here));
    on.add_reader(&here, || ()).unwrap();
    assert!(!on.remove_writer(&here));
    assert!(on.remove_reader(&here));
}

#[test]
fn ev_075_a_reader_that_is_removed_in_the_turn_it_is_queued_for_does_not_run() {
    let on = manual();
    let diary = Diary::default();
    let (one, one_far) = pair();
    let (two, two_far) = pair();
    // The kernel does not promise which of the two comes first; it removes the other.
    for (own, other) in [(&one, &two), (&two, &one)] {
        let (inner, handle, other) = (diary.clone(), on.handle(), other.clone());
        on.add_reader(own, move || {
            inner.note(if handle.remove_reader(&other) { "removes" } else { "was removed" });
        })
        .unwrap();
    }
    put(1, &one_far);
    put(1, &two_far);
    tick(&on);
    assert_eq!(diary.read(), ["removes"]);
}
