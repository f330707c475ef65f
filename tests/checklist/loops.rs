//! The loops that the tests run, and what they do with them.

use oneloop::{Clock, EventLoop, LoopHandle};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// A loop whose clock moves only by `advance`.
pub(crate) fn manual() -> EventLoop {
    EventLoop::builder().clock(Clock::Manual).build().unwrap()
}

/// A loop whose clock jumps to the next deadline when nothing else can happen.
pub(crate) fn jumping() -> EventLoop {
    EventLoop::builder().clock(Clock::AutoJump).build().unwrap()
}

/// A loop on the machine's clock.
pub(crate) fn real() -> EventLoop {
    EventLoop::new().unwrap()
}

/// Runs `main` to its end, on a loop whose clock jumps.
pub(crate) fn on_a_loop<T>(main: impl Future<Output = T> + 'static) -> T {
    jumping().run_until_complete(main).unwrap()
}

/// One turn that does not wait.
pub(crate) fn tick(on: &LoopHandle) {
    on.turn(Some(Duration::ZERO)).unwrap();
}

/// That many of them.
pub(crate) fn ticks(on: &LoopHandle, count: usize) {
    (0..count).for_each(|_| tick(on));
}

/// The turn of the loop that is running.
pub(crate) fn turn() -> u64 {
    oneloop::running_loop().unwrap().turns()
}

/// Tells when it is dropped: what a callback held has gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracer(Rc<Cell<usize>>);

/// Held by a callback or a task, counted by its `Tracer`.
#[derive(Debug)]
pub(crate) struct Held(Rc<Cell<usize>>);

impl Tracer {
    pub(crate) fn hold(&self) -> Held {
        Held(self.0.clone())
    }

    /// How many were dropped.
    pub(crate) fn dropped(&self) -> usize {
        self.0.get()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}
