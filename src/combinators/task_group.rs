//! `TaskGroup`: tasks that do not outlive the block that they belong to.
//!
//! The group's end waits for its tasks. The first that fails has the others cancelled, and
//! the task in which the group runs too, so that its body ends; that request is taken back
//! at the end. What came from outside goes on outwards.

use super::failures::{failure_of, report};
use super::own_scope::OwnScope;
use crate::error::{Cancelled, Failure, GroupClosed, GroupError, JoinError, JoinFailure};
use crate::error::{Payload, panic_message};
use crate::exception::catch;
use crate::future::{Canceller, Target};
use crate::stage::fallible_body_of;
use crate::{Future, Task, TaskRef};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;

/// A group of tasks, entered by [`run`](TaskGroup::run), which ends when all of them have.
///
/// `E` is what its tasks fail with. A task's error is shared by its handle and the group,
/// hence the `Rc`.
///
/// ```
/// use oneloop::TaskGroup;
/// oneloop::run(async {
///     let group = TaskGroup::<String>::new();
///     let sum = group.run(async {
///         let one = group.spawn(async { Ok(1) }).unwrap();
///         let two = group.spawn(async { Ok(2) }).unwrap();
///         Ok(one.await.unwrap().unwrap() + two.await.unwrap().unwrap())
///     });
///     assert_eq!(sum.await.unwrap(), 3);
/// })
/// .unwrap();
/// ```
#[doc(alias = "JoinSet")]
#[doc(alias = "nursery")]
pub struct TaskGroup<E>(Rc<Inner<E>>);

struct Inner<E> {
    stage: Cell<Stage>,
    /// The task that runs the group.
    parent: RefCell<Option<TaskRef>>,
    /// The group asked its parent to cancel.
    asked_parent: Cell<bool>,
    /// What may be asked to end without that.
    body: OwnScope,
    /// Those that are not done, in the order in which they were made; by a count of its
    /// own, because the loop's begins again some day.
    tasks: RefCell<BTreeMap<u64, TaskRef>>,
    made: Cell<u64>,
    errors: RefCell<Vec<Failure<Rc<E>>>>,
    /// How tasks failed whose callbacks have not run, by their numbers: who awaits one by
    /// then has its result, and the task is gone.
    failing: RefCell<BTreeMap<u32, Failure<Rc<E>>>>,
    /// What the end of the group waits for.
    completed: RefCell<Option<Future<()>>>,
    aborting: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Created,
    Entered,
    /// The body has ended; the tasks may still add others.
    Exiting,
    Over,
}

/// How the body ended.
enum Ended<R, E> {
    Value(Result<R, E>),
    Cancelled(Cancelled),
    /// By the group's own request, to it alone.
    Stopped,
    Panicked(Payload),
}

