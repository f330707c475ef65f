//! `wait` until some of many tasks are done, which cancels none; and `as_completed`, which
//! gives each as it ends.
//!
//!     cargo run --example 23_wait_and_as_completed
//!
//! Prints:
//!
//! ```text
//! first: hare (2 still run)
//! in time: tortoise (1 still runs)
//! at last: snail (0 still run)
//! tram
//! train
//! late
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! def start(them): return [asyncio.create_task(asyncio.sleep(ms / 1000, name)) for name, ms in them]
//! def show(when, ended, run="run"):
//!     print(f"{when}: {', '.join(task.result() for task in ended[0])} ({len(ended[1])} still {run})")
//!     return ended[1]
//! async def main():
//!     left = start([("snail", 180), ("tortoise", 100), ("hare", 20)])
//!     left = show("first", await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED))
//!     left = show("in time", await asyncio.wait(left, timeout=0.1), "runs")
//!     left = show("at last", await asyncio.wait(left))
//!     for ended in asyncio.as_completed(start([("boat", 3600), ("train", 40), ("tram", 20)]), timeout=0.1):
//!         try: print(await ended)
//!         except TimeoutError: print("late")
//! asyncio.run(main())
//! ```
//!
//! Look at `completed` in `wait.rs` to see why.

use oneloop::{Awaitable, Clock, EventLoop, ReturnWhen, Waited};
use oneloop::{as_completed, sleep, spawn, wait};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

type Runner = Awaitable<&'static str>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let left = start([("snail", 180), ("tortoise", 100), ("hare", 20)]);
        let first = wait(left, None, ReturnWhen::FirstCompleted).await?;
        let left = show("first", first, "run");
        let in_time = wait(left, Some(MS * 100), ReturnWhen::AllCompleted).await?;
        let left = show("in time", in_time, "runs");
        show("at last", wait(left, None, ReturnWhen::AllCompleted).await?, "run");

        let travellers = start([("boat", 3600), ("train", 40), ("tram", 20)]);
        let mut ended = as_completed(travellers, Some(MS * 100));
        while let Some(next) = ended.next().await {
            match next {
                Ok(one) => println!("{}", one.await?),
                Err(_) => println!("late"),
            }
        }
        Ok(())
    })?
}

fn start<const N: usize>(them: [(&'static str, u32); N]) -> [Runner; N] {
    them.map(|(name, ms)| {
        let runs = async move {
            sleep(MS * ms).await;
            name
        };
        spawn(runs).into()
    })
}

/// Shows who is done, and gives who is not.
fn show(when: &str, ended: Waited<&'static str>, run: &str) -> Vec<Runner> {
    let names = ended.done.iter().filter_map(|one| one.result().ok()?.ok());
    let names: Vec<_> = names.collect();
    println!("{when}: {} ({} still {run})", names.join(", "), ended.pending.len());
    ended.pending
}
