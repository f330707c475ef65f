//! `Ready`: the queue of what runs next, first in, first out.
//!
//! Two rings. `order` says what is next, in the order in which it became ready (rule 1);
//! it is small, so that a thousand tasks taking turns stay in the first-level cache, and
//! callbacks in a row are one entry. Their closures are in a ring of their own, in the
//! same order, numbered from the first that the loop ever had: so a handle finds one.
//!
//! All operations are O(1). No bound: it holds each task once, and what was asked for.

use super::slots::Key;
use crate::call::Call;
use std::collections::VecDeque;

/// One thing to run, in one word: a tag, and a key or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry(u64);

/// What an [`Entry`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Step the task.
    Task(Key),
    /// Run the closure at the front of `calls`; in the queue, this many in a row.
    Calls(u32),
    /// Run the timer in this slot, which has come due.
    Timer(u32),
    /// Tell those who wait for this descriptor.
    Source(Key),
    Nothing,
}

const CALLS: u64 = 1 << 62;
const TIMER: u64 = 2 << 62;
const SOURCE: u64 = 3 << 62;
/// The most callbacks in a row that one entry counts.
const ROW: u64 = u32::MAX as u64;

impl Entry {
    pub(crate) const NOTHING: Entry = Entry(u64::MAX);

    #[inline]
    pub(crate) fn task(key: Key) -> Self {
        Entry(key.to_bits())
    }

    pub(crate) fn source(key: Key) -> Self {
        Entry(SOURCE | key.to_bits())
    }

    pub(crate) fn timer(index: u32) -> Self {
        Entry(TIMER | u64::from(index))
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        match self.0 & SOURCE {
            0 => Kind::Task(Key::from_bits(self.0)),
            CALLS => Kind::Calls(self.0 as u32),
            TIMER => Kind::Timer(self.0 as u32),
            _ if self == Entry::NOTHING => Kind::Nothing,
            _ => Kind::Source(Key::from_bits(self.0)),
        }
    }
}

pub(crate) struct Ready {
    order: VecDeque<Entry>,
    /// How many entries wait, each callback of a row counted.
    len: usize,
    /// A call that was cancelled is empty: its turn remains.
    calls: VecDeque<Call>,
    /// The number of the call at the front of `calls`.
    first: u64,
}

impl Ready {
    pub(crate) fn new() -> Self {
        Ready { order: VecDeque::new(), len: 0, calls: VecDeque::new(), first: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        self.len += 1;
        self.order.push_back(entry);
    }

    /// Queues a callback, which `write` puts into its place, and answers its number.
    #[inline(always)]
    pub(crate) fn push_call(&mut self, write: impl FnOnce(&mut Call)) -> u64 {
        self.calls.push_back(Call::empty());
        if let Some(place) = self.calls.back_mut() {
            write(place);
        }
        self.len += 1;
        match self.order.back_mut() {
            Some(Entry(row)) if *row >= CALLS && *row < CALLS | ROW => *row += 1,
            _ => self.order.push_back(Entry(CALLS | 1)),
        }
        self.first + self.calls.len() as u64 - 1
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let front = self.order.front_mut()?;
        self.len -= 1;
        if front.0 > CALLS | 1 && front.0 <= CALLS | ROW {
            front.0 -= 1;
            return Some(Entry(CALLS | 1));
        }
        self.order.pop_front()
    }

    /// The callback for the `Kind::Calls` that was just popped.
    #[inline]
    pub(crate) fn pop_call(&mut self) -> Call {
        self.first += 1;
        self.calls.pop_front().unwrap_or_else(Call::empty)
    }

    /// The number of the callback that is next among callbacks.
    pub(crate) fn first_call(&self) -> u64 {
        self.first
    }

    /// A waiting callback; taking its closure away leaves its turn in the queue.
    pub(crate) fn call_mut(&mut self, number: u64) -> Option<&mut Call> {
        let place = number.checked_sub(self.first)?;
        self.calls.get_mut(usize::try_from(place).ok()?)
    }

    /// Empties the queue; the closures are for the caller to drop.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Call> + use<> {
        self.order.clear();
        self.len = 0;
        self.first += self.calls.len() as u64;
        std::mem::take(&mut self.calls).into_iter()
    }
}
