//! The turn. `run_once` is the function to read first.
//!
//! Steps 3 to 5 only move entries to the ready queue; step 6 alone runs them, and exactly
//! the batch that was ready when it began. What that makes ready waits for the next turn.
//! Observers, if there are any, are told in each step, with no borrow held.

use super::reactor::Direction;
use super::ready::{Entry, Kind};
use super::slots::Key;
use super::state::{Injected, State, Watching};
use super::waiters::Waiter;
use crate::call::Call;
use crate::clock::NEVER;
use crate::exception::catch;
use crate::observe::{Cause, Event, Outcome, Site};
use std::io;
use std::panic::Location;
use std::time::Duration;

/// While something is ready, the kernel is asked for events once in this many entries: a
/// look costs as much as ten. It bounds how long sockets and timers wait.
const ASK_EVERY: usize = 64;

impl State {
    /// One turn.
    pub(crate) fn run_once(&self, limit: Option<Duration>) -> Result<usize, Stuck> {
        self.turns.set(self.turns.get() + 1);
        self.emit(|| Event::Turn { ready: self.ready.borrow().len() });

        // 1 how long may we sleep
        let wait = self.how_long(limit)?;
        // 2 wait for events; then read the clock, once
        self.wait(wait)?;
        // 3 take in what other threads sent
        self.take_in_injected();
        // 4 take in what became readable, writable
        self.take_in_events(wait);
        // 5 take in the timers that are due
        self.take_in_timers();
        // 6 run the batch
        Ok(self.run_batch())
    }
}

/// Why a turn could not be.
pub(crate) enum Stuck {
    /// On virtual time, nothing can ever happen again; a timer, if any, waits for a command.
    Deadlock(Option<u64>),
    Io(io::Error),
}

/// Whether virtual time moves when nothing is ready is decided above (`crate::virtual_time`).
pub(crate) trait VirtualTime {
    fn wait_virtually(&self, next: Option<u64>, limit: Option<Duration>) -> Result<Wait, Stuck>;
}

/// What step 2 has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Something is ready, and the kernel was asked not long ago.
    Skip,
    /// Something is ready: ask, but do not wait.
    Ask,
    /// Sleep until an event, or until this much has passed.
    Sleep(Option<Duration>),
    /// Virtual time: go to this time instead.
    Jump(u64),
}

impl State {
    /// Step 1. `limit` is how long the caller of `turn` lets us sleep; such a turn asks
    /// always.
    #[inline]
    fn how_long(&self, limit: Option<Duration>) -> Result<Wait, Stuck> {
        if self.ready.borrow().len() > 0 || self.stopping.get() {
            let lately = self.unasked.get() < ASK_EVERY && limit.is_none();
            return Ok(if lately { Wait::Skip } else { Wait::Ask });
        }
        if self.injector.is_filled() {
            return Ok(Wait::Ask);
        }
        let deadline = self.timers.borrow_mut().next_deadline().filter(|d| *d != NEVER);
        if self.time.is_virtual() {
            return self.wait_virtually(deadline, limit);
        }
        let left = deadline.map(|d| Duration::from_nanos(d.saturating_sub(self.time.now())));
        Ok(Wait::Sleep(left.into_iter().chain(limit).min()))
    }

    /// Step 2: the only place where the thread blocks.
    #[inline]
    fn wait(&self, wait: Wait) -> Result<(), Stuck> {
        match wait {
            Wait::Skip => Ok(()),
            Wait::Ask => self.ask(Some(Duration::ZERO)),
            Wait::Sleep(left) => self.ask(left),
            Wait::Jump(to) => {
                if to > self.time.now() {
                    self.emit(|| Event::Jumps { to: Duration::from_nanos(to) });
                }
                self.time.jump_to(to);
                Ok(())
            }
        }
    }

    fn ask(&self, timeout: Option<Duration>) -> Result<(), Stuck> {
        self.unasked.set(0);
        let sleeps = timeout != Some(Duration::ZERO) && self.injector.fall_asleep();
        if sleeps {
            let until = timeout.map(|t| Duration::from_nanos(self.time.now()).saturating_add(t));
            self.emit(|| Event::Sleeps { until });
        }
        let still = sleeps && self.ready.borrow().len() == 0; // an observer may add to it
        let timeout = if still { timeout } else { Some(Duration::ZERO) };
        let waited = self.reactor.borrow_mut().wait(timeout);
        if sleeps {
            self.injector.wake_up();
        }
        self.time.refresh();
        waited.map_err(Stuck::Io)
    }

