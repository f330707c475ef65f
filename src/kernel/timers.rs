//! `Timers`: deadlines in order of (deadline, creation), built for being cancelled.
//!
//! Most timers are timeouts, and most timeouts are cancelled long before they are
//! due. So a new timer is only noted, unsorted, in `staged`; the heap meets those
//! that are still alive when the stage is full or when the loop must know what
//! comes next. Cancelling frees the slot, and what it held, at once: O(1). What is
//! left in the heap of a cancelled timer is told from a live one by its number, and
//! swept out when it is more than half (asyncio's rule and figures).
//!
//! Arming is O(1), or O(log n) for one that lives; popping O(log n). The file
//! does not know what a timer does, nor what time it is.

use super::clock::NEVER;
use slab::Slab;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Timers noted before they are sorted: they fit the first-level cache.
const STAGE: usize = 1024;
/// Below this many, stale entries are not worth a sweep.
const FEW: usize = 100;

/// Where a timer is; `number` counts all timers ever, so that no two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    pub(crate) index: u32,
    number: u64,
}

/// Field order is firing order: rule 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: u64,
    number: u64,
    index: u32,
}

struct Slot<T> {
    number: u64,
    /// Its entry has left the stage for the heap.
    in_heap: bool,
    payload: T,
}

pub(crate) struct Timers<T> {
    slots: Slab<Slot<T>>,
    staged: Vec<Due>,
    /// No staged deadline is earlier than this.
    staged_from: u64,
    heap: BinaryHeap<Reverse<Due>>,
    /// Entries of `heap` whose timer is gone.
    stale: usize,
    next: u64,
}

impl TimerKey {
    /// The end of its number, enough to tell it from others in the ready queue.
    pub(crate) fn low(self) -> u32 {
        self.number as u32
    }
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        let heap = BinaryHeap::new();
        Timers {
            slots: Slab::new(),
            staged: Vec::new(),
            staged_from: NEVER,
            heap,
            stale: 0,
            next: 0,
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, payload: T) -> TimerKey {
        if self.staged.len() == STAGE {
            self.sort_staged();
        }
        let number = self.next;
        self.next += 1;
        let index = self.slots.insert(Slot { number, in_heap: false, payload }) as u32;
        self.staged.push(Due { deadline, number, index });
        self.staged_from = self.staged_from.min(deadline);
        TimerKey { index, number }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        (slot.number == key.number).then_some(&mut slot.payload)
    }

    /// The timer in slot `index` whose number ends in `low`: how the ready queue names
    /// it. Another timer may have the slot by then, and has another number.
    pub(crate) fn find(&self, index: u32, low: u32) -> Option<TimerKey> {
        let slot = self.slots.get(index as usize)?;
        (slot.number as u32 == low).then_some(TimerKey { index, number: slot.number })
    }

    pub(crate) fn get_index(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize).map(|slot| &slot.payload)
    }

    pub(crate) fn get_index_mut(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize).map(|slot| &mut slot.payload)
    }

    /// Forgets a timer and gives back what it held, for the caller to drop.
    #[inline]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        self.get_mut(key)?;
        let slot = self.slots.remove(key.index as usize);
        self.stale += slot.in_heap as usize;
        if self.stale > FEW && self.stale > self.heap.len() / 2 {
            let slots = &self.slots;
            self.heap.retain(|Reverse(due)| alive(slots, due));
            self.stale = 0;
        }
        Some(slot.payload)
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
            self.stale -= 1;
        }
        None
    }

    /// The next timer that is due at `now`. Its slot stays, as a timer that has
    /// fired, until it is removed. `NEVER` is never due.
    #[inline]
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<TimerKey> {
        if self.staged_from <= now && !self.staged.is_empty() {
            self.sort_staged();
        }
        loop {
            let Reverse(due) = *self.heap.peek()?;
            if due.deadline > now || due.deadline == NEVER {
                return None;
            }
            self.heap.pop();
            match self.slots.get_mut(due.index as usize) {
                Some(slot) if slot.number == due.number => {
                    slot.in_heap = false;
                    return Some(TimerKey { index: due.index, number: due.number });
                }
                _ => self.stale -= 1,
            }
        }
    }

    /// How many timers there are, those that have fired and not been removed included.
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
        self.stale = 0;
        self.slots.drain().map(|slot| slot.payload).collect()
    }

    fn sort_staged(&mut self) {
        self.staged_from = NEVER;
        for due in self.staged.drain(..) {
            match self.slots.get_mut(due.index as usize) {
                Some(slot) if slot.number == due.number => slot.in_heap = true,
                _ => continue,
            }
            self.heap.push(Reverse(due));
        }
    }
}

fn alive<T>(slots: &Slab<Slot<T>>, due: &Due) -> bool {
    slots.get(due.index as usize).is_some_and(|slot| slot.number == due.number)
}
