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
}

impl Registration {
    /// Nothing is asked of the kernel yet. The descriptor must be non-blocking, and must
    /// stay open for as long as the registration lives.
    pub fn new(handle: &LoopHandle, fd: &impl AsFd) -> Self {
        Registration { handle: handle.clone(), fd: fd.as_fd().as_raw_fd(), key: Cell::new(None) }
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
        Readiness { registration: self, direction, number: 0, yielded: false }
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
    number: u64,
    yielded: bool,
}

impl std::future::Future for Readiness<'_> {
    type Output = io::Result<()>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let state = &this.registration.handle.state;
        if state.is_closed() {
            return Poll::Ready(Err(crate::error::Closed::new().into()));
        }
        let Some(key) = this.registration.key.get() else { return this.spend(cx) };
        let newest = cx.waker().clone();
        let mut reactor = state.reactor.borrow_mut();
        let Some(source) = reactor.sources.get_mut(key) else { return Poll::Ready(Ok(())) };
        let side = &mut source.sides[this.direction as usize];
        if side.ready {
            drop(reactor);
            this.leave();
            return this.spend(cx);
        }
        let before = side.waiters.len();
        let old = state.await_in(&mut side.waiters, &mut this.number, newest);
        let added = side.waiters.len() - before;
        reactor.waited += added;
        drop(reactor);
        state.discard_waker(old);
        Poll::Pending
    }
}

impl Readiness<'_> {
    /// Ready, unless this step has done enough: then others first.
    #[inline]
    fn spend(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &self.registration.handle.state;
        let left = state.budget.get();
        if left == 0 && !self.yielded {
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.budget.set(left.saturating_sub(1));
        Poll::Ready(Ok(()))
    }

    fn leave(&mut self) {
        let Some(key) = self.registration.key.get().filter(|_| self.number != 0) else { return };
        let number = std::mem::take(&mut self.number);
        let state = &self.registration.handle.state;
        state.discard_waiter(state.stop_waiting(key, self.direction, number));
    }
}

impl Drop for Readiness<'_> {
    fn drop(&mut self) {
        self.leave();
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
