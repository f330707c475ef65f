//! `Clock`: the loop's time, in nanoseconds since the loop was made.
//!
//! Real time runs by itself. Virtual time stands still while anything is ready and
//! moves in one of two ways: `Manual` on command, `AutoJump` straight to the next
//! deadline when nothing else can happen. Nanoseconds are a `u64`: 584 years, at
//! which longer times stop ("never"); no sum here overflows.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Which time a loop lives in; chosen with [`Builder::clock`](crate::Builder::clock).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's monotonic clock.
    #[default]
    Real,
    /// Moves only by [`LoopHandle::advance`](crate::LoopHandle::advance).
    Manual,
    /// Jumps to the next deadline when nothing is ready, no job is in flight and no
    /// descriptor is waited for.
    AutoJump,
}

/// A deadline that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

pub(crate) struct Time {
    kind: Clock,
    start: Instant,
    /// The reading that counts for this turn.
    now: Cell<u64>,
}

impl Time {
    pub(crate) fn new(kind: Clock) -> Self {
        Time { kind, start: Instant::now(), now: Cell::new(0) }
    }

    pub(crate) fn kind(&self) -> Clock {
        self.kind
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.kind != Clock::Real
    }

    /// The time of this turn, read when its wait ended.
    #[inline]
    pub(crate) fn of_turn(&self) -> u64 {
        self.now.get()
    }

    /// The time now. A deadline counts from here, not from the turn's reading, or a
    /// timer set late in a long turn would fire early (rule 3).
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self.kind {
            Clock::Real => nanos(self.start.elapsed()),
            _ => self.now.get(),
        }
    }

    /// Reads the clock for this turn.
    #[inline]
    pub(crate) fn refresh(&self) {
        self.now.set(self.now());
    }

    /// Moves virtual time forwards; never back.
    pub(crate) fn jump_to(&self, time: u64) {
        self.now.set(self.now.get().max(time));
    }
}

/// Saturates, so that any `Duration` will do.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}
