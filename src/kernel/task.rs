//! A task: a future, driven by the loop one step at a time.
//!
//! The loop owns its tasks. A task is one allocation, its body; whatever else there is to
//! know is in the task's slot. While a step runs the body is out of the slot, so user code
//! may do what it likes to the loop, and to this task too.

use super::leaf::Waits;
use super::ready::Entry;
use super::slots::{Key, Slots};
use super::state::{State, Watching};
use super::waiters::Waiters;
use super::waker;
use crate::error::{JoinFailure, Payload};
use crate::exception::catch;
use crate::observe::{Cause, Outcome, Site};
use crate::stage::BoxBody;
use std::cell::RefMut;
use std::task::{Context, Poll};

/// I/O operations in one step before it must yield.
const BUDGET: u32 = 64;

pub(crate) struct TaskEntry {
    /// The future or its result; out while a step runs.
    pub(crate) body: Option<BoxBody>,
    /// Who awaits this task.
    pub(crate) waiters: Waiters,
    /// What of the loop's own this task waits for.
    pub(crate) waits: Waits,
    /// Counts the loop's tasks; after 2^32 of them it begins again.
    pub(crate) number: u32,
    pub(crate) phase: Phase,
    /// It is in the ready queue.
    pub(crate) queued: bool,
    /// What to do about a cancel request in the next step.
    pub(crate) cancel: Cancel,
    /// Its `Task` handle is alive, so the result stays.
    pub(crate) held: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its first step is still to come.
    New,
    Waiting,
    Stepping,
    Finished,
    Cancelled,
    Panicked,
    /// It panicked, and somebody has looked at that.
    PanicSeen,
}

impl TaskEntry {
    #[inline]
    pub(crate) fn can_wake(&self) -> bool {
        !self.queued && !self.is_done()
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        !matches!(self.phase, Phase::New | Phase::Waiting | Phase::Stepping)
    }
}

/// Where cancel requests go is decided above the kernel (`crate::cancel`); a step asks.
pub(crate) trait Cancelling {
    /// The time of a scope of the task, which is in this timer's slot, is over.
    fn expire(&self, timer: u32, task: Key, scope: u32);
    /// Whether this step must deliver a cancellation instead of polling.
    fn must_deliver(&self, key: Key, cancel: Cancel) -> bool;
    /// The task suspended with a request undelivered: sends it to what it waits for now.
    fn route_cancel(&self, key: Key);
    /// The step that delivers; it goes on from `polled` if that raised a cancellation again.
    fn deliver(&self, key: Key, body: BoxBody, polled: Option<Polled>) -> Outcome;
}

pub(crate) type Polled = Result<Poll<()>, Payload>; // a panic is an `Err`

/// What the next step of a task has to do about a cancel request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    No,
    /// Deliver it.
    Pending,
    /// Deliver it if what the task awaits, to which it went, did end cancelled.
    PassedOn,
    /// One was passed on; another was not accepted: pending, until it is taken back.
    Both,
}

/// What few tasks have, kept beside the slots.
#[derive(Default)]
pub(crate) struct Info {
    pub(crate) name: Option<String>,
    pub(crate) at: Option<Site>,
    /// Cancel requests that were not taken back; the leaf to which the last one went.
    pub(crate) cancelling: u32,
    pub(crate) went_to: u32,
}

impl State {
    /// Makes a task; its first step is in the next turn (rule 7).
    pub(crate) fn add_task(&self, body: BoxBody, name: Option<String>, at: Site) -> Key {
        let number = self.next_task.get().wrapping_add(1);
        self.next_task.set(number);
        let key = self.tasks.borrow_mut().insert_with(|| TaskEntry {
            body: Some(body),
            waiters: Waiters::default(),
            waits: Waits::default(),
            number,
            phase: Phase::New,
            queued: true,
            cancel: Cancel::No,
            held: true,
        });
        if name.is_some() {
            self.infos.borrow_mut().entry(key).or_default().name = name;
        }
        if self.observed.get() {
            self.tell_spawned(key, at);
        }
        self.push(Entry::task(key), Cause::Spawn);
        key
    }

