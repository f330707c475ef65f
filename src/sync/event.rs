//! `Event`: asyncio's, a flag that tasks wait for.

use super::wait_queue::WaitQueue;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// A flag that tasks wait for. Clones are the same event.
///
/// # Ordering
/// All who wait when it is set go on in the next turn, in the order in which they came,
/// also if it is cleared before they run.
///
/// ```
/// use oneloop::sync::Event;
///
/// oneloop::run(async {
///     let ready = Event::new();
///     let waits = ready.clone();
///     let task = oneloop::spawn(async move { waits.wait().await });
///     ready.set();
///     task.await.unwrap();
/// })
/// .unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Event(Rc<Core>);

#[derive(Default)]
struct Core {
    set: Cell<bool>,
    waiters: WaitQueue,
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Self {
        Event::default()
    }

    /// Sets the flag, and wakes all who wait for it; nothing if it is set.
    pub fn set(&self) {
        if !self.0.set.replace(true) {
            self.0.waiters.wake_all();
        }
    }

    /// Takes the flag back: who comes now waits.
    pub fn clear(&self) {
        self.0.set.set(false);
    }

    /// Whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.0.set.get()
    }

    /// Waits until the flag is set. Does not suspend if it is.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn wait(&self) {
        while !self.is_set() {
            if self.0.waiters.wait(|_| ()).await {
                return;
            }
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_set() { "set" } else { "unset" };
        write!(f, "Event({state}, {} waiting)", self.0.waiters.len())
    }
}