impl<E: 'static> TaskGroup<E> {
    /// A group, to be entered once.
    #[allow(clippy::new_without_default)] // a group that is not run is of no use
    pub fn new() -> Self {
        TaskGroup(Rc::new(Inner {
            stage: Cell::new(Stage::Created),
            parent: RefCell::new(None),
            asked_parent: Cell::new(false),
            body: OwnScope::default(),
            tasks: RefCell::default(),
            made: Cell::new(0),
            errors: RefCell::default(),
            failing: RefCell::default(),
            completed: RefCell::new(None),
            aborting: Cell::new(false),
        }))
    }

    /// Runs `body`, and then waits for every task of the group.
    ///
    /// When one of them fails (returns an `Err`, or panics), or `body` does, the other tasks
    /// are cancelled, and `body` too; they may clean up, and are waited for. A task that
    /// was cancelled is no failure.
    ///
    /// # Ordering
    /// The last task that ends in turn k calls back in k+1, and the group goes on in k+2.
    ///
    /// # Errors
    /// The failures, in the order in which they came to the group, that of `body` last.
    ///
    /// # Cancel safety
    /// Cancelled, it cancels its tasks, waits for them, and then passes the cancellation on;
    /// failures among them are reported instead, and the next await of this task is
    /// cancelled. Dropped by anyone else it cannot wait: it cancels its tasks and goes; a
    /// panic of one is then reported as that of any task.
    ///
    /// # Panics
    /// When `body` does, with the same payload, after the tasks have ended, whose failures go
    /// to the loop's exception handler then; when the group was run before, or outside of a
    /// task.
    pub async fn run<R>(
        &self,
        body: impl std::future::Future<Output = Result<R, E>>,
    ) -> Result<R, GroupError<E>> {
        let parent = self.enter();
        let entered = Entered(self);
        let ended = self.body(&parent, body).await;
        self.0.stage.set(Stage::Exiting);
        let mut propagate = None;
        if let Ended::Cancelled(cancelled) = &ended {
            propagate = Some(*cancelled);
        }
        if !matches!(ended, Ended::Value(Ok(_))) && !self.0.aborting.get() {
            self.abort();
        }
        while !self.0.tasks.borrow().is_empty() {
            let cancelled = self.0.body.run(&parent, self.completion()).await.err().flatten();
            if cancelled.is_some() && !self.0.aborting.get() {
                propagate = cancelled;
                self.abort();
            }
            self.0.completed.take();
        }
        drop(entered);
        self.exit(ended, propagate).await
    }

    /// Makes a task of the group.
    ///
    /// # Errors
    /// When the group has not been entered, is over, or is cancelling its tasks; the future
    /// is dropped.
    #[track_caller]
    #[doc(alias = "create_task")]
    pub fn spawn<F, T>(&self, future: F) -> Result<Task<Result<T, Rc<E>>>, GroupClosed>
    where
        F: std::future::Future<Output = Result<T, E>> + 'static,
        T: 'static,
    {
        self.spawn_in(future, None, Location::caller())
    }

    /// As [`spawn`](Self::spawn), with a name for traces and reports.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_named<F, T>(
        &self,
        name: impl Into<String>,
        future: F,
    ) -> Result<Task<Result<T, Rc<E>>>, GroupClosed>
    where
        F: std::future::Future<Output = Result<T, E>> + 'static,
        T: 'static,
    {
        self.spawn_in(future, Some(name.into()), Location::caller())
    }

    fn spawn_in<F, T>(
        &self,
        future: F,
        name: Option<String>,
        at: &'static Location<'static>,
    ) -> Result<Task<Result<T, Rc<E>>>, GroupClosed>
    where
        F: std::future::Future<Output = Result<T, E>> + 'static,
        T: 'static,
    {
        let no_more = match self.0.stage.get() {
            Stage::Created => Some("has not been entered"),
            Stage::Over => Some("is over"),
            Stage::Exiting if self.0.tasks.borrow().is_empty() => Some("is over"),
            _ if self.0.aborting.get() => Some("is cancelling its tasks"),
            _ => None,
        };
        if let Some(why) = no_more {
            return Err(GroupClosed::new(why));
        }
        let parent = self.0.parent.borrow().clone().ok_or(GroupClosed::new("is over"))?;
        let body = fallible_body_of(noting(Rc::downgrade(&self.0), future));
        let task: Task<Result<T, Rc<E>>> = parent
            .handle
            .spawn_body(body, name, at)
            .map_err(|_| GroupClosed::new("belongs to a loop that is closed"))?;
        let number = self.0.made.get();
        self.0.made.set(number + 1);
        self.0.tasks.borrow_mut().insert(number, TaskRef::clone(&task));
        let this = self.clone();
        task.add_done_callback(move |task| this.task_done::<T>(number, task));
        Ok(task)
    }

    fn enter(&self) -> TaskRef {
        assert!(self.0.stage.get() == Stage::Created, "a task group is run once");
        let parent = crate::current_task().expect("a task group is run in a task");
        self.0.parent.replace(Some(parent.clone()));
        self.0.stage.set(Stage::Entered);
        parent
    }

    /// The body; its panic is kept until the tasks have ended.
    async fn body<R>(
        &self,
        parent: &TaskRef,
        body: impl std::future::Future<Output = Result<R, E>>,
    ) -> Ended<R, E> {
        let guarded = async {
            let mut body = pin!(body);
            std::future::poll_fn(|cx| match catch(|| body.as_mut().poll(cx)) {
                Ok(polled) => polled.map(Ended::Value),
                Err(payload) => Poll::Ready(Ended::Panicked(payload)),
            })
            .await
        };
        let ended = self.0.body.run(parent, guarded).await;
        ended.unwrap_or_else(|cancelled| cancelled.map_or(Ended::Stopped, Ended::Cancelled))
    }

    async fn completion(&self) {
        let completed = crate::create_future();
        completed.cancels(Rc::new(Members(Rc::downgrade(&self.0))));
        self.0.completed.replace(Some(completed.clone()));
        let _ = completed.await;
    }

    fn abort(&self) {
        self.0.aborting.set(true);
        let tasks: Vec<_> = self.0.tasks.borrow().values().cloned().collect();
        for task in tasks {
            task.cancel();
        }
    }

    /// A task has ended.
    fn task_done<T: 'static>(&self, number: u64, task: &TaskRef) {
        self.0.tasks.borrow_mut().remove(&number);
        let completed = self.0.completed.borrow().clone();
        if let Some(completed) = completed.filter(|_| self.0.tasks.borrow().is_empty()) {
            let _ = completed.set_result(());
        }
        let noted = self.0.failing.borrow_mut().remove(&task.id());
        if self.0.stage.get() == Stage::Over {
            return; // nobody is left to be told
        }
        let Some(failure) = failure_of::<T, E>(task).or(noted) else { return };
        self.0.errors.borrow_mut().push(failure);
        if self.0.aborting.get() || self.0.asked_parent.get() {
            return;
        }
        self.abort();
        let parent = self.0.parent.borrow().clone();
        if let Some(parent) = parent {
            self.0.asked_parent.set(self.0.body.ask(&parent));
        }
    }

    /// What the group ends with, when all its tasks have.
    async fn exit<R>(
        &self,
        ended: Ended<R, E>,
        mut propagate: Option<Cancelled>,
    ) -> Result<R, GroupError<E>> {
        let parent = self.0.parent.take();
        if let Some(parent) = parent.as_ref().filter(|_| self.0.asked_parent.get()) {
            if parent.uncancel() == 0 {
                propagate = None;
            }
        }
        let mut errors = self.0.errors.take();
        if let Some(cancelled) = propagate.filter(|_| errors.is_empty()) {
            match cancelled.resume().await {}
        }
        let value = match ended {
            Ended::Value(Ok(value)) => Some(value),
            Ended::Value(Err(error)) => {
                errors.push(Failure::Error(Rc::new(error)));
                None
            }
            Ended::Panicked(payload) => {
                parent.iter().for_each(|parent| report(parent, &errors));
                resume_unwind(payload)
            }
            Ended::Cancelled(_) | Ended::Stopped => None,
        };
        if !errors.is_empty() {
            if let Some(parent) = parent.filter(|parent| parent.cancelling() > 0) {
                // A request from outside: the next await hears of it.
                parent.uncancel();
                parent.cancel();
            }
            return Err(GroupError(errors));
        }
        // No value: the group's own request ended the body.
        value.ok_or(GroupError(errors))
    }
}

