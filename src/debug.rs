//! Debug mode: an observer with a stop-watch, that reports slow callbacks.

use crate::LoopHandle;
use crate::observe::{Event, Moment, Observer};
use std::cell::Cell;
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// From when on a callback is slow, unless set: asyncio's figure.
const SLOW: Duration = Duration::from_millis(100);

/// Debug mode's observer; its settings stay with the loop while it is off.
pub(crate) struct Debug {
    slow: Cell<Duration>,
    begun: Cell<Option<Instant>>,
    scheduled_at: Cell<Option<&'static Location<'static>>>,
}

impl Default for Debug {
    fn default() -> Self {
        let (slow, begun) = (Cell::new(SLOW), Cell::new(None));
        Debug { slow, begun, scheduled_at: Cell::new(None) }
    }
}

impl Observer for Debug {
    fn event(&self, _: Moment, event: &Event<'_>) {
        match event {
            Event::Runs { at, .. } => {
                self.scheduled_at.set(*at);
                self.begun.set(Some(Instant::now()));
            }
            Event::Ran { name, .. } => {
                let took = self.begun.take().map(|begun| begun.elapsed());
                if let Some(took) = took.filter(|took| *took >= self.slow.get()) {
                    match self.scheduled_at.get() {
                        Some(at) => log::warn!("{name}, scheduled at {at}, took {took:?}"),
                        None => log::warn!("{name} took {took:?}"),
                    }
                }
            }
            _ => {}
        }
    }
}

/// The place of debug mode's observer beside the user's.
pub(crate) const PLACE: usize = 1;

impl LoopHandle {
    /// Turns debug mode on or off: slow callbacks are logged with who it was and, for what
    /// is scheduled from now on, where.
    pub fn set_debug(&self, on: bool) {
        let debug = on.then(|| self.extension(Debug::default) as Rc<dyn Observer>);
        self.observe(PLACE, debug);
    }

    /// Whether debug mode is on.
    #[doc(alias = "get_debug")]
    pub fn debug(&self) -> bool {
        self.state.observers.borrow()[PLACE].is_some()
    }

    /// From when on a callback counts as slow, in debug mode; 100 ms unless set.
    #[doc(alias = "slow_callback_duration")]
    pub fn set_slow_callback_duration(&self, from: Duration) {
        self.extension(Debug::default).slow.set(from);
    }

    /// Has `observer` told of everything that the loop decides; `None` ends that.
    pub fn set_observer(&self, observer: Option<Rc<dyn Observer>>) {
        self.observe(1 - PLACE, observer);
    }

    fn observe(&self, place: usize, observer: Option<Rc<dyn Observer>>) {
        let mut observers = self.state.observers.borrow_mut();
        let old = std::mem::replace(&mut observers[place], observer);
        drop(observers);
        self.state.look_around();
        drop(old);
    }
}
