//! Cancel requests: where they go, and when they arrive.
//!
//! A request goes first to what the task waits for, if that is one thing of the loop's
//! own: a future, a task (and so on down), a sleep. If that accepts, its end is what
//! brings the cancellation to the task. Otherwise the task itself keeps the request.
//! Either way it arrives at the start of the task's next step (rule 10), where the
//! body is dropped, unpolled.
//!
//! To know what a task waits for, each leaf (one await of one thing) registers with
//! the task that polls it and leaves when it is over or dropped. The task keeps only
//! how many leaves there are and the xor of their ids: when there is one, the xor is
//! its id. So registering costs two words and no list, at any number of leaves.

use super::join::TaskRef;
use super::observe::{Cause, Event};
use super::ready::Entry;
use super::slots::Key;
use super::state::State;
use super::task::{Info, Phase};
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
    count: u32,
    ids: u32,
}

impl Waits {
    pub(crate) fn only(&self) -> Option<u32> {
        (self.count == 1).then_some(self.ids)
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }
}

/// One await of one thing, by the task `owner`.
pub(crate) struct Leaf {
    pub(crate) owner: Key,
    pub(crate) target: Target,
}

/// What a leaf waits for.
#[derive(Clone)]
pub(crate) enum Target {
    Task(Key),
    Future(Rc<dyn Awaited>),
}

/// A future of the loop, without its type.
pub(crate) trait Awaited {
    fn cancel(&self) -> bool;
    fn ended_cancelled(&self) -> bool;
}

