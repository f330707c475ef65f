//! `Pause`: a wait on the machine's clock, where the loop's own time would jump.
//!
//! Some pauses are for the world outside: for jobs on other threads, for descriptors that
//! somebody may give back. Time that jumps would end them at once, or, held by those very
//! jobs, never. The kernel's timer is a descriptor, so it holds virtual time as any does.

use super::AsyncFd;
use crate::{Clock, LoopHandle, sleep};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use rustix::time::{timerfd_create, timerfd_settime};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Longer than anybody waits, and no number that the kernel refuses.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

#[derive(Debug)]
pub(crate) struct Pause(Option<AsyncFd<OwnedFd>>);

impl Pause {
    /// # Errors
    /// When the loop's time jumps and the system has no descriptor left.
    pub(crate) fn on(handle: &LoopHandle) -> io::Result<Pause> {
        if handle.clock() != Clock::AutoJump {
            return Ok(Pause(None));
        }
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Pause(Some(AsyncFd::on(handle, timer))))
    }

    /// Waits for `duration`. Dropped meanwhile, it has done nothing.
    pub(crate) async fn lasting(&self, duration: Duration) {
        let Some(timer) = self.0.as_ref().filter(|_| !duration.is_zero()) else {
            return sleep(duration).await;
        };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let lasts = duration.min(LONGEST);
        let tv_nsec = lasts.subsec_nanos().into();
        let it_value = Timespec { tv_sec: lasts.as_secs() as i64, tv_nsec };
        let once = Itimerspec { it_interval: zero, it_value };
        if timerfd_settime(timer, TimerfdTimerFlags::empty(), &once).is_err() {
            return sleep(duration).await;
        }
        // An error here is that of a loop that is closed: nobody waits any longer.
        let _ = timer.read_with(|timer| Ok(rustix::io::read(timer, &mut [0_u8; 8])?)).await;
    }
}
