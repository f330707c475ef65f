//! `Injector`: the one door through which other threads reach the loop.
//!
//! What happens on another thread (a wake, a call, a finished job) is pushed here and taken
//! in by the loop in step 3 of its next turn. The bell (an eventfd, by `mio::Waker`) is
//! rung only when the loop sleeps, so once a burst.
//!
//! "Is the loop asleep" is decided under the same lock as the push, so there is no moment
//! between the loop's last look and its sleep into which a push could fall unheard. The
//! queue has no bound: each entry was asked for by somebody who was told.
//!
//! Knows neither tasks nor mio; `tests/loom.rs` puts loom's locks in for `super::sync`.

use super::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use std::io;
use std::sync::Arc;

/// Rings the loop out of its sleep; may be called from any thread.
pub(crate) type Bell = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

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
}

struct Inbox<T> {
    items: Vec<(u64, T)>,
    next: u64,
    asleep: bool,
    /// `None`: the loop is closed.
    bell: Option<Bell>,
}

impl<T> Injector<T> {
    pub(crate) fn new(bell: Bell) -> Self {
        let inbox = Inbox { items: Vec::new(), next: 0, asleep: true, bell: Some(bell) };
        Injector { inbox: Mutex::new(inbox), filled: AtomicBool::new(false) }
    }

    /// A panic under this lock is impossible (no user code runs there), so poison
    /// means nothing and is ignored.
    fn lock(&self) -> MutexGuard<'_, Inbox<T>> {
        self.inbox.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Hands `item` to the loop: it will be taken in, or comes back.
    pub(crate) fn push(&self, item: T) -> Result<(), Refused<T>> {
        let (number, bell) = self.insert(item)?;
        let Some(Err(error)) = bell.map(|bell| bell()) else { return Ok(()) };
        // The item comes out again, unless the loop has got it already. Others may have
        // counted on this bell: for them it is tried once more.
        let mut inbox = self.lock();
        let place = inbox.items.iter().position(|(n, _)| *n == number);
        let item = place.map(|place| inbox.items.remove(place).1);
        inbox.asleep = inbox.items.is_empty();
        let again = inbox.bell.clone().filter(|_| !inbox.asleep);
        drop(inbox);
        if again.is_some_and(|bell| bell().is_err()) {
            self.lock().asleep = true; // whoever comes next tries
        }
        item.map_or(Ok(()), |item| Err(Refused::Bell(item, error)))
    }

    /// As [`push`](Self::push), for what has nobody to come back to: it stays in any case.
    pub(crate) fn push_for_good(&self, item: T) -> Result<(), io::Error> {
        let Ok((_, Some(bell))) = self.insert(item) else { return Ok(()) };
        bell().inspect_err(|_| self.lock().asleep = true)
    }

    /// The number of the item, and the bell if it is to be rung.
    fn insert(&self, item: T) -> Result<(u64, Option<Bell>), Refused<T>> {
        let mut inbox = self.lock();
        if inbox.bell.is_none() {
            drop(inbox);
            return Err(Refused::Closed(item));
        }
        let number = inbox.next;
        inbox.next += 1;
        inbox.items.push((number, item));
        self.filled.store(true, Ordering::Release);
        let ring = std::mem::replace(&mut inbox.asleep, false);
        Ok((number, inbox.bell.clone().filter(|_| ring)))
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

    /// Rings for what is not in the inbox, whether or not the loop sleeps.
    pub(crate) fn ring(&self) {
        let bell = self.lock().bell.clone();
        let _ = bell.map(|bell| bell()); // if it fails, the next push tries
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
        let bell = self.lock().bell.take();
        drop(bell);
        self.take()
    }
}
