//! Cancel requests: where they go, and when they arrive.
//!
//! A request goes first to what the task waits for, if that is one thing of the loop's
//! own: a future, a task (and so on down), a sleep. If that accepts, its end is what
//! brings the cancellation to the task. Otherwise the task itself keeps the request.
//! Either way it arrives at the start of the task's next step (rule 10), where the body
//! is dropped, unpolled.
//!
//! To know what a task waits for, each leaf (one await of one thing) registers with the
//! task that polls it and leaves when it is over or dropped. The task keeps only how many
//! leaves there are and the xor of their ids: when there is one, the xor is its id. So
//! registering costs two words and no list, at any number of leaves.

use super::ready::Entry;
use super::slots::Key;
use super::state::State;
use super::task::Phase;
use super::timer::SLEEP;
use crate::observe::Cause;
use std::rc::Rc;

/// What the next step of a task has to do about a cancel request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    No,
    /// Deliver it.
    Pending,
    /// Deliver it if what the task awaits, to which it went, did end cancelled.
    PassedOn,
}

/// The leaves of a task: their count, and the xor of their ids.
#[derive(Clone, Copy, Default)]
pub(crate) struct Waits {
    pub(crate) count: u32,
    ids: u32,
}

/// One await of one thing, by the task `owner`.
pub(crate) struct Leaf {
    owner: Key,
    target: Target,
}

/// What a leaf waits for.
#[derive(Clone)]
pub(crate) enum Target {
    Task(Key),
    Future(Rc<dyn Awaited>),
    /// A timer's slot.
    Sleep(u32),
}

/// A future of the loop, without its type.
pub(crate) trait Awaited {
    fn cancel(self: Rc<Self>) -> bool;
    fn ended_cancelled(&self) -> bool;
}

impl State {
    /// Registers an await of `target` with the running task, if a task is running.
    pub(crate) fn add_leaf(&self, target: Target) -> Option<u32> {
        let owner = self.current_task()?;
        let id = self.leaves.borrow_mut().insert(Leaf { owner, target }) as u32;
        self.enrol(owner, id, 1);
        Some(id)
    }

    pub(crate) fn drop_leaf(&self, id: u32) {
        let leaf = self.leaves.borrow_mut().try_remove(id as usize);
        if let Some(leaf) = leaf {
            self.enrol(leaf.owner, id, u32::MAX);
        }
    }

    /// Adds (1) or takes (-1) a leaf to or from its task, if that is still there.
    #[inline]
    pub(crate) fn enrol(&self, owner: Key, id: u32, by: u32) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(owner) {
            task.waits.count = task.waits.count.wrapping_add(by);
            task.waits.ids ^= id;
        }
    }

    /// The one thing of the loop's own that a task waits for, if it is one.
    pub(crate) fn only_wait(&self, key: Key) -> Option<Target> {
        let waits = self.tasks.borrow().get(key)?.waits;
        match waits.count {
            1 if waits.ids & SLEEP != 0 => Some(Target::Sleep(waits.ids & !SLEEP)),
            1 => Some(self.leaves.borrow().get(waits.ids as usize)?.target.clone()),
            _ => None,
        }
    }

    /// Sends a request on from `key` to what it waits for, as far as that goes. A loop, not
    /// a recursion: chains of tasks may be long, and circles end where they began.
    pub(crate) fn route_cancel(&self, key: Key) {
        let (mut at, mut passed) = (key, Vec::new());
        while let Some(Target::Task(next)) = self.waits_now(at) {
            let unfinished = self.tasks.borrow().get(next).is_some_and(|task| !task.is_done());
            if !unfinished {
                // It is done, and wakes us in its time: keep the request until then.
                return self.set_cancel(at, Cancel::Pending);
            }
            if passed.contains(&next) || next == at {
                break;
            }
            self.set_cancel(at, Cancel::PassedOn);
            self.infos.borrow_mut().entry(next).or_default().cancelling += 1;
            passed.push(at);
            at = next;
        }
        let accepted = match self.waits_now(at) {
            Some(Target::Future(future)) => {
                self.set_cancel(at, Cancel::PassedOn);
                future.cancel()
            }
            Some(Target::Sleep(timer)) => {
                self.set_cancel(at, Cancel::PassedOn);
                self.cancel_sleep(timer)
            }
            Some(Target::Task(_)) | None => return self.keep_cancel(at),
        };
        if !accepted {
            self.set_cancel(at, Cancel::Pending);
        }
    }

    /// As [`only_wait`](Self::only_wait); of a task that is stepping nothing is known yet.
    fn waits_now(&self, key: Key) -> Option<Target> {
        match self.tasks.borrow().get(key)?.phase {
            Phase::Stepping => None,
            _ => self.only_wait(key),
        }
    }

    fn set_cancel(&self, key: Key, cancel: Cancel) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(key) {
            task.cancel = cancel;
        }
    }

    /// The task itself keeps the request, and is scheduled for the delivery; unless it is
    /// stepping: then the end of the step sees to it.
    fn keep_cancel(&self, key: Key) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return };
        task.cancel = Cancel::Pending;
        if task.can_wake() && task.phase != Phase::Stepping {
            task.queued = true;
            drop(tasks);
            self.push(Entry::task(key), Cause::Cancel);
        }
    }

    /// Whether a step must deliver a cancellation instead of polling.
    pub(crate) fn must_deliver(&self, key: Key, cancel: Cancel) -> bool {
        if cancel == Cancel::Pending {
            return true;
        }
        match self.only_wait(key) {
            Some(Target::Future(future)) => future.ended_cancelled(),
            Some(Target::Sleep(timer)) => self.sleep_was_cancelled(timer),
            Some(Target::Task(next)) => {
                self.tasks.borrow().get(next).is_some_and(|task| task.phase == Phase::Cancelled)
            }
            None => false,
        }
    }
}