/// A task of the group, which notes how it fails.
async fn noting<F, T, E>(group: Weak<Inner<E>>, future: F) -> Result<T, Rc<E>>
where
    F: std::future::Future<Output = Result<T, E>>,
{
    let note = |failure| {
        if let Some((group, task)) = group.upgrade().zip(crate::current_task()) {
            group.failing.borrow_mut().insert(task.id(), failure);
        }
    };
    let mut future = pin!(future);
    let polled = std::future::poll_fn(|cx| {
        catch(|| future.as_mut().poll(cx)).unwrap_or_else(|payload| {
            let text: Payload = Box::new(panic_message(&*payload).to_owned());
            note(Failure::Join(JoinError(JoinFailure::Panicked(text.into()))));
            resume_unwind(payload)
        })
    });
    let result = polled.await.map_err(Rc::new);
    if let Err(error) = &result {
        note(Failure::Error(error.clone()));
    }
    result
}

/// What the end of a group waits for, to those who look.
struct Members<E>(Weak<Inner<E>>);

impl<E> Canceller for Members<E> {
    fn cancel(&self) -> bool {
        false
    }

    fn takes_cancels(&self) -> bool {
        false
    }

    fn behind(&self) -> Vec<Target> {
        let Some(group) = self.0.upgrade() else { return Vec::new() };
        group.tasks.borrow().values().map(|task| Target::Task(task.key)).collect()
    }
}

/// A group that runs. Dropped before its tasks have ended, it cancels them and goes.
struct Entered<'a, E: 'static>(&'a TaskGroup<E>);

impl<E> Drop for Entered<'_, E> {
    fn drop(&mut self) {
        self.0.0.stage.set(Stage::Over);
        if !self.0.0.tasks.borrow().is_empty() {
            self.0.abort();
        }
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        TaskGroup(self.0.clone())
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tasks, errors) = (self.0.tasks.borrow().len(), self.0.errors.borrow().len());
        let how = if self.0.aborting.get() { ", cancelling" } else { "" };
        write!(f, "TaskGroup({:?}, {tasks} tasks, {errors} errors{how})", self.0.stage.get())
    }
}
