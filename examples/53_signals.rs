//! Signals: as a callback, as something to wait for; and one that cannot be had.
//!
//!     cargo run --example 53_signals
//!
//! Prints:
//!
//! ```text
//! SIGKILL cannot be caught
//! a callback hears SIGHUP
//! a task hears SIGHUP
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio, os, signal
//! async def main():
//!     loop, heard = asyncio.get_running_loop(), asyncio.Event()
//!     try: loop.add_signal_handler(signal.SIGKILL, print)
//!     except (RuntimeError, ValueError): print("SIGKILL cannot be caught")
//!     def hear():
//!         print("a callback hears SIGHUP")
//!         heard.set()
//!     loop.add_signal_handler(signal.SIGHUP, hear)
//!     os.kill(os.getpid(), signal.SIGHUP)
//!     await heard.wait()
//!     print("a task hears SIGHUP")
//! asyncio.run(main())
//! ```
//!
//! Look at `add_signal_handler` in `listeners.rs` to see why.

use oneloop::process::Command;
use oneloop::signal::{Signal, signal};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    oneloop::run(async {
        let here = oneloop::running_loop()?;
        if let Err(error) = here.add_signal_handler(Signal::KILL, || ()) {
            println!("{error}");
        }
        here.add_signal_handler(Signal::HUP, || println!("a callback hears SIGHUP"))?;
        let mut hangups = signal(Signal::HUP)?;
        // Somebody sends us one: our child's parent is us.
        let child = Command::shell("kill -HUP $PPID").spawn()?;
        hangups.recv().await.map_err(std::io::Error::other)?;
        println!("a task hears SIGHUP");
        child.wait().await?;
        Ok::<(), std::io::Error>(())
    })??;
    Ok(())
}
