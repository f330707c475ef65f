//! A producer and two consumers over a `Queue` with room for two: `put` waits for room,
//! `join` until all has been dealt with, and `shutdown` sends the consumers home. Example
//! 19 makes a queue like this by hand.
//!
//!     cargo run --example 31_queue
//!
//! Prints:
//!
//! ```text
//! put 0, 1 in the queue
//! put 1, 2 in the queue
//! a has 0
//! b has 1
//! put 2, 1 in the queue
//! put 3, 2 in the queue
//! a has 2
//! b has 3
//! put 4, 1 in the queue
//! a has 4
//! all has been dealt with
//! b goes home
//! a goes home
//! ```
//!
//! In asyncio, from 3.13 on:
//!
//! ```python
//! import asyncio
//! async def produce(queue):
//!     for item in range(5): await queue.put(item); print(f"put {item}, {queue.qsize()} in the queue")
//! async def consume(name, queue):
//!     try:
//!         while True:
//!             item = await queue.get()
//!             print(name, "has", item)
//!             await asyncio.sleep(0.02)
//!             queue.task_done()
//!     except asyncio.QueueShutDown: print(name, "goes home")
//! async def main():
//!     queue = asyncio.Queue(2)
//!     producer = asyncio.create_task(produce(queue))
//!     consumers = [asyncio.create_task(consume(name, queue)) for name in "ab"]
//!     await producer
//!     await queue.join()
//!     print("all has been dealt with")
//!     queue.shutdown()
//!     await asyncio.gather(*consumers)
//! asyncio.run(main())
//! ```
//!
//! Look at `put` in `queue_core.rs` to see why.

use oneloop::sync::Queue;
use oneloop::{Clock, EventLoop, gather, sleep, spawn};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let queue = Queue::new(2);
        let producer = spawn(produce(queue.clone()));
        let consumers = ["a", "b"].map(|name| spawn(consume(name, queue.clone())));
        producer.await?;
        queue.join().await;
        println!("all has been dealt with");
        queue.shutdown(false);
        gather(consumers).await??;
        Ok(())
    })?
}

async fn produce(queue: Queue<u32>) {
    for item in 0..5 {
        queue.put(item).await.expect("it is not shut down yet");
        println!("put {item}, {} in the queue", queue.len());
    }
}

async fn consume(name: &str, queue: Queue<u32>) {
    while let Ok(item) = queue.get().await {
        println!("{name} has {item}");
        sleep(Duration::from_millis(20)).await;
        queue.task_done().expect("it was put");
    }
    println!("{name} goes home");
}
