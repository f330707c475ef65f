//! Cancel requests: where they go, and when they arrive.
//!
//! A request goes first to what the task waits for, if that is one thing of the loop's
//! own: a future, a task (and so on down), a sleep. If that accepts, its end is what
//! brings the cancellation to the task. Otherwise the task itself keeps the request.
//! Either way it arrives at the start of the task's next step (rule 10), in the innermost
//! `catch_cancel` around the await; without one the body is dropped, unpolled. What is over
//! in a join asks its own scope alone.

use crate::TaskRef;
use crate::kernel::waker;
use crate::kernel::{
    Cancel, Cancelling, Entry, Key, Over, Phase, Polled, ROOT, SLEEP, State, Target, TaskEntry,
    Timer,
};
use crate::observe::{Cause, Event, Outcome};
use crate::stage::BoxBody;
use std::cell::RefCell;
use std::collections::HashSet;
use std::task::{Poll, Waker};

thread_local! {
    /// Whom the [`cancel_each`] under way has asked, by loop and task.
    static ASKED: RefCell<Option<HashSet<(u16, Key)>>> = const { RefCell::new(None) };
}

/// Cancels many tasks at once, in their order. Before any of them runs, one that awaits
/// another reaches nobody whom that one has not: so each is asked by one way only, and a
/// chain of tasks costs no more than its length.
pub(crate) fn cancel_each(tasks: &[TaskRef]) {
    struct Over(Option<HashSet<(u16, Key)>>);
    impl Drop for Over {
        fn drop(&mut self) {
            ASKED.set(self.0.take());
        }
    }
    let _over = Over(ASKED.replace(Some(HashSet::new())));
    for task in tasks {
        task.cancel();
    }
}

impl TaskRef {
    /// Asks the task to end. The request is delivered at the start of its next step, in
    /// the next turn (rule 10), where its future is dropped; what the task awaits is asked
    /// first, and a task or future that is awaited is cancelled in turn. A task that has
    /// not begun never does. Returns whether there was anything to cancel: false when it
    /// is done.
    pub fn cancel(&self) -> bool {
        self.handle.state.request_cancel(self.key)
    }

    /// How many cancel requests were made and not taken back.
    pub fn cancelling(&self) -> u32 {
        self.handle.state.cancel_requests(self.key)
    }

    /// Takes one cancel request back and returns how many remain. At none, a request that
    /// is not delivered yet is void; one that went on to what the task awaits is not
    /// called back.
    pub fn uncancel(&self) -> u32 {
        self.phase().map_or(0, |_| self.handle.state.uncancel(self.key))
    }
}

impl Cancelling for State {
    fn expire(&self, timer: u32, task: Key, scope: u32) {
        let Some(leaf) = self.ask_scope(task, scope) else { return };
        let mut timers = self.timers.borrow_mut();
        match timers.at(timer) {
            Some(Timer::Limit(whose, place, over @ Over::Elapsed)) if *whose == task => {
                (*place, *over) = (leaf, Over::Cancelled);
            }
            _ => {} // it was left meanwhile
        }
    }

    /// Whether a step must deliver a cancellation instead of polling.
    fn must_deliver(&self, key: Key, cancel: Cancel) -> bool {
        if cancel != Cancel::PassedOn {
            return true;
        }
        let ended = self.ended_cancelled(self.went_to(key));
        // A task that waits for several things by now may be woken by another of them.
        if ended.is_none() {
            self.set_cancel(key, cancel);
        }
        ended == Some(true)
    }

    /// Sends a request on from `key` to what it waits for, as far as that goes. A loop, not
    /// a recursion: chains of tasks may be long, and circles end where they began.
    fn route_cancel(&self, key: Key) {
        let (mut at, mut passed) = (key, HashSet::new());
        while let Some(Target::Task(next)) = self.waits_now(at) {
            let unfinished = self.tasks.borrow().get(next).is_some_and(|task| !task.is_done());
            if !unfinished {
                break;
            }
            if passed.contains(&next) || next == at {
                break;
            }
            self.pass_on(at);
            self.count_request(next);
            if self.was_asked(next) {
                return;
            }
            passed.insert(at);
            at = next;
        }
        let kept = match self.pass_on(at) {
            Some(Cancel::PassedOn | Cancel::Both) => Cancel::Both,
            _ => Cancel::Pending,
        };
        match self.waits_now(at) {
            Some(Target::Future(future)) if future.clone().cancel() => {}
            // One whose children are done, and which will be done in its time.
            Some(Target::Future(future)) if !future.is_done() => {
                self.set_cancel(at, kept);
            }
            Some(Target::Sleep(timer))
                if self.finish_sleep(timer, Over::Cancelled, Cause::Cancel) => {}
            _ => self.keep_cancel(at, kept),
        }
    }

