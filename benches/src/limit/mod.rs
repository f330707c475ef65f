//! The limit: not a library that anyone could use (no wakes from other threads,
//! no cancellation, no errors), just the least code that still does the work.
//!
//! It says how much of a figure is the runtime's and how much is the work's. It
//! is a reference and not a proof: where it boxes a closure, a loop that does
//! not can beat it.
mod callbacks;
mod epoll;
mod executor;
mod server;
mod threads;
mod timers;

use crate::machine::voluntary_switches;
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::rt::Mode;
use crate::workloads::{self, BATCH};
use epoll::Epoll;
use std::time::Duration;

pub fn run(name: &str, n: u64) -> Option<Outcome> {
    Some(match name {
        "callbacks" => warmed(n, callbacks::callbacks),
        "timers_fire" => warmed(n, timers::fire),
        "timers_cancel" => timers::cancel(n, 0),
        "timers_live1m" => timers::cancel(n, 1_000_000),
        "xthread_cross" => warmed(n, |n| threads::round_trips(n, Some(1))),
        "xthread_same" => warmed(n, |n| threads::round_trips(n, Some(0))),
        "blocking_rtt" => warmed(n, |n| threads::round_trips(n, None)),
        "blocking_tput" => warmed(n, threads::blocking_tput),
        "serve_echo" => server::serve(Mode::Echo),
        "serve_sink" => server::serve(Mode::Sink),
        "serve_accept" => server::serve(Mode::Accept),
        "idle" => idle(n),
        _ => return workloads::core::<executor::Limit>(name, n),
    })
}

fn warmed(n: u64, work: impl Fn(u64)) -> Outcome {
    work((n / 10).next_multiple_of(BATCH));
    let m = Meter::start();
    work(n);
    m.stop(n)
}

fn idle(n: u64) -> Outcome {
    let epoll = Epoll::new();
    let mut events = epoll::events(1);
    let before = voluntary_switches();
    let m = Meter::start();
    for _ in 0..n {
        epoll.wait(&mut events, Some(Duration::from_secs(1)));
    }
    let o = m.stop(n);
    let per_s = (voluntary_switches() - before) as f64 / (o.wall_ns / 1e9);
    o.with("wakeups_per_s", per_s)
}
