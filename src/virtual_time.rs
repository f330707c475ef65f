//! When virtual time moves: exactly when nothing else can happen.

use crate::clock::Clock;
use crate::kernel::{State, Stuck, VirtualTime, Wait};
use crate::observe::Event;
use std::time::Duration;

impl VirtualTime for State {
    /// Jobs in flight and descriptors that are waited for hold it: counted, not guessed.
    fn wait_virtually(
        &self,
        deadline: Option<u64>,
        limit: Option<Duration>,
    ) -> Result<Wait, Stuck> {
        let (jobs, descriptors) = (self.jobs.get(), self.reactor.borrow().waited);
        let held = jobs + descriptors > 0;
        match deadline {
            Some(due) if due <= self.time.now() && held => Ok(Wait::Ask),
            Some(due) if due <= self.time.now() => Ok(Wait::Jump(due)), // nothing moves
            Some(to) if self.time.kind() == Clock::AutoJump && !held => Ok(Wait::Jump(to)),
            Some(_) if self.time.kind() == Clock::AutoJump => {
                self.emit(|| Event::Held { jobs, descriptors });
                Ok(Wait::Sleep(limit))
            }
            _ if held || limit.is_some() => Ok(Wait::Sleep(limit)),
            // Another thread may still call in.
            _ if self.presence.borrow().strong_count() > 0 => Ok(Wait::Sleep(limit)),
            _ => Err(Stuck::Deadlock(deadline)),
        }
    }
}
