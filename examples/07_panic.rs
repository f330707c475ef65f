//! A panic ends the callback or the task that it happens in, and nothing else. Who
//! awaits the task is told; what nobody awaits goes to the loop's exception handler.
//!
//!     cargo run --example 07_panic
//!
//! Prints:
//!
//! ```text
//! handler: Exception in callback: in a callback
//! the loop goes on
//! the task panicked: in a task
//! what it carried: in a task
//! handler: Task exception was never retrieved (unloved): nobody looks
//! handler: Future exception was never retrieved ("lost"): no panic
//! at last, a panic of main goes to the caller: of main
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def fail(): raise RuntimeError("in a task")
//! async def main():
//!     asyncio.get_running_loop().set_exception_handler(lambda loop, c: print("handler:", c["message"]))
//!     asyncio.get_running_loop().call_soon(lambda: 1 / 0)
//!     print(repr((await asyncio.gather(fail(), return_exceptions=True))[0]))
//! asyncio.run(main())
//! ```
//!
//! Look at `catch` in `exception.rs` to see why.

use oneloop::error::panic_message;
use oneloop::{call_soon, create_future, running_loop, spawn, spawn_named, yield_now};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn main() {
    // Rust's default hook would print each panic, too: here the loop's reports are enough.
    std::panic::set_hook(Box::new(|_| {}));
    let run = catch_unwind(AssertUnwindSafe(|| oneloop::run(play())));
    let payload = run.expect_err("main panics at its end");
    println!("at last, a panic of main goes to the caller: {}", panic_message(&*payload));
}

async fn play() {
    running_loop().unwrap().set_exception_handler(|context| {
        let who = match context.message() {
            "Exception in callback" => String::new(), // its source is a type's name
            _ => format!(" ({})", context.source()),
        };
        let why = context.panic_message().unwrap_or("no panic");
        println!("handler: {}{who}: {why}", context.message());
    });

    call_soon(|| panic!("in a callback"));
    yield_now().await;
    println!("the loop goes on");

    let error = spawn(async { panic!("in a task") }).await.unwrap_err();
    println!("{error}");
    let payload = error.try_into_panic().unwrap();
    println!("what it carried: {}", panic_message(&*payload));

    drop(spawn_named("unloved", async { panic!("nobody looks") }));
    yield_now().await;

    let future = create_future::<Result<(), &str>>();
    future.set_exception("lost").unwrap();
    drop(future);

    panic!("of main");
}
