//! Virtual time. With `AutoJump` a sleep of ten minutes takes no time; with `Manual` the
//! clock stands still until somebody moves it, one step after the other.
//!
//!     cargo run --example 12_virtual_clock
//!
//! Prints:
//!
//! ```text
//! AutoJump: asleep at 0ns
//! AutoJump: awake at 600s
//! Manual: at 0ns, nothing is due, 0 ran
//! Manual: the next deadline is 10s
//! Manual: advanced to 9s, 0 ran
//! ten seconds are over
//! Manual: advanced to 10s, 1 ran
//! ```
//!
//! Look at `how_long` in `event_loop.rs` to see why.

use oneloop::{Clock, EventLoop, running_loop, sleep};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
    event_loop.run(async {
        let time = || running_loop().expect("a task runs on a loop").time();
        println!("AutoJump: asleep at {:?}", time());
        sleep(Duration::from_secs(600)).await;
        println!("AutoJump: awake at {:?}", time());
    })?;

    let event_loop = EventLoop::builder().clock(Clock::Manual).build()?;
    event_loop.call_later(Duration::from_secs(10), || println!("ten seconds are over"))?;
    let at_once = Some(Duration::ZERO);
    let turn = event_loop.turn(at_once)?;
    println!("Manual: at {:?}, nothing is due, {} ran", event_loop.time(), turn.ran);
    println!("Manual: the next deadline is {:?}", event_loop.next_deadline().unwrap());
    for seconds in [9, 1] {
        event_loop.advance(Duration::from_secs(seconds));
        let turn = event_loop.turn(at_once)?;
        println!("Manual: advanced to {:?}, {} ran", event_loop.time(), turn.ran);
    }
    Ok(())
}