    fn deliver(&self, key: Key, body: BoxBody, polled: Option<Polled>) -> Outcome {
        match (polled, self.raising.get()) {
            (None, _) => self.deliver_in(self.innermost_scope(key), key, body),
            (Some(Ok(Poll::Pending)), Some(scope)) => self.deliver_in(scope, key, body),
            (Some(polled), _) => self.end_raising(key, body, polled),
        }
    }
}

impl State {
    /// Asks a task to end. False if it is done.
    pub(crate) fn request_cancel(&self, key: Key) -> bool {
        self.see_panic(key);
        let tasks = self.tasks.borrow();
        let Some(task) = tasks.get(key).filter(|task| !task.is_done()) else { return false };
        let task = task.number;
        drop(tasks);
        self.emit(|| Event::CancelRequested { task });
        self.count_request(key);
        if !self.was_asked(key) {
            self.route_cancel(key);
        }
        true
    }

    /// Asks a scope of a task to end: by a request to the task, which counts as one, if the
    /// task waits for nothing else. In a join or a select that would be for all that waits
    /// there: then only what is waited for in the scope is asked, and this gives the leaf
    /// (`ROOT`: none) whose end is to be waited for. See [`ended_cancelled`](Self::ended_cancelled).
    pub(crate) fn ask_scope(&self, task: Key, scope: u32) -> Option<u32> {
        if !self.waits_beside(task, scope) {
            self.request_cancel(task);
            return None;
        }
        let (waits, waker) = self.waits_in_scope(scope)?;
        let leaf = self.leaves.borrow().get(waits.ids as usize).map(|leaf| leaf.target.clone());
        let accepted = match leaf {
            _ if waits.count != 1 => false,
            _ if waits.ids & SLEEP != 0 => {
                self.finish_sleep(waits.ids & !SLEEP, Over::Cancelled, Cause::Cancel)
            }
            Some(Target::Task(next)) => self.request_cancel(next),
            Some(Target::Future(future)) => future.cancel(),
            Some(Target::Sleep(_)) | None => false,
        };
        if !accepted {
            self.wake_because(Cause::Cancel, waker);
        }
        Some(if accepted { waits.ids } else { ROOT })
    }

    /// Whether what a request went to did end by it; none: it has not ended.
    pub(crate) fn ended_cancelled(&self, leaf: u32) -> Option<bool> {
        // A sleep has no other end; nor is there anything to wait for where a leaf is gone.
        let target = self.leaves.borrow().get(leaf as usize).map(|leaf| leaf.target.clone());
        match target.filter(|_| leaf & SLEEP == 0) {
            Some(Target::Future(future)) => future.is_done().then(|| future.ended_cancelled()),
            Some(Target::Task(next)) => match self.tasks.borrow().get(next) {
                Some(next) if !next.is_done() => None,
                next => Some(next.is_some_and(|task| task.phase == Phase::Cancelled)),
            },
            Some(Target::Sleep(_)) | None => Some(true),
        }
    }

    /// Has a cancellation arrive in `scope`, or else in the one around it, and so on out to
    /// the task itself, whose body is dropped. What is raised again meanwhile goes on from
    /// there.
    fn deliver_in(&self, mut scope: u32, key: Key, mut body: BoxBody) -> Outcome {
        while scope != ROOT {
            self.mark(key, scope);
            let polled = self.poll_task(key, &mut body);
            if !matches!(polled, Ok(Poll::Pending)) {
                return self.end_raising(key, body, polled);
            }
            let missed = self.unmark(scope);
            let Some(next) = missed.or(self.raising.get()) else {
                return self.end_step(key, body, polled);
            };
            if self.raising.get().is_some() {
                self.raising.set(Some(next));
            }
            scope = next;
        }
        self.raising.set(None);
        self.end_cancelled(key, body)
    }

    /// The task ended although a cancellation was on its way in it: that stays pending.
    fn end_raising(&self, key: Key, body: BoxBody, polled: Polled) -> Outcome {
        if self.raising.take().is_some() {
            self.set_cancel(key, Cancel::Pending);
        }
        self.end_step(key, body, polled)
    }

    /// Marks a scope, and sees to it that the task's next poll gets there.
    pub(crate) fn mark(&self, key: Key, scope: u32) {
        let mut scopes = self.scopes.borrow_mut();
        let Some(scope) = scopes.get_mut(scope as usize) else { return };
        scope.marked = true;
        if waker::is_of(&scope.waker, self.id, key) {
            return;
        }
        // A combinator that polls only whom it was told to.
        let foreign = std::mem::replace(&mut scope.waker, Waker::noop().clone());
        drop(scopes);
        self.wake_unqueued(key, foreign);
    }
}

