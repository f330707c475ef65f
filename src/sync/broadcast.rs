//! A channel of which every receiver gets every message, as long as it keeps up.
//!
//! ```
//! use oneloop::sync::broadcast;
//!
//! oneloop::run(async {
//!     let (sender, mut first) = broadcast::channel(16);
//!     let mut second = sender.subscribe();
//!     assert_eq!(sender.send("news"), Ok(2));
//!     assert_eq!(first.recv().await, Ok("news"));
//!     assert_eq!(second.recv().await, Ok("news"));
//! })
//! .unwrap();
//! ```

pub use super::channel_error::SendError;

use super::wait_queue::WaitQueue;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

/// Why a receiver has no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// That many messages were overwritten before this receiver came to them. The next
    /// one it gets is the oldest that is still there.
    Lagged(u64),
    /// All senders are gone, and all that was sent was received.
    Closed,
}

/// Sends to all receivers of a [`channel`]. Clones send into the same one.
///
/// # Ordering
/// All who wait go on in the turn after a message was sent, in the order in which they
/// came. Messages are received in the order in which they were sent.
pub struct Sender<T>(Rc<Core<T>>);

/// Receives what was sent since it subscribed.
pub struct Receiver<T> {
    core: Rc<Core<T>>,
    /// The number of the message that it gets next.
    next: u64,
}

struct Core<T> {
    capacity: usize,
    ring: RefCell<Ring<T>>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    receiving: WaitQueue,
}

/// The messages that somebody has not received yet, the newest at the back.
struct Ring<T> {
    messages: VecDeque<Message<T>>,
    /// The number of the oldest.
    first: u64,
}

struct Message<T> {
    /// Behind a pointer, so that it can be cloned without the ring being borrowed.
    value: Rc<T>,
    /// How many have not received it.
    left: usize,
}

/// A channel that keeps up to `capacity` messages for those who are behind.
///
/// # Panics
/// When `capacity` is 0.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel holds at least one message");
    let core = Rc::new(Core {
        capacity,
        ring: RefCell::new(Ring { messages: VecDeque::new(), first: 0 }),
        senders: Cell::new(1),
        receivers: Cell::new(1),
        receiving: WaitQueue::default(),
    });
    (Sender(core.clone()), Receiver { core, next: 0 })
}

impl<T> Sender<T> {
    /// Sends a message, and tells to how many. Never waits: if the channel is full, the
    /// oldest message goes, and who had not received it learns that.
    ///
    /// # Errors
    /// When there is no receiver; the message comes back.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let receivers = self.0.receivers.get();
        if receivers == 0 {
            return Err(SendError(value));
        }
        let message = Message { value: Rc::new(value), left: receivers };
        let overwritten = {
            let mut ring = self.0.ring.borrow_mut();
            ring.messages.push_back(message);
            if ring.messages.len() > self.0.capacity { ring.pop() } else { None }
        };
        self.0.receiving.wake_all();
        drop(overwritten);
        Ok(receivers)
    }

    /// A new receiver: it gets what is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        self.0.receivers.set(self.0.receivers.get() + 1);
        let ring = self.0.ring.borrow();
        let next = ring.first + ring.messages.len() as u64;
        Receiver { core: self.0.clone(), next }
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.0.receivers.get()
    }
}

impl<T: Clone> Receiver<T> {
    /// The next message; waits until there is one.
    ///
    /// # Errors
    /// When messages were missed, or all senders are gone and everything was received.
    ///
    /// # Cancel safety
    /// No message is lost: one that is taken is returned at once.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        loop {
            if let Some(value) = self.try_recv()? {
                return Ok(value);
            }
            self.core.receiving.wait(|_| ()).await;
        }
    }

    /// The next message, or `None` if there is none yet.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<T>, RecvError> {
        let value = {
            let mut ring = self.core.ring.borrow_mut();
            if self.next < ring.first {
                let missed = ring.first - self.next;
                self.next = ring.first;
                return Err(RecvError::Lagged(missed));
            }
            ring.take(self.next)
        };
        match value {
            Some(value) => {
                self.next += 1;
                // The last to receive it gets the message itself.
                Ok(Some(Rc::try_unwrap(value).unwrap_or_else(|shared| (*shared).clone())))
            }
            None if self.core.senders.get() == 0 => Err(RecvError::Closed),
            None => Ok(None),
        }
    }
}

impl<T> Receiver<T> {
    /// How many messages are there for this receiver, missed ones not counted.
    pub fn len(&self) -> usize {
        let ring = self.core.ring.borrow();
        ring.messages.len() - ring.place(self.next)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Ring<T> {
    /// Where a message is; the oldest, if that one is gone.
    fn place(&self, number: u64) -> usize {
        usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }

    fn pop(&mut self) -> Option<Message<T>> {
        let oldest = self.messages.pop_front();
        self.first += u64::from(oldest.is_some());
        oldest
    }

    /// One more has received a message, or will not. What all have is at the front: each
    /// receives in order.
    fn take(&mut self, number: u64) -> Option<Rc<T>> {
        let place = self.place(number);
        let message = self.messages.get_mut(place)?;
        message.left -= 1;
        if message.left == 0 && place == 0 {
            return self.pop().map(|message| message.value);
        }
        Some(message.value.clone())
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
            self.0.receiving.wake_all();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.core.receivers.set(self.core.receivers.get() - 1);
        let mut next = self.next.max(self.core.ring.borrow().first);
        loop {
            // Its message is dropped with no borrow held.
            let taken = self.core.ring.borrow_mut().take(next);
            if taken.is_none() {
                break;
            }
            next += 1;
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Lagged(missed) => write!(f, "{missed} messages were missed"),
            RecvError::Closed => f.write_str("nobody is left to send"),
        }
    }
}

impl std::error::Error for RecvError {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (receivers, waiting) = (self.0.receivers.get(), self.0.receiving.len());
        let messages = self.0.ring.borrow().messages.len();
        write!(f, "Sender({messages} messages, {receivers} receivers, {waiting} waiting)")
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({} messages)", self.len())
    }
}
