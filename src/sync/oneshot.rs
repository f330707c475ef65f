//! A channel for one value: one sender, one receiver, once.
//!
//! ```
//! use oneloop::sync::oneshot;
//!
//! oneloop::run(async {
//!     let (sender, receiver) = oneshot::channel();
//!     oneloop::spawn(async move { sender.send("answer") });
//!     assert_eq!(receiver.await, Ok("answer"));
//! })
//! .unwrap();
//! ```

pub use super::channel_error::{RecvError, TryRecvError};

use super::wait_queue::{Place, WaitQueue};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Sends the one value of a [`channel`].
pub struct Sender<T>(Rc<Core<T>>);

/// Receives the one value of a [`channel`]: await it.
///
/// # Ordering
/// It goes on in the turn after the value was sent.
///
/// # Cancel safety
/// Nothing is lost while the receiver is kept: `(&mut receiver).await` may be given up and
/// begun again.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Receiver<T> {
    core: Rc<Core<T>>,
    place: Option<Place>,
}

struct Core<T> {
    value: RefCell<Option<T>>,
    sender_gone: Cell<bool>,
    /// Nobody will receive.
    closed: Cell<bool>,
    receiving: WaitQueue,
    closing: WaitQueue,
}

/// A channel for one value.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let core = Rc::new(Core {
        value: RefCell::new(None),
        sender_gone: Cell::new(false),
        closed: Cell::new(false),
        receiving: WaitQueue::default(),
        closing: WaitQueue::default(),
    });
    (Sender(core.clone()), Receiver { core, place: None })
}

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// When nobody will receive it; the value comes back.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        *self.0.value.borrow_mut() = Some(value);
        Ok(()) // the receiver is woken as the sender goes
    }

    /// Whether nobody will receive: the receiver is gone, or closed.
    pub fn is_closed(&self) -> bool {
        self.0.closed.get()
    }

    /// Waits until nobody will receive: then the work for the value can be given up.
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
    /// The value, if it is there.
    ///
    /// # Errors
    /// When it is not there yet, or will never be.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let value = self.core.value.borrow_mut().take();
        match value {
            Some(value) => {
                self.close();
                Ok(value)
            }
            None if self.core.sender_gone.get() || self.core.closed.get() => {
                Err(TryRecvError::Closed)
            }
            None => Err(TryRecvError::Empty),
        }
    }

    /// Lets the sender send no more. A value that was sent before can still be received.
    pub fn close(&mut self) {
        if !self.core.closed.replace(true) {
            self.core.closing.wake_all();
        }
    }

    fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            self.core.receiving.leave(place);
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match this.try_recv() {
                Err(TryRecvError::Empty) => {}
                ended => {
                    this.leave();
                    return Poll::Ready(ended.map_err(|_| RecvError(())));
                }
            }
            let place = this.place.get_or_insert_with(|| this.core.receiving.join());
            if place.poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.leave(); // its task was cancelled, but it was kept
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.sender_gone.set(true);
        self.0.receiving.wake_next();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.leave();
        self.close();
        let value = self.core.value.borrow_mut().take();
        drop(value);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_closed() { "Sender(closed)" } else { "Sender" })
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.core.value.borrow().is_some() { "Receiver(sent)" } else { "Receiver" })
    }
}
