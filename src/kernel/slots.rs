//! `Slots`: a slab whose keys carry a generation, so that a stale key finds nothing.
//!
//! A key is an index and a generation. Removing a value raises the generation of
//! its place, hence a key held by anybody for ever (a waker in another thread, an
//! event for a descriptor closed meanwhile) can never reach the value that lives
//! there next. A place whose generations are used up is retired, not wrapped.
//!
//! Every operation is O(1). This file does not know what is stored.

use slab::Slab;

/// Bits of a generation; a waker packs it into one word with the index and the loop.
pub(crate) const GENERATION_BITS: u32 = 24;
/// Bits of an index.
pub(crate) const INDEX_BITS: u32 = 26;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

/// The name of one value in one [`Slots`], never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

pub(crate) struct Slots<T> {
    /// `None` marks a retired place.
    slab: Slab<Option<T>>,
    /// The generation of each place: of its value, or of the one that comes next.
    generations: Vec<u32>,
    /// The generation with which an untouched place begins.
    floor: u32,
    retired: usize,
}

impl<T> Slots<T> {
    /// Keys begin at generation `floor`.
    pub(crate) fn new(floor: u32) -> Self {
        Slots { slab: Slab::new(), generations: Vec::new(), floor, retired: 0 }
    }

    /// The key that the next [`insert`](Self::insert) will give.
    ///
    /// # Panics
    /// When 2^26 values live at once.
    pub(crate) fn next_key(&mut self) -> Key {
        loop {
            let index = self.slab.vacant_key();
            if index == self.generations.len() {
                assert!(index < 1 << INDEX_BITS, "more than 2^{INDEX_BITS} live entries");
                self.generations.push(self.floor);
            }
            let generation = self.generations[index];
            if generation <= LAST_GENERATION {
                return Key { index: index as u32, generation };
            }
            self.slab.insert(None);
            self.retired += 1;
        }
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        let key = self.next_key();
        self.slab.insert(Some(value));
        key
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        if *self.generations.get(key.index as usize)? != key.generation {
            return None;
        }
        self.slab.get_mut(key.index as usize)?.as_mut()
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        if *self.generations.get(key.index as usize)? != key.generation {
            return None;
        }
        self.slab.get(key.index as usize)?.as_ref()
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        self.generations[key.index as usize] += 1;
        self.slab.remove(key.index as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.len() - self.retired
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slab.iter().filter_map(|(index, value)| {
            let key = Key { index: index as u32, generation: self.generations[index] };
            value.as_ref().map(|value| (key, value))
        })
    }

    /// A floor above every generation that was ever given out here.
    pub(crate) fn next_floor(&self) -> u32 {
        self.generations.iter().map(|g| g + 1).max().unwrap_or(self.floor)
    }
}
