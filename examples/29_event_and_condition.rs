//! `Event`: a flag that any number of tasks wait for; `Condition`: to wait until what a lock
//! protects has changed.
//!
//!     cargo run --example 29_event_and_condition
//!
//! Prints:
//!
//! ```text
//! runner 1 is ready
//! runner 2 is ready
//! go
//! runner 1 runs
//! runner 2 runs
//! baker: 3 loaves
//! ann buys 2, 1 left
//! baker: 4 loaves
//! bob buys 4, 0 left
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio; loaves = 0
//! async def run(number, go):
//!     print("runner", number, "is ready"); await go.wait(); print("runner", number, "runs")
//! async def buy(name, wanted, shop):
//!     global loaves
//!     async with shop:
//!         await shop.wait_for(lambda: loaves >= wanted); loaves -= wanted; print(f"{name} buys {wanted}, {loaves} left")
//! async def bake(shop):
//!     global loaves
//!     for _ in range(2):
//!         await asyncio.sleep(0.02)
//!         async with shop: loaves += 3; print("baker:", loaves, "loaves"); shop.notify_all()
//! async def main():
//!     go, shop = asyncio.Event(), asyncio.Condition()
//!     runners = [asyncio.create_task(run(number, go)) for number in (1, 2)]
//!     await asyncio.sleep(0.02); print("go"); go.set(); await asyncio.gather(*runners)
//!     await asyncio.gather(buy("bob", 4, shop), buy("ann", 2, shop), bake(shop))
//! asyncio.run(main())
//! ```
//!
//! Bob came first and was woken first, but four loaves are not there when he has the lock
//! again: look at `wait_for` in `condition.rs`.

use oneloop::sync::{Condition, Event};
use oneloop::{Clock, EventLoop, gather, sleep, spawn};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const A_WHILE: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let go = Event::new();
        let runners = [1, 2].map(|number| spawn(run(number, go.clone())));
        sleep(A_WHILE).await;
        println!("go");
        go.set();
        gather(runners).await??;

        let shop = Shop::default();
        let [bob, ann] =
            [("bob", 4), ("ann", 2)].map(|(name, n)| spawn(buy(name, n, shop.clone())));
        gather([bob, ann, spawn(bake(shop))]).await??;
        Ok(())
    })?
}

async fn run(number: u32, go: Event) {
    println!("runner {number} is ready");
    go.wait().await;
    println!("runner {number} runs");
}

#[derive(Clone, Default)]
struct Shop {
    changed: Condition,
    loaves: Rc<Cell<u32>>,
}

async fn buy(name: &str, wanted: u32, shop: Shop) {
    let _guard = shop.changed.acquire().await;
    shop.changed.wait_for(|| shop.loaves.get() >= wanted).await.expect("the lock is held");
    shop.loaves.set(shop.loaves.get() - wanted);
    println!("{name} buys {wanted}, {} left", shop.loaves.get());
}

async fn bake(shop: Shop) {
    for _ in 0..2 {
        sleep(A_WHILE).await;
        let _guard = shop.changed.acquire().await;
        shop.loaves.set(shop.loaves.get() + 3);
        println!("baker: {} loaves", shop.loaves.get());
        shop.changed.notify_all().expect("the lock is held");
    }
}
