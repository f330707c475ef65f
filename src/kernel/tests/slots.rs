//! `Slots` against a `HashMap`; and the end of the generations.

use super::super::slots::{GENERATION_BITS, KEY_BITS, Key, Slots};
use super::{Rng, seed, thousand_seeds};
use std::collections::{HashMap, HashSet};

const LAST: u64 = (1 << GENERATION_BITS) - 1;

fn generation(key: Key) -> u64 {
    key.to_bits() >> (KEY_BITS - GENERATION_BITS)
}

fn key(index: u64, generation: u64) -> Key {
    Key::from_bits(generation << (KEY_BITS - GENERATION_BITS) | index)
}

fn remove<T>(slots: &mut Slots<T>, key: Key) -> Option<T> {
    slots.remove_with(key, Option::take).flatten()
}

/// Random inserts and removes; no key is given twice, and a removed one finds nothing.
fn agree(rng: &mut Rng, floor: u32, steps: usize) {
    let (mut slots, mut model) = (Slots::new(floor), HashMap::new());
    let (mut gone, mut given) = (Vec::new(), HashSet::new());
    for step in 0..steps as u64 {
        match rng.below(5) {
            0..3 => {
                let key = slots.insert_with(|| step);
                assert!(given.insert(key), "{key:?} was given twice");
                assert!(generation(key) <= LAST);
                assert_eq!(Key::from_bits(key.to_bits()), key);
                model.insert(key, step);
            }
            3 if !model.is_empty() => {
                let mut keys: Vec<Key> = model.keys().copied().collect();
                keys.sort_unstable();
                let key = keys[rng.below(keys.len())];
                assert_eq!(remove(&mut slots, key), model.remove(&key));
                gone.push(key);
            }
            _ if !gone.is_empty() => {
                let key = gone[rng.below(gone.len())];
                assert_eq!(slots.get(key), None);
                assert_eq!(slots.get_mut(key), None);
                assert_eq!(remove(&mut slots, key), None);
            }
            _ => {}
        }
        assert_eq!(slots.len(), model.len());
    }
    let found: HashMap<Key, u64> = slots.iter().map(|(key, value)| (key, *value)).collect();
    assert_eq!(found, model);
    let highest = given.iter().map(|key| generation(*key)).max();
    assert!(highest.is_none_or(|highest| u64::from(slots.next_floor()) > highest));
}

#[test]
fn wk_001_slots_agree_with_a_map() {
    thousand_seeds(|rng| agree(rng, 0, 300));
}

#[test]
fn wk_002_slots_agree_with_a_map_where_generations_end() {
    for number in 0..200 {
        seed(number, |rng| agree(rng, LAST as u32 - 2, 300));
    }
}

#[test]
fn wk_002_a_place_whose_generations_are_spent_is_retired() {
    let mut slots = Slots::new(LAST as u32 - 2);
    let keys: Vec<Key> = (0..5)
        .map(|value| {
            let key = slots.insert_with(|| value);
            assert_eq!(remove(&mut slots, key), Some(value));
            key
        })
        .collect();
    let expected = [(0, LAST - 2), (0, LAST - 1), (0, LAST), (1, LAST - 2), (1, LAST - 1)];
    assert_eq!(keys, expected.map(|(index, generation)| key(index, generation)));
    assert_eq!((slots.len(), slots.iter().count()), (0, 0));
}

#[test]
fn wk_002_the_next_floor_of_a_spent_place_is_beyond_the_last_generation() {
    let mut slots = Slots::new(LAST as u32);
    let key = slots.insert_with(|| ());
    assert!(u64::from(slots.next_floor()) > LAST);
    remove(&mut slots, key);
    assert!(u64::from(slots.next_floor()) > LAST);
}

#[test]
fn wk_001_keys_that_were_never_given_find_nothing() {
    let mut slots = Slots::new(3);
    slots.insert_with(|| ());
    for unknown in [key(0, 2), key(0, 4), key(1, 3), Key::from_bits(u64::MAX)] {
        assert_eq!(slots.get(unknown), None);
        assert_eq!(remove(&mut slots, unknown), None);
    }
    assert_eq!(slots.len(), 1);
}
