//! `TaskRef`: a task's name, for asking and cancelling.
//!
//! A key, like every reference to a task: it keeps nothing alive, and is harmless when the
//! task is gone.

use crate::LoopHandle;
use crate::call::Call;
use crate::future::CallbackId;
use crate::kernel::{Key, Phase, Waiter};
use crate::observe::{Cause, Site};
use std::fmt;
use std::panic::Location;

/// The name of a task. A task that is over and whose [`Task`](crate::Task) is gone is only known to
/// be done.
#[derive(Clone)]
pub struct TaskRef {
    pub(crate) handle: LoopHandle,
    pub(crate) key: Key,
    pub(crate) number: u32,
}

impl TaskRef {
    pub(crate) fn new(handle: LoopHandle, key: Key) -> Option<Self> {
        let number = handle.state.tasks.borrow().get(key)?.number;
        Some(TaskRef { handle, key, number })
    }

    pub(crate) fn phase(&self) -> Option<Phase> {
        Some(self.handle.state.tasks.borrow().get(self.key)?.phase)
    }

    /// The task's number: the n-th that this loop made.
    pub fn id(&self) -> u32 {
        self.number
    }

    /// Its name: the one it was given, or `Task-<id>`.
    #[doc(alias = "get_name")]
    pub fn name(&self) -> String {
        match self.phase() {
            Some(_) => self.handle.state.task_name(self.key),
            None => format!("Task-{}", self.number),
        }
    }

    /// Gives the task a name.
    pub fn set_name(&self, name: impl Into<String>) {
        if self.phase().is_some() {
            let name = Some(name.into());
            self.handle.state.infos.borrow_mut().entry(self.key).or_default().name = name;
        }
    }

    /// Whether it has ended, in whatever way.
    pub fn done(&self) -> bool {
        !matches!(self.phase(), Some(Phase::New | Phase::Waiting | Phase::Stepping))
    }

    /// Whether it ended by being cancelled.
    pub fn cancelled(&self) -> bool {
        self.phase() == Some(Phase::Cancelled)
    }

    /// Whether it ended by a panic.
    pub fn panicked(&self) -> bool {
        matches!(self.phase(), Some(Phase::Panicked | Phase::PanicSeen))
    }

    /// What the task waits for, in words.
    pub fn waits_for(&self) -> Option<String> {
        (!self.done()).then(|| self.handle.state.waits_for(self.key))
    }

    /// Calls `f` with this task, as a callback of its own, once it is done: never from
    /// in here, even if it is done already (rule 7).
    #[track_caller]
    pub fn add_done_callback(&self, f: impl FnOnce(&TaskRef) + 'static) -> CallbackId {
        let (this, at) = (self.clone(), Location::caller());
        self.add_call(Call::new(move || f(&this)), at)
    }

    pub(crate) fn add_call(&self, call: Call, at: Site) -> CallbackId {
        let state = &self.handle.state;
        let number = state.waiter_number();
        let mut tasks = state.tasks.borrow_mut();
        match tasks.get_mut(self.key).filter(|task| !task.is_done()) {
            Some(task) => task.waiters.push(number, Waiter::Call(call, at)),
            None if state.is_closed() => {
                drop(tasks);
                state.reports.discard(call);
            }
            None => {
                drop(tasks);
                state.push_call(|place| *place = call, at, Cause::Done);
            }
        }
        CallbackId(number)
    }

    /// Takes a callback back. False if it is not there: it is on its way already, or ran.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let state = &self.handle.state;
        let removed =
            state.tasks.borrow_mut().get_mut(self.key).and_then(|task| task.waiters.remove(id.0));
        match removed {
            Some(Waiter::Call(call, _)) => state.reports.discard(call),
            Some(Waiter::Waker(_)) | None => return false,
        }
        true
    }
}

impl PartialEq for TaskRef {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.handle.state.id == other.handle.state.id
    }
}

impl Eq for TaskRef {}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.phase() {
            Some(Phase::New | Phase::Waiting | Phase::Stepping) => match self.cancelling() {
                0 => "pending",
                _ => "cancelling",
            },
            Some(Phase::Cancelled) => "cancelled",
            Some(Phase::Panicked | Phase::PanicSeen) => "panicked",
            Some(Phase::Finished) | None => "finished",
        };
        write!(f, "Task({}, {state}", self.name())?;
        if let Some(waits_for) = self.waits_for() {
            write!(f, ", waits for {waits_for}")?;
        }
        f.write_str(")")
    }
}
