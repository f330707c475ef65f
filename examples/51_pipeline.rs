//! Programs joined by pipes, as with a shell's `|`, and no shell.
//!
//!     cargo run --example 51_pipeline
//!
//! Prints:
//!
//! ```text
//! Data 80%
//! yes was ended by signal 13, head by none
//! ```
//!
//! With Python's subprocess:
//!
//! ```python
//! from subprocess import PIPE, Popen
//! df = Popen(["echo", "Filesystem Use%\nData 80%\nRoot 20%"], stdout=PIPE)
//! grep = Popen(["grep", "Data"], stdin=df.stdout, stdout=PIPE)
//! df.stdout.close()  # df dies of SIGPIPE when grep goes
//! print(grep.communicate()[0].decode(), end="")
//! yes = Popen(["yes"], stdout=PIPE)
//! head = Popen(["head", "-n", "1"], stdin=yes.stdout, stdout=PIPE)
//! yes.stdout.close()
//! head.communicate()
//! print("yes was ended by signal", -yes.wait(), end=", head by none\n")
//! ```
//!
//! Look at `start` in `pipeline.rs` to see why.

use oneloop::process::Command;
use std::os::unix::process::ExitStatusExt;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    oneloop::run(async {
        let df = Command::new("echo").arg("Filesystem Use%\nData 80%\nRoot 20%");
        let found = df.pipe(Command::new("grep").arg("Data")).run().await?;
        print!("{}", String::from_utf8_lossy(&found.stdout));

        let head = Command::new("head").args(["-n", "1"]);
        let ended = Command::new("yes").pipe(head).run().await?;
        let told = |number: usize| match ended.statuses[number].signal() {
            Some(signal) => format!("signal {signal}"),
            None => "none".to_owned(),
        };
        println!("yes was ended by {}, head by {}", told(0), told(1));
        Ok::<(), std::io::Error>(())
    })??;
    Ok(())
}
