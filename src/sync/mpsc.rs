//! A channel for many values: many senders, one receiver; bounded, or not.
//!
//! ```
//! use oneloop::sync::mpsc;
//!
//! oneloop::run(async {
//!     let (sender, mut receiver) = mpsc::channel(1);
//!     oneloop::spawn(async move {
//!         for number in 1..=3 {
//!             sender.send(number).await.unwrap();
//!         }
//!     });
//!     let mut sum = 0;
//!     while let Some(number) = receiver.recv().await {
//!         sum += number;
//!     }
//!     assert_eq!(sum, 6);
//! })
//! .unwrap();
//! ```

pub use super::channel_error::{SendError, TryRecvError, TrySendError};

use super::semaphore::Permits;
use super::wait_queue::{Place, WaitQueue};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Sends into a bounded [`channel`]. Clones send into the same one; when the last is
/// dropped, the receiver gets what was sent, and then the end.
///
/// # Ordering
/// Senders that wait for room are served first come, first served, and nobody passes
/// (rule 9); who got a place goes on in the next turn. Values are received in the order in
/// which they were sent.
pub struct Sender<T>(Tied<T>);

/// Sends into an [`unbounded`] channel. Clones send into the same one; when the last is
/// dropped, the receiver gets what was sent, and then the end.
pub struct UnboundedSender<T>(Tied<T>);

/// Receives what was sent.
///
/// # Ordering
/// It goes on in the turn after a value was sent.
pub struct Receiver<T> {
    core: Rc<Core<T>>,
    /// Where it waits between two polls.
    place: Option<Place>,
}

/// A place in a bounded channel, for one value; see [`Sender::reserve`]. Dropped, it goes
/// to the next sender.
pub struct Reserved<'a, T>(&'a Core<T>);

struct Core<T> {
    values: RefCell<VecDeque<T>>,
    /// Places that are free: neither filled nor promised.
    places: Permits,
    senders: Cell<usize>,
    /// Nobody will receive what is sent from now on.
    closed: Cell<bool>,
    receiving: WaitQueue,
    closing: WaitQueue,
}

/// A sender's tie to the channel: counted.
struct Tied<T>(Rc<Core<T>>);

/// A channel that holds up to `capacity` values.
///
/// # Panics
/// When `capacity` is 0.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel holds at least one value");
    let core = Core::new(capacity);
    (Sender(Tied(core.clone())), Receiver { core, place: None })
}

/// A channel without a bound: sending never waits.
pub fn unbounded<T>() -> (UnboundedSender<T>, Receiver<T>) {
    let core = Core::new(usize::MAX);
    (UnboundedSender(Tied(core.clone())), Receiver { core, place: None })
}

impl<T> Core<T> {
    fn new(capacity: usize) -> Rc<Self> {
        Rc::new(Core {
            values: RefCell::default(),
            places: Permits::new(capacity, capacity),
            senders: Cell::new(1),
            closed: Cell::new(false),
            receiving: WaitQueue::default(),
            closing: WaitQueue::default(),
        })
    }

    /// Puts a value into a place that was taken before.
    fn fill(&self, value: T) {
        self.values.borrow_mut().push_back(value);
        self.receiving.wake_next();
    }

    fn close(&self) {
        if !self.closed.replace(true) {
            self.places.wake_all();
            self.closing.wake_all();
        }
    }

    async fn closed(&self) {
        while !self.closed.get() {
            self.closing.wait(|_| ()).await;
        }
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (values, waiting) = (self.values.borrow().len(), self.places.waiting());
        write!(f, "{name}({values} values, {waiting} sending")?;
        f.write_str(if self.closed.get() { ", closed)" } else { ")" })
    }
}

