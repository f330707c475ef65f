//! `EventLoop`: the loop's owner, how it is made, and its settings.

use crate::clock::{NEVER, Time, nanos};
use crate::error::{NoRunningLoop, Payload};
use crate::exception::{ExceptionContext, Reports};
use crate::kernel::{Entry, Injector, Life, ROOT, Reactor, Ready, Slots, State, Timers, context};
use crate::observe::Cause;
use crate::{Clock, LoopHandle};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// An event loop, and its owner: dropping it closes it. All it can do is on
/// [`LoopHandle`], to which it derefs.
pub struct EventLoop {
    handle: LoopHandle,
    /// The reactor's descriptor once more, for those who embed the loop.
    epoll: OwnedFd,
}

/// Settings for a new loop; see [`EventLoop::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    clock: Clock,
    debug: bool,
    slow: Duration,
    pub(crate) max_workers: Option<usize>,
    pub(crate) worker_idle: Duration,
}

impl EventLoop {
    /// A loop on real time, with the defaults.
    ///
    /// # Errors
    /// When the operating system has no descriptors left for it.
    pub fn new() -> io::Result<EventLoop> {
        EventLoop::builder().build()
    }

    /// Settings to make a loop with.
    pub fn builder() -> Builder {
        Builder {
            clock: Clock::Real,
            debug: false,
            slow: Duration::from_millis(100),
            max_workers: None,
            worker_idle: Duration::from_secs(10),
        }
    }

    /// A handle for this thread, to keep or give away.
    pub fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }
}

impl Builder {
    /// The time to live in; real unless set.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Debug mode: slow callbacks are reported, with where they were scheduled.
    pub fn debug(mut self, on: bool) -> Self {
        self.debug = on;
        self
    }

    /// From when on a callback counts as slow; 100 ms unless set.
    pub fn slow_callback(mut self, from: Duration) -> Self {
        self.slow = from;
        self
    }

    /// At most this many threads for blocking work; unless set, four more than the
    /// machine has cores, and 32 at most.
    ///
    /// # Panics
    /// When it is 0.
    pub fn max_workers(mut self, count: usize) -> Self {
        assert!(count > 0, "a pool needs a worker");
        self.max_workers = Some(count);
        self
    }

    /// How long a worker without work stays; 10 s unless set.
    pub fn worker_idle(mut self, idle: Duration) -> Self {
        self.worker_idle = idle;
        self
    }

    /// Makes the loop.
    ///
    /// # Errors
    /// When the operating system has no descriptors left for it.
    pub fn build(self) -> io::Result<EventLoop> {
        let (state, epoll) = State::new(self.clock)?;
        let event_loop = EventLoop { handle: LoopHandle { state }, epoll };
        event_loop.set_slow_callback_duration(self.slow);
        event_loop.set_debug(self.debug);
        event_loop.state.extensions.borrow_mut().push(Rc::new(self));
        Ok(event_loop)
    }
}

impl State {
    fn new(clock: Clock) -> io::Result<(Rc<State>, OwnedFd)> {
        let (reactor, bell) = Reactor::new()?;
        let epoll = reactor.try_clone_fd()?;
        let injector = Arc::new(Injector::new(Arc::new(move || bell.wake())));
        let (id, floor) = context::register(&injector)?;
        let state = Rc::new(State {
            id,
            life: Cell::new(Life::Resting),
            time: Time::new(clock),
            ready: RefCell::new(Ready::new()),
            timers: RefCell::new(Timers::new()),
            reactor: RefCell::new(reactor),
            injector,
            presence: RefCell::new(Weak::<()>::new()),
            tasks: RefCell::new(Slots::new(floor)),
            infos: RefCell::default(),
            leaves: RefCell::new(Slab::new()),
            scopes: RefCell::new(Slab::new()),
            pending: RefCell::default(),
            next_task: Cell::new(0),
            next_waiter: Cell::new(0),
            turns: Cell::new(0),
            steps: Cell::new(0),
            running: Cell::new(Entry::NOTHING),
            call_number: Cell::new(0),
            stopping: Cell::new(false),
            unasked: Cell::new(usize::MAX / 2), // ask in the first turn
            budget: Cell::new(0),
            scope: Cell::new(ROOT),
            raising: Cell::new(None),
            jobs: Cell::new(0),
            observed: Cell::new(true), // it rests
            observers: RefCell::default(),
            cause: Cell::new(Cause::Wake),
            reports: Reports::default(),
            origins: RefCell::default(),
            extensions: RefCell::default(),
        });
        context::adopt(&state);
        Ok((state, epoll))
    }
}

