//! `Lock`: asyncio's, one holder at a time, in the order in which they came.
//!
//! Each hold has a number, and a guard releases its own hold only. So a lock that was
//! released by hand, or given back by a condition's wait, is safe from older guards.

use super::error::NotAcquired;
use super::wait_queue::WaitQueue;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// A lock without data: asyncio's. Clones are the same lock. For a lock with data in it,
/// see [`Mutex`](super::Mutex).
///
/// # Ordering
/// First come, first served, and nobody passes: while somebody waits, a newcomer queues,
/// also in the turn in which the lock is free but its next holder has not run yet
/// (rule 9). Who is next goes on in the turn after the release.
///
/// ```
/// use oneloop::sync::Lock;
///
/// oneloop::run(async {
///     let lock = Lock::new();
///     {
///         let _guard = lock.acquire().await;
///         assert!(lock.locked());
///     }
///     assert!(!lock.locked());
/// })
/// .unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Lock(Rc<Core>);

#[derive(Default)]
struct Core {
    /// The number of the current hold; 0: the lock is free.
    hold: Cell<u64>,
    /// How many holds there were.
    holds: Cell<u64>,
    waiters: WaitQueue,
}

/// Holds a [`Lock`] until it is dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard {
    lock: Lock,
    hold: u64,
}

impl Lock {
    /// A lock that nobody holds.
    pub fn new() -> Self {
        Lock::default()
    }

    /// Waits until the lock is free and nobody is before this one, and takes it.
    /// Does not suspend if that is so now.
    ///
    /// # Cancel safety
    /// Cancelled or dropped, it leaves the queue; if the lock was about to be its own, the
    /// next one gets it.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn acquire(&self) -> LockGuard {
        self.turn().await;
        self.take()
    }

    /// Takes the lock if it is free and nobody waits for it.
    pub fn try_acquire(&self) -> Option<LockGuard> {
        self.is_free().then(|| self.take())
    }

    /// Whether somebody holds it.
    pub fn locked(&self) -> bool {
        self.0.hold.get() != 0
    }

    /// Releases the lock, whoever holds it, as asyncio's `release` does. A guard of that
    /// hold holds nothing from then on.
    ///
    /// # Errors
    /// When nobody holds it.
    pub fn release(&self) -> Result<(), NotAcquired> {
        self.give_back().map(drop).ok_or(NotAcquired(()))
    }

    /// Releases the lock, and gives the number of the hold that ends.
    pub(super) fn give_back(&self) -> Option<u64> {
        let hold = self.0.hold.replace(0);
        if hold == 0 {
            return None;
        }
        self.0.waiters.wake_front();
        Some(hold)
    }

    /// Takes the lock again, when it is this one's turn, under the number of an old hold.
    pub(super) async fn take_back(&self, hold: u64) {
        self.turn().await;
        self.0.hold.set(hold);
    }

    async fn turn(&self) {
        while !self.is_free() {
            if self.0.waiters.wait(|_| self.pass_on()).await {
                return;
            }
        }
    }

    fn is_free(&self) -> bool {
        !self.locked() && self.0.waiters.all_cancelled()
    }

    /// Somebody in the queue went: the wake, if it was for that one, is for the next.
    fn pass_on(&self) {
        if !self.locked() {
            self.0.waiters.wake_front();
        }
    }

    fn take(&self) -> LockGuard {
        let hold = self.0.holds.get() + 1;
        self.0.holds.set(hold);
        self.0.hold.set(hold);
        LockGuard { lock: self.clone(), hold }
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.waiters.len()
    }
}

impl LockGuard {
    /// Whether the lock is held for this guard: false after somebody released it by hand,
    /// and while a condition's wait has given it back.
    pub fn is_held(&self) -> bool {
        self.lock.0.hold.get() == self.hold
    }

    /// The lock that it holds.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Leaves the lock held: somebody will call [`Lock::release`].
    pub fn forget(mut self) {
        self.hold = 0;
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if self.hold != 0 && self.is_held() {
            self.lock.give_back();
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "free" };
        write!(f, "Lock({state}, {} waiting)", self.waiting())
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_held() { "LockGuard(held)" } else { "LockGuard(released)" })
    }
}
