//! A channel for the latest value only: receivers see what is, not what was.
//!
//! ```
//! use oneloop::sync::watch;
//!
//! oneloop::run(async {
//!     let (sender, mut receiver) = watch::channel("starting");
//!     let task = oneloop::spawn(async move {
//!         receiver.changed().await.unwrap();
//!         *receiver.get()
//!     });
//!     oneloop::yield_now().await;
//!     sender.send("ready").unwrap();
//!     assert_eq!(task.await.unwrap(), "ready");
//! })
//! .unwrap();
//! ```

pub use super::channel_error::{RecvError, SendError};

use super::wait_queue::WaitQueue;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

/// Sets the value of a [`channel`]. Clones set the same one.
///
/// # Ordering
/// All who wait for a change go on in the turn after it, in the order in which they came.
pub struct Sender<T>(Rc<Core<T>>);

/// Sees the value of a [`channel`], and waits for it to change. A clone has seen what this
/// one has.
pub struct Receiver<T> {
    core: Rc<Core<T>>,
    /// The version that it has seen.
    seen: u64,
}

struct Core<T> {
    /// Behind a pointer, so that who looks at it keeps nobody from changing it.
    value: RefCell<Rc<T>>,
    version: Cell<u64>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    changing: WaitQueue,
    closing: WaitQueue,
}

/// A channel with a first value, which counts as seen.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let core = Rc::new(Core {
        value: RefCell::new(Rc::new(value)),
        version: Cell::new(0),
        senders: Cell::new(1),
        receivers: Cell::new(1),
        changing: WaitQueue::default(),
        closing: WaitQueue::default(),
    });
    (Sender(core.clone()), Receiver { core, seen: 0 })
}

impl<T> Sender<T> {
    /// Sets the value, for the receivers to see.
    ///
    /// # Errors
    /// When there is no receiver; nothing is changed, and the value comes back.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.replace(value);
        Ok(())
    }

    /// Sets the value, receivers or not, and gives the one before.
    pub fn replace(&self, value: T) -> Rc<T> {
        let old = self.0.value.replace(Rc::new(value));
        self.0.version.set(self.0.version.get() + 1);
        self.0.changing.wake_all();
        old
    }

    /// The value.
    #[doc(alias = "borrow")]
    pub fn get(&self) -> Rc<T> {
        self.0.value.borrow().clone()
    }

    /// A new receiver, which has seen the value.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(&self.0, self.0.version.get())
    }

    /// Whether there is no receiver.
    pub fn is_closed(&self) -> bool {
        self.0.receivers.get() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn closed(&self) {
        while !self.is_closed() {
            self.0.closing.wait(|_| ()).await;
        }
    }
}

impl<T> Receiver<T> {
    fn new(core: &Rc<Core<T>>, seen: u64) -> Self {
        core.receivers.set(core.receivers.get() + 1);
        Receiver { core: core.clone(), seen }
    }

    /// The value; it does not count as seen by that.
    #[doc(alias = "borrow")]
    pub fn get(&self) -> Rc<T> {
        self.core.value.borrow().clone()
    }

    /// The value; it counts as seen.
    #[doc(alias = "borrow_and_update")]
    pub fn see(&mut self) -> Rc<T> {
        self.seen = self.core.version.get();
        self.get()
    }

    /// Whether the value was set since it was seen.
    pub fn has_changed(&self) -> bool {
        self.core.version.get() != self.seen
    }

    /// Waits until the value is set again; it counts as seen then. Does not suspend if it
    /// was set since it was seen.
    ///
    /// # Errors
    /// When all senders are gone, and the last value was seen.
    ///
    /// # Cancel safety
    /// Nothing is lost: a value that was not seen stays so.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        loop {
            if self.has_changed() {
                self.seen = self.core.version.get();
                return Ok(());
            }
            if self.core.senders.get() == 0 {
                return Err(RecvError(()));
            }
            self.core.changing.wait(|_| ()).await;
        }
    }

    /// Waits until `holds` says true of the value, and gives it; it counts as seen. Asked
    /// first of the value that is there. Values that are set in one turn may be passed over.
    ///
    /// # Errors
    /// When all senders are gone and it does not hold.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn wait_for(
        &mut self,
        mut holds: impl FnMut(&T) -> bool,
    ) -> Result<Rc<T>, RecvError> {
        loop {
            let value = self.see();
            if holds(&value) {
                return Ok(value);
            }
            drop(value);
            self.changed().await?;
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.set(self.0.senders.get() + 1);
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = self.0.senders.get() - 1;
        self.0.senders.set(left);
        if left == 0 {
            self.0.changing.wake_all();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver::new(&self.core, self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = self.core.receivers.get() - 1;
        self.core.receivers.set(left);
        if left == 0 {
            self.core.closing.wake_all();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (receivers, waiting) = (self.0.receivers.get(), self.0.changing.len());
        write!(f, "Sender({:?}, {receivers} receivers, {waiting} waiting)", self.get())
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.has_changed() { "changed" } else { "seen" };
        write!(f, "Receiver({:?}, {state})", self.get())
    }
}
