//! A future is a cell that is set once. Any number of tasks may await it and any number
//! of callbacks may be added; they run, in the order in which they came, in the turn
//! after it was set.
//!
//!     cargo run --example 04_future_by_hand
//!
//! Prints:
//!
//! ```text
//! first task waits
//! second task waits
//! set_result(42): nothing runs inside of it
//! first task has 42
//! callback has 42
//! second task has 42
//! a second result is refused and comes back: 7
//! who comes late does not wait: 42
//! an error is a result, too: "no such file"
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def waiter(name, future): print(name, "has", await future)
//! async def main():
//!     future = asyncio.get_running_loop().create_future()
//!     asyncio.get_running_loop().call_soon(future.set_result, 42)
//!     await asyncio.gather(waiter("first", future), waiter("second", future))
//! asyncio.run(main())
//! ```
//!
//! Look at `settle` in `future.rs` to see why.

use oneloop::{Future, create_future, spawn, yield_now};

fn main() -> Result<(), oneloop::RunError> {
    oneloop::run(async {
        let future = create_future::<u32>();
        let first = spawn(wait_for("first", future.clone()));
        yield_now().await;
        future.add_done_callback(|future| println!("callback has {}", future.result().unwrap()));
        let second = spawn(wait_for("second", future.clone()));
        yield_now().await;

        future.set_result(42).unwrap();
        println!("set_result(42): nothing runs inside of it");
        first.await.unwrap();
        second.await.unwrap();

        let refused = future.set_result(7).unwrap_err();
        println!("a second result is refused and comes back: {}", refused.into_inner());
        println!("who comes late does not wait: {}", future.await.unwrap());

        let fallible = create_future::<Result<u32, &str>>();
        fallible.set_exception("no such file").unwrap();
        println!("an error is a result, too: {:?}", fallible.await.unwrap().unwrap_err());
    })
}

async fn wait_for(name: &str, future: Future<u32>) {
    println!("{name} task waits");
    let value = future.await.unwrap();
    println!("{name} task has {value}");
}
