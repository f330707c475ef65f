//! `Slots` against a `HashMap`; and the end of the generations.

use super::super::slots::{GENERATION_BITS, Key, Slots};
use super::{seed, thousand_seeds};
use std::collections::{HashMap, HashSet};

const LAST: u32 = (1 << GENERATION_BITS) - 1;

/// Random inserts and removes; no key is given twice, and a removed one finds nothing.
fn agree(rng: &mut super::Rng, floor: u32, steps: usize) -> Slots<u64> {
    let (mut slots, mut model) = (Slots::new(floor), HashMap::new());
    let (mut gone, mut given) = (Vec::new(), HashSet::new());
    for step in 0..steps as u64 {
        match rng.below(5) {
            0..3 => {
                let announced = slots.next_key();
                let key = slots.insert(step);
                assert_eq!(key, announced);
                assert!(given.insert(key), "{key:?} was given twice");
                assert!(key.generation <= LAST);
                model.insert(key, step);
            }
            3 if !model.is_empty() => {
                let mut keys: Vec<Key> = model.keys().copied().collect();
                keys.sort_unstable();
                let key = keys[rng.below(keys.len())];
                assert_eq!(slots.remove(key), model.remove(&key));
                gone.push(key);
            }
            _ if !gone.is_empty() => {
                let key = gone[rng.below(gone.len())];
                assert_eq!(slots.get(key), None);
                assert_eq!(slots.get_mut(key), None);
                assert_eq!(slots.remove(key), None);
            }
            _ => {}
        }
        assert_eq!(slots.len(), model.len());
    }
    let found: HashMap<Key, u64> = slots.iter().map(|(key, value)| (key, *value)).collect();
    assert_eq!(found, model);
    let highest = given.iter().map(|key| key.generation).max();
    assert!(highest.is_none_or(|highest| slots.next_floor() > highest));
    slots
}

#[test]
fn wk_001_slots_agree_with_a_map() {
    thousand_seeds(|rng| drop(agree(rng, 0, 300)));
}

#[test]
fn wk_002_slots_agree_with_a_map_where_generations_end() {
    for number in 0..200 {
        seed(number, |rng| drop(agree(rng, LAST - 2, 300)));
    }
}

#[test]
fn wk_002_a_place_whose_generations_are_spent_is_retired() {
    let mut slots = Slots::new(LAST - 2);
    let keys: Vec<Key> = (0..5)
        .map(|value| {
            let key = slots.insert(value);
            assert_eq!(slots.remove(key), Some(value));
            key
        })
        .collect();
    let expected = [(0, LAST - 2), (0, LAST - 1), (0, LAST), (1, LAST - 2), (1, LAST - 1)];
    assert_eq!(keys.iter().map(|k| (k.index, k.generation)).collect::<Vec<_>>(), expected);
    assert_eq!((slots.len(), slots.iter().count()), (0, 0));
}

#[test]
fn wk_002_the_next_floor_of_a_spent_place_is_beyond_the_last_generation() {
    let mut slots = Slots::new(LAST);
    let key = slots.insert(());
    assert!(slots.next_floor() > LAST);
    slots.remove(key);
    assert!(slots.next_floor() > LAST);
}

#[test]
fn wk_001_keys_that_were_never_given_find_nothing() {
    let mut slots = Slots::new(3);
    slots.insert(());
    for (index, generation) in [(0, 2), (0, 4), (1, 3), (u32::MAX, u32::MAX)] {
        assert_eq!(slots.get(Key { index, generation }), None);
        assert_eq!(slots.remove(Key { index, generation }), None);
    }
    assert_eq!(slots.len(), 1);
}
