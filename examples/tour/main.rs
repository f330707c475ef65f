//! A tour of oneloop, which ends by itself after a second.
//!
//! ```text
//! cargo run --release --example tour
//! ```
//!
//! Each line says in which turn and at what time it was printed, who printed it, what
//! happened, and why its printer ran just then: what made it ready, and the rule of order
//! that gave it its place. What needs no real descriptor and no thread runs on virtual
//! time, and prints the same on every run.

mod echo;
mod hashing;
mod order;
mod summary;
mod visitor;
mod watch;

use oneloop::{Clock, EventLoop, RunError};
use std::error::Error;
use std::rc::Rc;
use summary::{Facts, Row};
use watch::{Watch, print};

/// A section's own kind of failure is any.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    print(&watch::line("turn", "time ms", "who", "what", "why"));
    let mut tour = Tour::default();
    tour.visit("callbacks and timers, in their order", Clock::AutoJump, order::callbacks())?;
    tour.visit("three tasks take turns", Clock::AutoJump, order::three_tasks())?;
    let hashed = tour.visit(
        "a heartbeat keeps time while other threads hash src",
        Clock::Real,
        hashing::heartbeat_and_hashes(),
    )??;
    let echoed =
        tour.visit("an echo server and its clients", Clock::Real, echo::server_and_clients())??;
    tour.visit("a call from another thread", Clock::Real, visitor::calls())??;
    tour.visit("a task is cancelled", Clock::AutoJump, order::cancelled())?;
    let quiet = order::Quiet::new();
    tour.visit("a panic harms nobody", Clock::AutoJump, order::panics())?;
    drop(quiet);
    summary::show(&tour.rows, &Facts { hashed, echoed });
    Ok(())
}

/// What was visited so far.
#[derive(Default)]
struct Tour {
    rows: Vec<Row>,
}

impl Tour {
    /// Runs a section, on a loop of its own that is watched.
    fn visit<F>(&mut self, title: &'static str, clock: Clock, main: F) -> Outcome<F::Output>
    where
        F: Future + 'static,
    {
        let time = if clock == Clock::Real { "real" } else { "virtual" };
        print(&format!("\n== {}. {title} ({time} time)", self.rows.len() + 1));
        let watch = Rc::new(Watch::default());
        let event_loop = EventLoop::builder().clock(clock).max_workers(hashing::WORKERS).build()?;
        event_loop.set_observer(Some(watch.clone()));
        let ended: Result<F::Output, RunError> = event_loop.run(main);
        self.rows.push(Row { title, counts: watch.counts() });
        Ok(ended?)
    }
}
