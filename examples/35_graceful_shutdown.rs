//! A graceful end: the main task returns when it is told to stop, and closing the `Runner`
//! cancels what is left over; each cleans up, awaiting as it likes, and is waited for. In a
//! program that runs on real time, Ctrl-C cancels the main task, to the same effect.
//!
//!     cargo run --example 35_graceful_shutdown
//!
//! Prints:
//!
//! ```text
//! web serves
//! mail serves
//! main is told to stop
//! web is cancelled, and finishes what it has
//! mail is cancelled, and finishes what it has
//! mail has flushed and closed
//! web has flushed and closed
//! the loop is closed
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! left_over = set()
//! async def serve(name, ms):
//!     try: print(name, "serves"); await asyncio.sleep(3600)
//!     finally:
//!         print(name, "is cancelled, and finishes what it has")
//!         await asyncio.sleep(ms / 1000)
//!         print(name, "has flushed and closed")
//! async def main():
//!     stop = asyncio.Event()
//!     for service in ("web", 60), ("mail", 20): left_over.add(asyncio.create_task(serve(*service)))
//!     asyncio.get_running_loop().call_later(0.02, stop.set)
//!     await stop.wait()
//!     print("main is told to stop")
//! with asyncio.Runner() as runner: runner.run(main())
//! print("the loop is closed")
//! ```
//!
//! Look at `end` in `ending.rs` to see why.

use oneloop::sync::Event;
use oneloop::{Clock, EventLoop, Runner, call_later, catch_cancel, sleep, spawn};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn main() -> Result<(), oneloop::RunError> {
    let mut runner = Runner::with(EventLoop::builder().clock(Clock::AutoJump));
    runner.run(async {
        let stop = Event::new();
        for (name, ms) in [("web", 60), ("mail", 20)] {
            drop(spawn(serve(name, ms)));
        }
        let told = stop.clone();
        call_later(MS * 20, move || told.set());
        stop.wait().await;
        println!("main is told to stop");
    })?;
    runner.close()?;
    println!("the loop is closed");
    Ok(())
}

async fn serve(name: &str, ms: u32) {
    println!("{name} serves");
    let served = catch_cancel(sleep(Duration::from_secs(3600))).await;
    println!("{name} is cancelled, and finishes what it has");
    sleep(MS * ms).await;
    println!("{name} has flushed and closed");
    if let Err(cancelled) = served {
        match cancelled.resume().await {}
    }
}
