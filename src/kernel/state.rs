//! `State`: all memory of a loop, in one struct; `LoopHandle`: a way to it.
//!
//! One rule keeps re-entrancy harmless, in every file of the kernel: **no borrow of a
//! field is held across a callback, a poll, a wake, or a drop of user data**. What is to
//! be called or dropped is moved out first.

use super::cancel::Leaf;
use super::context;
use super::injector::{Injector, Refused};
use super::reactor::Reactor;
use super::ready::{Entry, Kind, Ready};
use super::slots::{Key, Slots};
use super::task::{Info, TaskEntry};
use super::timer::Timer;
use super::timers::Timers;
use super::waiters::{Waiter, Waiters};
use crate::call::Call;
use crate::clock::{Clock, Time};
use crate::exception::Handler;
use crate::observe::{Actor, Cause, Event, Moment, Observer};
use slab::Slab;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// A way to a loop from its own thread: cheap to clone, and harmless when the loop is
/// closed, which every call then says. [`RemoteHandle`](crate::RemoteHandle) is the way
/// for other threads.
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
    // tasks
    pub(crate) tasks: RefCell<Slots<TaskEntry>>,
    /// What few tasks have: a name of their own, a count of cancel requests.
    pub(crate) infos: RefCell<HashMap<Key, Info>>,
    pub(crate) leaves: RefCell<Slab<Leaf>>,
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
    /// Jobs on other threads that have not answered.
    pub(crate) jobs: Cell<usize>,
    // seeing
    pub(crate) observed: Cell<bool>,
    /// The user's, and debug mode's.
    pub(crate) observers: RefCell<[Option<Rc<dyn Observer>>; 2]>,
    /// Why the next wake happens, if not because somebody just woke.
    pub(crate) cause: Cell<Cause>,
    pub(crate) handler: RefCell<Option<Rc<Handler>>>,
    /// Where callbacks that wait were scheduled, when observed.
    pub(crate) origins: RefCell<HashMap<u64, &'static Location<'static>>>,
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

/// A wake that cannot be delivered is logged: there is nobody to give it back to.
pub(crate) fn inject_wake(injector: &Injector<Injected>, key: Key) {
    if let Err(Refused::Bell(_, error)) = injector.push(Injected::Wake(key)) {
        log::error!("cannot wake the event loop: {error}");
    }
}

impl State {
    pub(crate) fn new(clock: Clock) -> io::Result<Rc<State>> {
        let (reactor, bell) = Reactor::new()?;
        let epoll = reactor.try_clone_fd()?;
        let injector = Arc::new(Injector::new(Box::new(move || bell.wake())));
        let (id, floor) = context::register(&injector)?;
        let state = Rc::new(State {
            id,
            life: Cell::new(Life::Idle),
            time: Time::new(clock),
            ready: RefCell::new(Ready::new()),
            timers: RefCell::new(Timers::new()),
            reactor: RefCell::new(reactor),
            epoll,
            injector,
            presence: Arc::new(()),
            tasks: RefCell::new(Slots::new(floor)),
            infos: RefCell::default(),
            leaves: RefCell::new(Slab::new()),
            next_task: Cell::new(0),
            next_waiter: Cell::new(0),
            turns: Cell::new(0),
            steps: Cell::new(0),
            running: Cell::new(Entry::NOTHING),
            call_number: Cell::new(0),
            stopping: Cell::new(false),
            unasked: Cell::new(usize::MAX / 2), // ask in the first turn
            budget: Cell::new(0),
            jobs: Cell::new(0),
            observed: Cell::new(false),
            observers: RefCell::default(),
            cause: Cell::new(Cause::Wake),
            handler: RefCell::new(None),
            origins: RefCell::default(),
            extensions: RefCell::default(),
        });
        context::adopt(&state);
        Ok(state)
    }

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
    pub(crate) fn push_call(
        &self,
        write: impl FnOnce(&mut Call),
        at: &'static Location<'static>,
        cause: Cause,
    ) -> u64 {
        let number = self.ready.borrow_mut().push_call(write);
        if self.observed.get() {
            self.origins.borrow_mut().insert(number, at);
            self.tell_ready(Actor::Callback(number), cause);
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
                Waiter::Waker(waker) => self.wake_because(cause, &waker),
                Waiter::Call(call, at) => {
                    self.push_call(|place| *place = call, at, cause);
                }
            }
        }
    }

    /// Wakes by a waker, which may be anybody's code.
    #[inline]
    pub(crate) fn wake_because(&self, cause: Cause, waker: &Waker) {
        self.because(cause, || {
            self.contain("a waker", || waker.wake_by_ref());
        });
    }

    /// Gives the wakes in `f` their cause.
    #[inline]
    pub(crate) fn because(&self, cause: Cause, f: impl FnOnce()) {
        let before = self.cause.replace(cause);
        f();
        self.cause.set(before);
    }

    /// A number for a new waiter, from 1.
    pub(crate) fn waiter_number(&self) -> u64 {
        self.next_waiter.set(self.next_waiter.get() + 1);
        self.next_waiter.get()
    }

    /// Waits in a list under `number` (0: none yet), or under a new one if that is not
    /// there. What was replaced is for the caller to drop, outside of its borrow.
    pub(crate) fn await_in(
        &self,
        list: &mut Waiters,
        number: &mut u64,
        waker: &Waker,
    ) -> Option<Waker> {
        match list.update(*number, waker.clone()) {
            Ok(old) => Some(old),
            Err(waker) => {
                *number = self.waiter_number();
                list.push(*number, Waiter::Waker(waker));
                None
            }
        }
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

    // -- seeing: one branch when nobody looks ------------------------------

    /// Tells the observer, if there is one.
    #[inline]
    pub(crate) fn emit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if self.observed.get() {
            self.tell(&event());
        }
    }

    /// An observer that causes events is not told of those, and one that panics is taken
    /// off.
    #[cold]
    fn tell(&self, event: &Event<'_>) {
        let time = Duration::from_nanos(self.time.of_turn());
        let at = Moment { turn: self.turns.get(), time };
        self.observed.set(false);
        let observers = self.observers.borrow().clone();
        for (place, observer) in observers.iter().enumerate() {
            let told = |observer: &Rc<dyn Observer>| {
                self.contain("an observer", || observer.event(at, event))
            };
            if !observer.as_ref().is_none_or(told) {
                let gone = self.observers.borrow_mut()[place].take();
                drop(gone);
            }
        }
        self.observed.set(self.observers.borrow().iter().any(Option::is_some));
    }

    #[cold]
    fn tell_ready(&self, what: Actor, cause: Cause) {
        let running = self.running.get();
        let by = (running != Entry::NOTHING).then(|| self.actor(running));
        self.emit(|| Event::Ready { what, cause, by, rule: cause.rule(by.is_some()) });
    }

    pub(crate) fn actor(&self, entry: Entry) -> Actor {
        match entry.kind() {
            Kind::Task(key) => Actor::Task(self.tasks.borrow().get(key).map_or(0, |t| t.number)),
            Kind::Calls(_) | Kind::Nothing => Actor::Callback(self.call_number.get()),
            Kind::Timer(index) => Actor::Timer(index),
            Kind::Source(key) => Actor::Source(key.index()),
        }
    }
}
