//! `RateLimiter`: at most so many starts in any period, first come, first served; together
//! with a `Semaphore`, which limits how many run at once.
//!
//!     cargo run --example 34_throttling
//!
//! Prints:
//!
//! ```text
//! at 0 s: request 0 starts
//! at 0 s: request 1 starts
//! at 0 s: request 2 starts
//! at 1 s: request 3 starts
//! at 1 s: request 4 starts
//! at 1 s: request 5 starts
//! at 2 s: request 6 starts
//! three a second: done at 2 s
//! at 2 s: request 0 starts
//! at 2 s: request 1 starts
//! at 6 s: request 2 starts
//! at 6 s: request 3 starts
//! two at once, of 4 s each: done at 10 s
//! ```
//!
//! Look at `start` in `rate_limit.rs` to see why.

use oneloop::sync::{RateLimiter, Semaphore};
use oneloop::{Clock, EventLoop, gather, running_loop, sleep, spawn};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        // Wide open on the one side, then on the other.
        let (limiter, at_once) = (RateLimiter::new(3, SECOND), Semaphore::new(100));
        gather((0..7).map(|n| spawn(request(n, limiter.clone(), at_once.clone(), 0)))).await??;
        println!("three a second: done at {} s", now());

        let (limiter, at_once) = (RateLimiter::new(100, SECOND), Semaphore::new(2));
        gather((0..4).map(|n| spawn(request(n, limiter.clone(), at_once.clone(), 4)))).await??;
        println!("two at once, of 4 s each: done at {} s", now());
        Ok(())
    })?
}

async fn request(number: u32, limiter: RateLimiter, at_once: Semaphore, seconds: u32) {
    let _place = at_once.acquire().await;
    limiter.acquire().await;
    println!("at {} s: request {number} starts", now());
    sleep(SECOND * seconds).await;
}

fn now() -> u64 {
    running_loop().expect("it runs").time().as_secs()
}
