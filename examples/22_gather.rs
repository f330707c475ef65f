//! `gather`: many tasks at once, and their values in the order in which they were given;
//! `try_gather` fails with the first that fails, and `gather_all` takes all as it comes.
//!
//!     cargo run --example 22_gather
//!
//! Prints:
//!
//! ```text
//! fish is ready
//! rice is ready
//! soup is ready
//! served: soup fish rice
//! no breakfast: toast is burnt
//! eggs is ready
//! tea is ready
//! tea
//! cancelled
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def cook(dish, ms):
//!     await asyncio.sleep(ms / 1000)
//!     if dish == "toast": raise ValueError("toast is burnt")
//!     print(dish, "is ready")
//!     return dish
//! async def main():
//!     print("served:", *await asyncio.gather(cook("soup", 60), cook("fish", 20), cook("rice", 40)))
//!     try: await asyncio.gather(cook("toast", 20), cook("eggs", 40))
//!     except ValueError as error: print("no breakfast:", error)
//!     await asyncio.sleep(0.04)
//!     tea, cake = (asyncio.create_task(cook(*what)) for what in (("tea", 20), ("cake", 3600)))
//!     asyncio.get_running_loop().call_later(0.04, cake.cancel)
//!     for outcome in await asyncio.gather(tea, cake, return_exceptions=True):
//!         print("cancelled" if isinstance(outcome, asyncio.CancelledError) else outcome)
//! asyncio.run(main())
//! ```
//!
//! Look at `count` in `gather.rs` to see why.

use oneloop::error::Failure;
use oneloop::{Clock, EventLoop, call_later, gather, gather_all, sleep, spawn, try_gather};
use std::rc::Rc;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let meal = [("soup", 60), ("fish", 20), ("rice", 40)].map(|(dish, ms)| cook(dish, ms));
        let served = gather(meal.map(spawn)).await.expect("nobody cancels it");
        println!("served: {}", served.expect("nobody cancels a dish").join(" "));

        let breakfast = [("toast", 20), ("eggs", 40)].map(|(dish, ms)| spawn(fry(dish, ms)));
        match try_gather(breakfast).await.expect("nobody cancels it") {
            Err(Failure::Error(error)) => println!("no breakfast: {error}"),
            other => panic!("the toast burns: {other:?}"),
        }
        sleep(MS * 40).await; // the eggs go on

        // In an `Rc`, a task is awaited by one and cancelled by another.
        let [tea, cake] = [("tea", 20), ("cake", 3600)].map(|(d, ms)| Rc::new(spawn(cook(d, ms))));
        let spoilt = cake.clone();
        call_later(MS * 40, move || assert!(spoilt.cancel()));
        let both = gather_all([tea, cake]).await.expect("nobody cancels it");
        for outcome in both.expect("it cannot fail") {
            println!("{}", outcome.unwrap_or("cancelled"));
        }
    })?)
}

async fn cook(dish: &'static str, ms: u32) -> &'static str {
    sleep(MS * ms).await;
    println!("{dish} is ready");
    dish
}

async fn fry(dish: &'static str, ms: u32) -> Result<&'static str, String> {
    if dish == "toast" {
        sleep(MS * ms).await;
        return Err("toast is burnt".to_owned());
    }
    Ok(cook(dish, ms).await)
}
