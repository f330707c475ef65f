//! `UnixDatagram`: datagrams within the machine; what only Unix sockets have.

use super::socket_path::SocketPath;
use super::{DatagramSocket, unix_stream};
use rustix::net::SocketType;
use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;

/// A Unix socket for datagrams. What it shares with UDP is at [`DatagramSocket`]; unlike
/// those of UDP, its datagrams come in order, and none is lost on the way: a sender waits
/// while the receiver has no room.
///
/// ```
/// use oneloop::net::UnixDatagram;
/// oneloop::run(async {
///     let (here, there) = UnixDatagram::pair()?;
///     here.send(b"").await?;
///     assert_eq!(there.recv(&mut [0; 16]).await?, 0); // empty, and no end
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// ```
pub type UnixDatagram = DatagramSocket<std::os::unix::net::UnixDatagram>;

impl DatagramSocket<std::os::unix::net::UnixDatagram> {
    /// A socket with a new file at `path`, to which only this user may send. Dropping the
    /// socket removes the file, unless another has taken its place.
    ///
    /// # Errors
    /// When there is a file already, or none can be made, or no loop is running on this
    /// thread.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        let socket = unix_stream::new(SocketType::DGRAM)?;
        let (socket, path) = SocketPath::bind(socket, path.as_ref())?;
        let mut made = UnixDatagram::ready(socket.into())?;
        made.path = Some(path);
        Ok(made)
    }

    /// A socket without a name, which can send, and receives only if it is connected.
    ///
    /// # Errors
    /// When the system has no descriptor left, or no loop is running on this thread.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::ready(unix_stream::new(SocketType::DGRAM)?.into())
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    /// When the system has no descriptors left, or no loop is running on this thread.
    #[doc(alias = "socketpair")]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = unix_stream::pair(SocketType::DGRAM)?;
        Ok((UnixDatagram::ready(one.into())?, UnixDatagram::ready(other.into())?))
    }

    /// From now on [`send`](Self::send) sends to the socket at `path`, and only what comes
    /// from there is received. It does not wait.
    ///
    /// # Errors
    /// When there is none.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.fd.get_ref().connect(path)
    }

    /// Sends a datagram to the socket at `path`.
    ///
    /// # Errors
    /// When it is too long, or there is no socket at `path`.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has sent nothing.
    pub async fn send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.fd.write_with(|socket| socket.send_to(datagram, path.as_ref())).await
    }

    /// The next datagram, as [`recv`](Self::recv), and who sent it, which may have no name.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has received nothing.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.fd.read_with(|socket| socket.recv_from(buffer)).await
    }

    /// The address of this end; it may have no name.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().peer_addr()
    }
}
