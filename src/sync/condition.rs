//! `Condition`: asyncio's, waiting for a change to what a lock protects.
//!
//! Of this family it alone needs a scope: a wait that is cancelled takes its lock back,
//! which may take time, before the cancellation goes on.

use super::error::NotAcquired;
use super::lock::{Lock, LockGuard};
use super::wait_queue::WaitQueue;
use crate::catch_cancel;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// A lock, and a line of those who wait for what it protects to change. Clones are the
/// same condition; several conditions may share one lock.
///
/// # Ordering
/// Those who are notified take the lock again one after the other, in their order. They go
/// on in the turn after it was released, not after the notification.
///
/// ```
/// use oneloop::sync::Condition;
/// use std::{cell::Cell, rc::Rc};
///
/// oneloop::run(async {
///     let (changed, stock) = (Condition::new(), Rc::new(Cell::new(0)));
///     let (ours, seen) = (changed.clone(), stock.clone());
///     let buyer = oneloop::spawn(async move {
///         let _guard = ours.acquire().await;
///         ours.wait_for(|| seen.get() > 0).await.unwrap();
///         seen.set(seen.get() - 1);
///     });
///     {
///         let _guard = changed.acquire().await;
///         stock.set(2);
///         changed.notify(1).unwrap();
///     }
///     buyer.await.unwrap();
///     assert_eq!(stock.get(), 1);
/// })
/// .unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Condition(Rc<Core>);

#[derive(Default)]
struct Core {
    lock: Lock,
    waiters: WaitQueue,
}

impl Condition {
    /// A condition with a lock of its own.
    pub fn new() -> Self {
        Condition::default()
    }

    /// A condition on a lock that there is already.
    pub fn with_lock(lock: Lock) -> Self {
        Condition(Rc::new(Core { lock, waiters: WaitQueue::default() }))
    }

    /// Takes the lock; as [`Lock::acquire`].
    ///
    /// # Cancel safety
    /// As there: nothing is lost, and the next one gets the lock.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn acquire(&self) -> LockGuard {
        self.0.lock.acquire().await
    }

    /// Whether somebody holds the lock.
    pub fn locked(&self) -> bool {
        self.0.lock.locked()
    }

    /// The lock.
    pub fn lock(&self) -> &Lock {
        &self.0.lock
    }

    /// Gives the lock back, waits until it is notified, and takes the lock again. It may
    /// also end without a notification, so look whether what was waited for is there, or
    /// use [`wait_for`](Self::wait_for).
    ///
    /// The hold is the same one before and after: a guard that was there before releases
    /// it in the end.
    ///
    /// # Errors
    /// When nobody holds the lock.
    ///
    /// # Cancel safety
    /// A cancelled task first takes the lock again, however long that takes and however
    /// often it is cancelled meanwhile; then its notification goes to the next one, and
    /// the cancellation goes on, with the lock held. If the wait is dropped by somebody
    /// else (a `select!`, a join that is cancelled as a whole), the lock stays given back:
    /// [`LockGuard::is_held`] tells. A notification goes to the next one then too.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub async fn wait(&self) -> Result<(), NotAcquired> {
        let hold = self.0.lock.give_back().ok_or(NotAcquired(()))?;
        let told = Told { waiters: &self.0.waiters, pass_on: Cell::new(false) };
        let notified = catch_cancel(async {
            let woken = self.0.waiters.wait(|woken| told.pass_on.set(woken)).await;
            told.pass_on.set(woken);
        });
        let mut cancelled = notified.await.err();
        while let Err(again) = catch_cancel(self.0.lock.take_back(hold)).await {
            cancelled = Some(again);
        }
        // As asyncio: who is cancelled wakes another, notified or not.
        told.pass_on.set(cancelled.is_some());
        drop(told);
        match cancelled {
            Some(cancelled) => match cancelled.resume().await {},
            None => Ok(()),
        }
    }

    /// Waits until `holds` says true: asked first at once, and again after each
    /// notification.
    ///
    /// # Errors
    /// When it has to wait and nobody holds the lock.
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn wait_for(&self, mut holds: impl FnMut() -> bool) -> Result<(), NotAcquired> {
        while !holds() {
            self.wait().await?;
        }
        Ok(())
    }

    /// Wakes the first `count` who wait. They go on when they have the lock again.
    /// Nothing is remembered for those who come later.
    ///
    /// # Errors
    /// When nobody holds the lock.
    pub fn notify(&self, count: usize) -> Result<(), NotAcquired> {
        if !self.locked() {
            return Err(NotAcquired(()));
        }
        self.0.waiters.wake(count);
        Ok(())
    }

    /// Wakes all who wait.
    ///
    /// # Errors
    /// When nobody holds the lock.
    pub fn notify_all(&self) -> Result<(), NotAcquired> {
        self.notify(usize::MAX)
    }

    /// As [`notify_all`](Self::notify_all), for who cannot say whether the lock is held.
    pub(super) fn wake_all(&self) {
        self.0.waiters.wake_all();
    }
}

/// A notification that was received and not used: it goes to the next one.
struct Told<'a> {
    waiters: &'a WaitQueue,
    pass_on: Cell<bool>,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if self.pass_on.get() {
            self.waiters.wake_next();
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "free" };
        write!(f, "Condition({state}, {} waiting)", self.0.waiters.len())
    }
}
