//! The kernel's public face: what everything above it is made of, ours or yours.
//!
//! The sockets and the thread pool of this crate use nothing but the crate's root and
//! this module, so a new one can be written in another crate as well.

pub use crate::io::registration::{Readiness, Registration};
pub use crate::kernel::{Completion, Direction};

use crate::LoopHandle;
use crate::error::InjectError;
use crate::kernel::{Injected, Injector, Refused};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// Where work that was done on another thread reports to.
#[derive(Clone)]
pub struct Mailbox(Arc<Injector<Injected>>);

impl Mailbox {
    /// Has `done` completed on the loop's thread, in its next turn. May be called from
    /// any thread. If the loop closes before that turn, `done` is told that it was lost.
    ///
    /// # Errors
    /// When the loop is closed or cannot be woken; `done` was told that it was lost.
    pub fn send(&self, done: Arc<dyn Completion>) -> Result<(), InjectError<()>> {
        let (done, bell) = match self.0.push(Injected::Complete(done)) {
            Ok(()) => return Ok(()),
            Err(Refused::Closed(done)) => (done, None),
            Err(Refused::Bell(done, error)) => (done, Some(error)),
        };
        if let Injected::Complete(done) = done {
            done.lost();
        }
        Err(InjectError { item: (), bell })
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

impl LoopHandle {
    /// The loop's mailbox. Unlike a [`RemoteHandle`](crate::RemoteHandle) it does not
    /// stand for somebody who may call at any time: tell the loop of jobs in flight by
    /// [`job_started`](Self::job_started).
    pub fn mailbox(&self) -> Mailbox {
        Mailbox(self.state.injector.clone())
    }

    /// Something was begun elsewhere that will end with a message: until then virtual
    /// time does not jump.
    pub fn job_started(&self) {
        self.state.jobs.set(self.state.jobs.get() + 1);
    }

    /// Something that was begun elsewhere has ended.
    pub fn job_ended(&self) {
        self.state.jobs.set(self.state.jobs.get().saturating_sub(1));
    }

    /// How many things that were begun elsewhere have not ended.
    pub fn jobs_in_flight(&self) -> usize {
        self.state.jobs.get()
    }

    /// What an upper layer keeps with this loop, made when first asked for and dropped
    /// when the loop closes. A closed loop keeps nothing: what is made then is the caller's.
    pub fn extension<T: 'static>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        if let Some(found) = self.find_extension() {
            return found;
        }
        let made = Rc::new(make());
        if !self.is_closed() {
            self.state.extensions.borrow_mut().push(made.clone());
        }
        made
    }

    /// As [`extension`](Self::extension), if it was made before.
    pub fn find_extension<T: 'static>(&self) -> Option<Rc<T>> {
        let extensions = self.state.extensions.borrow();
        extensions.iter().find_map(|one| one.clone().downcast::<T>().ok())
    }
}
