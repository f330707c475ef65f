//! `Timers` against a `BTreeMap` of (deadline, number).

use super::super::timers::{TimerKey, Timers};
use super::{Rng, thousand_seeds};
use crate::clock::NEVER;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

impl<T> Timers<T> {
    /// Makes a timer, the newest of all.
    fn arm(&mut self, deadline: u64, payload: T) -> TimerKey {
        let number = self.number();
        self.insert(number, deadline, payload)
    }

    /// Entries held, live or stale: what the sweep bounds.
    fn entries(&self) -> usize {
        self.heap.len() + self.staged.len()
    }
}

/// What `Timers` promises, written without a thought for speed. A payload is a number.
#[derive(Default)]
struct Model {
    /// Armed, by firing order.
    armed: BTreeMap<(u64, u64), TimerKey>,
    /// Popped and waiting for their turn, and whether they were removed meanwhile.
    due: VecDeque<(u32, u64, bool)>,
    /// Their turn came, and they were not removed.
    fired: Vec<(u32, u64)>,
    /// Gone: whatever is asked about them must find nothing.
    gone: Vec<TimerKey>,
    next: u64,
    now: u64,
}

impl Model {
    fn insert(&mut self, timers: &mut Timers<u64>, rng: &mut Rng) {
        let deadline = match rng.below(20) {
            0 => NEVER,
            1 => self.now,
            _ => self.now + rng.below(50) as u64,
        };
        let key = timers.arm(deadline, self.next);
        assert!(self.due.iter().all(|(index, ..)| *index != key.index), "the slot is due");
        assert!(self.fired.iter().all(|(index, _)| *index != key.index), "the slot is taken");
        assert_eq!(timers.at(key.index), Some(&mut self.next.clone()));
        self.armed.insert((deadline, self.next), key);
        self.next += 1;
    }

    /// Cancels one that is armed, due, or fired, or one that is long gone.
    fn remove(&mut self, timers: &mut Timers<u64>, rng: &mut Rng) {
        match rng.below(6) {
            0 if !self.fired.is_empty() => {
                let (index, number) = self.fired.swap_remove(rng.below(self.fired.len()));
                assert_eq!(timers.remove_at(index), Some(number));
                self.gone.push(TimerKey { index, number });
            }
            1 if !self.gone.is_empty() => {
                let key = self.gone[rng.below(self.gone.len())];
                assert_eq!(timers.remove(key), None);
            }
            2 if !self.due.is_empty() => {
                let place = rng.below(self.due.len());
                let (index, number, removed) = &mut self.due[place];
                let there = (!std::mem::replace(removed, true)).then_some(*number);
                assert_eq!(timers.remove(TimerKey { index: *index, number: *number }), there);
            }
            _ if !self.armed.is_empty() => {
                let place = rng.below(self.armed.len());
                let due = *self.armed.keys().nth(place).expect("it is below the length");
                let key = self.armed.remove(&due).expect("it is a key");
                assert_eq!(timers.remove(key), Some(due.1));
                self.gone.push(key);
            }
            _ => {}
        }
    }

    fn pop(&mut self, timers: &mut Timers<u64>) {
        let due = self.armed.first_key_value().map(|(due, key)| (*due, *key));
        let due = due.filter(|((deadline, _), _)| *deadline <= self.now && *deadline != NEVER);
        assert_eq!(timers.pop_due(self.now), due.map(|(_, key)| key.index));
        if let Some((due, key)) = due {
            self.armed.remove(&due);
            self.due.push_back((key.index, due.1, false));
        }
    }

    fn fire(&mut self, timers: &mut Timers<u64>) {
        let Some((index, mut number, removed)) = self.due.pop_front() else { return };
        let lent = (!removed).then_some(&mut number);
        assert_eq!(timers.fire(index), lent);
        match removed {
            true => self.gone.push(TimerKey { index, number }),
            false => self.fired.push((index, number)),
        }
    }

