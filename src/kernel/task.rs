//! A task: a future, driven by the loop one step at a time.
//!
//! The loop owns its tasks. A task is one allocation: the future, and after it, in the
//! same place, its result; whatever else there is to know is in the task's slot. While a
//! step runs the body is out of the slot, so user code may do what it likes to the loop,
//! and to this task too.

use super::cancel::{Cancel, Waits};
use super::ready::Entry;
use super::slots::Key;
use super::state::State;
use super::waiters::Waiters;
use super::waker;
use crate::error::{JoinError, JoinFailure, Payload, into_payload};
use crate::exception::catch;
use crate::observe::{Cause, Event, Outcome};
use pin_project_lite::pin_project;
use std::any::Any;
use std::cell::RefMut;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// I/O operations in one step before it must yield.
const BUDGET: u32 = 64;

pub(crate) struct TaskEntry {
    /// The future or its result; out while a step runs.
    pub(crate) body: Option<Pin<Box<dyn Body>>>,
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

/// What few tasks have, kept beside the slots.
#[derive(Default)]
pub(crate) struct Info {
    pub(crate) name: Option<String>,
    pub(crate) at: Option<&'static Location<'static>>,
    /// Cancel requests that were not taken back.
    pub(crate) cancelling: u32,
}

/// A task without its types.
pub(crate) trait Body {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future, if it is still there, and ends with `failure`.
    fn fail(self: Pin<&mut Self>, failure: JoinFailure);
    /// Moves the result to `into`, an `Option<Result<T, JoinError>>`.
    fn take_result(self: Pin<&mut Self>, into: &mut dyn Any);
    /// What the panic carried, if the task ended by one that nobody has seen.
    fn take_panic(self: Pin<&mut Self>) -> Option<Payload>;
    /// Lends the result, a `Result<T, JoinError>`.
    fn result(&self) -> Option<&dyn Any>;
}

pin_project! {
    #[project = StageProjection]
    pub(crate) enum Stage<F: Future> {
        Running { #[pin] future: F },
        Over { result: Option<Result<F::Output, JoinError>> },
    }
}

impl<F: Future + 'static> Body for Stage<F> {
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let StageProjection::Running { future } = self.as_mut().project() else {
            return Poll::Ready(());
        };
        let Poll::Ready(value) = future.poll(cx) else { return Poll::Pending };
        self.set(Stage::Over { result: Some(Ok(value)) });
        Poll::Ready(())
    }

    fn fail(mut self: Pin<&mut Self>, failure: JoinFailure) {
        self.set(Stage::Over { result: Some(Err(JoinError(failure))) });
    }

    #[inline]
    fn take_result(self: Pin<&mut Self>, into: &mut dyn Any) {
        let into = into.downcast_mut::<Option<Result<F::Output, JoinError>>>();
        if let (StageProjection::Over { result }, Some(into)) = (self.project(), into) {
            *into = result.take();
        }
    }

    fn take_panic(self: Pin<&mut Self>) -> Option<Payload> {
        let StageProjection::Over { result } = self.project() else { return None };
        match result.take() {
            Some(Err(JoinError(JoinFailure::Panicked(payload)))) => Some(into_payload(payload)),
            other => {
                *result = other;
                None
            }
        }
    }

    fn result(&self) -> Option<&dyn Any> {
        match self {
            Stage::Over { result: Some(result) } => Some(result),
            _ => None,
        }
    }
}

/// The one allocation of a task, made where the future is, so that it is moved once.
#[inline(always)]
pub(crate) fn body_of<F: Future + 'static>(future: F) -> Pin<Box<dyn Body>> {
    Box::pin(Stage::Running { future })
}

impl State {
    /// Makes a task; its first step is in the next turn (rule 7).
    pub(crate) fn add_task(
        &self,
        body: Pin<Box<dyn Body>>,
        name: Option<String>,
        at: &'static Location<'static>,
    ) -> Key {
        let number = self.next_task.get().wrapping_add(1);
        self.next_task.set(number);
        let key = self.tasks.borrow_mut().insert_with(|_| TaskEntry {
            body: Some(body),
            waiters: Waiters::default(),
            waits: Waits::default(),
            number,
            phase: Phase::New,
            queued: true,
            cancel: Cancel::No,
            held: true,
        });
        if name.is_some() || self.observed.get() {
            self.note_task(key, number, name, at);
        }
        self.push(Entry::task(key), Cause::Spawn);
        key
    }

