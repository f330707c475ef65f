//! `Barrier`: whoever comes waits until all are there. It can be used again and again, and
//! aborted.
//!
//!     cargo run --example 30_barrier
//!
//! Prints:
//!
//! ```text
//! ann is at stage 1
//! bob is at stage 1
//! cleo is at stage 1
//! all are at stage 1: says cleo
//! ann is at stage 2
//! bob is at stage 2
//! cleo is at stage 2
//! all are at stage 2: says cleo
//! dave waits for two who never come, and is sent home
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def walk(name, pace, stage_end):
//!     for stage in 1, 2:
//!         await asyncio.sleep(pace / 1000)
//!         print(f"{name} is at stage {stage}")
//!         place = await stage_end.wait()
//!         if place == stage_end.parties - 1: print(f"all are at stage {stage}: says {name}")
//! async def wait_alone(stage_end):
//!     try: await stage_end.wait()
//!     except asyncio.BrokenBarrierError: print("dave waits for two who never come, and is sent home")
//! async def main():
//!     stage_end = asyncio.Barrier(3)
//!     walkers = ("ann", 20), ("bob", 40), ("cleo", 60)
//!     await asyncio.gather(*(walk(name, pace, stage_end) for name, pace in walkers))
//!     dave = asyncio.create_task(wait_alone(stage_end))
//!     await asyncio.sleep(0.02)
//!     await stage_end.abort()
//!     await dave
//! asyncio.run(main())
//! ```
//!
//! Look at `wait` in `barrier.rs` to see why.

use oneloop::sync::Barrier;
use oneloop::{Clock, EventLoop, gather, sleep, spawn};
use std::num::NonZeroUsize;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let stage_end = Barrier::new(NonZeroUsize::new(3).expect("three are more than none"));
        let walk = |(name, pace)| spawn(walk(name, pace, stage_end.clone()));
        gather([("ann", 20), ("bob", 40), ("cleo", 60)].map(walk)).await??;

        let alone = stage_end.clone();
        let dave = spawn(async move {
            if alone.wait().await.is_err() {
                println!("dave waits for two who never come, and is sent home");
            }
        });
        sleep(MS * 20).await;
        stage_end.abort().await;
        dave.await?;
        Ok(())
    })?
}

async fn walk(name: &str, pace: u32, stage_end: Barrier) {
    for stage in 1..=2 {
        sleep(MS * pace).await;
        println!("{name} is at stage {stage}");
        let place = stage_end.wait().await.expect("nobody aborts it yet");
        if place + 1 == stage_end.parties().get() {
            println!("all are at stage {stage}: says {name}");
        }
    }
}
