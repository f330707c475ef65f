//! `TaskGroup`: no task outlives its block. The first failure has the others cancelled, they
//! clean up, and the block ends with all the failures together.
//!
//!     cargo run --example 25_task_group
//!
//! Prints:
//!
//! ```text
//! the sum is 3
//! fetch c fails
//! fetch a is cancelled
//! fetch b is cancelled
//! fetch b cannot clean up
//! fetch a has cleaned up
//! 2 failed: c is gone; b is stuck
//! and nothing is left running
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def fetch(name, ms, cleaning):
//!     try: await asyncio.sleep(ms / 1000)
//!     except asyncio.CancelledError:
//!         print(f"fetch {name} is cancelled")
//!         await asyncio.sleep(cleaning / 1000)
//!         if name == "b": print("fetch b cannot clean up"); raise ValueError("b is stuck")
//!         print(f"fetch {name} has cleaned up"); raise
//!     print(f"fetch {name} fails"); raise ValueError(f"{name} is gone")
//! async def number(n): return n
//! async def main():
//!     async with asyncio.TaskGroup() as group:
//!         one, two = group.create_task(number(1)), group.create_task(number(2))
//!     print("the sum is", one.result() + two.result())
//!     try:
//!         async with asyncio.TaskGroup() as group:
//!             for what in ("a", 3600, 60), ("b", 3600, 40), ("c", 20, 0): group.create_task(fetch(*what))
//!     except* ValueError as failed:
//!         print(len(failed.exceptions), "failed:", "; ".join(map(str, failed.exceptions)))
//!     if len(asyncio.all_tasks()) == 1: print("and nothing is left running")
//! asyncio.run(main())
//! ```
//!
//! Look at `task_done` in `task_group.rs` to see why.

use oneloop::error::Failure;
use oneloop::{Clock, EventLoop, TaskGroup, all_tasks, catch_cancel, sleep};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let group = TaskGroup::<String>::new();
        let sum = group.run(async {
            let numbers = [1, 2].map(|n| group.spawn(async move { Ok(n) }).expect("it is open"));
            let [one, two] = numbers;
            Ok(one.await.expect("it ends").unwrap_or(0) + two.await.expect("it ends").unwrap_or(0))
        });
        println!("the sum is {}", sum.await.expect("nothing fails"));

        let group = TaskGroup::new();
        let ended = group.run(async {
            for (name, ms, cleaning) in [("a", 3600, 60), ("b", 3600, 40), ("c", 20, 0)] {
                drop(group.spawn(fetch(name, ms, cleaning)).expect("it is open"));
            }
            Ok(())
        });
        let failed = ended.await.expect_err("two fail").into_errors();
        let texts: Vec<String> = failed.iter().map(Failure::to_string).collect();
        println!("{} failed: {}", failed.len(), texts.join("; "));
        if all_tasks().len() == 1 {
            println!("and nothing is left running");
        }
    })?)
}

async fn fetch(name: &str, ms: u32, cleaning: u32) -> Result<(), String> {
    if let Err(cancelled) = catch_cancel(sleep(MS * ms)).await {
        println!("fetch {name} is cancelled");
        sleep(MS * cleaning).await;
        if name == "b" {
            println!("fetch b cannot clean up");
            return Err("b is stuck".to_owned());
        }
        println!("fetch {name} has cleaned up");
        match cancelled.resume().await {}
    }
    println!("fetch {name} fails");
    Err(format!("{name} is gone"))
}
