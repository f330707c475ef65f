//! Two tasks take turns on one thread: one counts down, one counts up, and while one
//! waits the other runs. First they only yield, then they sleep.
//!
//!     cargo run --example 03_two_tasks
//!
//! Prints:
//!
//! ```text
//! down 3
//! up 0
//! down 2
//! up 1
//! down 1
//! up 2
//! -- now with sleeps: down rests four seconds, up one
//! down 3
//! up 0
//! up 1
//! up 2
//! up 3
//! down 2
//! up 4
//! up 5
//! up 6
//! up 7
//! down 1
//! up 8
//! -- after 12 seconds, in no time
//! ```
//!
//! In asyncio (`sleep(0)` is its `yield_now`):
//!
//! ```python
//! import asyncio
//! async def count(name, numbers, rest):
//!     for n in numbers: print(name, n); await asyncio.sleep(rest)
//! async def both(a, b): await asyncio.gather(a, b)
//! asyncio.run(both(count("down", [3, 2, 1], 0), count("up", range(3), 0)))
//! asyncio.run(both(count("down", [3, 2, 1], 4), count("up", range(9), 1)))
//! ```
//!
//! At four seconds both wake up. The timer of `down` was set before the one of `up`, so it
//! fires first: look at `take_in_timers` in `event_loop.rs` to see why.

use oneloop::{Clock, EventLoop, sleep, spawn, yield_now};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
    event_loop.run(async {
        let down = spawn(count("down", vec![3, 2, 1], None));
        let up = spawn(count("up", vec![0, 1, 2], None));
        down.await?;
        up.await?;

        println!("-- now with sleeps: down rests four seconds, up one");
        let down = spawn(count("down", vec![3, 2, 1], Some(4)));
        let up = spawn(count("up", (0..9).collect(), Some(1)));
        down.await?;
        up.await?;
        let seconds = oneloop::running_loop()?.time().as_secs();
        println!("-- after {seconds} seconds, in no time");
        Ok(())
    })?
}

async fn count(name: &str, numbers: Vec<u32>, rest: Option<u64>) {
    for number in numbers {
        println!("{name} {number}");
        match rest {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => yield_now().await,
        }
    }
}