    /// One step of a task: a poll, or the delivery of a cancel request.
    pub(crate) fn step(&self, key: Key) -> Outcome {
        let (mut body, cancel) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else { return Outcome::Finished };
            task.queued = false;
            if task.is_done() {
                self.forget_unheld(tasks, key);
                return Outcome::Finished;
            }
            let Some(body) = task.body.take() else { return Outcome::Finished };
            task.phase = Phase::Stepping;
            (body, std::mem::replace(&mut task.cancel, Cancel::No))
        };
        self.steps.set(self.steps.get() + 1);
        self.budget.set(BUDGET);
        if cancel != Cancel::No && self.must_deliver(key, cancel) {
            return self.deliver(key, body, None);
        }
        let polled = self.poll_task(key, &mut body);
        if self.raising.get().is_some() {
            return self.deliver(key, body, Some(polled));
        }
        self.end_step(key, body, polled)
    }

    #[inline(always)]
    pub(crate) fn poll_task(&self, key: Key, body: &mut BoxBody) -> Polled {
        let waker = waker::of(self.id, key);
        catch(|| body.as_mut().poll(&mut Context::from_waker(&waker)))
    }

    #[inline(always)]
    pub(crate) fn end_step(&self, key: Key, body: BoxBody, polled: Polled) -> Outcome {
        match polled {
            Ok(Poll::Pending) => self.suspend(key, body),
            Ok(Poll::Ready(())) => self.finish(key, body, Phase::Finished),
            Err(payload) => self.end_panicked(key, body, payload),
        }
    }

    /// The step is over and the task waits. A cancel that came during the step goes to
    /// where it waits now.
    #[inline]
    fn suspend(&self, key: Key, body: BoxBody) -> Outcome {
        let mut tasks = self.tasks.borrow_mut();
        if let Some(task) = tasks.get_mut(key) {
            task.body = Some(body);
            task.phase = Phase::Waiting;
            if task.cancel == Cancel::Pending {
                drop(tasks);
                self.route_cancel(key);
            }
        }
        Outcome::Waiting
    }

    /// Drops the future where it stands: that is how a cancel arrives.
    pub(crate) fn end_cancelled(&self, key: Key, mut body: BoxBody) -> Outcome {
        match catch(|| body.as_mut().fail(JoinFailure::Cancelled)) {
            Ok(()) => self.finish(key, body, Phase::Cancelled),
            Err(payload) => self.end_panicked(key, body, payload),
        }
    }

    fn end_panicked(&self, key: Key, mut body: BoxBody, payload: Payload) -> Outcome {
        // The future may panic once more, in a destructor; the first panic counts.
        if let Err(second) = catch(|| body.as_mut().fail(JoinFailure::Panicked(payload.into()))) {
            self.reports.report(
                "Exception in a destructor",
                &self.task_name(key),
                None,
                Some(second),
            );
        }
        self.finish(key, body, Phase::Panicked)
    }

    /// The task is done: its waiters become ready, in their order (rule 8). If nobody can
    /// ask for the result any more, the task is forgotten, after its callbacks ran.
    #[inline]
    fn finish(&self, key: Key, body: BoxBody, phase: Phase) -> Outcome {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return phase.outcome() };
        if phase == Phase::Finished && task.cancel == Cancel::Pending && !body.failed() {
            // A cancel request that found no await to arrive at: a value is lost, an error wins.
            task.cancel = Cancel::No;
            drop(tasks);
            return self.end_cancelled(key, body);
        }
        task.body = Some(body);
        task.phase = phase;
        let held = task.held;
        if !task.waiters.is_empty() {
            let mut waiters = std::mem::take(&mut task.waiters);
            drop(tasks);
            self.wake_all(waiters.take(), Cause::Done);
            if !held {
                self.ready.borrow_mut().push(Entry::task(key));
            }
        } else if !held {
            self.forget_unheld(tasks, key);
        }
        phase.outcome()
    }

    /// Forgets a task that is done if no handle is there to ask for its result. A panic
    /// that nobody saw is reported.
    pub(crate) fn forget_unheld(&self, mut tasks: RefMut<'_, Slots<TaskEntry>>, key: Key) {
        let Some(task) = tasks.get_mut(key).filter(|task| task.is_done() && !task.held) else {
            return;
        };
        let panicked = task.phase == Phase::Panicked;
        drop(tasks);
        let name = panicked.then(|| self.task_name(key));
        let Some(mut body) = self.forget(key) else { return };
        if let Some(payload) = name.as_ref().and_then(|_| body.as_mut().take_panic()) {
            let name = name.unwrap_or_default();
            self.reports.report("Task exception was never retrieved", &name, None, Some(payload));
        }
        self.reports.contain("a task's result", || drop(body));
    }

    /// Frees the slot of a task that is over; its body is for the caller to drop.
    #[inline]
    pub(crate) fn forget(&self, key: Key) -> Option<BoxBody> {
        let take = |entry: &mut Option<TaskEntry>| entry.as_mut().and_then(|task| task.body.take());
        let body = self.tasks.borrow_mut().remove_with(key, take);
        if !self.infos.borrow().is_empty() {
            self.infos.borrow_mut().remove(&key);
        }
        body.flatten()
    }

    pub(crate) fn task_name(&self, key: Key) -> String {
        let name = self.infos.borrow().get(&key).and_then(|info| info.name.clone());
        let number = || self.tasks.borrow().get(key).map_or(0, |task| task.number);
        name.unwrap_or_else(|| format!("Task-{}", number()))
    }
}

impl Phase {
    fn outcome(self) -> Outcome {
        match self {
            Phase::New | Phase::Waiting | Phase::Stepping => Outcome::Waiting,
            Phase::Finished => Outcome::Finished,
            Phase::Cancelled => Outcome::Cancelled,
            Phase::Panicked | Phase::PanicSeen => Outcome::Panicked,
        }
    }
}
