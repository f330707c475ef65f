//! `Interval`: the same moment again and again, without drift.

use super::{sleep_until, yield_now};
use crate::kernel::context;
use std::cmp::Ordering;
use std::time::Duration;

/// What to do about ticks whose time has passed while nobody waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTick {
    /// Give them all, one at once after the other, then go on as planned.
    #[default]
    Burst,
    /// Give one, and count the period anew from then.
    Delay,
    /// Give one, and go on at the next moment of the plan that is still to come.
    Skip,
}

/// Ticks at a fixed period; see [`interval`].
#[derive(Debug)]
pub struct Interval {
    next: Duration,
    period: Duration,
    missed: MissedTick,
}

/// Ticks every `period`, the first time at once.
///
/// Each tick is planned from the one before, not from when somebody came to wait for it,
/// so the interval does not drift.
///
/// # Panics
/// When `period` is zero, or no loop is running on this thread.
pub fn interval(period: Duration) -> Interval {
    let now = context::with_current(crate::LoopHandle::time);
    interval_at(now.unwrap_or_else(|none| panic!("interval: {none}")), period)
}

/// As [`interval`], with the first tick at `start` of the loop's time.
///
/// # Panics
/// When `period` is zero.
pub fn interval_at(start: Duration, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period");
    Interval { next: start, period, missed: MissedTick::default() }
}

impl Interval {
    /// What to do about missed ticks; [`MissedTick::Burst`] unless set.
    pub fn on_missed(mut self, missed: MissedTick) -> Self {
        self.missed = missed;
        self
    }

    /// Waits for the next tick, and gives the time for which it was planned.
    ///
    /// # Cancel safety
    /// A tick whose wait is dropped is not lost: the next wait is for the same one.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub async fn tick(&mut self) -> Duration {
        let due = self.next;
        let time = || {
            let now = context::with_current(crate::LoopHandle::time);
            now.unwrap_or_else(|none| panic!("tick: {none}"))
        };
        match due.cmp(&time()) {
            Ordering::Greater => sleep_until(due).await,
            // A burst could go on for ever: others first.
            Ordering::Less if self.missed == MissedTick::Burst => yield_now().await,
            Ordering::Less | Ordering::Equal => {}
        }
        self.next = self.plan(due, time());
        due
    }

    /// The tick after the one that was due at `due` and is given at `now`.
    fn plan(&self, due: Duration, now: Duration) -> Duration {
        let planned = due.saturating_add(self.period);
        if planned > now {
            return planned;
        }
        match self.missed {
            MissedTick::Burst => planned,
            MissedTick::Delay => now.saturating_add(self.period),
            MissedTick::Skip => {
                let into = (now - due).as_nanos() % self.period.as_nanos();
                let into = Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX));
                now.saturating_add(self.period) - into
            }
        }
    }
}
