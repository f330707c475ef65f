//! Registering what a task waits for; see `kernel/leaf.rs`.
//!
//! Leaves, sleeps and scopes share one space of ids, told apart by a mark.

use crate::kernel::{
    Key, Leaf, Over, Place, ROOT, SLEEP, Scope, State, Target, Timer, Waits, waker,
};
use std::task::{Context, Waker};

/// The id of a scope is its slot, marked.
const SCOPE: u32 = 1 << 30;

impl State {
    /// Where what is polled now would wait: none outside of a task.
    #[inline]
    pub(crate) fn place(&self) -> Option<Place> {
        Some(Place { task: self.current_task()?, scope: self.scope.get() })
    }

    /// Adds (1) or takes (-1) a leaf or scope to or from its place, if that is still there.
    #[inline]
    pub(crate) fn enrol(&self, place: Place, id: u32, by: u32) {
        if place.scope != ROOT {
            return self.enrol_in_scope(place.scope, id, by);
        }
        if let Some(task) = self.tasks.borrow_mut().get_mut(place.task) {
            task.waits.count = task.waits.count.wrapping_add(by);
            task.waits.ids ^= id;
        }
    }

    fn enrol_in_scope(&self, scope: u32, id: u32, by: u32) {
        let mut scopes = self.scopes.borrow_mut();
        let Some(around) = scopes.get_mut(scope as usize) else { return };
        around.waits.count = around.waits.count.wrapping_add(by);
        around.waits.ids ^= id;
        if around.over && around.waits.count == 0 {
            scopes.remove(scope as usize); // its waker went when it was over
        }
    }

    /// Registers an await with who polls it now, which may be another than before.
    pub(crate) fn await_leaf(&self, leaf: &mut Option<u32>, target: impl FnOnce() -> Target) {
        let here = self.place();
        if let Some(id) = *leaf {
            let there = self.leaves.borrow().get(id as usize).map(|leaf| leaf.place);
            if there == here {
                return;
            }
            if let (Some(there), Some(here)) = (there, here) {
                return self.move_leaf(id, there, here);
            }
            self.drop_leaf(id);
        }
        *leaf = here.map(|place| {
            let id = self.leaves.borrow_mut().insert(Leaf { place, target: target() }) as u32;
            self.enrol(place, id, 1);
            id
        });
    }

    #[cold]
    fn move_leaf(&self, id: u32, there: Place, here: Place) {
        if let Some(leaf) = self.leaves.borrow_mut().get_mut(id as usize) {
            leaf.place = here;
        }
        self.enrol(there, id, u32::MAX);
        self.enrol(here, id, 1);
        if there.task != here.task {
            self.take_back(there.task, id);
        }
    }

    pub(crate) fn drop_leaf(&self, id: u32) {
        let leaf = self.leaves.borrow_mut().try_remove(id as usize);
        if let Some(leaf) = leaf {
            self.enrol(leaf.place, id, u32::MAX);
            self.take_back(leaf.place.task, id);
        }
    }

    /// The one thing of the loop's own that a task waits for, if it is one.
    pub(crate) fn only_wait(&self, key: Key) -> Option<Target> {
        let waits = self.waits_within(key)?;
        match waits.count {
            1 if waits.ids & SLEEP != 0 => Some(Target::Sleep(waits.ids & !SLEEP)),
            1 => Some(self.leaves.borrow().get(waits.ids as usize)?.target.clone()),
            _ => None,
        }
    }

    /// What a task waits for, inside of the scopes that it is in.
    pub(crate) fn waits_within(&self, key: Key) -> Option<Waits> {
        let mut waits = self.tasks.borrow().get(key)?.waits;
        while waits.count == 1 && is_scope(waits.ids) {
            waits = self.scopes.borrow().get((waits.ids & !SCOPE) as usize)?.waits;
        }
        Some(waits)
    }

    /// The scope in which a cancellation arrives: down from the task while there is
    /// exactly one scope and no leaf beside it.
    pub(crate) fn innermost_scope(&self, key: Key) -> u32 {
        let (tasks, scopes) = (self.tasks.borrow(), self.scopes.borrow());
        let mut found = ROOT;
        let mut waits = tasks.get(key).map(|task| task.waits);
        while let Some(one) = waits.filter(|waits| waits.count == 1 && is_scope(waits.ids)) {
            found = one.ids & !SCOPE;
            waits = scopes.get(found as usize).map(|scope| scope.waits);
        }
        found
    }

    /// Whether the task waits for other things than this scope, which it had opened, as in a
    /// join or if it was moved to another task.
    pub(crate) fn waits_beside(&self, task: Key, scope: u32) -> bool {
        let (tasks, scopes) = (self.tasks.borrow(), self.scopes.borrow());
        let Some(there) = scopes.get(scope as usize).filter(|there| !there.over) else {
            return false;
        };
        if there.place.task != task {
            return true; // it moved
        }
        let mut beside = true;
        let mut waits = tasks.get(task).map(|task| task.waits);
        while let Some(one) = waits.filter(|waits| waits.count == 1 && is_scope(waits.ids)) {
            let inner = one.ids & !SCOPE;
            beside &= inner != scope;
            waits = scopes.get(inner as usize).map(|scope| scope.waits);
        }
        beside
    }

