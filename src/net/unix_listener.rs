//! `UnixListener`: accepts Unix connections.

use super::acceptor::Acceptor;
use super::socket_path::{self, SocketPath};
use super::{ByteStream, UnixStream, unix_stream};
use crate::io::AsyncFd;
use rustix::net::SocketType;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

/// How many connections may wait to be accepted; the system allows fewer if it wants.
const BACKLOG: i32 = 4096;

/// Listens for Unix connections. Dropping it removes the file that [`bind`](Self::bind)
/// made, unless another file has taken its place.
///
/// ```
/// use oneloop::net::{UnixListener, UnixStream};
/// let path = std::env::temp_dir().join(format!("oneloop-doc-{}", std::process::id()));
/// let at = path.clone();
/// oneloop::run(async move {
///     let listener = UnixListener::bind(&at)?;
///     let client = UnixStream::connect(&at).await?;
///     let (server, _) = listener.accept().await?;
///     server.write_all(b"welcome").await?;
///     assert_eq!(client.read(&mut [0; 16]).await?, 7);
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// assert!(!path.exists());
/// ```
#[derive(Debug)]
#[doc(alias = "start_unix_server")]
pub struct UnixListener {
    // First: the file is removed before the socket closes.
    path: Option<SocketPath>,
    acceptor: Acceptor<std::os::unix::net::UnixListener>,
}

impl UnixListener {
    /// Listens at a new file at `path`, to which only this user may connect: change its
    /// mode to let others in.
    ///
    /// # Errors
    /// `AddrInUse` when there is a file already, also one that was left behind: whether to
    /// remove it is yours to say. When no file can be made, or no loop is running on this
    /// thread.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        let socket = unix_stream::new(SocketType::STREAM)?;
        let (socket, path) = SocketPath::bind(socket, path.as_ref())?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(UnixListener { path: Some(path), acceptor: Acceptor::on(socket.into())? })
    }

    /// Listens on an address, which may be a name without a file. If it has a file, that
    /// stays when this is dropped, and has the mode that the process gives to files.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        let socket = unix_stream::new(SocketType::STREAM)?;
        rustix::net::bind(&socket, &socket_path::to_system(address)?)?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(UnixListener { path: None, acceptor: Acceptor::on(socket.into())? })
    }

    /// Takes over a listener made elsewhere, and makes it non-blocking. Its file stays when
    /// this is dropped.
    ///
    /// # Errors
    /// When that fails, or no loop is running on this thread.
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        listener.set_nonblocking(true)?;
        Ok(UnixListener { path: None, acceptor: Acceptor::on(listener)? })
    }

    /// Gives the listener away, off the loop. It stays non-blocking, and its file stays.
    pub fn into_std(self) -> std::os::unix::net::UnixListener {
        if let Some(path) = self.path {
            path.leave();
        }
        self.acceptor.fd.into_inner()
    }

    /// The next connection, and the address of its other end, which mostly has no name.
    ///
    /// Waits and tries again when the system is out of descriptors or memory, as
    /// [`TcpListener::accept`](super::TcpListener::accept) does.
    ///
    /// # Errors
    /// Those that say that the listener is of no use any more.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (socket, _) = self.acceptor.accept().await?;
        let stream: UnixStream =
            ByteStream { fd: AsyncFd::on(self.acceptor.fd.handle(), socket.into()) };
        // A connection is not lost for its name.
        let address = stream.peer_addr().or_else(|_| SocketAddr::from_pathname(""))?;
        Ok((stream, address))
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.acceptor.fd.get_ref().local_addr()
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.acceptor.fd.as_fd()
    }
}
