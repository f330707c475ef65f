//! Leaves: what of the loop's own a task waits for.
//!
//! A leaf is one await of one thing: a future, a task, a sleep. It registers with the task
//! that polls it. The task keeps only how many leaves there are and the xor of their ids:
//! when there is one, the xor is its id.

use super::slots::Key;
use super::state::State;
use super::timer::SLEEP;
use std::rc::Rc;

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
    fn is_done(&self) -> bool;
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
}
