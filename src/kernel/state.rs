//! `State`: all memory of a loop, in one struct; `LoopHandle`: a way to it.
//!
//! One rule keeps re-entrancy harmless, in every file of the kernel: **no borrow of a
//! field is held across a callback, a poll, a wake, or a drop of user data**. What is to
//! be called or dropped is moved out first.

use super::injector::Injector;
use super::leaf::{Awaited, Leaf, Scope};
use super::reactor::Reactor;
use super::ready::{Entry, Kind, Ready};
use super::slots::{Key, Slots};
use super::task::{Info, TaskEntry};
use super::timer::Timer;
use super::timers::Timers;
use super::waiters::Waiter;
use crate::call::Call;
use crate::clock::Time;
use crate::exception::Reports;
use crate::observe::{Actor, Cause, Event, Observer, Site};
use slab::Slab;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;

/// A way to a loop from its own thread: cheap to clone, harmless when the loop is closed.
/// [`RemoteHandle`](crate::RemoteHandle) is the way for other threads.
#[derive(Clone)]
pub struct LoopHandle {
    pub(crate) state: Rc<State>,
}

pub(crate) struct State {
    pub(crate) id: u16,
    pub(crate) life: Cell<Life>,
    pub(crate) time: Time,
    // what runs next
    pub(crate) ready: RefCell<Ready>,
    pub(crate) timers: RefCell<Timers<Timer>>,
    pub(crate) reactor: RefCell<Reactor>,
    pub(crate) injector: Arc<Injector<Injected>>,
    /// Shared with every `RemoteHandle`: while there is one, other threads may call in.
    pub(crate) presence: RefCell<std::sync::Weak<dyn Send + Sync>>,
    // tasks
    pub(crate) tasks: RefCell<Slots<TaskEntry>>,
    /// What few tasks have: a name of their own, a count of cancel requests.
    pub(crate) infos: RefCell<HashMap<Key, Info>>,
    pub(crate) leaves: RefCell<Slab<Leaf>>,
    pub(crate) scopes: RefCell<Slab<Scope>>,
    /// Pending futures that not only tasks of this loop wait for.
    pub(crate) pending: RefCell<Vec<Weak<dyn Awaited>>>,
    pub(crate) next_task: Cell<u32>,
    /// Numbers waiters, so that each is found in its list.
    pub(crate) next_waiter: Cell<u64>,
    // the turn
    pub(crate) turns: Cell<u64>,
    /// Steps of tasks so far: `yield_now` is over when this has moved.
    pub(crate) steps: Cell<u64>,
    /// What step 6 runs at this moment, and if it is a callback, its number.
    pub(crate) running: Cell<Entry>,
    pub(crate) call_number: Cell<u64>,
    pub(crate) stopping: Cell<bool>,
    /// Entries run since the kernel was last asked for events.
    pub(crate) unasked: Cell<usize>,
    /// I/O operations that the running task may still do before it must yield.
    pub(crate) budget: Cell<u32>,
    /// The scope around what is polled now; the one in which a cancellation is raised again.
    pub(crate) scope: Cell<u32>,
    pub(crate) raising: Cell<Option<u32>>,
    /// Jobs on other threads that have not answered.
    pub(crate) jobs: Cell<usize>,
    // seeing
    /// Somebody wants to be told: an observer, or, at rest, who watches our descriptor.
    pub(crate) observed: Cell<bool>,
    /// The user's, and debug mode's.
    pub(crate) observers: RefCell<[Option<Rc<dyn Observer>>; 2]>,
    /// Why the next wake happens, if not because somebody just woke.
    pub(crate) cause: Cell<Cause>,
    pub(crate) reports: Reports,
    /// Where callbacks that wait were scheduled, when observed.
    pub(crate) origins: RefCell<HashMap<u64, Site>>,
    /// What upper layers keep with the loop, such as its pool of threads.
    pub(crate) extensions: RefCell<Vec<Rc<dyn Any>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Nobody drives it, and nothing is ready: the first entry rings the bell.
    Resting,
    /// Nobody drives it, and the bell was rung.
    Idle,
    Running,
    /// Closed from inside a run: closes when the turn is over.
    Closing,
    Closed,
}

