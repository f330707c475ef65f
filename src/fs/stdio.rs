//! Standard input, output and error, without blocking the loop.
//!
//! These descriptors are shared with other processes, so they stay as they are: to make one
//! non-blocking would make it so for the shell, too. Reading waits on the loop until there
//! is something, and then reads on a thread of the pool; writing is done by such a thread.

use super::lane::Lane;
use crate::io::AsyncFd;
use std::io::{self, Write};

/// The most that one read takes.
const CHUNK: usize = 64 << 10;

/// Standard input. What is read here is gone for [`std::io::stdin`], and the other way
/// round: that one has a buffer of its own, so use one of the two.
///
/// # Cancel safety
/// Nothing is lost as long as the `Stdin` is kept: bytes of a cancelled read are given to
/// the next one.
///
/// ```no_run
/// oneloop::run(async {
///     let mut stdin = oneloop::fs::stdio::stdin().unwrap();
///     while !stdin.read(1024).await.unwrap().is_empty() {}
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Stdin {
    fd: AsyncFd<io::Stdin>,
    lane: Lane<Vec<u8>>,
    left: Vec<u8>,
}

/// Standard output. The bytes go through [`std::io::stdout`], behind what was printed
/// before, and are flushed. See [`stdout`].
///
/// # Cancel safety
/// A cancelled write is done whole, or not at all; the next one waits for it.
///
/// ```
/// oneloop::run(async {
///     oneloop::fs::stdio::stdout().write_all("hello\n").await.unwrap();
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Stdout(Lane<()>);

/// Standard error; as [`Stdout`].
///
/// ```
/// oneloop::run(async {
///     oneloop::fs::stdio::stderr().write_all("careful\n").await.unwrap();
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Stderr(Lane<()>);

/// Standard input, read on the running loop. There should be one.
///
/// # Errors
/// When no loop is running on this thread.
pub fn stdin() -> io::Result<Stdin> {
    Ok(Stdin { fd: AsyncFd::new(io::stdin())?, lane: Lane::new(), left: Vec::new() })
}

/// Standard output. Writes of one `Stdout` come in their order; those of two may mix.
pub fn stdout() -> Stdout {
    Stdout(Lane::new())
}

/// Standard error; as [`stdout`].
pub fn stderr() -> Stderr {
    Stderr(Lane::new())
}

impl Stdin {
    /// Reads what is there, at least a byte, at most `count`; nothing, if this is the end or
    /// `count` is 0. If another process takes the bytes just before this does, a thread of
    /// the pool waits for the next ones, and the loop does not.
    ///
    /// # Errors
    /// When it cannot be read, or the pool is shut down.
    ///
    /// # Cancel safety
    /// See [`Stdin`].
    pub async fn read(&mut self, count: usize) -> io::Result<Vec<u8>> {
        if let Some(landed) = self.lane.landed().await {
            self.left = landed?;
        }
        if self.left.is_empty() && count > 0 {
            self.fd.readable().await?;
            let count = count.min(CHUNK);
            let read = move || {
                let mut bytes = vec![0; count];
                let count = rustix::io::retry_on_intr(|| {
                    rustix::io::read(io::stdin(), bytes.as_mut_slice())
                })?;
                bytes.truncate(count);
                Ok(bytes)
            };
            self.left = self.lane.fly(read).await?;
        }
        let rest = self.left.split_off(count.min(self.left.len()));
        Ok(std::mem::replace(&mut self.left, rest))
    }
}

impl Stdout {
    /// Writes all of `bytes`, and flushes.
    ///
    /// # Errors
    /// When it cannot be written, as when nobody reads it any more; when a cancelled write
    /// failed; and when the pool is shut down.
    ///
    /// # Cancel safety
    /// See [`Stdout`].
    pub async fn write_all(&mut self, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        write_to(&mut self.0, io::stdout, bytes.into()).await
    }
}

impl Stderr {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`Stdout::write_all`].
    ///
    /// # Cancel safety
    /// See [`Stdout`].
    pub async fn write_all(&mut self, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        write_to(&mut self.0, io::stderr, bytes.into()).await
    }
}

async fn write_to<W: Write + 'static>(
    lane: &mut Lane<()>,
    to: fn() -> W,
    bytes: Vec<u8>,
) -> io::Result<()> {
    lane.landed().await.transpose()?;
    let write = move || {
        let mut to = to();
        to.write_all(&bytes)?;
        to.flush()
    };
    lane.fly(write).await
}
