//! Our ends of a child's pipes.

use crate::LoopHandle;
use crate::io::AsyncFd;
use crate::lowlevel::Direction;
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, ioctl_fionbio};
use std::io;
use std::os::fd::OwnedFd;

/// Read at a time; also what an end of a pipe holds, unless told otherwise.
const CHUNK: usize = 64 * 1024;

/// What a child writes, for us to read: [`Child::stdout`](super::Child::stdout).
#[derive(Debug)]
#[doc(alias = "ChildStdout")]
#[doc(alias = "StreamReader")]
pub struct PipeReader {
    fd: AsyncFd<OwnedFd>,
}

impl PipeReader {
    pub(super) fn new(on: &LoopHandle, fd: OwnedFd) -> io::Result<Self> {
        ioctl_fionbio(&fd, true)?;
        Ok(PipeReader { fd: AsyncFd::on(on, fd) })
    }

    /// Reads what is there, at least a byte, at most the buffer; 0 is the end: all who could
    /// write, the child's own children too, have closed it. What is not read stays.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has read nothing.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd.read_with(|fd| Ok(rustix::io::read(fd, &mut *buffer)?)).await
    }

    /// Reads until the end, and appends to `bytes`.
    ///
    /// # Errors
    /// As [`read`](Self::read); what was read until then is in `bytes`.
    ///
    /// # Cancel safety
    /// What was read until then is in `bytes`.
    pub async fn read_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        while self.fd.read_with(|fd| chunk(fd, bytes)).await? > 0 {}
        Ok(())
    }

    /// Appends what can be read without waiting, a few chunks at most.
    pub(super) fn take_what_is_there(&self, bytes: &mut Vec<u8>) {
        for _ in 0..16 {
            if !matches!(chunk(self.fd.get_ref(), bytes), Ok(count) if count > 0) {
                return;
            }
        }
    }

    /// The descriptor, to hand to another program: it blocks again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn into_fd(self) -> io::Result<OwnedFd> {
        let fd = self.fd.into_inner();
        ioctl_fionbio(&fd, false)?;
        Ok(fd)
    }
}

fn chunk(fd: &OwnedFd, bytes: &mut Vec<u8>) -> io::Result<usize> {
    bytes.reserve(CHUNK);
    loop {
        match rustix::io::read(fd, spare_capacity(bytes)) {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// What a child reads, for us to write: [`Child::stdin`](super::Child::stdin). Dropping it is
/// the end of the child's input.
#[derive(Debug)]
#[doc(alias = "ChildStdin")]
#[doc(alias = "StreamWriter")]
pub struct PipeWriter {
    fd: AsyncFd<OwnedFd>,
}

impl PipeWriter {
    pub(super) fn new(on: &LoopHandle, fd: OwnedFd) -> io::Result<Self> {
        ioctl_fionbio(&fd, true)?;
        Ok(PipeWriter { fd: AsyncFd::on(on, fd) })
    }

    /// Writes some of `bytes`, at least one.
    ///
    /// # Errors
    /// `BrokenPipe` when nobody reads any more; when the loop is closed.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written nothing.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.fd.write_with(|fd| Ok(rustix::io::write(fd, bytes)?)).await?;
        if count < bytes.len() {
            self.fd.drained(Direction::Write);
        }
        Ok(count)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`write`](Self::write); some bytes may have been written.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written an unknown part.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Ends the child's input, as dropping does; the child reads what was written before.
    #[doc(alias = "close")]
    pub fn shutdown(self) {}

    /// The descriptor, to hand to another program: it blocks again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn into_fd(self) -> io::Result<OwnedFd> {
        let fd = self.fd.into_inner();
        ioctl_fionbio(&fd, false)?;
        Ok(fd)
    }
}
