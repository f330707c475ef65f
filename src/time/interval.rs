//! `Interval`: the same moment again and again, without drift.

use super::{Sleep, sleep, sleep_until};
use crate::kernel::context;
use std::cmp::Ordering;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
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
    /// The wait for the next one, between two polls.
    wait: Option<Sleep>,
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
    Interval { next: start, period, missed: MissedTick::default(), wait: None }
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
        self.wait = None;
        if let Some(wait) = self.wait_for_next() {
            wait.await;
        }
        self.given()
    }

    /// As [`tick`](Self::tick), for who writes a future or a stream by hand.
    ///
    /// # Cancel safety
    /// No tick is lost. It waits until it is polled again, or dropped; if that is given up, a
    /// cancel request finds the task waiting for this, too.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        if self.wait.is_none() {
            self.wait = self.wait_for_next();
        }
        if let Some(wait) = &mut self.wait {
            ready!(Pin::new(wait).poll(cx));
            self.wait = None;
        }
        Poll::Ready(self.given())
    }

    /// What there is to wait for before the next tick is given.
    fn wait_for_next(&self) -> Option<Sleep> {
        match self.next.cmp(&now()) {
            Ordering::Greater => Some(sleep_until(self.next)),
            // A burst could go on for ever: others first.
            Ordering::Less if self.missed == MissedTick::Burst => Some(sleep(Duration::ZERO)),
            Ordering::Less | Ordering::Equal => None,
        }
    }

    /// The tick is given: plans the one after it.
    fn given(&mut self) -> Duration {
        let due = self.next;
        self.next = self.plan(due, now());
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

fn now() -> Duration {
    let now = context::with_current(crate::LoopHandle::time);
    now.unwrap_or_else(|none| panic!("tick: {none}"))
}
