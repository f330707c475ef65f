//! `DatagramSocket`: a socket that carries messages, of either family.

use super::byte_stream::{at_once, recv, send};
use super::socket_path::SocketPath;
use crate::io::AsyncFd;
use rustix::net::RecvFlags;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// A socket for datagrams: [`UdpSocket`](super::UdpSocket) or
/// [`UnixDatagram`](super::UnixDatagram).
///
/// A datagram is sent and received as a whole, by one call, and may be empty. What does not
/// fit the buffer that it is received into is lost: see [`next_size`](Self::next_size).
///
/// ```
/// use oneloop::net::UnixDatagram;
/// oneloop::run(async {
///     let (here, there) = UnixDatagram::pair()?;
///     here.send(b"one").await?;
///     here.send(b"two").await?;
///     let mut buffer = [0; 16];
///     assert_eq!(there.recv(&mut buffer).await?, 3);
///     assert_eq!(&buffer[..3], b"one");
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct DatagramSocket<S: AsFd> {
    // First: the file is removed before the socket closes.
    pub(super) path: Option<SocketPath>,
    pub(super) fd: AsyncFd<S>,
}

impl<S: AsFd> DatagramSocket<S> {
    /// Takes over a socket made elsewhere, and makes it non-blocking. A file that it is
    /// bound to stays when this is dropped.
    ///
    /// # Errors
    /// When that fails, or no loop is running on this thread.
    pub fn from_std(socket: S) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        DatagramSocket::ready(socket)
    }

    /// As [`from_std`](Self::from_std), of one that is non-blocking already.
    pub(super) fn ready(socket: S) -> io::Result<Self> {
        Ok(DatagramSocket { path: None, fd: AsyncFd::new(socket)? })
    }

    /// Gives the socket away, off the loop. It stays non-blocking, and its file stays.
    pub fn into_std(self) -> S {
        if let Some(path) = self.path {
            path.leave();
        }
        self.fd.into_inner()
    }

    /// Sends a datagram to the address that the socket is connected to.
    ///
    /// # Errors
    /// When it is too long, or the socket is not connected. What became of an earlier
    /// datagram may be told here, once: `ConnectionRefused`.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has sent nothing.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.fd.write_with(|socket| send(socket, datagram)).await
    }

    /// As [`send`](Self::send), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room; otherwise as [`send`](Self::send).
    pub fn try_send(&self, datagram: &[u8]) -> io::Result<usize> {
        at_once(|| send(self.fd.get_ref(), datagram))
    }

    /// The next datagram; answers how much of it is in the buffer, which is 0 for an empty
    /// one. What does not fit is lost.
    ///
    /// # Errors
    /// What became of an earlier datagram that was sent may be told here, once:
    /// `ConnectionRefused`. Receiving goes on after it.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has received nothing.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd.read_with(|socket| recv(socket, buffer, RecvFlags::empty())).await
    }

    /// As [`recv`](Self::recv), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; otherwise as [`recv`](Self::recv).
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        at_once(|| recv(self.fd.get_ref(), buffer, RecvFlags::empty()))
    }

    /// As [`recv`](Self::recv), and the datagram stays, to be received again.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fd.read_with(|socket| recv(socket, buffer, RecvFlags::PEEK)).await
    }

    /// Waits for a datagram, and answers how long it is. It stays, to be received into a
    /// buffer of that size.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next_size(&self) -> io::Result<usize> {
        let flags = RecvFlags::PEEK | RecvFlags::TRUNC;
        let size = |socket: &S| {
            let (_, size) = rustix::net::recv(socket, &mut [0_u8; 0][..], flags)?;
            Ok(size)
        };
        self.fd.read_with(size).await
    }

    /// Waits until [`try_recv`](Self::try_recv) is worth it.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.fd.readable().await
    }

    /// Waits until [`try_send`](Self::try_send) is worth it.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn writable(&self) -> io::Result<()> {
        self.fd.writable().await
    }
}

impl<S: AsFd> AsFd for DatagramSocket<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
