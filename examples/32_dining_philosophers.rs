//! Five philosophers, five forks, two to eat with. Each takes the fork with the lower
//! number first, so they cannot wait in a circle, and nobody starves: locks are first come,
//! first served.
//!
//!     cargo run --example 32_dining_philosophers
//!
//! Prints:
//!
//! ```text
//! at 0 ms: Plato eats with forks 3 and 4
//! at 20 ms: Hypatia eats with forks 2 and 3
//! at 40 ms: Zeno eats with forks 1 and 2
//! at 60 ms: Thales eats with forks 0 and 1
//! at 80 ms: Kant eats with forks 0 and 4
//! all have eaten
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def dine(name, forks, one, other, now):
//!     first, second = sorted((one, other))
//!     async with forks[first]:
//!         await asyncio.sleep(0)
//!         async with forks[second]:
//!             print(f"at {now()} ms: {name} eats with forks {first} and {second}")
//!             await asyncio.sleep(0.02)
//! async def main():
//!     loop = asyncio.get_running_loop()
//!     begun = loop.time()
//!     def now(): return int((loop.time() - begun) * 50) * 20
//!     forks = [asyncio.Lock() for _ in range(5)]
//!     names = "Thales", "Zeno", "Hypatia", "Plato", "Kant"
//!     await asyncio.gather(*(dine(n, forks, i, (i + 1) % 5, now) for i, n in enumerate(names)))
//!     print("all have eaten")
//! asyncio.run(main())
//! ```
//!
//! With each taking the left one first, the loop would say who waits for what, as in example
//! 13. Look at `acquire` in `lock.rs` for the rest.

use oneloop::sync::Lock;
use oneloop::{Clock, EventLoop, gather, running_loop, sleep, spawn, yield_now};
use std::time::Duration;

const NAMES: [&str; 5] = ["Thales", "Zeno", "Hypatia", "Plato", "Kant"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let forks: [Lock; 5] = std::array::from_fn(|_| Lock::new());
        let all = NAMES.iter().enumerate();
        gather(all.map(|(i, name)| spawn(dine(name, forks.clone(), i, (i + 1) % 5)))).await??;
        println!("all have eaten");
        Ok(())
    })?
}

async fn dine(name: &str, forks: [Lock; 5], one: usize, other: usize) {
    let (first, second) = (one.min(other), one.max(other));
    let _first = forks[first].acquire().await;
    yield_now().await; // time enough for the others to take theirs
    let _second = forks[second].acquire().await;
    let now = running_loop().expect("it runs").time().as_millis();
    println!("at {now} ms: {name} eats with forks {first} and {second}");
    sleep(Duration::from_millis(20)).await;
}
