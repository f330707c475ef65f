//! Ctrl-C: SIGINT as a callback of a loop, for as long as a run lasts.
//!
//! A signal as any other, but for its guard: the next SIGINT does what it does by default
//! outside of runs, and from one signal until the loop has come round to see it. So a
//! program that hangs in a callback can be ended, by a second Ctrl-C.
//!
//! Whoever listens for SIGINT by `signal` overrules this.

use crate::signal::Signal;
use crate::signal::disposition::Guard;
use crate::signal::ear::Ear;
use crate::{Clock, LoopHandle};
use std::io;
use std::rc::Rc;

/// SIGINT goes to a loop while this lives.
pub(crate) struct CtrlC {
    guard: Rc<Guard>,
    ear: Ear,
}

/// What comes after a SIGINT that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next one is seen too.
    Seen,
    /// The next one does what it does by default.
    Default,
}

impl CtrlC {
    /// Has `seen` called on the loop for each SIGINT. None if that is not for us: on a
    /// thread that is not the main one, where somebody else handles or ignores SIGINT, or
    /// on virtual time, which would wait for the signal as for any descriptor.
    pub(crate) fn watch(on: &LoopHandle, seen: impl Fn() -> Next + 'static) -> Option<CtrlC> {
        if on.clock() != Clock::Real {
            return None;
        }
        match CtrlC::begin(on, seen) {
            Ok(watch) => watch,
            Err(error) => {
                log::warn!("Ctrl-C ends the process at once: {error}");
                None
            }
        }
    }

    fn begin(on: &LoopHandle, seen: impl Fn() -> Next + 'static) -> io::Result<Option<CtrlC>> {
        let Some(guard) = Guard::begin(Signal::INT)? else { return Ok(None) };
        let guard = Rc::new(guard);
        let watches = Rc::downgrade(&guard);
        let ear = Ear::open(on, Signal::INT, move || {
            let guard = watches.upgrade().filter(|guard| !guard.is_overruled());
            if let Some(guard) = guard.filter(|_| seen() == Next::Seen) {
                guard.forgive();
            }
        })?;
        Ok(Some(CtrlC { guard, ear }))
    }

    /// Ends it. Whether a SIGINT came that the loop has not seen.
    pub(crate) fn end(self) -> bool {
        let CtrlC { guard, ear } = self;
        let overruled = guard.is_overruled();
        drop(guard);
        ear.take() && !overruled
    }
}
