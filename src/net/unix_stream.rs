//! `UnixStream`: a connection within the machine; what only Unix sockets have.

use super::{ByteStream, socket_path};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::SocketAddr;
use std::path::Path;

/// A Unix connection. What it shares with a TCP one is at [`ByteStream`].
///
/// ```
/// use oneloop::net::UnixStream;
/// oneloop::run(async {
///     let (here, there) = UnixStream::pair()?;
///     here.write_all(b"hello").await?;
///     assert_eq!(there.read(&mut [0; 16]).await?, 5);
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// ```
pub type UnixStream = ByteStream<std::os::unix::net::UnixStream>;

impl ByteStream<std::os::unix::net::UnixStream> {
    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// When nobody listens there; `WouldBlock` when so many wait to be accepted that there
    /// is no room for another: the system does not tell when there is. Also when no loop is
    /// running on this thread.
    ///
    /// # Cancel safety
    /// It does not wait.
    #[doc(alias = "open_unix_connection")]
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?).await
    }

    /// As [`connect`](Self::connect), to an address, which may have no path.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// It does not wait.
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        let socket = new(SocketType::STREAM)?;
        rustix::net::connect(&socket, &socket_path::to_system(address)?)?;
        UnixStream::ready(socket.into())
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    /// When the system has no descriptors left, or no loop is running on this thread.
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = pair(SocketType::STREAM)?;
        Ok((UnixStream::ready(one.into())?, UnixStream::ready(other.into())?))
    }

    /// The address of this end; it may have no name.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// The address of the other end; it may have no name.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().peer_addr()
    }
}

/// A socket of the family, with nothing to it.
pub(super) fn new(kind: SocketType) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)?)
}

pub(super) fn pair(kind: SocketType) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None)?)
}
