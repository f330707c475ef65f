//! Timeouts: the body is cancelled when its time is over. They nest, a kept one can be
//! moved, and `wait_for` waits for how what it cancelled ends.
//!
//!     cargo run --example 24_timeouts
//!
//! Prints:
//!
//! ```text
//! the inner one expired, and the outer one has time left
//! at 20 ms
//! the outer one expired
//! at 40 ms
//! its deadline was moved: after 80 ms all was done
//! at 120 ms
//! it was called back
//! wait_for: timed out
//! at 160 ms
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def limited(ms, text=None, body=asyncio.sleep, *args):
//!     try:
//!         async with asyncio.timeout(ms / 1000): await body(*args)
//!     except TimeoutError: print(text)
//! async def errand():
//!     try: await asyncio.sleep(3600)
//!     except asyncio.CancelledError: await asyncio.sleep(0.02); print("it was called back"); raise
//! async def main():
//!     loop = asyncio.get_running_loop()
//!     begun = loop.time()
//!     def now(): print("at", int((loop.time() - begun) * 50) * 20, "ms")
//!     inner = "the inner one expired, and the outer one has time left"
//!     await limited(1000, None, limited, 20, inner, asyncio.sleep, 3600)
//!     now()
//!     await limited(20, "the outer one expired", limited, 1000, None, asyncio.sleep, 3600)
//!     now()
//!     async with asyncio.timeout(0.02) as limit:
//!         limit.reschedule(loop.time() + 3600)
//!         await asyncio.sleep(0.08); print("its deadline was moved: after 80 ms all was done")
//!     now()
//!     try: await asyncio.wait_for(errand(), 0.02)
//!     except TimeoutError: print("wait_for: timed out")
//!     now()
//! asyncio.run(main())
//! ```
//!
//! Look at `end` in `limited.rs` to see why the inner one does not answer for the outer.

use oneloop::{Clock, EventLoop, Timeout};
use oneloop::{catch_cancel, running_loop, sleep, spawn, timeout, wait_for};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let inner = timeout(MS * 1000, timeout(MS * 20, sleep(HOUR))).await;
        assert!(matches!(inner, Ok(Err(_))));
        println!("the inner one expired, and the outer one has time left");
        now();
        assert!(timeout(MS * 20, timeout(MS * 1000, sleep(HOUR))).await.is_err());
        println!("the outer one expired");
        now();
        let limit = Timeout::after(MS * 20);
        let moved = limit.run(async {
            let later = running_loop().expect("it runs").time() + HOUR;
            limit.reschedule(Some(later)).expect("it is running");
            sleep(MS * 80).await;
            println!("its deadline was moved: after 80 ms all was done");
        });
        moved.await.expect("there is time enough");
        now();
        if let Err(error) = wait_for(spawn(errand()), Some(MS * 20)).await {
            println!("wait_for: {error}");
        }
        now();
    })?)
}

async fn errand() {
    if let Err(cancelled) = catch_cancel(sleep(HOUR)).await {
        sleep(MS * 20).await;
        println!("it was called back");
        match cancelled.resume().await {}
    }
}

fn now() {
    println!("at {} ms", running_loop().expect("it runs").time().as_millis());
}
