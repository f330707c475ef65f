//! `Slots`: a slab whose keys carry a generation, so that a stale key finds nothing.
//!
//! A key is an index and a generation. Removing a value raises the generation of its
//! place; so a key that somebody keeps for ever (a waker in another thread, an event for
//! a descriptor closed meanwhile) can never reach the value that lives there next. A
//! place whose generations are used up is retired, not wrapped.
//!
//! All is O(1). The `slab` crate forgets a place's generation when the value goes; where no
//! key outlives its value (timers, leaves), it is used as it is.

/// Bits of a generation.
pub(crate) const GENERATION_BITS: u32 = 24;
/// Bits of an index.
const INDEX_BITS: u32 = 26;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

/// The name of one value in one [`Slots`], never given twice; one word, so that it is
/// written and read as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key(u64);

/// Bits of a key.
pub(crate) const KEY_BITS: u32 = GENERATION_BITS + INDEX_BITS;

impl Key {
    #[inline]
    fn new(index: u32, generation: u32) -> Self {
        Key(u64::from(generation) << INDEX_BITS | u64::from(index))
    }

    #[inline]
    pub(crate) fn index(self) -> u32 {
        self.0 as u32 & ((1 << INDEX_BITS) - 1)
    }

    #[inline]
    fn generation(self) -> u32 {
        (self.0 >> INDEX_BITS) as u32
    }

    /// The key as a word of [`KEY_BITS`].
    #[inline]
    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Key(bits & ((1 << KEY_BITS) - 1))
    }
}

pub(crate) struct Slots<T> {
    places: Vec<Place<T>>,
    /// The free place that was left last, or `NONE`.
    free: u32,
    /// The generation with which an untouched place begins.
    floor: u32,
    live: usize,
}

struct Place<T> {
    /// The generation of the value here, or of the one that comes next.
    generation: u32,
    /// Among free places, the next one.
    next: u32,
    value: Option<T>,
}

const NONE: u32 = u32::MAX;

impl<T> Slots<T> {
    /// Keys begin at generation `floor`.
    pub(crate) fn new(floor: u32) -> Self {
        Slots { places: Vec::new(), free: NONE, floor, live: 0 }
    }

    /// # Panics
    /// When 2^26 values live at once.
    #[inline(always)] // so that the value is written where it stays, not copied there
    pub(crate) fn insert_with(&mut self, make: impl FnOnce() -> T) -> Key {
        self.live += 1;
        if let Some(place) = self.places.get_mut(self.free as usize) {
            let key = Key::new(self.free, place.generation);
            self.free = place.next;
            place.value = Some(make());
            return key;
        }
        let index = self.places.len() as u32;
        assert!(index < 1 << INDEX_BITS, "more than 2^{INDEX_BITS} live entries");
        let key = Key::new(index, self.floor);
        self.places.push(Place { generation: self.floor, next: NONE, value: Some(make()) });
        key
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(key.index() as usize)?;
        if place.generation == key.generation() { place.value.as_mut() } else { None }
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(key.index() as usize)?;
        if place.generation == key.generation() { place.value.as_ref() } else { None }
    }

    /// Removes a value: `take` moves out what is wanted, the rest is dropped in place.
    #[inline]
    pub(crate) fn remove_with<R>(
        &mut self,
        key: Key,
        take: impl FnOnce(&mut Option<T>) -> R,
    ) -> Option<R> {
        let place = self.places.get_mut(key.index() as usize)?;
        if place.generation != key.generation() || place.value.is_none() {
            return None;
        }
        let taken = take(&mut place.value);
        place.value = None;
        self.live -= 1;
        place.generation += 1;
        if place.generation <= LAST_GENERATION {
            place.next = std::mem::replace(&mut self.free, key.index());
        } // else it is retired: no list has it any more
        Some(taken)
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.places.iter().enumerate().filter_map(|(index, place)| {
            let key = Key::new(index as u32, place.generation);
            place.value.as_ref().map(|value| (key, value))
        })
    }

    /// A floor above every generation that was ever given out here.
    pub(crate) fn next_floor(&self) -> u32 {
        self.places.iter().map(|place| place.generation + 1).max().unwrap_or(self.floor)
    }
}
