//! Waiting for descriptors: a registration, the wait for its readiness, and callbacks.
//!
//! A descriptor is handed to the kernel only when an operation on it would first have
//! blocked: a connection that is accepted and closed costs no system call for that.
//! Readiness reaches a task in two steps, as in asyncio: the event is an entry of the
//! batch, which wakes the task, which runs in the next turn.

use crate::LoopHandle;
use crate::kernel::{Direction, Interest, Key, State, Waiter};
use std::cell::Cell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A descriptor's place in the loop's reactor. Drop it before the descriptor closes.
pub struct Registration {
    handle: LoopHandle,
    fd: RawFd,
    key: Cell<Option<Key>>,
    /// Who waits by [`poll_ready`](Self::poll_ready), per direction.
    polled: [Cell<Place>; 2],
}

/// A place in the line of those who wait.
#[derive(Clone, Copy, Default)]
struct Place {
    number: u64,
    yielded: bool,
}

impl Registration {
    /// Nothing is asked of the kernel yet. The descriptor must be non-blocking, and must
    /// stay open for as long as the registration lives.
    pub fn new(handle: &LoopHandle, fd: &impl AsFd) -> Self {
        let (handle, fd) = (handle.clone(), fd.as_fd().as_raw_fd());
        Registration { handle, fd, key: Cell::new(None), polled: Default::default() }
    }

    /// The loop.
    pub fn handle(&self) -> &LoopHandle {
        &self.handle
    }

    /// Waits until the direction may be ready. A hint: an operation may still block, and
    /// then [`clear`](Self::clear) it and wait again. A task that never has to wait is
    /// made to yield after 64 times in one step.
    ///
    /// # Errors
    /// When the loop is closed.
    pub fn ready(&self, direction: Direction) -> Readiness<'_> {
        Readiness { registration: self, direction, place: Place::default() }
    }

    /// As [`ready`](Self::ready), for who writes a `poll` of his own: the waker of the newest
    /// call that was not ready is woken, one per direction.
    ///
    /// # Errors
    /// When the loop is closed.
    pub fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let slot = &self.polled[direction as usize];
        let mut place = slot.get();
        let polled = self.poll_at(&mut place, direction, cx);
        if polled.is_ready() {
            place.yielded = false;
        }
        slot.set(place);
        polled
    }

    /// An operation found the direction not ready: from now on, wait for the kernel.
    ///
    /// # Errors
    /// When the kernel does not poll this descriptor (a regular file), or polls it for
    /// somebody else already, or the loop is closed.
    pub fn clear(&self, direction: Direction) -> io::Result<()> {
        let mut reactor = self.handle.state.reactor.borrow_mut();
        match self.key.get() {
            Some(key) => {
                if let Some(source) = reactor.sources.get_mut(key) {
                    source.sides[direction as usize].ready = false;
                }
            }
            None => {
                let both = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
                let key = reactor.register(self.fd, both)?;
                // The other direction is as unknown as before: try it first.
                if let Some(source) = reactor.sources.get_mut(key) {
                    source.sides[1 - direction as usize].ready = true;
                }
                self.key.set(Some(key));
            }
        }
        Ok(())
    }

    /// An operation moved less than it could have: the direction is taken for drained,
    /// unless the other end is known to have closed it. For streams only.
    pub fn drained(&self, direction: Direction) {
        let Some(key) = self.key.get() else { return };
        let mut reactor = self.handle.state.reactor.borrow_mut();
        if let Some(source) = reactor.sources.get_mut(key) {
            let side = &mut source.sides[direction as usize];
            side.ready = side.ended;
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let source = self.handle.state.reactor.borrow_mut().deregister(key);
            source.into_iter().for_each(|source| self.handle.state.discard_source(source));
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration(fd {})", self.fd)
    }
}

/// The future of [`Registration::ready`].
///
/// # Cancel safety
/// Dropping it loses nothing: readiness is remembered by the registration.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Readiness<'a> {
    registration: &'a Registration,
    direction: Direction,
    place: Place,
}

impl std::future::Future for Readiness<'_> {
    type Output = io::Result<()>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.registration.poll_at(&mut this.place, this.direction, cx)
    }
}

impl Registration {
    #[inline]
    fn poll_at(
        &self,
        place: &mut Place,
        direction: Direction,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let state = &self.handle.state;
        if state.is_closed() {
            return Poll::Ready(Err(crate::error::Closed::new().into()));
        }
        let Some(key) = self.key.get() else { return self.spend(place, cx) };
        let newest = cx.waker().clone();
        let mut reactor = state.reactor.borrow_mut();
        let Some(source) = reactor.sources.get_mut(key) else { return Poll::Ready(Ok(())) };
        let side = &mut source.sides[direction as usize];
        if side.ready {
            drop(reactor);
            self.leave(place, direction);
            return self.spend(place, cx);
        }
        let before = side.waiters.len();
        let old = state.await_in(&mut side.waiters, &mut place.number, newest);
        let added = side.waiters.len() - before;
        reactor.waited += added;
        drop(reactor);
        state.discard_waker(old);
        Poll::Pending
    }

    /// Ready, unless this step has done enough: then others first.
    #[inline]
    fn spend(&self, place: &mut Place, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &self.handle.state;
        let left = state.budget.get();
        if left == 0 && !place.yielded {
            place.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.budget.set(left.saturating_sub(1));
        Poll::Ready(Ok(()))
    }

    fn leave(&self, place: &mut Place, direction: Direction) {
        let Some(key) = self.key.get().filter(|_| place.number != 0) else { return };
        let number = std::mem::take(&mut place.number);
        let state = &self.handle.state;
        state.discard_waiter(state.stop_waiting(key, direction, number));
    }
}

impl Drop for Readiness<'_> {
    fn drop(&mut self) {
        self.registration.leave(&mut self.place, self.direction);
    }
}

impl fmt::Debug for Readiness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Readiness({:?}, {:?})", self.registration, self.direction)
    }
}

impl State {
    /// Adds a waiter for the next edge, and answers its number.
    pub(crate) fn start_waiting(&self, key: Key, direction: Direction, waiter: Waiter) -> u64 {
        let number = self.waiter_number();
        let mut reactor = self.reactor.borrow_mut();
        if let Some(source) = reactor.sources.get_mut(key) {
            let side = &mut source.sides[direction as usize];
            side.ready = false;
            side.waiters.push(number, waiter);
            reactor.waited += 1;
        }
        number
    }

    /// Takes a waiter out, for the caller to drop.
    pub(crate) fn stop_waiting(&self, key: Key, from: Direction, number: u64) -> Option<Waiter> {
        let mut reactor = self.reactor.borrow_mut();
        let source = reactor.sources.get_mut(key)?;
        let waiter = source.sides[from as usize].waiters.remove(number)?;
        reactor.waited -= 1;
        Some(waiter)
    }
}
