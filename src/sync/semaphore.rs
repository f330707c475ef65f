//! `Semaphore` and `BoundedSemaphore`: asyncio's, a number of permits.

use super::error::TooManyReleases;
use super::wait_queue::WaitQueue;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// A number of permits. Clones are the same semaphore.
///
/// # Ordering
/// First come, first served, and nobody passes: a permit that is released while somebody
/// waits is that one's from this moment, and a newcomer queues even if permits are free
/// while somebody is before it (rule 9). Who got a permit goes on in the next turn.
///
/// ```
/// use oneloop::sync::Semaphore;
///
/// oneloop::run(async {
///     let two = Semaphore::new(2);
///     let first = two.acquire().await;
///     let _second = two.acquire().await;
///     assert!(two.try_acquire().is_none());
///     drop(first);
///     assert!(two.try_acquire().is_some());
/// })
/// .unwrap();
/// ```
#[derive(Clone)]
pub struct Semaphore(Rc<Permits>);

/// A semaphore that never has more permits than it began with. Clones are the same one.
///
/// # Ordering
/// As [`Semaphore`].
///
/// ```
/// use oneloop::sync::BoundedSemaphore;
///
/// oneloop::run(async {
///     let one = BoundedSemaphore::new(1);
///     one.acquire().await.forget();
///     assert!(one.release().is_ok());
///     assert!(one.release().is_err());
/// })
/// .unwrap();
/// ```
#[derive(Clone)]
pub struct BoundedSemaphore(Rc<Permits>);

/// A permit of a [`Semaphore`] or [`BoundedSemaphore`]; it goes back when it is dropped.
#[must_use = "the permit goes back when it is dropped"]
pub struct Permit(Option<Rc<Permits>>);

/// The permits that are free, and who waits for one.
pub(super) struct Permits {
    free: Cell<usize>,
    most: usize,
    waiters: WaitQueue,
}

impl Permits {
    pub(super) fn new(free: usize, most: usize) -> Self {
        Permits { free: Cell::new(free), most, waiters: WaitQueue::default() }
    }

    /// Whether a newcomer would have to wait.
    fn locked(&self) -> bool {
        self.free.get() == 0 || !self.waiters.all_cancelled()
    }

    /// Waits for a permit, and takes it.
    pub(super) async fn take(&self) {
        while !self.try_take() {
            let gone = |woken| {
                if woken {
                    self.put(1);
                }
                self.hand_out();
            };
            if self.waiters.wait(gone).await {
                self.hand_out();
                return;
            }
        }
    }

    pub(super) fn try_take(&self) -> bool {
        if self.locked() {
            return false;
        }
        self.free.set(self.free.get() - 1);
        true
    }

    /// Gives back one permit, or creates one: it goes to the first who waits.
    fn release(&self) {
        self.put(1);
        self.hand_one();
    }

    /// As [`release`](Self::release), unless all permits are there.
    pub(super) fn release_below_most(&self) -> bool {
        let below = self.free.get() < self.most;
        if below {
            self.release();
        }
        below
    }

    /// Wakes all who wait, though there is nothing for them.
    pub(super) fn wake_all(&self) {
        self.waiters.wake_all();
    }

    fn add(&self, count: usize) {
        self.put(count);
        self.hand_out();
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    fn free(&self) -> usize {
        self.free.get()
    }

    fn put(&self, count: usize) {
        self.free.set(self.free.get().saturating_add(count));
    }

    /// Gives free permits to those who wait, in their order.
    fn hand_out(&self) {
        while self.free.get() > 0 && self.hand_one() {}
    }

    /// The permit is taken before its owner is woken: a foreign waker may come back here.
    fn hand_one(&self) -> bool {
        self.free.set(self.free.get() - 1);
        let handed = self.waiters.wake_next();
        if !handed {
            self.put(1);
        }
        handed
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name}({} free, {} waiting)", self.free.get(), self.waiting())
    }
}

impl Semaphore {
    /// A semaphore with that many permits.
    pub fn new(permits: usize) -> Self {
        Semaphore(Rc::new(Permits::new(permits, usize::MAX)))
    }

    /// Waits for a permit. Does not suspend if one is free and nobody is before this one.
    ///
    /// # Cancel safety
    /// Cancelled or dropped, it leaves the queue; a permit that was its own already goes
    /// to the next one.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn acquire(&self) -> Permit {
        self.0.take().await;
        Permit(Some(self.0.clone()))
    }

    /// A permit, if one is free and nobody waits.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.0.try_take().then(|| Permit(Some(self.0.clone())))
    }

    /// Adds a permit: after [`Permit::forget`], or to have one more than before. At
    /// `usize::MAX` permits nothing is added.
    pub fn release(&self) {
        self.0.release();
    }

    /// Adds that many permits, at most up to `usize::MAX`.
    pub fn add_permits(&self, count: usize) {
        self.0.add(count);
    }

    /// Whether `acquire` would have to wait.
    pub fn locked(&self) -> bool {
        self.0.locked()
    }

    /// How many permits are free: handed to nobody, waiting or not.
    pub fn available_permits(&self) -> usize {
        self.0.free()
    }
}

impl BoundedSemaphore {
    /// A semaphore with that many permits, and never more.
    pub fn new(permits: usize) -> Self {
        BoundedSemaphore(Rc::new(Permits::new(permits, permits)))
    }

    /// Waits for a permit; as [`Semaphore::acquire`].
    ///
    /// # Cancel safety
    /// Cancelled or dropped, it leaves the queue; a permit that was its own already goes
    /// to the next one.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn acquire(&self) -> Permit {
        self.0.take().await;
        Permit(Some(self.0.clone()))
    }

    /// A permit, if one is free and nobody waits.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.0.try_take().then(|| Permit(Some(self.0.clone())))
    }

    /// Gives a permit back by hand.
    ///
    /// # Errors
    /// When all permits are free: there would be more than at the beginning.
    pub fn release(&self) -> Result<(), TooManyReleases> {
        if self.0.release_below_most() { Ok(()) } else { Err(TooManyReleases(())) }
    }

    /// Whether `acquire` would have to wait.
    pub fn locked(&self) -> bool {
        self.0.locked()
    }

    /// How many permits are free: handed to nobody, waiting or not.
    pub fn available_permits(&self) -> usize {
        self.0.free()
    }
}

impl Permit {
    /// Does not give the permit back: there is one less, until somebody calls `release`.
    pub fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // A bounded semaphore may have got it back by hand.
        if let Some(permits) = self.0.take() {
            permits.release_below_most();
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt("Semaphore", f)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt("BoundedSemaphore", f)
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
