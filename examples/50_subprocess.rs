//! Programs: run to the end, fed and read, checked, and ended by a signal.
//!
//!     cargo run --example 50_subprocess
//!
//! Prints:
//!
//! ```text
//! cat says meow
//! `false` exited with 1
//! `/bin/sh` was ended by SIGTERM
//! sleep ends with signal 9
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio, subprocess
//! from asyncio.subprocess import PIPE
//! async def main():
//!     cat = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
//!     out, _ = await cat.communicate(b"meow")
//!     print("cat says", out.decode())
//!     for program in ["false"], ["/bin/sh", "-c", "kill $$"]:
//!         try: await asyncio.to_thread(subprocess.run, program, check=True)
//!         except subprocess.CalledProcessError as error: print(error)
//!     sleep = await asyncio.create_subprocess_exec("sleep", "3600")
//!     sleep.kill()
//!     print("sleep ends with signal", -await sleep.wait())
//! asyncio.run(main())
//! ```
//!
//! Look at `Exit` in `exit.rs` to see why.

use oneloop::process::{Command, CommandError};
use std::os::unix::process::ExitStatusExt;

fn main() -> Result<(), oneloop::RunError> {
    oneloop::run(async {
        if let Err(error) = talk().await {
            println!("{error}");
        }
    })
}

async fn talk() -> Result<(), CommandError> {
    let cat = Command::new("cat").input("meow").run().await?;
    println!("cat says {}", String::from_utf8_lossy(&cat.stdout));

    for program in [Command::new("false"), Command::shell("kill $$")] {
        if let Err(error) = program.check(true).run().await {
            println!("{error}");
        }
    }

    let sleep = Command::new("sleep").arg("3600").spawn()?;
    sleep.kill()?;
    println!("sleep ends with signal {}", sleep.wait().await?.signal().unwrap_or(0));
    Ok(())
}
