//! `EventLoop`: the turn, and what drives it.
//!
//! `run_once` is the function to read first. Steps 3 to 5 only move entries to the ready
//! queue; step 6 alone runs user code, and exactly the batch that was ready when it
//! began. What that makes ready waits for the next turn.

use super::call::Call;
use super::clock::NEVER;
use super::context;
use super::exception::catch;
use super::observe::{Cause, Event, Outcome};
use super::ready::{Entry, Pending};
use super::state::{Injected, Life, LoopHandle, State};
use crate::Clock;
use crate::error::{Deadlock, RunError, Waiting};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// While something is ready, the kernel is asked for events once in this many entries
/// run: a look costs as much as ten of them. It bounds how long sockets, timers and
/// other threads wait behind a queue that is never empty.
pub(crate) const ASK_EVERY: usize = 64;

impl State {
    /// One turn.
    pub(crate) fn run_once(&self, limit: Option<Duration>) -> Result<usize, RunError> {
        self.turns.set(self.turns.get() + 1);
        let ready = self.ready.borrow().len();
        self.emit(|| Event::Turn { ready });

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

/// What step 2 has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
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
    /// Step 1. `limit` is how long the caller of `turn` lets us sleep; a turn with a
    /// limit always asks.
    fn how_long(&self, limit: Option<Duration>) -> Result<Wait, RunError> {
        let busy = self.ready.borrow().len() > 0 || self.stopping.get();
        if busy || self.injector.is_filled() {
            let lately = self.unasked.get() < ASK_EVERY && limit.is_none();
            return Ok(if busy && lately { Wait::Skip } else { Wait::Ask });
        }
        let deadline = self.timers.borrow_mut().next_deadline();
        if !self.time.is_virtual() {
            let left = deadline
                .filter(|d| *d != NEVER)
                .map(|deadline| Duration::from_nanos(deadline.saturating_sub(self.time.now())));
            return Ok(Wait::Sleep(left.into_iter().chain(limit).min()));
        }
        let (jobs, descriptors) = (self.jobs.get(), self.reactor.borrow().waited);
        let deadline = deadline.filter(|deadline| *deadline != NEVER);
        if let Some(due) = deadline.filter(|due| *due <= self.time.now()) {
            return Ok(Wait::Jump(due)); // it is due already: nothing moves
        }
        let held = jobs + descriptors > 0;
        match deadline.filter(|_| self.time.kind() == Clock::AutoJump) {
            Some(_) if held => {
                self.emit(|| Event::Held { jobs, descriptors });
                Ok(Wait::Sleep(limit))
            }
            Some(to) => Ok(Wait::Jump(to)),
            None if held || limit.is_some() || self.has_remotes() => Ok(Wait::Sleep(limit)),
            None => Err(RunError::Deadlock(self.deadlock(deadline))),
        }
    }

    /// Step 2: the only place where the thread blocks.
    fn wait(&self, wait: Wait) -> Result<(), RunError> {
        let timeout = match wait {
            Wait::Skip => return Ok(()),
            Wait::Jump(to) => {
                if to > self.time.now() {
                    self.emit(|| Event::Jumps { to: Duration::from_nanos(to) });
                }
                self.time.jump_to(to);
                return Ok(());
            }
            Wait::Ask => Some(Duration::ZERO),
            Wait::Sleep(left) => left,
        };
        self.unasked.set(0);
        let sleeps = timeout != Some(Duration::ZERO) && self.injector.fall_asleep();
        if sleeps {
            let until = timeout.map(|t| Duration::from_nanos(self.time.now()).saturating_add(t));
            self.emit(|| Event::Sleeps { until });
        }
        let timeout = if sleeps { timeout } else { Some(Duration::ZERO) };
        let waited = self.reactor.borrow_mut().wait(timeout);
        if sleeps {
            self.injector.wake_up();
        }
        self.time.refresh();
        waited.map_err(RunError::Io)
    }

    /// Step 3. Takes what is there when it begins, and no more.
    fn take_in_injected(&self) {
        if !self.injector.is_filled() {
            return;
        }
        let mut inbox = self.inbox.take();
        self.injector.take(&mut inbox);
        for (_, item) in inbox.drain(..) {
            self.take_in(item);
        }
        self.inbox.replace(inbox);
    }

    fn take_in(&self, item: Injected) {
        let at = Location::caller();
        match item {
            Injected::Wake(key) => {
                let before = self.cause.replace(Cause::OtherThread);
                self.wake(key);
                self.cause.set(before);
            }
            Injected::Complete(job) => {
                self.push_call(Call::new(move || job.complete()), at, Cause::OtherThread);
            }
        }
    }

    /// Step 4. Readiness becomes entries; nobody is woken yet.
    fn take_in_events(&self, wait: Wait) {
        if matches!(wait, Wait::Skip | Wait::Jump(_)) {
            return;
        }
        let mut reactor = self.reactor.borrow_mut();
        if !self.observed.get() {
            let mut ready = self.ready.borrow_mut();
            return reactor.take_events(|key| ready.push(Entry::Source(key)));
        }
        let mut keys = Vec::new();
        reactor.take_events(|key| keys.push(key));
        drop(reactor);
        keys.into_iter().for_each(|key| self.push_source(key));
    }

    /// Step 5. All timers that are due at this turn's reading of the clock (rule 3).
    fn take_in_timers(&self) {
        let now = self.time.of_turn();
        loop {
            let due = self.timers.borrow_mut().pop_due(now);
            let Some(key) = due else { return };
            self.push(Entry::Timer(key.index, key.low()), Cause::Deadline);
        }
    }

    /// Step 6. What was ready when it began, and nothing that came after (rule 2).
    fn run_batch(&self) -> usize {
        let batch = self.ready.borrow().len();
        for _ in 0..batch {
            let Some(entry) = self.ready.borrow_mut().pop() else { break };
            self.running.set(Some(entry));
            if self.debug.get() || self.observed.get() {
                self.run_watched(entry);
            } else {
                self.run_entry(entry);
            }
        }
        self.running.set(None);
        self.unasked.set(self.unasked.get() + batch);
        batch
    }

    #[inline]
    fn run_entry(&self, entry: Entry) -> Outcome {
        match entry {
            Entry::Task(key) => {
                self.step(key);
                Outcome::Finished
            }
            Entry::Call => self.run_next_call(),
            Entry::Timer(index, low) => match self.ripe(index, low) {
                Some((call, at)) => self.run_call(*call, at),
                None => Outcome::Finished,
            },
            Entry::Source(key) => {
                self.run_source(key);
                Outcome::Finished
            }
        }
    }

    #[inline]
    fn run_next_call(&self) -> Outcome {
        let next = self.ready.borrow_mut().pop_call();
        let Some((number, Pending { call, at })) = next else { return Outcome::Finished };
        self.call_number.set(number);
        match call {
            Some(call) => self.run_call(call, at),
            None => Outcome::Cancelled,
        }
    }

    #[inline]
    fn run_call(&self, call: Call, at: Option<&'static Location<'static>>) -> Outcome {
        let name = call.name();
        match catch(|| call.run()) {
            Ok(()) => Outcome::Finished,
            Err(payload) => {
                self.report("Exception in callback", name, at, Some(payload));
                Outcome::Panicked
            }
        }
    }

    /// Runs an entry under the eyes of the observer, or of debug mode's stop-watch.
    #[cold]
    fn run_watched(&self, entry: Entry) {
        let (name, at) = self.who(entry);
        if entry == Entry::Call {
            self.call_number.set(self.ready.borrow().first_call());
        }
        let what = self.actor(entry);
        self.emit(|| Event::Runs { what, name: &name });
        let begun = self.debug.get().then(Instant::now);
        let outcome = self.run_entry(entry);
        if !matches!(entry, Entry::Task(_)) {
            self.emit(|| Event::Ran { what, name: &name, outcome });
        }
        let took = begun.map(|begun| begun.elapsed()).filter(|took| *took >= self.slow.get());
        if let Some(took) = took {
            match at {
                Some(at) => log::warn!("{name}, scheduled at {at}, took {took:?}"),
                None => log::warn!("{name} took {took:?}"),
            }
        }
    }

    /// The name of an entry, and where it was scheduled.
    fn who(&self, entry: Entry) -> (String, Option<&'static Location<'static>>) {
        match entry {
            Entry::Task(key) => {
                let at = self.infos.borrow().get(&key.index).and_then(|info| info.at);
                (self.task_name(key), at)
            }
            Entry::Call => {
                let ready = self.ready.borrow();
                let first = ready.peek_call(ready.first_call());
                let name = first.and_then(|p| p.call.as_ref()).map_or("(cancelled)", Call::name);
                (name.to_owned(), first.and_then(|pending| pending.at))
            }
            Entry::Timer(index, low) => self.who_is_due(index, low),
            Entry::Source(key) => {
                let fd = self.reactor.borrow().sources.get(key).map_or(-1, |source| source.fd);
                (format!("fd {fd}"), None)
            }
        }
    }

    // -- the end -----------------------------------------------------------

    /// Whether another thread could still call in.
    fn has_remotes(&self) -> bool {
        Arc::strong_count(&self.presence) > 1
    }

    fn deadlock(&self, next: Option<u64>) -> Deadlock {
        let name = |key| Waiting { task: self.task_name(key), waits_for: self.waits_for(key) };
        let waiting = self.unfinished().map(name).collect();
        Deadlock { waiting, next_deadline: next.map(Duration::from_nanos) }
    }

    /// Ends the loop: all that is left is dropped, nothing is run.
    pub(crate) fn close(&self) {
        if self.life.replace(Life::Closed) == Life::Closed {
            return;
        }
        let extensions = self.extensions.take();
        self.contain("an extension", || drop(extensions));
        let next_floor = self.tasks.borrow().next_floor();
        context::unregister(self.id, next_floor);
        for (_, item) in self.injector.close() {
            self.contain("what another thread sent", || drop(item));
        }
        let keys: Vec<_> = self.unfinished().collect();
        for key in keys {
            let name = self.task_name(key);
            self.report("Task was destroyed but it is pending!", &name, None, None);
            self.abandon(key, &name);
        }
        for pending in self.ready.borrow_mut().drain() {
            self.contain("a callback", || drop(pending));
        }
        for timer in self.timers.borrow_mut().drain() {
            self.contain("a timer", || drop(timer));
        }
        for source in self.reactor.borrow_mut().close() {
            self.contain("a descriptor's callbacks", || drop(source));
        }
    }
}

impl LoopHandle {
    /// Runs until `turn` says so, with this loop as the thread's running one.
    pub(crate) fn drive<R>(
        &self,
        mut turn: impl FnMut(&State) -> Option<Result<R, RunError>>,
    ) -> Result<R, RunError> {
        if self.state.life.get() == Life::Closed {
            return Err(RunError::Closed);
        }
        let entered = context::enter(self)?;
        self.state.life.set(Life::Running);
        let result = loop {
            if let Some(result) = turn(&self.state) {
                break result;
            }
        };
        let closing = self.state.life.replace(Life::Idle) == Life::Closing;
        drop(entered);
        if closing {
            self.state.close();
        }
        result
    }
}
