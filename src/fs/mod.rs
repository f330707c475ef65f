//! Files, on the pool's threads: the kernel has no readiness for them.

mod file;
mod lane;
pub mod stdio;

pub use file::{File, OpenOptions};

use crate::run_blocking;
use std::io;
use std::path::Path;

/// The whole content of a file.
///
/// # Errors
/// When the file cannot be read; and when the pool is shut down.
///
/// # Cancel safety
/// Nothing has happened but that the file may have been read.
///
/// ```
/// oneloop::run(async {
///     let path = std::env::temp_dir().join(format!("oneloop-doc-{}", std::process::id()));
///     oneloop::fs::write(&path, "hello").await.unwrap();
///     assert_eq!(oneloop::fs::read_to_string(&path).await.unwrap(), "hello");
///     std::fs::remove_file(path).unwrap();
/// })
/// .unwrap();
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    run_blocking(move || std::fs::read(path)).await.map_err(io::Error::other)?
}

/// The whole content of a file, which is text.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
///
/// # Cancel safety
/// Nothing has happened but that the file may have been read.
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    run_blocking(move || std::fs::read_to_string(path)).await.map_err(io::Error::other)?
}

/// Makes `content` the whole content of a file, which is made if there is none.
///
/// # Errors
/// When the file cannot be written; a part may have been. And when the pool is shut down.
///
/// # Cancel safety
/// It may have been written, it may be written yet, or it may not be at all: that is
/// decided by whether a thread had begun. It is not cut in the middle by cancelling.
pub async fn write(path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> io::Result<()> {
    let (path, content) = (path.as_ref().to_owned(), content.into());
    run_blocking(move || std::fs::write(path, content)).await.map_err(io::Error::other)?
}
