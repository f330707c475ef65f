//! `cancel` is a request: it is delivered at the task's next step, where the task is
//! dropped, with all that it holds. What the task was waiting for is cancelled, too.
//!
//!     cargo run --example 06_cancel
//!
//! Prints:
//!
//! ```text
//! sleeper begins
//! asked: true, done: false
//! sleeper is dropped
//! awaiting it gives: the task was cancelled
//! asked again: false
//! unborn never begins: the task was cancelled
//! inner is dropped
//! outer is dropped
//! outer was cancelled through what it awaits: the task was cancelled
//! to await a future that somebody cancelled is an error: what was awaited has been cancelled
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def main():
//!     sleeper = asyncio.create_task(asyncio.sleep(3600))
//!     await asyncio.sleep(0)
//!     print("asked:", sleeper.cancel(), "done:", sleeper.done())
//!     print("awaiting it gives:", repr((await asyncio.gather(sleeper, return_exceptions=True))[0]))
//! asyncio.run(main())
//! ```
//!
//! Look at `route_cancel` in `cancel.rs` to see why.

use oneloop::{create_future, sleep, spawn, yield_now};
use std::time::Duration;

/// Says so when it goes.
struct Cleanup(&'static str);

impl Drop for Cleanup {
    fn drop(&mut self) {
        println!("{} is dropped", self.0);
    }
}

fn main() -> Result<(), oneloop::RunError> {
    oneloop::run(async {
        let sleeper = spawn(async {
            let _cleanup = Cleanup("sleeper");
            println!("sleeper begins");
            sleep(Duration::from_secs(3600)).await;
            println!("an hour later: never printed");
        });
        yield_now().await;
        println!("asked: {}, done: {}", sleeper.cancel(), sleeper.done());
        let name = oneloop::TaskRef::clone(&sleeper);
        println!("awaiting it gives: {}", sleeper.await.unwrap_err());
        println!("asked again: {}", name.cancel());

        let unborn = spawn(async { println!("never printed") });
        unborn.cancel();
        println!("unborn never begins: {}", unborn.await.unwrap_err());

        let outer = spawn(async {
            let _cleanup = Cleanup("outer");
            let inner = spawn(async {
                let _cleanup = Cleanup("inner");
                sleep(Duration::MAX).await;
            });
            let _ = inner.await;
            println!("never printed");
        });
        yield_now().await;
        yield_now().await;
        outer.cancel();
        let error = outer.await.unwrap_err();
        println!("outer was cancelled through what it awaits: {error}");

        let future = create_future::<u32>();
        future.cancel();
        let error = future.await.unwrap_err();
        println!("to await a future that somebody cancelled is an error: {error}");
    })
}
