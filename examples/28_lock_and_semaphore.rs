//! `Lock`: one at a time, in the order in which they came; `Semaphore`: so many at a time.
//!
//!     cargo run --example 28_lock_and_semaphore
//!
//! Prints:
//!
//! ```text
//! ann has the lock
//! bob has the lock
//! cleo has the lock
//! the count is 3
//! at 0 ms: car 0 parks
//! at 0 ms: car 1 parks
//! at 20 ms: car 2 parks
//! at 20 ms: car 3 parks
//! at 40 ms: car 4 parks
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! count = 0
//! async def add(name, lock):
//!     global count
//!     async with lock:
//!         print(name, "has the lock")
//!         read = count
//!         await asyncio.sleep(0.02)
//!         count = read + 1
//! async def park(car, places, now):
//!     async with places:
//!         print(f"at {now()} ms: car {car} parks")
//!         await asyncio.sleep(0.02)
//! async def main():
//!     lock = asyncio.Lock()
//!     await asyncio.gather(*(add(name, lock) for name in ("ann", "bob", "cleo")))
//!     print("the count is", count)
//!     loop, places = asyncio.get_running_loop(), asyncio.Semaphore(2)
//!     begun = loop.time()
//!     def now(): return int((loop.time() - begun) * 50) * 20
//!     await asyncio.gather(*(park(car, places, now) for car in range(5)))
//! asyncio.run(main())
//! ```
//!
//! Look at `turn` in `lock.rs` to see why nobody passes who waits.

use oneloop::sync::{Lock, Semaphore};
use oneloop::{Clock, EventLoop, gather, running_loop, sleep, spawn};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const A_WHILE: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let (lock, count) = (Lock::new(), Rc::new(Cell::new(0)));
        let add = |name| spawn(add(name, lock.clone(), count.clone()));
        gather(["ann", "bob", "cleo"].map(add)).await??;
        println!("the count is {}", count.get());

        let (places, begun) = (Semaphore::new(2), time());
        gather((0..5).map(|car| spawn(park(car, places.clone(), begun)))).await??;
        Ok(())
    })?
}

/// What is read before an await and written after it needs a lock, also on one thread.
async fn add(name: &str, lock: Lock, count: Rc<Cell<u32>>) {
    let _guard = lock.acquire().await;
    println!("{name} has the lock");
    let read = count.get();
    sleep(A_WHILE).await;
    count.set(read + 1);
}

async fn park(car: u32, places: Semaphore, begun: Duration) {
    let _place = places.acquire().await;
    println!("at {} ms: car {car} parks", (time() - begun).as_millis());
    sleep(A_WHILE).await;
}

fn time() -> Duration {
    running_loop().expect("it runs").time()
}
