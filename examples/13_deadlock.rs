//! On virtual time the loop knows when nothing can ever happen again. Then `run` does not
//! hang: it says who waits for what.
//!
//!     cargo run --example 13_deadlock
//!
//! Prints:
//!
//! ```text
//! nothing can ever happen again:
//! Task-1 waits for the task anna
//! anna waits for a future
//! otto waits for a future
//! ```
//!
//! Look at `deadlock` in `running.rs` to see why.

use oneloop::{Clock, EventLoop, Future, RunError, create_future, spawn_named};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build()?;
    let run = event_loop.run(async {
        let (fork, knife) = (create_future(), create_future());
        let anna = spawn_named("anna", dine(fork.clone(), knife.clone()));
        let otto = spawn_named("otto", dine(knife, fork));
        let _ = anna.await;
        let _ = otto.await;
    });
    let Err(RunError::Deadlock(deadlock)) = run else { panic!("they cannot dine") };
    println!("nothing can ever happen again:");
    for one in deadlock.waiting() {
        println!("{} waits for {}", one.task, one.waits_for);
    }
    Ok(())
}

/// Waits for one thing before it gives the other: so do both of them.
async fn dine(first: Future<()>, second: Future<()>) {
    let _ = first.await;
    second.set_result(()).expect("set once");
}
