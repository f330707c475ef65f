//! `ByteStream`: a connected socket that carries bytes, of either family.
//!
//! All that TCP and Unix streams have in common is here. The calls go to the descriptor by
//! `send` and `recv`, not by `write` and `read`: only `send` can be told to raise no signal
//! when the other end is gone.

use crate::io::AsyncFd;
use crate::lowlevel::Direction;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};

/// A connection: [`TcpStream`](super::TcpStream) or [`UnixStream`](super::UnixStream).
///
/// Its methods take `&self`: one task may read while another writes, see also
/// [`split`](Self::split). Two that read at the same time each get some of the bytes, and
/// of two that write at the same time the parts may alternate.
///
/// It reads and writes without buffers: each `read` and `write` is a system call, and what
/// `write` has answered is with the kernel. A peer that does not read makes `write` wait;
/// nothing piles up here.
///
/// Dropping it closes the connection; the kernel still sends what was written.
///
/// ```
/// use oneloop::net::UnixStream;
/// oneloop::run(async {
///     let (here, there) = UnixStream::pair()?;
///     here.write_all(b"hello").await?;
///     let mut buffer = [0; 16];
///     let count = there.read(&mut buffer).await?;
///     assert_eq!(&buffer[..count], b"hello");
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct ByteStream<S: AsFd> {
    pub(super) fd: AsyncFd<S>,
}

impl<S: AsFd> ByteStream<S> {
    /// Takes over a connection made elsewhere, and makes it non-blocking.
    ///
    /// # Errors
    /// When that fails, or no loop is running on this thread.
    pub fn from_std(stream: S) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&stream, true)?;
        ByteStream::ready(stream)
    }

    /// As [`from_std`](Self::from_std), of one that is non-blocking already.
    pub(super) fn ready(stream: S) -> io::Result<Self> {
        Ok(ByteStream { fd: AsyncFd::new(stream)? })
    }

    /// Gives the connection away, off the loop. It stays non-blocking.
    pub fn into_std(self) -> S {
        self.fd.into_inner()
    }

    /// Reads what is there, at least a byte, at most the buffer; 0 is the end, and also what
    /// an empty buffer gets. The end is told as often as it is asked for.
    ///
    /// # Errors
    /// Those of the connection, such as `ConnectionReset`.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has read nothing.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fd.read_with(|stream| recv(stream, buffer, RecvFlags::empty())).await?;
        self.moved(Direction::Read, count, buffer.len());
        Ok(count)
    }

    /// As [`read`](Self::read), into several buffers, one after the other.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has read nothing.
    pub async fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let room = buffers.iter().map(|buffer| buffer.len()).sum();
        if room == 0 {
            return Ok(0);
        }
        let count = self.fd.read_with(|stream| recv_vectored(stream, buffers)).await?;
        self.moved(Direction::Read, count, room);
        Ok(count)
    }

    /// As [`read`](Self::read), and the bytes stay where they are, to be read again.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.fd.read_with(|stream| recv(stream, buffer, RecvFlags::PEEK)).await
    }

    /// Reads what is there now, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; otherwise as [`read`](Self::read).
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        at_once(|| recv(self.fd.get_ref(), buffer, RecvFlags::empty()))
    }

    /// Writes some of `bytes`, at least one unless there is none.
    ///
    /// # Errors
    /// Those of the connection; a write after the peer is gone is an error (`BrokenPipe`,
    /// `ConnectionReset`), no signal.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written nothing.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let count = self.fd.write_with(|stream| send(stream, bytes)).await?;
        self.moved(Direction::Write, count, bytes.len());
        Ok(count)
    }

    /// As [`write`](Self::write), of several slices, one after the other. The answer counts
    /// bytes, and may end within a slice.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written nothing.
    pub async fn write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        if all == 0 {
            return Ok(0);
        }
        let count = self.fd.write_with(|stream| send_vectored(stream, slices)).await?;
        self.moved(Direction::Write, count, all);
        Ok(count)
    }

    /// Writes all of `bytes`, and waits for as long as the peer does not make room.
    ///
    /// # Errors
    /// As [`write`](Self::write); some bytes may have been written.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written an unknown part, from the first byte on. Who
    /// may be cancelled and has to go on afterwards writes by [`write`](Self::write).
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Writes what there is room for now, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; otherwise as [`write`](Self::write).
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        at_once(|| send(self.fd.get_ref(), bytes))
    }

    /// Waits until [`try_read`](Self::try_read) is worth it: something is there, or the end.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.fd.readable().await
    }

    /// Waits until [`try_write`](Self::try_write) is worth it.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn writable(&self) -> io::Result<()> {
        self.fd.writable().await
    }

    /// Closes one or both directions. After `Write` the peer reads what was written, then
    /// the end; reading goes on.
    ///
    /// # Errors
    /// When the connection is gone.
    #[doc(alias = "write_eof")]
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        Ok(rustix::net::shutdown(self, how)?)
    }

    /// The short move is the sign that nothing is left: one system call saved.
    pub(super) fn moved(&self, direction: Direction, count: usize, most: usize) {
        if count < most {
            self.fd.drained(direction);
        }
    }
}

impl<S: AsFd> AsFd for ByteStream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

pub(super) fn recv(from: impl AsFd, buffer: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
    let room = buffer.len();
    let (_, count) = rustix::net::recv(from, buffer, flags)?;
    Ok(count.min(room))
}

pub(super) fn recv_vectored(from: impl AsFd, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    // Descriptors that a peer may send along are not taken: there is no room for them.
    let mut control = RecvAncillaryBuffer::default();
    let flags = RecvFlags::CMSG_CLOEXEC;
    Ok(rustix::net::recvmsg(from, buffers, &mut control, flags)?.bytes)
}

pub(super) fn send(to: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(to, bytes, SendFlags::NOSIGNAL)?)
}

pub(super) fn send_vectored(to: impl AsFd, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut control = SendAncillaryBuffer::default();
    Ok(rustix::net::sendmsg(to, slices, &mut control, SendFlags::NOSIGNAL)?)
}

/// An operation that is not waited for, so that nobody else tries again when a signal came.
pub(super) fn at_once<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