    /// Step 3. Takes what is there when it begins, and no more.
    #[inline]
    fn take_in_injected(&self) {
        if self.injector.is_filled() {
            for item in self.injector.take() {
                self.because(Cause::OtherThread, || match item {
                    Injected::Wake(key) => self.wake(key),
                    Injected::Complete(job) => {
                        let call = |place: &mut Call| place.set(move || job.complete());
                        self.push_call(call, Location::caller(), Cause::OtherThread);
                    }
                });
            }
        }
    }

    /// Step 4. Readiness becomes entries; nobody is woken yet.
    #[inline]
    fn take_in_events(&self, wait: Wait) {
        if matches!(wait, Wait::Skip | Wait::Jump(_)) {
            return;
        }
        let ready = self.reactor.borrow_mut().take_events();
        for key in ready {
            self.push(Entry::source(key), Cause::Readiness);
        }
    }

    /// Step 5. All timers that are due at this turn's reading of the clock (rule 3).
    #[inline]
    fn take_in_timers(&self) {
        let now = self.time.of_turn();
        loop {
            let due = self.timers.borrow_mut().pop_due(now);
            let Some(index) = due else { return };
            self.push(Entry::timer(index), Cause::Deadline);
        }
    }

    /// Step 6. What was ready when it began, and nothing that came after (rule 2).
    #[inline]
    fn run_batch(&self) -> usize {
        let batch = self.ready.borrow().len();
        for _ in 0..batch {
            let Some(entry) = self.ready.borrow_mut().pop() else { break };
            self.running.set(entry);
            if self.observed.get() {
                self.run_watched(entry);
            } else {
                self.run_entry(entry);
            }
        }
        self.running.set(Entry::NOTHING);
        self.unasked.set(self.unasked.get() + batch);
        batch
    }

    #[inline]
    pub(crate) fn run_entry(&self, entry: Entry) -> Outcome {
        match entry.kind() {
            Kind::Task(key) => self.step(key),
            Kind::Calls(_) => {
                let mut ready = self.ready.borrow_mut();
                self.call_number.set(ready.first_call());
                let mut call = ready.pop_call();
                drop(ready);
                self.run_call(&mut call, None)
            }
            Kind::Timer(index) => match self.ripe(index) {
                Some(mut timer) => self.run_call(&mut timer.call, timer.at),
                None => Outcome::Finished,
            },
            Kind::Source(key) => self.run_source(key),
            Kind::Nothing => Outcome::Finished,
        }
    }

    #[inline]
    pub(crate) fn run_call(&self, call: &mut Call, at: Option<Site>) -> Outcome {
        if call.is_empty() {
            return Outcome::Cancelled;
        }
        let name = call.namer();
        match catch(|| call.run()) {
            Ok(()) => Outcome::Finished,
            Err(payload) => {
                let origin = || self.origins.borrow().get(&self.call_number.get()).copied();
                let at = at.or_else(origin);
                self.reports.report("Exception in callback", name(), at, Some(payload));
                Outcome::Panicked
            }
        }
    }

    /// Step 6 for a descriptor: tasks that wait for it wake, callbacks run.
    pub(crate) fn run_source(&self, key: Key) -> Outcome {
        if let Some(source) = self.reactor.borrow_mut().sources.get_mut(key) {
            source.queued = false;
        }
        for direction in [Direction::Read, Direction::Write] {
            let mut reactor = self.reactor.borrow_mut();
            let Some(source) = reactor.sources.get_mut(key) else { break };
            let side = &mut source.sides[direction as usize];
            if side.ready {
                let mut waiters = std::mem::take(&mut side.waiters);
                reactor.waited -= waiters.len();
                drop(reactor);
                for waiter in waiters.take() {
                    match waiter {
                        Waiter::Waker(waker) => self.wake_because(Cause::Readiness, waker),
                        Waiter::Call(mut call, at) => {
                            self.run_call(&mut call, Some(at));
                        }
                    }
                }
            }
        }
        Outcome::Finished
    }
}