    #[cold]
    fn note_task(&self, key: Key, task: u32, name: Option<String>, at: &'static Location<'static>) {
        let at = self.observed.get().then_some(at);
        self.infos.borrow_mut().insert(key, Info { name, at, cancelling: 0 });
        if let Some(at) = at {
            let name = self.task_name(key);
            self.emit(|| Event::Spawned { task, name: &name, at });
        }
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
            return self.end_cancelled(key, body);
        }
        let waker = waker::of(self.id, key);
        match catch(|| body.as_mut().poll(&mut Context::from_waker(&waker))) {
            Ok(Poll::Pending) => self.suspend(key, body),
            Ok(Poll::Ready(())) => self.finish(key, body, Phase::Finished),
            Err(payload) => self.end_panicked(key, body, payload),
        }
    }

    /// The step is over and the task waits. A cancel that came during the step goes to
    /// where it waits now.
    #[inline]
    fn suspend(&self, key: Key, body: Pin<Box<dyn Body>>) -> Outcome {
        let mut tasks = self.tasks.borrow_mut();
        if let Some(task) = tasks.get_mut(key) {
            task.body = Some(body);
            task.phase = Phase::Waiting;
            if task.cancel != Cancel::No {
                drop(tasks);
                self.route_cancel(key);
            }
        }
        Outcome::Waiting
    }

    /// Drops the future where it stands: that is how a cancel arrives.
    fn end_cancelled(&self, key: Key, mut body: Pin<Box<dyn Body>>) -> Outcome {
        match catch(|| body.as_mut().fail(JoinFailure::Cancelled)) {
            Ok(()) => self.finish(key, body, Phase::Cancelled),
            Err(payload) => self.end_panicked(key, body, payload),
        }
    }

    fn end_panicked(&self, key: Key, mut body: Pin<Box<dyn Body>>, payload: Payload) -> Outcome {
        // The future may panic once more, in a destructor; the first panic counts.
        if let Err(second) = catch(|| body.as_mut().fail(JoinFailure::Panicked(payload.into()))) {
            self.report("Exception in a destructor", &self.task_name(key), None, Some(second));
        }
        self.finish(key, body, Phase::Panicked)
    }

    /// The task is done: its waiters become ready, in their order (rule 8). If nobody can
    /// ask for the result any more, the task is forgotten, after its callbacks ran.
    #[inline]
    fn finish(&self, key: Key, body: Pin<Box<dyn Body>>, phase: Phase) -> Outcome {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return phase.outcome() };
        if phase == Phase::Finished && task.cancel != Cancel::No {
            // A cancel request that found no await to arrive at: the value is lost.
            task.cancel = Cancel::No;
            drop(tasks);
            return self.end_cancelled(key, body);
        }
        task.body = Some(body);
        task.phase = phase;
        let held = task.held;
        if task.waiters.is_empty() {
            if !held {
                self.forget_unheld(tasks, key);
            }
        } else {
            let mut waiters = std::mem::take(&mut task.waiters);
            drop(tasks);
            self.wake_all(waiters.take(), Cause::Done);
            if !held {
                self.ready.borrow_mut().push(Entry::task(key));
            }
        }
        phase.outcome()
    }

    /// Forgets a task that is done if no handle is there to ask for its result. A panic
    /// that nobody saw is reported.
    pub(crate) fn forget_unheld(
        &self,
        mut tasks: RefMut<'_, super::slots::Slots<TaskEntry>>,
        key: Key,
    ) {
        let Some(task) = tasks.get_mut(key).filter(|task| task.is_done() && !task.held) else {
            return;
        };
        let panicked = task.phase == Phase::Panicked;
        drop(tasks);
        let name = panicked.then(|| self.task_name(key));
        let Some(mut body) = self.forget(key) else { return };
        if let Some(payload) = name.as_ref().and_then(|_| body.as_mut().take_panic()) {
            let name = name.unwrap_or_default();
            self.report("Task exception was never retrieved", &name, None, Some(payload));
        }
        self.contain("a task's result", || drop(body));
    }

    /// Frees the slot of a task that is over; its body is for the caller to drop.
    #[inline]
    pub(crate) fn forget(&self, key: Key) -> Option<Pin<Box<dyn Body>>> {
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
