//! `WaitQueue`: those who wait, first come, first served; the one queue under this family.
//!
//! Who waits is a place in the line: a number, and a ticket by which it is woken. A wait is
//! marked as cancelled at the moment of the request, not when its task comes to run; what
//! is above decides by that mark, as asyncio does.
//!
//! Numbers rise along the line and are never used twice, so a place is found in O(log n)
//! and whoever has been passed over once is not looked at again. Waking may run a foreign
//! waker: the line is not borrowed then.

use crate::LoopHandle;
use crate::time::{Parked, Ticket};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

#[derive(Default)]
pub(super) struct WaitQueue(RefCell<Line>);

#[derive(Default)]
struct Line {
    /// By rising number; a gap where somebody left. Neither end is a gap.
    places: VecDeque<(u64, Option<Ticket>)>,
    gaps: usize,
    /// The number for who comes next.
    next: u64,
    /// All below this number are woken, cancelled or gone.
    passed: u64,
}

/// A place in the line. It must [`leave`](WaitQueue::leave).
pub(super) struct Place {
    number: u64,
    wait: Parked,
}

impl WaitQueue {
    /// Takes a place at the back.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub(super) fn join(&self) -> Place {
        let here = LoopHandle::current().unwrap_or_else(|none| panic!("cannot wait: {none}"));
        let wait = Parked::new(&here);
        let mut line = self.0.borrow_mut();
        let number = line.next;
        line.next += 1;
        line.places.push_back((number, Some(wait.ticket())));
        Place { number, wait }
    }

    /// Gives a place up.
    pub(super) fn leave(&self, place: Place) {
        let left = self.0.borrow_mut().remove(place.number);
        drop((left, place));
    }

    /// Takes a place at the back and waits there. A wait that ends otherwise than by being
    /// woken calls `gone`, after it left, with whether it had been woken by then.
    pub(super) fn wait<G: FnMut(bool) + Unpin>(&self, gone: G) -> Wait<'_, G> {
        Wait { queue: self, place: Some(self.join()), gone }
    }

    /// Wakes the one at the front, unless that is woken or cancelled already.
    pub(super) fn wake_front(&self) {
        let front = self.0.borrow().places.front().and_then(|(_, place)| place.clone());
        if let Some(ticket) = front {
            ticket.wake();
        }
    }

    /// Wakes the first who is neither woken nor cancelled. False: there is none.
    pub(super) fn wake_next(&self) -> bool {
        self.wake_before(u64::MAX)
    }

    /// Wakes the first `count` who are neither woken nor cancelled.
    pub(super) fn wake(&self, count: usize) {
        let end = self.0.borrow().next;
        for _ in 0..count {
            if !self.wake_before(end) {
                break;
            }
        }
    }

    /// Wakes all who wait now.
    pub(super) fn wake_all(&self) {
        self.wake(usize::MAX);
    }

    fn wake_before(&self, end: u64) -> bool {
        let next = self.0.borrow_mut().next_live(end);
        next.is_some_and(|ticket| ticket.wake())
    }

    /// Whether nobody waits but those whose tasks have been cancelled.
    pub(super) fn all_cancelled(&self) -> bool {
        let line = self.0.borrow();
        line.places.iter().all(|(_, place)| place.as_ref().is_none_or(Ticket::is_cancelled))
    }

    /// How many have a place.
    pub(super) fn len(&self) -> usize {
        let line = self.0.borrow();
        line.places.len() - line.gaps
    }
}

impl Line {
    /// The first below `end` that is not done: it counts as passed from here on.
    fn next_live(&mut self, end: u64) -> Option<Ticket> {
        let from = self.places.partition_point(|(number, _)| *number < self.passed);
        for (number, place) in self.places.range(from..) {
            if *number >= end {
                break;
            }
            self.passed = number + 1;
            if let Some(ticket) = place.as_ref().filter(|ticket| !ticket.is_over()) {
                return Some(ticket.clone());
            }
        }
        None
    }

    /// Takes one out, for the caller to drop.
    fn remove(&mut self, number: u64) -> Option<Ticket> {
        let at = self.places.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        let removed = self.places[at].1.take()?;
        self.gaps += 1;
        while matches!(self.places.front(), Some((_, None))) {
            self.places.pop_front();
            self.gaps -= 1;
        }
        while matches!(self.places.back(), Some((_, None))) {
            self.places.pop_back();
            self.gaps -= 1;
        }
        if self.gaps * 2 > self.places.len() {
            self.places.retain(|(_, place)| place.is_some());
            self.gaps = 0;
        }
        Some(removed)
    }
}

impl Place {
    /// Whether somebody has woken it.
    pub(super) fn is_woken(&self) -> bool {
        self.wait.is_woken()
    }

    /// Ready when it is woken (true), or when the task in which it waited was cancelled
    /// and it was kept (false).
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.wait.poll(cx)
    }
}

/// The future of [`WaitQueue::wait`]: true when it was woken.
///
/// False when the task in which it waited was cancelled, but somebody outside of it took
/// the cancellation and kept it: it has left the line, and has to look and come again.
pub(super) struct Wait<'q, G: FnMut(bool) + Unpin> {
    queue: &'q WaitQueue,
    /// `None`: the wait is over.
    place: Option<Place>,
    gone: G,
}

impl<G: FnMut(bool) + Unpin> Wait<'_, G> {
    fn go(&mut self) {
        if let Some(place) = self.place.take() {
            let woken = place.is_woken();
            self.queue.leave(place);
            (self.gone)(woken);
        }
    }
}

impl<G: FnMut(bool) + Unpin> std::future::Future for Wait<'_, G> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = &mut *self;
        let Some(place) = &mut this.place else { return Poll::Ready(false) };
        let woken = match place.poll(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(woken) => woken,
        };
        if woken {
            let place = this.place.take();
            place.into_iter().for_each(|place| this.queue.leave(place));
        } else {
            this.go();
        }
        Poll::Ready(woken)
    }
}

impl<G: FnMut(bool) + Unpin> Drop for Wait<'_, G> {
    fn drop(&mut self) {
        self.go();
    }
}
