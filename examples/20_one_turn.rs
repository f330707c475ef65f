//! The turns of ARCHITECTURE.md: what each step takes in, and why, until the loop ends.
//!
//!     cargo run --example 20_one_turn
//!
//! Prints:
//!
//! ```text
//!   - Callback(0) becomes ready: CallSoon, rule 1
//!       task 1 is Task-1
//!   - Task(1) becomes ready: Spawn, rule 7
//! turn 1 at 0ns: 2 ready
//!   3 Callback(1) becomes ready: OtherThread, rule 4
//!   6 Callback(0) runs
//!       "soon"
//!   6 Task(1) runs
//!       task 2 is anna
//!       Task(1) makes Task(2) ready: Spawn, rule 7
//!       timer 0 due at 1s
//!   6 Callback(1) runs
//!       "from a thread"
//! turn 2 at 0ns: 1 ready
//!   6 Task(2) runs
//!       timer 1 due at 1s
//! turn 3 at 0ns: 0 ready
//!   2 nothing else can happen: time jumps to 1s
//!   5 Timer(0) becomes ready: Deadline, rule 3
//!   5 Timer(1) becomes ready: Deadline, rule 3
//!   6 Timer(0) runs
//!       "a second has passed"
//!   6 Timer(1) runs
//!       Timer(1) makes Task(2) ready: Done, rule 8
//! turn 4 at 1s: 1 ready
//!   6 Task(2) runs
//!       "anna goes on"
//!       Task(2) makes Task(1) ready: Done, rule 8
//! turn 5 at 1s: 1 ready
//!   6 Task(1) runs
//!       "main goes on"
//!       Task(1) makes Callback(2) ready: Done, rule 8
//! turn 6 at 1s: 1 ready
//!   6 Callback(2) runs
//! ```
//!
//! Look at `run_once` in `event_loop.rs` to see why.

use oneloop::{Clock, Event, EventLoop, Moment, Observer};
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

struct Steps;

impl Observer for Steps {
    fn event(&self, at: Moment, event: &Event<'_>) {
        match event {
            Event::Turn { ready } => println!("turn {} at {:?}: {ready} ready", at.turn, at.time),
            Event::Jumps { to } => println!("  2 nothing else can happen: time jumps to {to:?}"),
            Event::Spawned { task, name, .. } => println!("      task {task} is {name}"),
            Event::TimerSet { timer, deadline } => {
                println!("      timer {timer} due at {deadline:?}")
            }
            Event::Ready { what, cause, by: None, rule } => {
                let step = [(4, "3"), (3, "5")].iter().find(|(r, _)| *r == rule.number());
                let step = step.map_or("-", |(_, step)| step);
                println!("  {step} {what:?} becomes ready: {cause:?}, {rule}");
            }
            Event::Ready { what, cause, by: Some(by), rule } => {
                println!("      {by:?} makes {what:?} ready: {cause:?}, {rule}");
            }
            Event::Runs { what, .. } => println!("  6 {what:?} runs"),
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
    event_loop.set_observer(Some(Rc::new(Steps)));
    event_loop.call_soon(|| println!("      \"soon\""))?;
    let remote = event_loop.remote();
    let sender = std::thread::spawn(move || {
        remote.call_soon_threadsafe(|| println!("      \"from a thread\"")).map_err(drop)
    });
    sender.join().unwrap().unwrap();
    event_loop.run_until_complete(async {
        let anna = oneloop::spawn_named("anna", async {
            oneloop::sleep(SECOND).await;
            println!("      \"anna goes on\"");
        });
        oneloop::call_later(SECOND, || println!("      \"a second has passed\""));
        anna.await.unwrap();
        println!("      \"main goes on\"");
    })?;
    event_loop.set_observer(None);
    Ok(())
}
