//! A thin epoll, level-triggered: add a descriptor, wait.
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

pub struct Epoll {
    fd: OwnedFd,
}

impl Epoll {
    pub fn new() -> Epoll {
        let fd = epoll::create(CreateFlags::CLOEXEC).unwrap();
        Epoll { fd }
    }

    pub fn add_readable(&self, source: impl AsFd, token: u64) {
        let data = EventData::new_u64(token);
        epoll::add(&self.fd, source, data, EventFlags::IN).unwrap();
    }

    /// How many events came; an interrupted wait has none.
    pub fn wait(&self, events: &mut [Event], timeout: Option<Duration>) -> usize {
        let timeout = timeout.map(|d| Timespec::try_from(d).unwrap());
        epoll::wait(&self.fd, events, timeout.as_ref()).unwrap_or(0)
    }
}

/// Room for `len` events.
pub fn events(len: usize) -> Vec<Event> {
    let none = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
    vec![none; len]
}
