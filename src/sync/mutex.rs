//! `Mutex`: a [`Lock`] with data in it.

use super::lock::{Lock, LockGuard};
use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// A lock that has data in it. Clones are the same mutex.
///
/// On one thread it is only needed where a change to the data goes across an await; what
/// does not is better off with a `Cell` or `RefCell`. A panic does not poison it.
///
/// # Ordering
/// As [`Lock`].
///
/// ```
/// use oneloop::sync::Mutex;
///
/// oneloop::run(async {
///     let total = Mutex::new(1);
///     let mut held = total.lock().await;
///     let read = *held;
///     oneloop::yield_now().await;
///     *held = read + 1;
///     drop(held);
///     assert_eq!(*total.lock().await, 2);
/// })
/// .unwrap();
/// ```
#[derive(Default)]
pub struct Mutex<T>(Rc<Inner<T>>);

#[derive(Default)]
struct Inner<T> {
    lock: Lock,
    /// Borrowed by whoever holds the lock, and by nobody else.
    data: RefCell<T>,
}

/// Holds a [`Mutex`] until it is dropped; derefs to the data.
#[must_use = "the mutex is released when the guard is dropped"]
pub struct MutexGuard<'a, T> {
    // dropped before the lock is released
    data: RefMut<'a, T>,
    _hold: LockGuard,
}

impl<T> Mutex<T> {
    /// A mutex that nobody holds.
    pub fn new(data: T) -> Self {
        Mutex(Rc::new(Inner { lock: Lock::new(), data: RefCell::new(data) }))
    }

    /// Waits until nobody else has the data.
    ///
    /// # Cancel safety
    /// As [`Lock::acquire`]: nothing is lost, and the next one gets it.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    #[doc(alias = "acquire")]
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        let hold = self.0.lock.acquire().await;
        self.guard(hold)
    }

    /// The data, if nobody has it or waits for it.
    #[doc(alias = "try_acquire")]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let hold = self.0.lock.try_acquire()?;
        Some(self.guard(hold))
    }

    /// Whether somebody has the data.
    pub fn locked(&self) -> bool {
        self.0.lock.locked()
    }

    /// The data itself.
    ///
    /// # Errors
    /// When this is not the only handle of the mutex; it comes back.
    pub fn try_into_inner(self) -> Result<T, Self> {
        let inner = Rc::try_unwrap(self.0).map_err(Mutex)?;
        Ok(inner.data.into_inner())
    }

    fn guard(&self, hold: LockGuard) -> MutexGuard<'_, T> {
        MutexGuard { data: self.0.data.borrow_mut(), _hold: hold }
    }
}

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Self {
        Mutex(self.0.clone())
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "free" };
        write!(f, "Mutex({state}, {} waiting)", self.0.lock.waiting())
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
