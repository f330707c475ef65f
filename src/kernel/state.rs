//! `State`: all memory of a loop, in one struct; `LoopHandle`: a way to it.
//!
//! One rule keeps re-entrancy harmless, here and in every file of the kernel: **no
//! borrow of a field is held across a callback, a poll, a wake, or a drop of user
//! data**. What is to be called or dropped is moved out first.

use super::call::Call;
use super::cancel::Leaf;
use super::clock::Time;
use super::exception::Handler;
use super::injector::{Injector, Refused};
use super::observe::{Actor, Cause, Event, Moment, Observer};
use super::reactor::Reactor;
use super::ready::{Entry, Ready};
use super::sleep::Timer;
use super::slots::{Key, Slots};
use super::task::{Info, TaskEntry};
use super::timers::Timers;
use super::waiters::{Waiter, Waiters};
use slab::Slab;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// A way to a loop from its own thread: cheap to clone, and harmless when the loop is
/// closed, which every call then says. [`RemoteHandle`](crate::RemoteHandle) is the
/// way for other threads.
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
    /// The reactor's descriptor once more, for those who embed the loop.
    pub(crate) epoll: OwnedFd,
    pub(crate) injector: Arc<Injector<Injected>>,
    /// Shared with every `RemoteHandle`: while there is one, other threads may call in.
    pub(crate) presence: Arc<()>,
    /// What step 3 takes in; kept, so that its memory is used again.
    pub(crate) inbox: RefCell<Vec<(u64, Injected)>>,
    // tasks
    pub(crate) tasks: RefCell<Slots<TaskEntry>>,
    /// What few tasks have: a name of their own, a count of cancel requests.
    pub(crate) infos: RefCell<HashMap<u32, Info>>,
    pub(crate) leaves: RefCell<Slab<Leaf>>,
    pub(crate) next_task: Cell<u32>,
    /// Numbers waiters, so that each is found in its list.
    pub(crate) next_waiter: Cell<u64>,
    // the turn
    pub(crate) turns: Cell<u64>,
    /// Steps of tasks so far: `yield_now` is over when this has moved.
    pub(crate) steps: Cell<u64>,
    /// What step 6 runs at this moment, and if it is a callback, its number.
    pub(crate) running: Cell<Option<Entry>>,
    pub(crate) call_number: Cell<u64>,
    pub(crate) stopping: Cell<bool>,
    /// Entries run since the kernel was last asked for events.
    pub(crate) unasked: Cell<usize>,
    /// I/O operations that the running task may still do before it must yield.
    pub(crate) budget: Cell<u32>,
    /// Jobs on other threads that have not answered.
    pub(crate) jobs: Cell<usize>,
    // seeing
    pub(crate) observed: Cell<bool>,
    pub(crate) observer: RefCell<Option<Rc<dyn Observer>>>,
    /// Why the next wake happens, if not because somebody just woke.
    pub(crate) cause: Cell<Cause>,
    pub(crate) handler: RefCell<Option<Rc<Handler>>>,
    pub(crate) debug: Cell<bool>,
    pub(crate) slow: Cell<Duration>,
    /// What upper layers keep with the loop, such as its pool of threads.
    pub(crate) extensions: RefCell<Vec<Rc<dyn Any>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
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
}

/// A wake that cannot be delivered is logged: there is nobody to give it back to. The
/// word stays in the inbox, so that the task runs when the loop next looks.
pub(crate) fn inject_wake(injector: &Injector<Injected>, key: Key) {
    if let Err(Refused::Bell(_, error)) = injector.push(Injected::Wake(key)) {
        log::error!("cannot wake the event loop: {error}");
    }
}

impl State {
    /// Puts `entry` at the back of the ready queue.
    #[inline]
    pub(crate) fn push(&self, entry: Entry, cause: Cause) {
        self.ready.borrow_mut().push(entry);
        if self.observed.get() {
            self.emit_ready(entry, cause);
        }
    }

    /// Queues a callback and answers its number.
    #[inline]
    pub(crate) fn push_call(
        &self,
        call: Call,
        at: &'static Location<'static>,
        cause: Cause,
    ) -> u64 {
        let kept = (self.debug.get() || self.observed.get()).then_some(at);
        let number = self.ready.borrow_mut().push_call(call, kept);
        if self.observed.get() {
            self.emit_became_ready(Actor::Callback(number), cause);
        }
        number
    }

