//! A task is a future that the loop drives. `spawn` only schedules it; it has a name and
//! a result, and the loop keeps it running also when its handle is dropped.
//!
//!     cargo run --example 05_tasks
//!
//! Prints:
//!
//! ```text
//! main is Task-1
//! adder is spawned, and has not begun
//! no result yet: the future is not done
//! all tasks: ["Task-1", "adder", "Task-3"]
//! adder begins
//! a task without a handle begins
//! a done callback knows that adder is done
//! awaited by reference: 5
//! and once more: 5
//! the result by value: 5
//! all tasks: ["Task-1"]
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def add(a, b): print(asyncio.current_task().get_name(), "begins"); return a + b
//! async def main():
//!     adder = asyncio.create_task(add(2, 3), name="adder")
//!     adder.add_done_callback(lambda task: print(task.get_name(), "is done"))
//!     print(await adder, await adder, len(asyncio.all_tasks()))
//! asyncio.run(main())
//! ```
//!
//! Look at `step` in `task.rs` to see why.

use oneloop::{all_tasks, current_task, spawn, spawn_named};

fn main() -> Result<(), oneloop::RunError> {
    oneloop::run(async {
        println!("main is {}", own_name());
        let adder = spawn_named("adder", add(2, 3));
        println!("{} is spawned, and has not begun", adder.name());
        println!("no result yet: {}", adder.result().unwrap_err());
        adder.add_done_callback(|task| {
            println!("a done callback knows that {} is done", task.name());
        });
        drop(spawn(async { println!("a task without a handle begins") }));
        println!("all tasks: {:?}", names());

        println!("awaited by reference: {}", (&adder).await.unwrap());
        println!("and once more: {}", (&adder).await.unwrap());
        println!("the result by value: {}", adder.await.unwrap());
        oneloop::yield_now().await;
        println!("all tasks: {:?}", names());
    })
}

async fn add(a: u32, b: u32) -> u32 {
    println!("{} begins", own_name());
    a + b
}

fn own_name() -> String {
    current_task().map_or("no task".to_owned(), |task| task.name())
}

fn names() -> Vec<String> {
    all_tasks().iter().map(|task| task.name()).collect()
}
