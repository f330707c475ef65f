//! Timers fire in the order of their deadlines, and those with the same deadline in the
//! order in which they were set. On a virtual clock nobody waits: time jumps.
//!
//!     cargo run --example 02_timers
//!
//! Prints:
//!
//! ```text
//! 100 ms: first
//! 200 ms: second, by call_at
//! 300 ms: third
//! 400 ms: a, b and c have one deadline: a
//! 400 ms: b
//! 400 ms: c
//! 500 ms: the end; the cancelled timer never fired
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! loop = asyncio.new_event_loop()
//! loop.call_later(0.3, print, "third")
//! loop.call_later(0.1, print, "first")
//! loop.call_later(0.15, print, "never").cancel()
//! loop.call_later(0.5, loop.stop)
//! loop.run_forever()
//! ```
//!
//! Look at `Due` in `timers.rs` to see why.

use oneloop::{Clock, EventLoop, running_loop};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ms = Duration::from_millis;
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
    event_loop.call_later(ms(300), || say("third"))?;
    event_loop.call_later(ms(100), || say("first"))?;
    event_loop.call_at(ms(200), || say("second, by call_at"))?;
    event_loop.call_later(ms(150), || say("never"))?.cancel();
    for name in ["a, b and c have one deadline: a", "b", "c"] {
        event_loop.call_at(ms(400), move || say(name))?;
    }
    let handle = event_loop.handle();
    event_loop.call_later(ms(500), move || {
        say("the end; the cancelled timer never fired");
        handle.stop();
    })?;
    event_loop.run_forever()?;
    Ok(())
}

fn say(what: &str) {
    let now = running_loop().expect("timers fire on a loop").time();
    println!("{} ms: {what}", now.as_millis());
}
