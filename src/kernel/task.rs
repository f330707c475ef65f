//! Tasks: a future, driven by the loop one step at a time.
//!
//! The loop owns its tasks. A task is one allocation: the future, and after it, in the
//! same place, its result; whatever else there is to know is in the task's slot. While
//! a step runs the body is out of the slot, so user code may do what it likes to the
//! loop, to this task too. `join.rs` has the handles, `cancel.rs` the requests.

use super::cancel::{Cancel, Waits};
use super::exception::catch;
use super::join::{Task, TaskRef};
use super::observe::{Actor, Cause, Event, Outcome};
use super::ready::Entry;
use super::slots::Key;
use super::state::{LoopHandle, State};
use super::waiters::Waiters;
use super::waker;
use crate::error::{Closed, JoinError, JoinFailure, Payload};
use pin_project_lite::pin_project;
use std::any::Any;
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
    Waiting,
    Stepping,
    Finished,
    Cancelled,
    Panicked,
}

impl TaskEntry {
    #[inline]
    pub(crate) fn can_wake(&self) -> bool {
        !self.queued && !self.is_done()
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        !matches!(self.phase, Phase::Waiting | Phase::Stepping)
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
    /// Lends the result, as `&Result<T, JoinError>`.
    fn result(&self) -> Option<&dyn Any>;
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F: Future> {
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
            Some(Err(JoinError(JoinFailure::Panicked(payload)))) => Some(payload),
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

impl LoopHandle {
    /// Makes a task of `future`. It takes its first step in the next turn, never here
    /// (rule 7), after all that is ready now.
    ///
    /// The loop owns the task: dropping the handle neither stops it nor loses it.
    ///
    /// # Errors
    /// When the loop is closed; the future is dropped.
    #[doc(alias = "create_task")]
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> Result<Task<F::Output>, Closed>
    where
        F: Future + 'static,
    {
        if self.state.is_closed() {
            return Err(Closed::new());
        }
        let body = Box::pin(Stage::Running { future });
        Ok(Task::new(self.clone(), self.state.add_task(body, None, Location::caller())))
    }

    /// As [`spawn`](Self::spawn), with a name for traces and reports.
    ///
    /// # Errors
    /// When the loop is closed; the future is dropped.
    #[track_caller]
    pub fn spawn_named<F>(
        &self,
        name: impl Into<String>,
        future: F,
    ) -> Result<Task<F::Output>, Closed>
    where
        F: Future + 'static,
    {
        if self.state.is_closed() {
            return Err(Closed::new());
        }
        let body = Box::pin(Stage::Running { future });
        let name = Some(name.into());
        Ok(Task::new(self.clone(), self.state.add_task(body, name, Location::caller())))
    }

    /// The task whose step is running; none in a callback.
    pub fn current_task(&self) -> Option<TaskRef> {
        self.state.current_task().and_then(|key| TaskRef::new(self.clone(), key))
    }

    /// All tasks that are not done, in the order in which they were made.
    pub fn all_tasks(&self) -> Vec<TaskRef> {
        self.state.unfinished().filter_map(|key| TaskRef::new(self.clone(), key)).collect()
    }
}

impl State {
    #[inline]
    fn add_task(
        &self,
        body: Pin<Box<dyn Body>>,
        name: Option<String>,
        at: &'static Location<'static>,
    ) -> Key {
        let number = self.next_task.get().wrapping_add(1);
        self.next_task.set(number);
        let key = self.tasks.borrow_mut().insert(TaskEntry {
            body: Some(body),
            waiters: Waiters::default(),
            waits: Waits::default(),
            number,
            phase: Phase::Waiting,
            queued: true,
            cancel: Cancel::No,
            held: true,
        });
        let seen = self.debug.get() || self.observed.get();
        if name.is_some() || seen {
            let info = Info { name, at: seen.then_some(at), cancelling: 0 };
            self.infos.borrow_mut().insert(key.index, info);
        }
        if self.observed.get() {
            let name = self.task_name(key);
            self.emit(|| Event::Spawned { task: number, name: &name, at });
        }
        self.push(Entry::Task(key), Cause::Spawn);
        key
    }

    /// One step of a task: a poll, or the delivery of a cancel request.
    pub(crate) fn step(&self, key: Key) {
        let (mut body, cancel) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else { return };
            task.queued = false;
            if task.is_done() {
                drop(tasks);
                return self.forget_unheld(key);
            }
            let Some(body) = task.body.take() else { return };
            task.phase = Phase::Stepping;
            (body, std::mem::replace(&mut task.cancel, Cancel::No))
        };
        self.steps.set(self.steps.get() + 1);
        self.budget.set(BUDGET);
        if self.must_deliver(key, cancel) {
            return self.end_cancelled(key, body);
        }
        let waker = waker::of(self.id, key);
        let mut cx = Context::from_waker(&waker);
        match catch(|| body.as_mut().poll(&mut cx)) {
            Ok(Poll::Pending) => self.suspend(key, body),
            Ok(Poll::Ready(())) => self.end(key, body),
            Err(payload) => self.end_panicked(key, body, payload),
        }
    }

    /// The step is over and the task waits. A cancel that came during the step goes
    /// where it waits now.
    #[inline]
    fn suspend(&self, key: Key, body: Pin<Box<dyn Body>>) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return };
        task.body = Some(body);
        task.phase = Phase::Waiting;
        let requested = task.cancel == Cancel::Pending;
        drop(tasks);
        self.told(key, Outcome::Waiting);
        if requested {
            self.route_cancel(key);
        }
    }

