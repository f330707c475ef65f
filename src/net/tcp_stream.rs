//! `TcpStream`: a TCP connection; what only TCP has.

use super::{ByteStream, TcpSocket, options};
use crate::LoopHandle;
use crate::io::AsyncFd;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A TCP connection. What it shares with a Unix one is at [`ByteStream`].
///
/// ```
/// use oneloop::net::{TcpListener, TcpStream};
/// oneloop::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let stream = TcpStream::connect(listener.local_addr()?).await?;
///     stream.set_nodelay(true)?;
///     stream.write_all(b"hello").await
/// })
/// .unwrap()
/// .unwrap();
/// ```
pub type TcpStream = ByteStream<std::net::TcpStream>;

impl ByteStream<std::net::TcpStream> {
    /// Connects to `address`; [`connect`](super::connect()) takes a name. For options before
    /// that see [`TcpSocket`].
    ///
    /// # Errors
    /// When the connection is refused, or cannot be made for another reason, such as no
    /// descriptor being left, or when no loop is running on this thread.
    ///
    /// # Cancel safety
    /// Dropping it gives the attempt up and closes the socket.
    #[doc(alias = "sock_connect")]
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpSocket::for_address(address)?.connect(address).await
    }

    pub(super) fn accepted(stream: std::net::TcpStream, handle: &LoopHandle) -> TcpStream {
        ByteStream { fd: AsyncFd::on(handle, stream) }
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.fd.get_ref().set_nodelay(on)
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.fd.get_ref().nodelay()
    }

    /// Whether the peer is asked for a sign of life when it was silent for so long; `None`:
    /// never. The system counts in seconds, from one on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        options::set_keepalive(self, after)
    }

    /// When the peer is asked for a sign of life.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn keepalive(&self) -> io::Result<Option<Duration>> {
        options::keepalive(self)
    }

    /// `Some(Duration::ZERO)`: the close throws away what was not sent, and resets the
    /// connection. `None`: it does not.
    ///
    /// # Errors
    /// `InvalidInput` for another duration: such a close would block the loop. Also when the
    /// system refuses.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        options::set_linger(self, linger)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().peer_addr()
    }
}
