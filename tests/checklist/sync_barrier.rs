//! SY: barriers: nobody passes before all are there, and what breaks or resets them.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::sync::Barrier;
use oneloop::{LoopHandle, Task};
use std::num::NonZeroUsize;

fn barrier(parties: usize) -> Barrier {
    Barrier::new(NonZeroUsize::new(parties).unwrap())
}

/// A task that waits that many times, and stamps its places, or that it was sent away.
fn party(
    on: &LoopHandle,
    barrier: &Barrier,
    diary: &Diary,
    name: &'static str,
    rounds: usize,
) -> Task<()> {
    let (barrier, diary) = (barrier.clone(), diary.clone());
    let task = on.spawn(async move {
        for _ in 0..rounds {
            match barrier.wait().await {
                Ok(place) => diary.stamp(&format!("{name} {place}")),
                Err(_) => diary.stamp(&format!("{name} broken")),
            }
        }
    });
    task.unwrap()
}

// SY-031
#[test]
fn sy_030_all_go_on_together_the_last_one_first() {
    let on = manual();
    let (meet, diary) = (barrier(3), Diary::default());
    drop(party(&on, &meet, &diary, "a", 1));
    drop(party(&on, &meet, &diary, "b", 1));
    ticks(&on, 3);
    assert!(diary.read().is_empty());
    assert_eq!((meet.n_waiting(), meet.parties().get()), (2, 3));
    drop(party(&on, &meet, &diary, "c", 1));
    ticks(&on, 3);
    assert_eq!(diary.read(), ["c 2@4", "a 0@5", "b 1@5"]);
    assert_eq!(meet.n_waiting(), 0);
}

#[test]
fn sy_030_who_comes_while_others_leave_is_of_the_next_round() {
    let on = manual();
    let (meet, diary) = (barrier(2), Diary::default());
    drop(party(&on, &meet, &diary, "a", 1));
    drop(party(&on, &meet, &diary, "b", 1));
    drop(party(&on, &meet, &diary, "c", 1));
    ticks(&on, 4);
    assert_eq!(diary.read(), ["b 1@1", "a 0@2"]);
    assert_eq!(meet.n_waiting(), 1);
}

#[test]
fn sy_032_a_barrier_for_one_lets_it_through_at_once() {
    let on = manual();
    let (meet, diary) = (barrier(1), Diary::default());
    drop(party(&on, &meet, &diary, "a", 2));
    tick(&on);
    assert_eq!(diary.read(), ["a 0@1", "a 0@1"]);
}

#[test]
fn sy_034_a_cancelled_task_gives_up_its_place_and_breaks_nothing() {
    let on = manual();
    let (meet, diary) = (barrier(2), Diary::default());
    let first = party(&on, &meet, &diary, "a", 1);
    tick(&on);
    first.cancel();
    tick(&on);
    assert!(first.cancelled() && !meet.broken());
    assert_eq!(meet.n_waiting(), 0);
    drop(party(&on, &meet, &diary, "b", 1));
    drop(party(&on, &meet, &diary, "c", 1));
    ticks(&on, 3);
    assert_eq!(diary.read(), ["c 1@3", "b 0@4"]);
}

fn reset(on: &LoopHandle, meet: &Barrier) {
    let meet = meet.clone();
    drop(on.spawn(async move { meet.reset().await }));
}

fn abort(on: &LoopHandle, meet: &Barrier) {
    let meet = meet.clone();
    drop(on.spawn(async move { meet.abort().await }));
}

#[test]
fn sy_035_a_reset_sends_those_who_wait_away_and_the_barrier_is_as_new() {
    let on = manual();
    let (meet, diary) = (barrier(3), Diary::default());
    drop(party(&on, &meet, &diary, "a", 1));
    drop(party(&on, &meet, &diary, "b", 1));
    tick(&on);
    reset(&on, &meet);
    ticks(&on, 3);
    assert_eq!(diary.read(), ["a broken@3", "b broken@3"]);
    assert!(!meet.broken());
    assert_eq!(format!("{meet:?}"), "Barrier(Filling, 0 of 3 inside)");
}

#[test]
fn sy_036_a_reset_does_not_send_away_who_is_not_inside_yet() {
    let on = manual();
    let (meet, diary) = (barrier(2), Diary::default());
    // a and b meet in turn 1, and a is still inside; c has to wait for the next round.
    for name in ["a", "b", "c"] {
        drop(party(&on, &meet, &diary, name, 1));
    }
    reset(&on, &meet);
    ticks(&on, 4);
    assert_eq!(diary.read(), ["b 1@1", "a broken@2"]);
    assert_eq!(meet.n_waiting(), 1);
    drop(party(&on, &meet, &diary, "d", 1));
    ticks(&on, 2);
    assert_eq!(diary.read()[2..], ["d 1@5", "c 0@6"]);
}

#[test]
fn sy_037_who_was_sent_away_may_wait_again() {
    let on = manual();
    let (meet, diary) = (barrier(2), Diary::default());
    drop(party(&on, &meet, &diary, "a", 2));
    tick(&on);
    reset(&on, &meet);
    ticks(&on, 3);
    assert_eq!(diary.read(), ["a broken@3"]);
    drop(party(&on, &meet, &diary, "b", 1));
    ticks(&on, 2);
    assert_eq!(diary.read()[1..], ["b 1@5", "a 0@6"]);
}

#[test]
fn sy_038_a_reset_while_they_leave_sends_away_who_has_not_left() {
    let on = manual();
    let (meet, diary) = (barrier(3), Diary::default());
    for name in ["a", "b", "c"] {
        drop(party(&on, &meet, &diary, name, 1));
    }
    reset(&on, &meet);
    ticks(&on, 3);
    assert_eq!(diary.read(), ["c 2@1", "a broken@2", "b broken@2"]);
    assert_eq!(format!("{meet:?}"), "Barrier(Filling, 0 of 3 inside)");
}

#[test]
fn sy_039_an_aborted_barrier_sends_everybody_away_until_it_is_reset() {
    let on = manual();
    let (meet, diary) = (barrier(2), Diary::default());
    drop(party(&on, &meet, &diary, "a", 1));
    tick(&on);
    abort(&on, &meet);
    ticks(&on, 2);
    drop(party(&on, &meet, &diary, "b", 1));
    tick(&on);
    assert!(meet.broken());
    assert_eq!(diary.read(), ["a broken@3", "b broken@4"]);
    reset(&on, &meet);
    tick(&on);
    assert!(!meet.broken());
    drop(party(&on, &meet, &diary, "c", 1));
    drop(party(&on, &meet, &diary, "d", 1));
    ticks(&on, 2);
    assert_eq!(diary.read()[2..], ["d 1@6", "c 0@7"]);
}
