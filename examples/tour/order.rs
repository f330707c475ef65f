//! The sections on virtual time: callbacks, timers, tasks, a cancel request, a panic.

use crate::watch::say;
use oneloop::error::panic_message;
use oneloop::{call_later, call_soon, running_loop, sleep, spawn, yield_now};
use std::panic::PanicHookInfo;
use std::time::Duration;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) async fn callbacks() {
    say("main", "sets timers for 20, 10, 10, 5 and 0 ms");
    call_later(ms(20), || say("timer 20", "was set first, and is due last"));
    call_later(ms(10), || say("timer 10 a", "was set before timer 10 b"));
    call_later(ms(10), || say("timer 10 b", "is due at the same time"));
    let never = call_later(ms(5), || say("timer 5", "is never seen"));
    call_later(ms(0), || say("timer 0", "is due at once: behind what is ready"));
    say("main", "cancels the one for 5 ms, and calls A and B soon");
    never.cancel();
    call_soon(|| {
        say("A", "calls C soon");
        call_soon(|| say("C", "was called by A: one turn later"));
    });
    call_soon(|| say("B", "was called before C"));
    sleep(ms(30)).await;
    say("main", "slept for 30 ms, and nobody waited for them");
}

pub(crate) async fn three_tasks() {
    let tasks = ["ann", "bob", "cleo"].map(|name| {
        spawn(async move {
            for round in 1..=4 {
                say(name, format!("round {round}, then lets the others go first"));
                yield_now().await;
            }
            name.len()
        })
    });
    say("main", "has made three tasks; none has begun");
    let mut letters = 0;
    for task in tasks {
        letters += task.await.expect("it neither panics nor is cancelled");
    }
    say("main", format!("has their results: {letters} letters"));
}

pub(crate) async fn cancelled() {
    struct Bed;
    impl Drop for Bed {
        fn drop(&mut self) {
            say("sleeper", "is dropped where it slept, with all it had");
        }
    }
    let sleeper = spawn(async {
        let _bed = Bed;
        say("sleeper", "goes to sleep for an hour");
        sleep(ms(3_600_000)).await;
        say("sleeper", "is never here");
    });
    sleeper.add_done_callback(|task| {
        say("callback", format!("is told that it ended; cancelled: {}", task.cancelled()));
    });
    sleep(ms(10)).await;
    say("main", format!("asks it to end: {}", sleeper.cancel()));
    say("main", "sees nothing yet: a request takes a turn");
    let error = sleeper.await.expect_err("it was cancelled");
    say("main", format!("is told: {error}"));
}

pub(crate) async fn panics() {
    let here = running_loop().expect("a task runs on a loop");
    here.set_exception_handler(|context| {
        let why = context.panic_message().unwrap_or("no panic");
        say("handler", format!("{}: {why}", context.message()));
    });
    call_soon(|| say("before", "runs"));
    call_soon(|| panic!("no such luck"));
    call_soon(|| say("behind", "runs, in the same turn"));
    let unlucky = spawn(async {
        say("unlucky", "is a task, and panics too");
        panic!("out of luck")
    });
    let error = unlucky.await.expect_err("it panics");
    let payload = error.try_into_panic().expect("it was a panic");
    say("main", format!("awaited it, and has its panic: {}", panic_message(&*payload)));
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

/// While it is there, panics are not printed to stderr as well.
pub(crate) struct Quiet(Option<Hook>);

impl Quiet {
    pub(crate) fn new() -> Self {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        Quiet(Some(hook))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // While a panic unwinds the hook cannot be changed, and aborts if one tries.
        if !std::thread::panicking() {
            self.0.take().into_iter().for_each(std::panic::set_hook);
        }
    }
}