impl State {
    /// As [`only_wait`](Self::only_wait); of a task that is stepping nothing is known yet.
    fn waits_now(&self, key: Key) -> Option<Target> {
        match self.tasks.borrow().get(key)?.phase {
            Phase::Stepping => None,
            _ => self.only_wait(key),
        }
    }

    /// A task's request goes to the one thing that the task waits for.
    /// Answers what became of the last request before.
    fn pass_on(&self, key: Key) -> Option<Cancel> {
        let id = self.waits_within(key).map_or(0, |waits| waits.ids);
        self.infos.borrow_mut().entry(key).or_default().went_to = id;
        self.set_cancel(key, Cancel::PassedOn)
    }

    fn went_to(&self, key: Key) -> u32 {
        self.infos.borrow().get(&key).map_or(0, |info| info.went_to)
    }

    /// The task does not wait for this any more. If its request went there, that is the
    /// task's again.
    pub(crate) fn take_back(&self, key: Key, leaf: u32) {
        let passed_on = |task: &TaskEntry| matches!(task.cancel, Cancel::PassedOn | Cancel::Both);
        let went = self.tasks.borrow().get(key).is_some_and(passed_on);
        if went && self.went_to(key) == leaf {
            self.keep_cancel(key, Cancel::Pending);
        }
    }

    /// Answers what it was before.
    pub(crate) fn set_cancel(&self, key: Key, cancel: Cancel) -> Option<Cancel> {
        let mut tasks = self.tasks.borrow_mut();
        tasks.get_mut(key).map(|task| std::mem::replace(&mut task.cancel, cancel))
    }

    /// The task itself keeps the request, and is scheduled for the delivery; unless it is
    /// stepping: then the end of the step sees to it.
    fn keep_cancel(&self, key: Key, cancel: Cancel) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else { return };
        task.cancel = cancel;
        if task.can_wake() && task.phase != Phase::Stepping {
            task.queued = true;
            drop(tasks);
            self.push(Entry::task(key), Cause::Cancel);
        }
    }

    fn count_request(&self, key: Key) {
        let mut infos = self.infos.borrow_mut();
        let info = infos.entry(key).or_default();
        info.cancelling = info.cancelling.saturating_add(1);
    }

    /// Whether the [`cancel_each`] under way, if there is one, has asked this task before.
    fn was_asked(&self, key: Key) -> bool {
        ASKED.with_borrow_mut(|asked| asked.as_mut().is_some_and(|a| !a.insert((self.id, key))))
    }

    /// Somebody looked at how the task ended: a panic in it need not be reported.
    pub(crate) fn see_panic(&self, key: Key) {
        let mut tasks = self.tasks.borrow_mut();
        if let Some(task) = tasks.get_mut(key).filter(|task| task.phase == Phase::Panicked) {
            task.phase = Phase::PanicSeen;
        }
    }

    /// `Task::uncancel`: takes one request back; at none, an undelivered one is void.
    pub(crate) fn uncancel(&self, key: Key) -> u32 {
        let mut infos = self.infos.borrow_mut();
        let Some(info) = infos.get_mut(&key) else { return 0 };
        info.cancelling = info.cancelling.saturating_sub(1);
        let left = info.cancelling;
        if let Some(task) = self.tasks.borrow_mut().get_mut(key) {
            match task.cancel {
                Cancel::Pending if left == 0 => task.cancel = Cancel::No,
                Cancel::Both if left == 0 => task.cancel = Cancel::PassedOn,
                _ => {}
            }
        }
        left
    }

    pub(crate) fn cancel_requests(&self, key: Key) -> u32 {
        self.infos.borrow().get(&key).map_or(0, |info| info.cancelling)
    }

    /// What a task waits for, in words, for reports.
    pub(crate) fn waits_for(&self, key: Key) -> String {
        let tasks = self.tasks.borrow();
        let new = tasks.get(key).is_some_and(|task| task.phase == Phase::New);
        drop(tasks);
        let count = self.waits_within(key).map_or(0, |waits| waits.count);
        match self.only_wait(key) {
            Some(Target::Task(next)) => format!("the task {}", self.task_name(next)),
            Some(Target::Future(_)) => "a future".to_owned(),
            Some(Target::Sleep(slot)) if self.timers.borrow().is_parked(slot) => {
                "its turn in a queue".to_owned()
            }
            Some(Target::Sleep(_)) => "a time that has not come".to_owned(),
            None if new => "its first step".to_owned(),
            None if count > 1 => format!("{count} things at once"),
            None => "a wake from outside the loop".to_owned(),
        }
    }
}
