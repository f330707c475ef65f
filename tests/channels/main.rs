//! Channels and the rate limiter: what they promise, one fact a test.
//!
//! What happens when somebody is cancelled is in `tests/reliability`, rows SY-1 and SY-7.

mod broadcast;
mod mpsc;
mod oneshot;
mod rate_limit;
mod watch;

use oneloop::{Clock, EventLoop, LoopHandle};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A loop whose clock jumps.
fn jumping() -> EventLoop {
    EventLoop::builder().clock(Clock::AutoJump).build().unwrap()
}

/// Runs `body` on a loop of its own.
fn run<T: 'static>(body: impl Future<Output = T> + 'static) -> T {
    jumping().run(body).unwrap()
}

/// One turn that does not wait.
fn tick(on: &LoopHandle) {
    on.turn(Some(Duration::ZERO)).unwrap();
}

/// What happened, with the turn in which it did.
#[derive(Clone, Default)]
struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    fn stamp(&self, what: impl std::fmt::Display) {
        let turn = oneloop::running_loop().unwrap().turns();
        self.0.borrow_mut().push(format!("{what}@{turn}"));
    }

    fn read(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}
