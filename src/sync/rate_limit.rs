//! `RateLimiter`: at most so many starts in any period.

use super::lock::Lock;
use crate::{LoopHandle, sleep_until};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Lets at most so many things start in any stretch of time as long as its period, on the
/// loop's clock. Clones are the same limiter.
///
/// # Ordering
/// First come, first served, and nobody passes (rule 9). Whoever is at the front sleeps
/// until the oldest start is a period ago.
///
/// ```
/// use oneloop::sync::RateLimiter;
/// use oneloop::{Clock, EventLoop};
/// use std::time::Duration;
///
/// let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build().unwrap();
/// let ended = virtual_time.run(async {
///     let limiter = RateLimiter::new(2, Duration::from_secs(1));
///     for _ in 0..5 {
///         limiter.acquire().await;
///     }
///     oneloop::running_loop().unwrap().time()
/// });
/// assert_eq!(ended.unwrap(), Duration::from_secs(2));
/// ```
#[derive(Clone)]
pub struct RateLimiter(Rc<Core>);

struct Core {
    most: usize,
    period: Duration,
    /// Held by the one who is next.
    turn: Lock,
    /// The last starts, the oldest first; no more than `most`.
    starts: RefCell<VecDeque<Duration>>,
}

impl RateLimiter {
    /// A limiter to `most` starts in each `period`.
    ///
    /// # Panics
    /// When `most` is 0.
    pub fn new(most: usize, period: Duration) -> Self {
        assert!(most > 0, "a limiter lets something start");
        let starts = RefCell::new(VecDeque::new());
        RateLimiter(Rc::new(Core { most, period, turn: Lock::new(), starts }))
    }

    /// Waits until one more may start, and counts it. Does not suspend if that is so now
    /// and nobody is before this one.
    ///
    /// # Cancel safety
    /// Cancelled or dropped before it is done, it starts nothing, and its turn goes to the
    /// next.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub async fn acquire(&self) {
        let _turn = self.0.turn.acquire().await;
        while let Err(due) = self.start() {
            sleep_until(due).await;
        }
    }

    /// Counts one more start, if it may start now and nobody waits. False: it may not.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub fn try_acquire(&self) -> bool {
        let turn = self.0.turn.try_acquire();
        turn.is_some() && self.start().is_ok()
    }

    /// Counts a start; or tells when that may be.
    fn start(&self) -> Result<(), Duration> {
        let here = LoopHandle::current().unwrap_or_else(|none| panic!("cannot wait: {none}"));
        let (now, mut starts) = (here.time(), self.0.starts.borrow_mut());
        while starts.front().is_some_and(|first| first.saturating_add(self.0.period) <= now) {
            starts.pop_front();
        }
        match starts.front() {
            Some(first) if starts.len() >= self.0.most => Err(first.saturating_add(self.0.period)),
            _ => {
                starts.push_back(now);
                Ok(())
            }
        }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started, waiting) = (self.0.starts.borrow().len(), self.0.turn.waiting());
        let waiting = waiting + usize::from(self.0.turn.locked());
        write!(f, "RateLimiter({started} of {}, {waiting} waiting)", self.0.most)
    }
}
