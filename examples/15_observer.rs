//! An observer sees all that the loop decides: who becomes ready, why, by whom, and which
//! rule of order gives it its place.
//!
//!     cargo run --example 15_observer
//!
//! Prints:
//!
//! ```text
//!   Task(1) becomes ready: Spawn (rule 7)
//! turn 1 at 0ns
//!   Task(1) runs
//!   Task(1) ran: Waiting
//! turn 2 at 0ns
//!   time jumps to 1s
//!   Timer(0) becomes ready: Deadline (rule 3)
//!   Timer(0) runs
//!   Task(1) becomes ready: Done by Timer(0) (rule 8)
//!   Timer(0) ran: Finished
//! turn 3 at 1s
//!   Task(1) runs
//!   Callback(0) becomes ready: Done by Task(1) (rule 8)
//!   Task(1) ran: Finished
//! turn 4 at 1s
//!   Callback(0) runs
//!   Callback(0) ran: Finished
//! ```
//!
//! Look at `Rule` in `observe.rs` to see why.

use oneloop::{Clock, Event, EventLoop, Moment, Observer};
use std::rc::Rc;
use std::time::Duration;

struct Trace;

impl Observer for Trace {
    fn event(&self, at: Moment, event: &Event<'_>) {
        match event {
            Event::Turn { .. } => println!("turn {} at {:?}", at.turn, at.time),
            Event::Ready { what, cause, by, rule } => {
                let by = by.map_or(String::new(), |by| format!(" by {by:?}"));
                println!("  {what:?} becomes ready: {cause:?}{by} ({rule})");
            }
            Event::Runs { what, .. } => println!("  {what:?} runs"),
            Event::Ran { what, outcome, .. } => println!("  {what:?} ran: {outcome:?}"),
            Event::Jumps { to } => println!("  time jumps to {to:?}"),
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
    event_loop.set_observer(Some(Rc::new(Trace)));
    event_loop.run_until_complete(async {
        let future = oneloop::create_future();
        let setter = future.clone();
        oneloop::call_later(Duration::from_secs(1), move || setter.set_result(()).unwrap());
        future.await.unwrap();
    })?;
    event_loop.set_observer(None);
    Ok(())
}