    /// The body returned. With a cancel request undelivered, the value is lost.
    #[inline]
    fn end(&self, key: Key, body: Pin<Box<dyn Body>>) {
        let requested = self.tasks.borrow().get(key).is_some_and(|t| t.cancel == Cancel::Pending);
        if requested {
            return self.end_cancelled(key, body);
        }
        self.finish(key, body, Phase::Finished);
    }

    /// Drops the future where it stands: that is how a cancel arrives.
    fn end_cancelled(&self, key: Key, mut body: Pin<Box<dyn Body>>) {
        match catch(|| body.as_mut().fail(JoinFailure::Cancelled)) {
            Ok(()) => self.finish(key, body, Phase::Cancelled),
            Err(payload) => self.end_panicked(key, body, payload),
        }
    }

    fn end_panicked(&self, key: Key, mut body: Pin<Box<dyn Body>>, payload: Payload) {
        // The future may panic once more, in a destructor; the first panic counts.
        if let Err(second) = catch(|| body.as_mut().fail(JoinFailure::Panicked(payload))) {
            self.report("Exception in a destructor", &self.task_name(key), None, Some(second));
        }
        self.finish(key, body, Phase::Panicked);
    }

    /// The task is done: its waiters become ready, in their order (rule 8). If nobody
    /// can ask for the result any more, the task is forgotten, after its callbacks ran.
    fn finish(&self, key: Key, body: Pin<Box<dyn Body>>, phase: Phase) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return };
        task.body = Some(body);
        task.phase = phase;
        let mut waiters = std::mem::take(&mut task.waiters);
        let held = task.held;
        drop(tasks);
        self.told(key, phase.outcome());
        let awaited = waiters.len() > 0;
        if awaited {
            self.wake_all(waiters.take(), Cause::Done);
        }
        if !held && awaited {
            self.ready.borrow_mut().push(Entry::Task(key));
        } else if !held {
            self.forget_unheld(key);
        }
    }

    /// Forgets a task that is done, if no handle is there to ask for its result.
    pub(crate) fn forget_unheld(&self, key: Key) {
        let unheld = self.tasks.borrow().get(key).is_some_and(|t| t.is_done() && !t.held);
        if unheld {
            let name = self.task_name_if_panicked(key);
            let Some(mut entry) = self.forget(key) else { return };
            if let (Some(name), Some(body)) = (name, &mut entry.body) {
                let payload = body.as_mut().take_panic();
                if payload.is_some() {
                    self.report("Task exception was never retrieved", &name, None, payload);
                }
            }
            self.contain("a task's result", || drop(entry));
        }
    }

    /// Drops a task that is not done, because the loop closes.
    pub(crate) fn abandon(&self, key: Key, name: &str) {
        let Some(mut entry) = self.forget(key) else { return };
        let waiters = std::mem::take(&mut entry.waiters);
        self.contain(name, || drop(entry));
        self.contain(name, || drop(waiters));
    }

    /// Takes a task out of its slot; what remains of it is for the caller to drop.
    pub(crate) fn forget(&self, key: Key) -> Option<TaskEntry> {
        let entry = self.tasks.borrow_mut().remove(key);
        if !self.infos.borrow().is_empty() {
            let info = self.infos.borrow_mut().remove(&key.index);
            drop(info);
        }
        entry
    }

    /// The unfinished tasks, in the order in which they were made.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = Key> + use<> {
        let tasks = self.tasks.borrow();
        let mut keys: Vec<_> =
            tasks.iter().filter(|(_, t)| !t.is_done()).map(|(key, t)| (t.number, key)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key)
    }

    pub(crate) fn task_name(&self, key: Key) -> String {
        let name = self.infos.borrow().get(&key.index).and_then(|info| info.name.clone());
        name.unwrap_or_else(|| {
            format!("Task-{}", self.tasks.borrow().get(key).map_or(0, |task| task.number))
        })
    }

    fn task_name_if_panicked(&self, key: Key) -> Option<String> {
        let panicked = self.tasks.borrow().get(key)?.phase == Phase::Panicked;
        panicked.then(|| self.task_name(key))
    }

    /// Tells the observer how a step ended.
    #[inline]
    fn told(&self, key: Key, outcome: Outcome) {
        if self.observed.get() {
            let name = self.task_name(key);
            let number = self.tasks.borrow().get(key).map_or(0, |task| task.number);
            self.emit(|| Event::Ran { what: Actor::Task(number), name: &name, outcome });
        }
    }
}

impl Phase {
    fn outcome(self) -> Outcome {
        match self {
            Phase::Waiting | Phase::Stepping => Outcome::Waiting,
            Phase::Finished => Outcome::Finished,
            Phase::Cancelled => Outcome::Cancelled,
            Phase::Panicked => Outcome::Panicked,
        }
    }
}
