//! What would block the loop runs on a thread beside it. Meanwhile the loop goes on, and
//! the result arrives as any other event.
//!
//!     cargo run --example 08_blocking_work
//!
//! Prints:
//!
//! ```text
//! the job waits for a go, on oneloop-worker-1
//! the loop goes on: 1
//! the loop goes on: 2
//! the loop goes on: 3, and says go
//! the job's answer: 42
//! a job that panics: the task panicked: no such luck
//! ten jobs, asked for in order: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio, time
//! async def main():
//!     job = asyncio.create_task(asyncio.to_thread(lambda: (time.sleep(0.1), 42)[1]))
//!     for n in 1, 2, 3: print("the loop goes on:", n); await asyncio.sleep(0)
//!     print("the job's answer:", await job)
//! asyncio.run(main())
//! ```
//!
//! Look at `submit` in `pool.rs` to see why.

use oneloop::{run_blocking, yield_now};
use std::sync::mpsc;

fn main() -> Result<(), oneloop::RunError> {
    std::panic::set_hook(Box::new(|_| {})); // the panic below is caught and shown
    oneloop::run(async {
        let (waits, waiting) = mpsc::channel();
        let (go, went) = mpsc::channel();
        let job = run_blocking(move || {
            let me = std::thread::current();
            waits.send(me.name().unwrap_or("?").to_owned()).unwrap();
            went.recv().unwrap(); // blocks this thread, not the loop
            42
        });
        println!("the job waits for a go, on {}", waiting.recv().unwrap());
        for n in 1..=2 {
            println!("the loop goes on: {n}");
            yield_now().await;
        }
        println!("the loop goes on: 3, and says go");
        go.send(()).unwrap();
        println!("the job's answer: {}", job.await.unwrap());

        let unlucky = run_blocking(|| panic!("no such luck"));
        println!("a job that panics: {}", unlucky.await.unwrap_err());

        let jobs: Vec<_> = (0..10).map(|n| run_blocking(move || n * n)).collect();
        let mut squares = Vec::new();
        for job in jobs {
            squares.push(job.await.unwrap());
        }
        println!("ten jobs, asked for in order: {squares:?}");
    })
}