/// What another thread may send.
pub(crate) enum Injected {
    Wake(Key),
    Complete(Arc<dyn Completion>),
}

/// Something that another thread has finished, to be told to the loop's own thread.
pub trait Completion: Send + Sync {
    /// Runs on the loop's thread, as a callback.
    fn complete(self: Arc<Self>);

    /// Runs instead, on any thread, when the loop was closed or could not be woken.
    fn lost(self: Arc<Self>) {}
}

/// Telling observers what happens is done above the kernel (`crate::watch`); one branch
/// when nobody looks.
pub(crate) trait Watching {
    fn tell(&self, event: &Event<'_>);
    fn tell_ready(&self, what: Actor, cause: Cause);
    fn tell_queued(&self, call: u64, at: Site, cause: Cause);
    fn tell_spawned(&self, key: Key, at: Site);
    fn actor(&self, entry: Entry) -> Actor;
    /// Runs an entry, and tells before and after.
    fn run_watched(&self, entry: Entry);
}

impl State {
    /// Puts `entry` at the back of the ready queue.
    #[inline]
    pub(crate) fn push(&self, entry: Entry, cause: Cause) {
        self.ready.borrow_mut().push(entry);
        if self.observed.get() {
            self.tell_ready(self.actor(entry), cause);
        }
    }

    /// Queues a callback, which `write` puts into its place, and answers its number.
    #[inline(always)]
    pub(crate) fn push_call(&self, write: impl FnOnce(&mut Call), at: Site, cause: Cause) -> u64 {
        let number = self.ready.borrow_mut().push_call(write);
        if self.observed.get() {
            self.tell_queued(number, at, cause);
        }
        number
    }

    /// Wakes a task: it will be polled once, however often this is called before (rule
    /// 5). A wake for a task that is done or gone does nothing (rule 6).
    #[inline]
    pub(crate) fn wake(&self, key: Key) {
        let mut tasks = self.tasks.borrow_mut();
        let gone = match tasks.get_mut(key) {
            Some(task) if task.can_wake() => {
                task.queued = true;
                drop(tasks);
                return self.push(Entry::task(key), self.cause.get());
            }
            Some(task) => task.is_done(),
            None => true,
        };
        drop(tasks);
        if gone {
            self.emit(|| Event::StaleWake);
        }
    }

    /// Makes ready, in their order, all that waited for something that is done (rule 8).
    pub(crate) fn wake_all(&self, waiters: impl Iterator<Item = Waiter>, cause: Cause) {
        for waiter in waiters {
            match waiter {
                Waiter::Waker(waker) => self.wake_because(cause, waker),
                Waiter::Call(call, at) => {
                    self.push_call(|place| *place = call, at, cause);
                }
            }
        }
    }

    /// Wakes by a waker, which may be anybody's code.
    #[inline]
    pub(crate) fn wake_because(&self, cause: Cause, waker: Waker) {
        self.because(cause, || {
            self.reports.contain("a waker", || waker.wake());
        });
    }

    /// Gives the wakes in `f` their cause.
    #[inline]
    pub(crate) fn because(&self, cause: Cause, f: impl FnOnce()) {
        let before = self.cause.replace(cause);
        f();
        self.cause.set(before);
    }

    #[inline]
    pub(crate) fn current_task(&self) -> Option<Key> {
        match self.running.get().kind() {
            Kind::Task(key) => Some(key),
            _ => None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.life.get() == Life::Closed
    }

    /// Tells the observers, if there are any.
    #[inline]
    pub(crate) fn emit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if self.observed.get() {
            self.tell(&event());
        }
    }
}
