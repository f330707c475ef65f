//! `Reactor`: from readiness of descriptors to entries in the ready queue.
//!
//! The only file that polls. mio tells of edges: once, when a descriptor becomes ready. So
//! each direction of each source remembers that it is ready until an operation finds it is
//! not. Tokens are keys: an event for a source that is gone, though another may have its
//! slot or its descriptor's number, finds nothing.

use super::slots::{Key, Slots};
use super::waiters::Waiters;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::time::Duration;

/// Events taken in one look; more stay in the kernel for the next.
const EVENTS: usize = 1024;
/// The waker's token: no key packs to it.
const BELL: Token = Token(usize::MAX);
/// Waits shorter than this are timed to the nanosecond, which takes a second system
/// call; longer ones to the millisecond that epoll knows.
const FINE: Duration = Duration::from_millis(20);
/// Nobody sleeps longer than this in one go.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// One direction of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Bytes, a connection, or the end can be read.
    Read = 0,
    /// There is room to write, or nobody will ever read.
    Write = 1,
}

#[derive(Default)]
pub(crate) struct Source {
    pub(crate) fd: RawFd,
    pub(crate) sides: [Side; 2],
    /// Its entry is in the ready queue.
    pub(crate) queued: bool,
}

#[derive(Default)]
pub(crate) struct Side {
    /// Ready, as far as is known.
    pub(crate) ready: bool,
    /// A short read or write proves nothing any more: the other end has closed it.
    pub(crate) ended: bool,
    pub(crate) waiters: Waiters,
}

pub(crate) struct Reactor {
    poll: Option<Poll>,
    events: Events,
    pub(crate) sources: Slots<Source>,
    /// Who waits for descriptors: what keeps virtual time from jumping.
    pub(crate) waited: usize,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let bell = Waker::new(poll.registry(), BELL)?;
        let events = Events::with_capacity(EVENTS);
        Ok((Reactor { poll: Some(poll), events, sources: Slots::new(0), waited: 0 }, bell))
    }

    /// Blocks until something is ready or `timeout` is over: the only place that does.
    /// An interruption by a signal ends the wait like a timeout.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.events.clear();
        let Some(poll) = &mut self.poll else { return Ok(()) };
        let mut timeout = timeout.map(|t| t.min(LONGEST));
        if let Some(short) = timeout.filter(|t| !t.is_zero() && *t < FINE) {
            let nanos = Timespec { tv_sec: 0, tv_nsec: short.subsec_nanos().into() };
            let mut fds = [PollFd::new(poll.registry(), PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&nanos)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
                Ok(_) => timeout = Some(Duration::ZERO),
                Err(error) => return Err(error.into()),
            }
        }
        match poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }

    /// Notes what became ready, and gives the sources that somebody waits for, in the
    /// order of the events.
    pub(crate) fn take_events(&mut self) -> Vec<Key> {
        let mut ready = Vec::new();
        for event in &self.events {
            let key = key_of(event.token());
            let Some(source) = self.sources.get_mut(key) else { continue };
            source.note(event);
            if !source.queued
                && source.sides.iter().any(|side| side.ready && !side.waiters.is_empty())
            {
                source.queued = true;
                ready.push(key);
            }
        }
        self.events.clear();
        ready
    }

    /// # Errors
    /// What the kernel says: a descriptor that is registered already, or that cannot be
    /// polled, such as a regular file. Nothing is registered then.
    pub(crate) fn register(&mut self, fd: RawFd, interest: Interest) -> io::Result<Key> {
        let registry = registry(&self.poll)?;
        let key = self.sources.insert_with(|| Source { fd, ..Source::default() });
        if let Err(error) = registry.register(&mut SourceFd(&fd), token_of(key), interest) {
            self.sources.remove_with(key, Option::take);
            return Err(error);
        }
        Ok(key)
    }

    /// Changes the interest, and has the kernel tell anew what is ready now.
    pub(crate) fn rearm(&mut self, key: Key, interest: Interest) -> io::Result<()> {
        let Some(source) = self.sources.get(key) else { return Ok(()) };
        registry(&self.poll)?.reregister(&mut SourceFd(&source.fd), token_of(key), interest)
    }

    /// Takes a source off the poll; what waited for it comes back.
    pub(crate) fn deregister(&mut self, key: Key) -> Option<Source> {
        let source = self.sources.remove_with(key, Option::take)??;
        if let Some(poll) = &self.poll {
            // Fails only if the descriptor was closed under us: then it is off anyway.
            let _ = poll.registry().deregister(&mut SourceFd(&source.fd));
        }
        for side in &source.sides {
            self.waited -= side.waiters.len();
        }
        Some(source)
    }

    pub(crate) fn close(&mut self) -> Vec<Source> {
        let keys: Vec<_> = self.sources.iter().map(|(key, _)| key).collect();
        let sources = keys.into_iter().filter_map(|key| self.deregister(key)).collect();
        self.poll = None;
        sources
    }

    pub(crate) fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        registry(&self.poll)?.as_fd().try_clone_to_owned()
    }
}

impl Source {
    fn note(&mut self, event: &Event) {
        let [read, write] = &mut self.sides;
        read.ready |= event.is_readable() || event.is_read_closed() || event.is_error();
        // Before an urgent byte a read stops short, too.
        read.ended |= event.is_read_closed() || event.is_error() || event.is_priority();
        write.ready |= event.is_writable() || event.is_write_closed() || event.is_error();
        write.ended |= event.is_write_closed() || event.is_error();
    }
}

fn registry(poll: &Option<Poll>) -> io::Result<&Registry> {
    poll.as_ref().map(Poll::registry).ok_or_else(|| crate::error::Closed::new().into())
}

fn token_of(key: Key) -> Token {
    Token(key.to_bits() as usize)
}

fn key_of(token: Token) -> Key {
    Key::from_bits(token.0 as u64)
}