/// Leaves and sleeps share one space of ids: a sleep's is its timer slot, marked.
pub(crate) const SLEEP: u32 = 1 << 31;

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

    /// `Task::cancel`: false if the task is done.
    pub(crate) fn request_cancel(&self, key: Key) -> bool {
        let tasks = self.tasks.borrow();
        let Some(task) = tasks.get(key).filter(|task| !task.is_done()) else { return false };
        let number = task.number;
        drop(tasks);
        self.emit(|| Event::CancelRequested { task: number });
        self.count_request(key);
        self.route_cancel(key);
        true
    }

    fn count_request(&self, key: Key) {
        self.infos.borrow_mut().entry(key.index).or_insert_with(Info::default).cancelling += 1;
    }

    /// Sends a request on from `key` to what it waits for, as far as that goes. A loop,
    /// not a recursion: chains of tasks may be long, and circles end where they began.
    pub(crate) fn route_cancel(&self, key: Key) {
        let mut at = key;
        let mut passed: Vec<Key> = Vec::new();
        loop {
            match self.only_wait(at) {
                Some(Wait::Task(next)) if next != at && !passed.contains(&next) => {
                    if !self.is_unfinished(next) {
                        // It is done and will wake us in its time: keep the request.
                        return self.set_cancel(at, Cancel::Pending);
                    }
                    self.set_cancel(at, Cancel::PassedOn);
                    self.count_request(next);
                    passed.push(at);
                    at = next;
                }
                Some(Wait::Future(future)) => {
                    self.set_cancel(at, Cancel::PassedOn);
                    if !future.cancel() {
                        self.set_cancel(at, Cancel::Pending);
                    }
                    return;
                }
                Some(Wait::Sleep(timer)) => {
                    self.set_cancel(at, Cancel::PassedOn);
                    if !self.cancel_sleep(timer) {
                        self.set_cancel(at, Cancel::Pending);
                    }
                    return;
                }
                _ => {
                    self.set_cancel(at, Cancel::Pending);
                    return self.wake_cancelled(at);
                }
            }
        }
    }

    fn only_wait(&self, key: Key) -> Option<Wait> {
        let tasks = self.tasks.borrow();
        let task = tasks.get(key)?;
        if task.phase == Phase::Stepping {
            return None; // where it will wait shows when the step ends
        }
        let id = task.waits.only()?;
        if id & SLEEP != 0 {
            return Some(Wait::Sleep(id & !SLEEP));
        }
        match &self.leaves.borrow().get(id as usize)?.target {
            Target::Task(key) => Some(Wait::Task(*key)),
            Target::Future(future) => Some(Wait::Future(future.clone())),
        }
    }

    /// Whether a step must deliver a cancellation instead of polling.
    #[inline]
    pub(crate) fn must_deliver(&self, key: Key, cancel: Cancel) -> bool {
        match cancel {
            Cancel::No => false,
            Cancel::Pending => true,
            Cancel::PassedOn => self.awaited_ended_cancelled(key),
        }
    }

    fn awaited_ended_cancelled(&self, key: Key) -> bool {
        let id = self.tasks.borrow().get(key).and_then(|task| task.waits.only());
        let Some(id) = id else { return false };
        if id & SLEEP != 0 {
            return self.sleep_was_cancelled(id & !SLEEP);
        }
        let target = self.leaves.borrow().get(id as usize).map(|leaf| leaf.target.clone());
        match target {
            Some(Target::Task(next)) => {
                self.tasks.borrow().get(next).is_some_and(|task| task.phase == Phase::Cancelled)
            }
            Some(Target::Future(future)) => future.ended_cancelled(),
            None => false,
        }
    }

    fn is_unfinished(&self, key: Key) -> bool {
        self.tasks.borrow().get(key).is_some_and(|task| !task.is_done())
    }

    fn set_cancel(&self, key: Key, cancel: Cancel) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(key) {
            task.cancel = cancel;
        }
    }

    /// Schedules a task for the delivery, unless it is queued, or stepping: then the
    /// end of the step sees to it.
    fn wake_cancelled(&self, key: Key) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return };
        if !task.can_wake() || task.phase == Phase::Stepping {
            return;
        }
        task.queued = true;
        drop(tasks);
        self.push(Entry::Task(key), Cause::Cancel);
    }

    /// `Task::uncancel`: takes one request back; at none, an undelivered one is void.
    pub(crate) fn uncancel(&self, key: Key) -> u32 {
        let left = match self.infos.borrow_mut().get_mut(&key.index) {
            Some(info) => {
                info.cancelling = info.cancelling.saturating_sub(1);
                info.cancelling
            }
            None => 0,
        };
        if left == 0 {
            if let Some(task) = self.tasks.borrow_mut().get_mut(key) {
                if task.cancel == Cancel::Pending {
                    task.cancel = Cancel::No;
                }
            }
        }
        left
    }

    /// What a task waits for, in words, for reports.
    pub(crate) fn waits_for(&self, key: Key) -> String {
        let count = self.tasks.borrow().get(key).map_or(0, |task| task.waits.count());
        match self.only_wait(key) {
            Some(Wait::Task(next)) => format!("the task {}", self.task_name(next)),
            Some(Wait::Future(_)) => "a future that nobody sets".to_owned(),
            Some(Wait::Sleep(_)) => "a time that has not come".to_owned(),
            None if count > 1 => format!("{count} things at once"),
            None => "a wake from outside the loop".to_owned(),
        }
    }
}

enum Wait {
    Task(Key),
    Future(Rc<dyn Awaited>),
    Sleep(u32),
}

impl TaskRef {
    /// Asks the task to end. The request is delivered at the start of its next step,
    /// in the next turn (rule 10); what the task awaits is asked first, and a task or
    /// future that is awaited is cancelled in turn. A task that has not begun never
    /// does. Returns whether there was anything to cancel: false when it is done.
    pub fn cancel(&self) -> bool {
        self.handle.state.request_cancel(self.key)
    }

    /// How many cancel requests were made and not taken back.
    pub fn cancelling(&self) -> u32 {
        let infos = self.handle.state.infos.borrow();
        let here = self.handle.state.tasks.borrow().get(self.key).is_some();
        infos.get(&self.key.index).filter(|_| here).map_or(0, |info| info.cancelling)
    }

    /// Takes one cancel request back and returns how many remain. At none, a request
    /// that is not delivered yet is void; one that went on to what the task awaits is
    /// not called back.
    pub fn uncancel(&self) -> u32 {
        self.handle.state.uncancel(self.key)
    }
}
