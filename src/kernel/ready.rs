//! `Ready`: the queue of what runs next, first in, first out.
//!
//! Two rings. `order` says what kind of thing is next, in the order in which it
//! became ready (rule 1); it is small, so that a thousand tasks taking turns stay in
//! the first-level cache. The closures of callbacks are in a ring of their own, in
//! the same order, and are numbered from the first that the loop ever had: a number
//! finds a waiting closure in O(1), which is how a handle cancels it.
//!
//! All operations are O(1). The queue has no bound: it holds each task once, and each
//! callback that somebody scheduled.

use super::call::Call;
use super::slots::Key;
use std::collections::VecDeque;
use std::panic::Location;

/// One thing to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Step the task.
    Task(Key),
    /// Run the closure at the front of `calls`.
    Call,
    /// Run the timer in this slot, which has come due; the end of its number tells it
    /// from one that has the slot after it.
    Timer(u32, u32),
    /// Tell those who wait for this descriptor.
    Source(Key),
}

/// A callback on its way; `call` is gone when it was cancelled: its turn remains.
pub(crate) struct Pending {
    pub(crate) call: Option<Call>,
    /// Where it was scheduled, known in debug mode and when observed.
    pub(crate) at: Option<&'static Location<'static>>,
}

pub(crate) struct Ready {
    order: VecDeque<Entry>,
    calls: VecDeque<Pending>,
    /// The number of the call at the front of `calls`.
    first: u64,
}

impl Ready {
    pub(crate) fn new() -> Self {
        Ready { order: VecDeque::new(), calls: VecDeque::new(), first: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        self.order.push_back(entry);
    }

    /// Queues a callback and answers its number.
    #[inline]
    pub(crate) fn push_call(&mut self, call: Call, at: Option<&'static Location<'static>>) -> u64 {
        self.order.push_back(Entry::Call);
        self.calls.push_back(Pending { call: Some(call), at });
        self.first + self.calls.len() as u64 - 1
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        self.order.pop_front()
    }

    /// The callback for the `Entry::Call` that was just popped, and its number.
    #[inline]
    pub(crate) fn pop_call(&mut self) -> Option<(u64, Pending)> {
        let number = self.first;
        self.first += 1;
        Some((number, self.calls.pop_front()?))
    }

    /// Takes the closure of a waiting callback away; its turn in the queue stays.
    pub(crate) fn take_call(&mut self, number: u64) -> Option<Call> {
        let place = number.checked_sub(self.first)?;
        self.calls.get_mut(usize::try_from(place).ok()?)?.call.take()
    }

    /// The number of the callback that is next among callbacks.
    pub(crate) fn first_call(&self) -> u64 {
        self.first
    }

    /// A waiting callback, for those who want to know its name.
    pub(crate) fn peek_call(&self, number: u64) -> Option<&Pending> {
        let place = number.checked_sub(self.first)?;
        self.calls.get(usize::try_from(place).ok()?)
    }

    /// Empties the queue; the closures are for the caller to drop.
    pub(crate) fn drain(&mut self) -> Vec<Pending> {
        self.order.clear();
        self.first += self.calls.len() as u64;
        self.calls.drain(..).collect()
    }
}
