//! `Timers`: deadlines in order of (deadline, creation), built for being cancelled.
//!
//! Most timers are timeouts, and most timeouts are cancelled long before they are due. So
//! a new timer is only noted, unsorted, in `staged`; the heap meets those that are still
//! alive when the stage is full, or when the loop must know what comes next. Cancelling
//! frees the slot, and what it held, at once. An entry whose timer is gone is told by its
//! number, and swept out when such are more than half (asyncio's rule, and its figures).
//!
//! Arming is O(1), or O(log n) for a timer that lives, cancelling O(1), popping O(log n).
//! Does not know what a timer does, nor what time it is.

use crate::clock::NEVER;
use slab::Slab;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Timers noted before they are sorted: they fit the first-level cache.
const STAGE: usize = 1024;
/// Fewer stale entries than this are not worth a sweep.
const FEW: usize = 100;

/// Where a timer is, and its number: no two timers ever have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    pub(crate) index: u32,
    pub(crate) number: u64,
}

/// Field order is firing order: rule 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: u64,
    number: u64,
    index: u32,
}

struct Slot<T> {
    /// The timer's number; marked, from when it came due until it has run.
    number: u64,
    /// `None`: it was removed while it was due; the slot stays until its turn.
    payload: Option<T>,
}

/// The mark of a timer that has come due and waits in the ready queue, which names it by
/// its slot: so the slot must not go to another.
const DUE: u64 = 1 << 63;

/// The number of what has a slot and no deadline.
const PARKED: u64 = DUE - 1;

pub(crate) struct Timers<T> {
    slots: Slab<Slot<T>>,
    staged: Vec<Due>,
    /// No staged deadline is earlier than this.
    staged_from: u64,
    heap: BinaryHeap<Reverse<Due>>,
    next: u64,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        let (slots, heap) = (Slab::new(), BinaryHeap::new());
        Timers { slots, staged: Vec::new(), staged_from: NEVER, heap, next: 0 }
    }

    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, payload: T) -> TimerKey {
        if self.staged.len() == STAGE {
            self.sort_staged();
        }
        let number = self.next;
        self.next += 1;
        let index = self.slots.insert(Slot { number, payload: Some(payload) }) as u32;
        self.staged.push(Due { deadline, number, index });
        self.staged_from = self.staged_from.min(deadline);
        TimerKey { index, number }
    }

    /// A slot without a deadline, for a wait that something else ends.
    #[inline]
    pub(crate) fn park(&mut self, payload: T) -> u32 {
        self.slots.insert(Slot { number: PARKED, payload: Some(payload) }) as u32
    }

    pub(crate) fn is_parked(&self, index: u32) -> bool {
        self.slots.get(index as usize).is_some_and(|slot| slot.number == PARKED)
    }

    /// The timer in slot `index`, whichever it is.
    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.payload.as_mut()
    }

    /// Forgets a timer and gives back what it held, for the caller to drop.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        let slot = self.slots.get(key.index as usize)?;
        if slot.number & !DUE != key.number { None } else { self.remove_at(key.index) }
    }

    /// As [`remove`](Self::remove), for one who owns the slot.
    #[inline]
    pub(crate) fn remove_at(&mut self, index: u32) -> Option<T> {
        let slot = self.slots.get_mut(index as usize)?;
        let payload = slot.payload.take();
        if slot.number & DUE == 0 {
            self.slots.remove(index as usize);
            self.sweep();
        }
        payload
    }

    fn sweep(&mut self) {
        if self.heap.len() > 2 * self.slots.len() + FEW {
            let slots = &self.slots;
            self.heap.retain(|Reverse(due)| alive(slots, due));
        }
    }

    /// The turn of a timer that came due has come: lends it, if it was not removed.
    pub(crate) fn fire(&mut self, index: u32) -> Option<&mut T> {
        let slot = self.slots.get_mut(index as usize)?;
        slot.number &= !DUE;
        if slot.payload.is_none() {
            self.slots.remove(index as usize);
        }
        self.at(index)
    }

    /// The earliest deadline of a live timer. Cancelled ones at the head go first.
    pub(crate) fn next_deadline(&mut self) -> Option<u64> {
        if !self.staged.is_empty() {
            self.sort_staged();
        }
        while let Some(Reverse(due)) = self.heap.peek() {
            if alive(&self.slots, due) {
                return Some(due.deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// The slot of the next timer that is due at `now`: its turn is at
    /// [`fire`](Self::fire). `NEVER` is never due.
    #[inline]
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<u32> {
        if self.staged_from <= now {
            self.sort_staged();
        }
        loop {
            let Reverse(due) = *self.heap.peek()?;
            if due.deadline > now || due.deadline == NEVER {
                return None;
            }
            self.heap.pop();
            let slot = self.slots.get_mut(due.index as usize);
            if let Some(slot) = slot.filter(|slot| slot.number == due.number) {
                slot.number |= DUE;
                return Some(due.index);
            }
        }
    }

    /// How many slots are in use, those of timers that have fired included.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Entries held, live or stale: what the sweep bounds.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.heap.len() + self.staged.len()
    }

    pub(crate) fn drain(&mut self) -> Vec<T> {
        self.staged.clear();
        self.heap.clear();
        self.slots.drain().filter_map(|slot| slot.payload).collect()
    }

    fn sort_staged(&mut self) {
        self.staged_from = NEVER;
        let slots = &self.slots;
        let live = self.staged.drain(..).filter(|due| alive(slots, due));
        self.heap.extend(live.map(Reverse));
    }
}

fn alive<T>(slots: &Slab<Slot<T>>, due: &Due) -> bool {
    slots.get(due.index as usize).is_some_and(|slot| slot.number == due.number)
}
