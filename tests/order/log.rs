//! What a program said, line for line, and what it was to say.

use oneloop::{Clock, EventLoop, running_loop, spawn};
use std::cell::RefCell;
use std::fmt::Display;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs a main task and compares what was said.
pub(crate) fn check(program: impl Future<Output = ()> + 'static, expected: &[&str]) {
    check_loop(|event_loop| event_loop.run_until_complete(program).unwrap(), expected);
}

/// As `check`, for a program that runs the loop itself.
pub(crate) fn check_loop(program: impl FnOnce(&EventLoop), expected: &[&str]) {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build().unwrap();
    program(&event_loop);
    let said = LOG.take();
    assert!(said == expected, "it said\n{said:#?}\nbut it was to say\n{expected:#?}");
}

/// Notes a line, with the turn in which this is.
pub(crate) fn say(what: impl Display) {
    let turn = running_loop().unwrap().turns();
    note(format_args!("turn {turn}: {what}"));
}

pub(crate) fn say_time(what: &str) {
    let time = running_loop().unwrap().time();
    say(format_args!("{time:?}: {what}"));
}

pub(crate) fn note(what: impl Display) {
    LOG.with_borrow_mut(|log| log.push(what.to_string()));
}

/// Says when it is dropped while the loop runs.
pub(crate) struct OnDrop(pub(crate) &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if running_loop().is_ok() {
            say(format_args!("{} is dropped", self.0));
        }
    }
}

/// Makes a task that says each of its polls and is never done; its last waker.
pub(crate) fn spawn_never_done(what: &'static str) -> Rc<RefCell<Option<Waker>>> {
    let waker = Rc::new(RefCell::new(None));
    let kept = waker.clone();
    spawn(poll_fn(move |cx| {
        say(what);
        kept.replace(Some(cx.waker().clone()));
        Poll::<()>::Pending
    }));
    waker
}

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}