impl Deref for EventLoop {
    type Target = LoopHandle;

    fn deref(&self) -> &LoopHandle {
        &self.handle
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        match self.handle.state.life.get() {
            Life::Resting | Life::Idle => self.handle.state.close(),
            // Dropped by one of its own callbacks: the turn ends first.
            Life::Running => {
                self.handle.state.life.set(Life::Closing);
                self.handle.stop();
            }
            Life::Closing | Life::Closed => {}
        }
    }
}

impl LoopHandle {
    /// Whether a run, or a turn, is under way.
    pub fn is_running(&self) -> bool {
        matches!(self.state.life.get(), Life::Running | Life::Closing)
    }

    /// Whether the loop is closed.
    pub fn is_closed(&self) -> bool {
        self.state.is_closed()
    }

    /// The loop's time: how long ago it was made.
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.state.time.now())
    }

    /// Which time the loop lives in.
    pub fn clock(&self) -> Clock {
        self.state.time.kind()
    }

    /// How many turns there were.
    pub fn turns(&self) -> u64 {
        self.state.turns.get()
    }

    /// When the next timer is due, for a program whose own loop drives this one.
    pub fn next_deadline(&self) -> Option<Duration> {
        let next = self.state.timers.borrow_mut().next_deadline();
        next.filter(|deadline| *deadline != NEVER).map(Duration::from_nanos)
    }

    /// Moves a `Clock::Manual` (or `AutoJump`) forwards. What is due then runs in the
    /// next turns. On real time this does nothing.
    pub fn advance(&self, by: Duration) {
        if self.state.time.is_virtual() {
            self.state.time.jump_to(self.state.time.now().saturating_add(nanos(by)));
        }
    }

    /// Sends what escapes from callbacks and tasks to `handler` instead of the log.
    ///
    /// A handler that panics is reported to the log, with what it was to handle.
    pub fn set_exception_handler(&self, handler: impl Fn(&ExceptionContext) + 'static) {
        let old = self.state.reports.set_handler(Some(Rc::new(handler)));
        drop(old);
    }

    /// Back to the default, which logs an error.
    pub fn reset_exception_handler(&self) {
        let old = self.state.reports.set_handler(None);
        drop(old);
    }

    /// Reports a failure as the loop itself would.
    #[doc(alias = "call_exception_handler")]
    pub fn report_exception(&self, message: &str, source: &str, payload: Option<Payload>) {
        self.state.reports.report(message, source, None, payload);
    }

    /// The loop that is running on this thread.
    ///
    /// # Errors
    /// When none is.
    #[doc(alias = "get_running_loop")]
    pub fn current() -> Result<LoopHandle, NoRunningLoop> {
        context::with_current(LoopHandle::clone)
    }
}

/// The descriptor to watch from another loop: readable when a descriptor of the loop is
/// ready, another thread sent something, a turn left entries that are ready, or this thread
/// made something ready since. It does not tell of timers: see
/// [`next_deadline`](LoopHandle::next_deadline).
impl AsFd for EventLoop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopHandle")
            .field("id", &self.state.id)
            .field("life", &self.state.life.get())
            .field("turns", &self.turns())
            .field("tasks", &self.state.tasks.borrow().len())
            .field("timers", &self.state.timers.borrow().len())
            .field("leaves", &self.state.leaves.borrow().len())
            .field("scopes", &self.state.scopes.borrow().len())
            .finish()
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
