//! An interval ticks without drift. When its user was busy for too long, ticks are missed;
//! there are three ways to go on.
//!
//!     cargo run --example 14_interval
//!
//! Prints:
//!
//! ```text
//! Burst:
//!   tick for  0 ms at  0 ms
//!   tick for 10 ms at 10 ms
//!   tick for 20 ms at 35 ms
//!   tick for 30 ms at 35 ms
//!   tick for 40 ms at 40 ms
//!   tick for 50 ms at 50 ms
//! Delay:
//!   tick for  0 ms at  0 ms
//!   tick for 10 ms at 10 ms
//!   tick for 20 ms at 35 ms
//!   tick for 45 ms at 45 ms
//!   tick for 55 ms at 55 ms
//!   tick for 65 ms at 65 ms
//! Skip:
//!   tick for  0 ms at  0 ms
//!   tick for 10 ms at 10 ms
//!   tick for 20 ms at 35 ms
//!   tick for 40 ms at 40 ms
//!   tick for 50 ms at 50 ms
//!   tick for 60 ms at 60 ms
//! ```
//!
//! Look at `plan` in `interval.rs` to see why.

use oneloop::{Clock, EventLoop, MissedTick, interval, running_loop};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for missed in [MissedTick::Burst, MissedTick::Delay, MissedTick::Skip] {
        let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
        event_loop.run(ticks(missed))?;
    }
    Ok(())
}

async fn ticks(missed: MissedTick) {
    println!("{missed:?}:");
    let here = running_loop().expect("a task runs on a loop");
    let mut every_ten = interval(Duration::from_millis(10)).on_missed(missed);
    for n in 1..=6 {
        let planned = every_ten.tick().await;
        println!("  tick for {:>2} ms at {:>2} ms", planned.as_millis(), here.time().as_millis());
        if n == 2 {
            // Stands for 25 ms of work without an await.
            here.advance(Duration::from_millis(25));
        }
    }
}