    /// What waits in a scope, inside of the scopes that are in it; and how to wake who polls it.
    pub(crate) fn waits_in_scope(&self, scope: u32) -> Option<(Waits, Waker)> {
        let scopes = self.scopes.borrow();
        let scope = scopes.get(scope as usize)?;
        let mut waits = scope.waits;
        while waits.count == 1 && is_scope(waits.ids) {
            waits = scopes.get((waits.ids & !SCOPE) as usize)?.waits;
        }
        Some((waits, scope.waker.clone()))
    }

    /// Registers a scope in `place`.
    pub(crate) fn open_scope(&self, place: Place, waker: Waker) -> u32 {
        let scope = Scope { place, waits: Waits::default(), waker, marked: false, over: false };
        let id = self.scopes.borrow_mut().insert(scope) as u32;
        self.enrol(place, id | SCOPE, 1);
        id
    }

    /// A scope is polled: by whom, and where.
    pub(crate) fn move_scope(&self, id: u32, place: Place, waker: Waker) {
        let mut scopes = self.scopes.borrow_mut();
        let Some(scope) = scopes.get_mut(id as usize) else { return };
        let before = std::mem::replace(&mut scope.place, place);
        let old = std::mem::replace(&mut scope.waker, waker);
        drop(scopes);
        if before != place {
            self.enrol(before, id | SCOPE, u32::MAX);
            self.enrol(place, id | SCOPE, 1);
        }
        self.reports.contain("a waker", || drop(old));
    }

    /// A scope is over. What was moved out of it may still wait; the last keeps the slot.
    /// Answers where it was, and whether a cancellation was on its way to it.
    pub(crate) fn close_scope(&self, id: u32) -> Option<(Place, bool)> {
        let mut scopes = self.scopes.borrow_mut();
        let scope = scopes.get_mut(id as usize)?;
        let (place, marked) = (scope.place, std::mem::take(&mut scope.marked));
        let old = std::mem::replace(&mut scope.waker, Waker::noop().clone());
        scope.over = true;
        if scope.waits.count == 0 {
            scopes.remove(id as usize);
        }
        drop(scopes);
        self.enrol(place, id | SCOPE, u32::MAX);
        self.reports.contain("a waker", || drop(old));
        Some((place, marked))
    }

    pub(crate) fn is_marked(&self, id: u32) -> bool {
        self.scopes.borrow().get(id as usize).is_some_and(|scope| scope.marked)
    }

    /// Marks the innermost scope inside of this one of the task that is stepping.
    pub(crate) fn mark_within(&self, id: u32) -> Option<u32> {
        let task = self.current_task()?;
        let scopes = self.scopes.borrow();
        let mut found = id;
        while let Some(waits) = scopes.get(found as usize).map(|scope| scope.waits) {
            if waits.count != 1 || !is_scope(waits.ids) {
                break;
            }
            found = waits.ids & !SCOPE;
        }
        drop(scopes);
        (found != id).then(|| {
            self.mark(task, found);
            found
        })
    }

    /// Takes the mark of a scope, if it has one, and answers which scope is around it.
    pub(crate) fn unmark(&self, id: u32) -> Option<u32> {
        let mut scopes = self.scopes.borrow_mut();
        let scope = scopes.get_mut(id as usize).filter(|scope| scope.marked)?;
        scope.marked = false;
        let mut around = scope.place.scope;
        // One that is over catches nothing, though it keeps its slot.
        while let Some(over) = scopes.get(around as usize).filter(|scope| scope.over) {
            around = over.place.scope;
        }
        Some(around)
    }

    /// While a cancellation is raised again from inside a task, what is ready beside it in
    /// that task makes no progress: it is about to be dropped, or polled once more.
    #[inline]
    pub(crate) fn holds_back(&self, cx: &Context<'_>) -> bool {
        self.raising.get().is_some() && self.hold_back(cx.waker())
    }

    #[cold]
    fn hold_back(&self, newest: &Waker) -> bool {
        let Some(task) = self.current_task() else { return false };
        if !waker::is_of(newest, self.id, task) {
            // A combinator that polls only whom it was told to.
            self.wake_unqueued(task, newest.clone());
        }
        true
    }

    /// Calls a waker of the task that is stepping, which is going to be polled in this same
    /// step: so that does not queue it for another.
    pub(crate) fn wake_unqueued(&self, task: Key, newest: Waker) {
        let set = |queued| {
            let mut tasks = self.tasks.borrow_mut();
            tasks.get_mut(task).map(|task| std::mem::replace(&mut task.queued, queued))
        };
        let before = set(true);
        self.reports.contain("a waker", || newest.wake());
        set(before.unwrap_or(false));
    }
}

impl Timer {
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Timer::Task(task, scope, _) => Some(Place { task: *task, scope: *scope }),
            Timer::Other(sleeper) => sleeper.place,
            Timer::Call(_) | Timer::Limit(..) => None,
        }
    }

    pub(crate) fn over(&self) -> Over {
        match self {
            Timer::Task(_, _, over) | Timer::Limit(_, _, over) => *over,
            Timer::Other(sleeper) => sleeper.over,
            Timer::Call(_) => Over::No,
        }
    }
}

fn is_scope(id: u32) -> bool {
    id & SLEEP == 0 && id & SCOPE != 0
}