    fn check(&self, timers: &mut Timers<u64>) {
        assert_eq!(timers.len(), self.armed.len() + self.due.len() + self.fired.len());
        let first = self.armed.first_key_value().map(|((deadline, _), _)| *deadline);
        assert_eq!(timers.next_deadline(), first);
    }
}

#[test]
fn tm_005_timers_agree_with_a_sorted_map() {
    thousand_seeds(|rng| {
        let (mut timers, mut model) = (Timers::new(), Model::default());
        // Looking often sorts the stage often; never looking fills it.
        let look = [1, 7, 1000][rng.below(3)];
        for step in 0..1500 {
            match rng.below(12) {
                0..5 => model.insert(&mut timers, rng),
                5..7 => model.remove(&mut timers, rng),
                7..9 => model.pop(&mut timers),
                9..11 => model.fire(&mut timers),
                _ => model.now += rng.below(10) as u64,
            }
            if step % look == 0 {
                model.check(&mut timers);
            }
        }
        model.now = NEVER - 1;
        (0..1500).for_each(|_| model.pop(&mut timers));
        model.check(&mut timers);
        let due = model.due.iter().filter(|(.., removed)| !removed).count();
        assert_eq!(timers.drain().len(), model.armed.len() + due + model.fired.len());
        assert_eq!((timers.len(), timers.next_deadline()), (0, None));
    });
}

#[test]
fn tm_006_equal_deadlines_fire_in_order_of_creation() {
    let mut timers = Timers::new();
    let keys: Vec<_> = (0..5000).map(|number| timers.arm(7, number).index).collect();
    let fired: Vec<_> = std::iter::from_fn(|| timers.pop_due(7)).collect();
    assert_eq!(fired, keys);
}

#[test]
fn tm_007_cancelled_timers_do_not_pile_up() {
    let mut timers = Timers::new();
    let live: Vec<_> = (0..1000).map(|_| timers.arm(1, ())).collect();
    for round in 0..1_000_000_u64 {
        let key = timers.arm(3_600_000_000_000 + round, ());
        if round % 3000 == 0 {
            timers.next_deadline(); // as a turn of the loop does
        }
        timers.remove(key);
        assert!(
            timers.entries() <= 2 * (live.len() + 1) + 100 + 1024,
            "{} entries",
            timers.entries()
        );
    }
    assert_eq!(timers.len(), live.len());
}

#[test]
fn tm_007_cancelled_timers_that_were_sorted_are_swept() {
    let mut timers = Timers::new();
    for _ in 0..200 {
        let keys: Vec<_> = (0..1000_u64).map(|n| timers.arm(1_000_000 - n, ())).collect();
        timers.next_deadline();
        for key in keys {
            assert_eq!(timers.remove(key), Some(()));
        }
        assert!(timers.entries() <= 100, "{} entries", timers.entries());
    }
}

#[test]
fn tm_007_what_a_cancelled_timer_held_is_given_back_at_once() {
    let mut timers = Timers::new();
    let held = Rc::new(());
    let key = timers.arm(5, held.clone());
    timers.next_deadline();
    drop(timers.remove(key));
    assert_eq!(Rc::strong_count(&held), 1);
}

/// The ready queue names a due timer by its slot alone.
#[test]
fn tm_008_the_slot_of_a_due_timer_goes_to_nobody_before_its_turn() {
    let mut timers = Timers::new();
    let old = timers.arm(1, "old");
    assert_eq!(timers.pop_due(1), Some(old.index));
    assert_eq!(timers.remove(old), Some("old"));
    let new = timers.arm(1, "new");
    assert_ne!(new.index, old.index);
    assert_eq!(timers.fire(old.index), None);
    assert_eq!(timers.arm(1, "newer").index, old.index);
    assert_eq!(timers.remove(old), None);
    assert_eq!(timers.remove(new), Some("new"));
}

#[test]
fn tm_001_a_deadline_that_never_comes_is_never_due() {
    let mut timers = Timers::new();
    timers.arm(NEVER, ());
    assert_eq!(timers.pop_due(NEVER), None);
}
