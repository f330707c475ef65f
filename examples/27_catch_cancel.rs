//! `catch_cancel`: cleaning up may await. Afterwards a task raises the cancellation again,
//! or stays, and then takes the request back; scopes nest, from the inside out.
//!
//!     cargo run --example 27_catch_cancel
//!
//! Prints:
//!
//! ```text
//! polite: cancelled, says goodbye
//! polite: gone
//! polite ended cancelled: true
//! stubborn: 1 request, stays
//! stubborn: 0 requests, goes on
//! stubborn ended cancelled: false
//! nested: the inner scope cleans up
//! nested: the outer scope cleans up
//! nested ended cancelled: true
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! forever = asyncio.Event().wait
//! async def polite():
//!     try: await forever()
//!     except asyncio.CancelledError:
//!         print("polite: cancelled, says goodbye")
//!         await asyncio.sleep(0.02); print("polite: gone"); raise
//! async def stubborn():
//!     me = asyncio.current_task()
//!     try: await forever()
//!     except asyncio.CancelledError: print("stubborn:", me.cancelling(), "request, stays")
//!     print("stubborn:", me.uncancel(), "requests, goes on")
//!     await asyncio.sleep(0.02)
//! async def nested():
//!     try:
//!         try: await forever()
//!         finally: await asyncio.sleep(0.02); print("nested: the inner scope cleans up")
//!     finally: await asyncio.sleep(0.02); print("nested: the outer scope cleans up")
//! async def main():
//!     for body in polite, stubborn, nested:
//!         task = asyncio.create_task(body())
//!         await asyncio.sleep(0.02); task.cancel(); await asyncio.wait([task])
//!         print(f"{body.__name__} ended cancelled: {str(task.cancelled()).lower()}")
//! asyncio.run(main())
//! ```
//!
//! Look at `deliver_in` in `cancel.rs` to see why.

use oneloop::{Cancelled, Clock, EventLoop, catch_cancel, current_task, sleep, spawn};
use std::time::Duration;

const A_WHILE: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let tasks = [spawn(polite()), spawn(stubborn()), spawn(nested())];
        for (name, task) in ["polite", "stubborn", "nested"].into_iter().zip(tasks) {
            sleep(A_WHILE).await;
            task.cancel();
            println!("{name} ended cancelled: {}", task.await.is_err_and(|e| e.is_cancelled()));
        }
    })?)
}

async fn polite() {
    if let Err(cancelled) = catch_cancel(sleep(Duration::MAX)).await {
        println!("polite: cancelled, says goodbye");
        leave("polite: gone", cancelled).await
    }
}

async fn stubborn() {
    let me = current_task().expect("it is a task");
    if catch_cancel(sleep(Duration::MAX)).await.is_err() {
        println!("stubborn: {} request, stays", me.cancelling());
    }
    println!("stubborn: {} requests, goes on", me.uncancel());
    sleep(A_WHILE).await;
}

async fn nested() {
    let inner = async {
        if let Err(cancelled) = catch_cancel(sleep(Duration::MAX)).await {
            leave("nested: the inner scope cleans up", cancelled).await
        }
    };
    if let Err(cancelled) = catch_cancel(inner).await {
        leave("nested: the outer scope cleans up", cancelled).await
    }
}

/// Takes a while to clean up, and raises the cancellation again.
async fn leave(text: &str, cancelled: Cancelled) {
    sleep(A_WHILE).await;
    println!("{text}");
    match cancelled.resume().await {}
}
