//! Who waits for what, and who awaits whom, printed as a tree: nothing in the tasks helps
//! with that, because each await is known to the loop already.
//!
//!     cargo run --example 21_task_tree
//!
//! Prints:
//!
//! ```text
//! after 1800s:
//! Task-1: waits for a future
//! ├── anna: waits for a future
//! │   └── dinner: waits for a future
//! │       ├── soup: waits for a time that has not come
//! │       └── fish: waits for a time that has not come
//! └── otto: waits for a future
//!     └── dinner: waits for a future (see above)
//! cat: waits for a future
//!
//! after 5400s:
//! Task-1: waits for a future
//! ├── anna: waits for a future
//! │   └── dinner: waits for a future
//! │       └── fish: waits for a time that has not come
//! └── otto: waits for a future
//!     └── dinner: waits for a future (see above)
//! cat: waits for a future
//!
//! all have eaten
//! ```
//!
//! In asyncio, from 3.14 on, another process looks at it:
//!
//! ```python
//! import asyncio, os
//! async def main():
//!     async def dinner():
//!         async with asyncio.TaskGroup() as kitchen:
//!             for dish in "soup", "fish":
//!                 kitchen.create_task(asyncio.sleep(3600), name=dish)
//!     served = asyncio.create_task(dinner(), name="dinner")
//!     async def eat(): await asyncio.shield(served)
//!     guests = [asyncio.create_task(eat(), name=name) for name in ("anna", "otto")]
//!     print("python3 -m asyncio pstree", os.getpid())
//!     await asyncio.gather(*guests)
//! asyncio.run(main())
//! ```
//!
//! Look at `awaits` in `task_tree.rs` to see why.

use oneloop::{Awaitable, Clock, EventLoop, Runner, TaskGroup};
use oneloop::{call_later, gather, running_loop, shield, sleep, spawn_named};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn main() -> Result<(), oneloop::RunError> {
    let mut runner = Runner::with(EventLoop::builder().clock(Clock::AutoJump));
    runner.run(async {
        let served: Awaitable<()> = spawn_named("dinner", dinner()).into();
        let guests = ["anna", "otto"].map(|name| spawn_named(name, eat(served.clone())));
        drop(spawn_named("cat", oneloop::create_future::<()>()));
        call_later(HOUR / 2, look);
        call_later(HOUR + HOUR / 2, look);
        gather(guests).await.expect("nobody cancels it").expect("they eat");
        println!("all have eaten");
    })?;
    runner.close()
}

/// Cooks both at once; the fish takes longer.
async fn dinner() {
    let kitchen = TaskGroup::<()>::new();
    let cooked = kitchen.run(async {
        for (dish, hours) in [("soup", 1), ("fish", 2)] {
            let cooks = kitchen.spawn_named(dish, async move {
                sleep(HOUR * hours).await;
                Ok(())
            });
            drop(cooks.expect("the kitchen is open"));
        }
        Ok(())
    });
    cooked.await.expect("nothing burns");
}

/// A guest who leaves does not take the dinner away from the others.
async fn eat(served: Awaitable<()>) {
    shield(served).await.expect("it is served");
}

fn look() {
    let here = running_loop().expect("a callback is on a loop");
    println!("after {:?}:\n{}", here.time(), here.task_tree());
}
