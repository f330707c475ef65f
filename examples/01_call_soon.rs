//! Callbacks run in the order in which they were scheduled. What a callback schedules
//! runs in the next turn of the loop, behind all that was there before.
//!
//!     cargo run --example 01_call_soon
//!
//! Prints:
//!
//! ```text
//! turn 1: one
//! turn 1: two, which schedules four
//! turn 1: three
//! turn 2: four
//! turn 2: stop, after this turn
//! turn 2: not lost: the turn is run to its end
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! loop = asyncio.new_event_loop()
//! loop.call_soon(print, "one")
//! loop.call_soon(lambda: (print("two"), loop.call_soon(print, "four"), loop.call_soon(loop.stop)))
//! loop.call_soon(print, "three")
//! loop.run_forever()
//! ```
//!
//! Look at `run_batch` in `event_loop.rs` to see why.

use oneloop::{EventLoop, LoopHandle, call_soon, running_loop};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::new()?;
    event_loop.call_soon(|| say("one"))?;
    event_loop.call_soon(|| {
        say("two, which schedules four");
        call_soon(|| say("four"));
        call_soon(|| {
            say("stop, after this turn");
            here().stop();
        });
        call_soon(|| say("not lost: the turn is run to its end"));
    })?;
    event_loop.call_soon(|| say("three"))?;
    event_loop.run_forever()?;
    Ok(())
}

fn say(what: &str) {
    println!("turn {}: {what}", here().turns());
}

fn here() -> LoopHandle {
    running_loop().expect("callbacks run on a loop")
}