    /// Wakes a task: it will be polled once, however often this is called before
    /// (rule 5). A wake for a task that is done or gone does nothing (rule 6).
    #[inline]
    pub(crate) fn wake(&self, key: Key) {
        let mut tasks = self.tasks.borrow_mut();
        match tasks.get_mut(key) {
            Some(task) if task.can_wake() => task.queued = true,
            Some(task) if !task.is_done() => return,
            _ => {
                drop(tasks);
                return self.emit(|| Event::StaleWake);
            }
        }
        drop(tasks);
        self.push(Entry::Task(key), self.cause.get());
    }

    /// Makes ready, in their order, all that waited for something that is done (rule 8).
    pub(crate) fn wake_all(&self, waiters: impl Iterator<Item = Waiter>, cause: Cause) {
        for waiter in waiters {
            match waiter {
                Waiter::Waker(waker) => self.wake_because(cause, &waker),
                Waiter::Call(call, at) => {
                    let here = Location::caller();
                    self.push_call(call, at.unwrap_or(here), cause);
                }
            }
        }
    }

    /// Wakes by a waker, which may be anybody's code.
    #[inline]
    pub(crate) fn wake_because(&self, cause: Cause, waker: &Waker) {
        let before = self.cause.replace(cause);
        self.contain("a waker", || waker.wake_by_ref());
        self.cause.set(before);
    }

    /// A number for a new waiter.
    pub(crate) fn waiter_number(&self) -> u64 {
        let number = self.next_waiter.get();
        self.next_waiter.set(number + 1);
        number
    }

    /// Waits in a list under `number`, or under a new one if that is not there. What
    /// was replaced is for the caller to drop, outside of its borrow.
    pub(crate) fn await_in(
        &self,
        list: &mut Waiters,
        number: &mut Option<u64>,
        waker: &Waker,
    ) -> Option<Waker> {
        let waker = match number.map(|number| list.update(number, waker.clone())) {
            Some(Ok(old)) => return Some(old),
            Some(Err(waker)) => waker,
            None => waker.clone(),
        };
        let new = self.waiter_number();
        list.push(new, Waiter::Waker(waker));
        *number = Some(new);
        None
    }

    pub(crate) fn current_task(&self) -> Option<Key> {
        match self.running.get() {
            Some(Entry::Task(key)) => Some(key),
            _ => None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.life.get() == Life::Closed
    }

    // -- seeing: one branch when nobody looks ------------------------------

    /// Tells the observer, if there is one.
    #[inline]
    pub(crate) fn emit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if self.observed.get() {
            self.tell(&event());
        }
    }

    #[cold]
    fn tell(&self, event: &Event<'_>) {
        let time = Duration::from_nanos(self.time.of_turn());
        let at = Moment { turn: self.turns.get(), time };
        let observer = self.observer.borrow().clone();
        let Some(observer) = observer else { return };
        // An observer that causes events of its own is not told of them.
        self.observed.set(false);
        let well = self.contain("an observer", || observer.event(at, event));
        let kept = self.observer.borrow().is_some();
        if !well {
            let gone = self.observer.take();
            drop(gone);
        }
        self.observed.set(well && kept);
    }

    #[cold]
    fn emit_ready(&self, entry: Entry, cause: Cause) {
        self.emit_became_ready(self.actor(entry), cause);
    }

    #[cold]
    fn emit_became_ready(&self, what: Actor, cause: Cause) {
        let running = self.running.get();
        let by = running.map(|entry| self.actor(entry));
        self.tell(&Event::Ready { what, cause, by, rule: cause.rule(running.is_some()) });
    }

    pub(crate) fn actor(&self, entry: Entry) -> Actor {
        match entry {
            Entry::Task(key) => Actor::Task(self.tasks.borrow().get(key).map_or(0, |t| t.number)),
            Entry::Call => Actor::Callback(self.call_number.get()),
            Entry::Timer(index, _) => Actor::Timer(index),
            Entry::Source(key) => Actor::Source(key.index),
        }
    }
}