impl<T> Sender<T> {
    /// Sends a value; waits while the channel is full.
    ///
    /// # Errors
    /// When nobody will receive it; the value comes back.
    ///
    /// # Cancel safety
    /// Cancelled or dropped before it is done, the value is dropped, not sent, and its
    /// place goes to the next sender. To keep the value, [`reserve`](Self::reserve) first.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        match self.reserve().await {
            Ok(place) => place.send(value),
            Err(SendError(())) => Err(SendError(value)),
        }
    }

    /// Waits for a place in the channel, to fill it later.
    ///
    /// # Errors
    /// When nobody will receive.
    ///
    /// # Cancel safety
    /// Nothing is lost, and its place goes to the next sender.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn reserve(&self) -> Result<Reserved<'_, T>, SendError<()>> {
        let core = &*self.0.0;
        if !core.closed.get() {
            core.places.take().await;
        }
        if core.closed.get() { Err(SendError(())) } else { Ok(Reserved(core)) }
    }

    /// Sends a value, if there is room and nobody waits for it.
    ///
    /// # Errors
    /// When there is not, or nobody will receive it; the value comes back.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let core = &*self.0.0;
        if core.closed.get() {
            return Err(TrySendError::Closed(value));
        }
        if !core.places.try_take() {
            return Err(TrySendError::Full(value));
        }
        core.fill(value);
        Ok(())
    }

    /// Whether nobody will receive: the receiver is gone, or closed.
    pub fn is_closed(&self) -> bool {
        self.0.0.closed.get()
    }

    /// Waits until nobody will receive.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn closed(&self) {
        self.0.0.closed().await;
    }
}

impl<T> UnboundedSender<T> {
    /// Sends a value.
    ///
    /// # Errors
    /// When nobody will receive it; the value comes back.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.0.0.fill(value);
        Ok(())
    }

    /// Whether nobody will receive: the receiver is gone, or closed.
    pub fn is_closed(&self) -> bool {
        self.0.0.closed.get()
    }

    /// Waits until nobody will receive.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn closed(&self) {
        self.0.0.closed().await;
    }
}

impl<T> Reserved<'_, T> {
    /// Sends the value.
    ///
    /// # Errors
    /// When the channel was closed since; the value comes back.
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        if self.0.closed.get() {
            return Err(SendError(value));
        }
        self.0.fill(value);
        std::mem::forget(self); // its place is filled
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// The next value; waits until there is one. `None`: all senders are gone, or the
    /// channel was closed, and everything was received.
    ///
    /// # Cancel safety
    /// No value is lost: one that is taken out is returned at once.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn recv(&mut self) -> Option<T> {
        self.leave();
        loop {
            match self.try_recv() {
                Err(TryRecvError::Empty) => {}
                ended => return ended.ok(),
            }
            self.core.receiving.wait(|_| ()).await;
        }
    }

    /// As [`recv`](Self::recv), for who writes a future or a stream by hand.
    ///
    /// # Cancel safety
    /// No value is lost. It waits until it is polled again, received from otherwise, or
    /// dropped; if that is given up, a cancel request finds the task waiting for this, too.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match self.try_recv() {
                Err(TryRecvError::Empty) => {}
                ended => return Poll::Ready(ended.ok()),
            }
            let place = self.place.get_or_insert_with(|| self.core.receiving.join());
            if place.poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.leave(); // woken; or its task was cancelled, but it was kept
        }
    }

    /// The next value, if there is one.
    ///
    /// # Errors
    /// When there is none yet, or there will be none.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let value = self.core.values.borrow_mut().pop_front();
        match value {
            Some(value) => {
                self.leave();
                self.core.places.release_below_most();
                Ok(value)
            }
            None if self.is_ended() => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Lets nobody send any more. What was sent before can still be received.
    pub fn close(&mut self) {
        self.core.close();
    }

    /// Whether nothing will come but what is there.
    pub(crate) fn is_ended(&self) -> bool {
        self.core.senders.get() == 0 || self.core.closed.get()
    }

    fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            self.core.receiving.leave(place);
        }
    }

    /// How many values are there.
    pub fn len(&self) -> usize {
        self.core.values.borrow().len()
    }

    /// Whether no value is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Reserved<'_, T> {
    fn drop(&mut self) {
        self.0.places.release_below_most();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.leave();
        self.core.close();
        let values = self.core.values.take();
        drop(values);
    }
}

impl<T> Clone for Tied<T> {
    fn clone(&self) -> Self {
        self.0.senders.set(self.0.senders.get() + 1);
        Tied(self.0.clone())
    }
}

impl<T> Drop for Tied<T> {
    fn drop(&mut self) {
        let left = self.0.senders.get() - 1;
        self.0.senders.set(left);
        if left == 0 {
            self.0.receiving.wake_next();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender(self.0.clone())
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        UnboundedSender(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt("Sender", f)
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt("UnboundedSender", f)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt("Receiver", f)
    }
}

impl<T> fmt::Debug for Reserved<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reserved")
    }
}
