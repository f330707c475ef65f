//! Follows a file, as `tail -f` does, that another task appends to.
//!
//!     cargo run --example 62_tail_f
//!
//! Prints:
//!
//! ```text
//! begin
//! line 1
//! line 2 in two pieces
//! line 3
//! followed 4 lines
//! ```
//!
//! In asyncio, files are for threads, too:
//!
//! ```python
//! while True:
//!     piece = await asyncio.to_thread(file.read, 4096)
//!     if not piece:
//!         await asyncio.sleep(0.005)
//! ```
//!
//! Look at `landed` in `lane.rs` to see what becomes of a read that is cancelled.

use oneloop::fs::{self, File};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(5);

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("oneloop-tail-{}", std::process::id()));
    let file = path.clone();
    let followed = oneloop::run(async move {
        fs::write(&file, "begin\n").await?;
        let appending = oneloop::spawn(append(file.clone()));
        let lines = follow(&file, 4).await?;
        appending.await.map_err(io::Error::other)??;
        Ok::<usize, io::Error>(lines)
    });
    std::fs::remove_file(path)?;
    println!("followed {} lines", followed??);
    Ok(())
}

async fn append(path: PathBuf) -> io::Result<()> {
    let mut file = File::options().append(true).open(path).await?;
    for piece in ["line 1\n", "line 2 ", "in two pieces\n", "line 3\n"] {
        oneloop::sleep(PAUSE).await;
        file.write_all(piece).await?;
    }
    file.sync_all().await
}

/// Prints the first `count` lines, each when its end is there.
async fn follow(path: &Path, count: usize) -> io::Result<usize> {
    let mut file = File::open(path).await?;
    let (mut rest, mut lines) = (Vec::new(), 0);
    while lines < count {
        let piece = file.read(4096).await?;
        if piece.is_empty() {
            oneloop::sleep(PAUSE).await;
        }
        rest.extend(piece);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            print!("{}", String::from_utf8_lossy(&line));
            lines += 1;
        }
    }
    Ok(lines)
}
