//! `Injector`: the one door through which other threads reach the loop.
//!
//! What happens on another thread (a wake, a call, a finished job) is pushed here and taken
//! in by the loop in step 3 of its next turn. The bell (an eventfd, by `mio::Waker`) is
//! rung only when the loop sleeps, so once a burst.
//!
//! "Is the loop asleep" is decided under the same lock as the push. So there is no moment
//! between the loop's last look at the queue and its sleep into which a push could fall
//! unheard: `tests/loom.rs` checks that. The queue has no bound: each entry was asked for
//! by somebody who was told.
//!
//! This file knows neither tasks nor mio; its locks come from `super::sync`, which is
//! loom's when the models include it.

use super::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use std::io;

/// Rings the loop out of its sleep; may be called from any thread.
pub(crate) type Bell = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// Why an item was not accepted.
#[derive(Debug)]
pub(crate) enum Refused<T> {
    /// The loop is closed.
    Closed(T),
    /// The bell could not be rung, and the loop would not have found the item.
    Bell(T, io::Error),
}

pub(crate) struct Injector<T> {
    inbox: Mutex<Inbox<T>>,
    /// Whether the inbox may hold something; a hint that spares the loop the lock.
    /// Written under the lock only, read without it: the lock orders the rest.
    filled: AtomicBool,
    bell: Bell,
}

struct Inbox<T> {
    items: Vec<(u64, T)>,
    next: u64,
    asleep: bool,
    closed: bool,
}

impl<T> Injector<T> {
    pub(crate) fn new(bell: Bell) -> Self {
        let inbox = Inbox { items: Vec::new(), next: 0, asleep: true, closed: false };
        Injector { inbox: Mutex::new(inbox), filled: AtomicBool::new(false), bell }
    }

    /// A panic under this lock is impossible (no user code runs there), so poison
    /// means nothing and is ignored.
    fn lock(&self) -> MutexGuard<'_, Inbox<T>> {
        self.inbox.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Hands `item` to the loop: it will be taken in, or comes back.
    pub(crate) fn push(&self, item: T) -> Result<(), Refused<T>> {
        let mut inbox = self.lock();
        if inbox.closed {
            drop(inbox);
            return Err(Refused::Closed(item));
        }
        let number = inbox.next;
        inbox.next += 1;
        inbox.items.push((number, item));
        self.filled.store(true, Ordering::Release);
        let ring = std::mem::replace(&mut inbox.asleep, false);
        drop(inbox);
        match if ring { (self.bell)() } else { Ok(()) } {
            Ok(()) => Ok(()),
            Err(error) => {
                self.take_back(number).map_or(Ok(()), |item| Err(Refused::Bell(item, error)))
            }
        }
    }

    /// The bell failed: takes the item out again, if the loop has not got it already.
    fn take_back(&self, number: u64) -> Option<T> {
        let mut inbox = self.lock();
        let place = inbox.items.iter().position(|(n, _)| *n == number)?;
        inbox.asleep = true;
        Some(inbox.items.remove(place).1)
    }

    /// Whether something may be waiting; never a false "no" about what was pushed
    /// before the loop was rung.
    #[inline]
    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Announces sleep. False: something is there, do not sleep.
    pub(crate) fn fall_asleep(&self) -> bool {
        let mut inbox = self.lock();
        inbox.asleep = inbox.items.is_empty();
        inbox.asleep
    }

    /// The loop is at rest, driven by nobody: from now on every burst rings, so that who
    /// watches its descriptor hears of it. What came before rings here.
    pub(crate) fn rest(&self) {
        if !self.fall_asleep() {
            // A bell that fails here will be heard of at the next push.
            let _ = (self.bell)();
        }
    }

    pub(crate) fn wake_up(&self) {
        self.lock().asleep = false;
    }

    /// Takes what is there now, and no more.
    pub(crate) fn take(&self) -> impl Iterator<Item = T> + use<T> {
        let mut inbox = self.lock();
        self.filled.store(false, Ordering::Release);
        std::mem::take(&mut inbox.items).into_iter().map(|(_, item)| item)
    }

    /// Refuses everything from now on and gives back what was not taken in.
    pub(crate) fn close(&self) -> impl Iterator<Item = T> + use<T> {
        self.lock().closed = true;
        self.take()
    }
}
