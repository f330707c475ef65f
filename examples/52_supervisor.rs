//! A supervisor: starts a program again each time it fails, three times at most.
//!
//!     cargo run --example 52_supervisor
//!
//! Prints:
//!
//! ```text
//! start 1: exit status: 1
//! start 2: signal: 15 (SIGTERM)
//! start 3: exit status: 0
//! the program has done its work
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! LINES = ["exit 1", "kill $$", "exit 0"]
//! async def main():
//!     for number, line in enumerate(LINES, 1):
//!         child = await asyncio.create_subprocess_shell(line)
//!         code = await child.wait()
//!         print(f"start {number}: {code}")
//!         if code == 0: return print("the program has done its work")
//!         await asyncio.sleep(0.01)
//! asyncio.run(main())
//! ```
//!
//! Look at `Watch` in `exit.rs` to see why.

use oneloop::process::Command;
use oneloop::{Clock, EventLoop, sleep};
use std::time::Duration;

/// What the program comes to, one start after the other.
const LINES: [&str; 3] = ["exit 1", "kill $$", "exit 0"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The pauses are virtual; while a child is alive, time stands still.
    let on = EventLoop::builder().clock(Clock::AutoJump).build()?;
    on.run(supervise())??;
    Ok(())
}

async fn supervise() -> std::io::Result<()> {
    let mut pause = Duration::from_secs(1);
    for (number, line) in LINES.iter().enumerate() {
        let child = Command::shell(line).kill_on_drop(true).spawn()?;
        let status = child.wait().await?;
        println!("start {}: {status}", number + 1);
        if status.success() {
            println!("the program has done its work");
            return Ok(());
        }
        sleep(pause).await;
        pause *= 2;
    }
    println!("given up");
    Ok(())
}
