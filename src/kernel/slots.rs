//! `Slots`: a slab whose keys carry a generation, so that a stale key finds nothing.
//!
//! A key is an index and a generation. Removing a value raises the generation of its
//! place; so a key that somebody keeps for ever (a waker in another thread, an event for
//! a descriptor closed meanwhile) can never reach the value that lives there next. A
//! place whose generations are used up is retired, not wrapped.
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
    slab: Slab<T>,
    /// The generation of each place: of its value, or of the one that comes next.
    generations: Vec<u32>,
    /// The generation with which an untouched place begins.
    floor: u32,
}

/// A `T::default()` stands in a retired place.
impl<T: Default> Slots<T> {
    /// Keys begin at generation `floor`.
    pub(crate) fn new(floor: u32) -> Self {
        Slots { slab: Slab::new(), generations: Vec::new(), floor }
    }

    /// The key that the next [`insert`](Self::insert) will give.
    ///
    /// # Panics
    /// When 2^26 values live at once.
    #[inline]
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
            self.slab.insert(T::default()); // retired
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> Key {
        let key = self.next_key();
        self.slab.insert(value);
        key
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match *self.generations.get(key.index as usize)? == key.generation {
            true => self.slab.get_mut(key.index as usize),
            false => None,
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        match *self.generations.get(key.index as usize)? == key.generation {
            true => self.slab.get(key.index as usize),
            false => None,
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        self.generations[key.index as usize] += 1;
        self.slab.try_remove(key.index as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        let live = |&(_, generation): &(usize, u32)| generation <= LAST_GENERATION;
        let entries =
            self.slab.iter().map(|(index, value)| ((index, self.generations[index]), value));
        entries
            .filter(move |(place, _)| live(place))
            .map(|((index, generation), value)| (Key { index: index as u32, generation }, value))
    }

    /// A floor above every generation that was ever given out here.
    pub(crate) fn next_floor(&self) -> u32 {
        self.generations.iter().map(|g| g + 1).max().unwrap_or(self.floor)
    }
}
