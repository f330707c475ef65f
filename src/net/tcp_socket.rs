//! `TcpSocket`: a TCP socket before it is connected or listens, for its options.

use super::{TcpListener, TcpStream, options};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A TCP socket that neither is connected nor listens yet. Set its options, then
/// [`connect`](Self::connect), or [`bind`](Self::bind) and [`listen`](Self::listen).
///
/// ```
/// use oneloop::net::TcpSocket;
/// oneloop::run(async {
///     let address = "127.0.0.1:0".parse().unwrap();
///     let socket = TcpSocket::for_address(address)?;
///     socket.set_reuse_port(true)?;
///     socket.bind(address)?;
///     let first = socket.listen(128)?;
///     // A second one shares the port, and the connections.
///     let socket = TcpSocket::for_address(address)?;
///     socket.set_reuse_port(true)?;
///     socket.bind(first.local_addr()?)?;
///     socket.listen(128).map(drop)
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    fd: OwnedFd,
    bound: Cell<bool>,
}

impl TcpSocket {
    /// A socket of the family of `address`, which it is not bound to by that.
    ///
    /// # Errors
    /// When the system has no descriptor left, or does not know the family.
    pub fn for_address(address: SocketAddr) -> io::Result<TcpSocket> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let fd = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        Ok(TcpSocket { fd, bound: Cell::new(false) })
    }

    /// Whether the address may be taken although connections of one before still end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_reuse_address(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_reuseaddr(self, on)?)
    }

    /// Whether several listeners that all say so may share an address; the system deals
    /// the connections out.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_reuse_port(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_reuseport(self, on)?)
    }

    /// See [`TcpStream::set_nodelay`]. Connections that are accepted have it from the
    /// listener, as all options here.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_tcp_nodelay(self, on)?)
    }

    /// See [`TcpStream::set_keepalive`].
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        options::set_keepalive(self, after)
    }

    /// See [`TcpStream::set_linger`].
    ///
    /// # Errors
    /// `InvalidInput` for a duration other than zero; also when the system refuses.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        options::set_linger(self, linger)
    }

    /// How much the system keeps of what was not sent yet. It takes the double, within
    /// limits of its own.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        Ok(sockopt::set_socket_send_buffer_size(self, bytes)?)
    }

    /// What the system made of [`set_send_buffer_size`](Self::set_send_buffer_size).
    ///
    /// # Errors
    /// When the system does not say.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        Ok(sockopt::socket_send_buffer_size(self)?)
    }

    /// How much the system keeps of what was not read yet. It takes the double, within
    /// limits of its own.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        Ok(sockopt::set_socket_recv_buffer_size(self, bytes)?)
    }

    /// What the system made of [`set_recv_buffer_size`](Self::set_recv_buffer_size).
    ///
    /// # Errors
    /// When the system does not say.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        Ok(sockopt::socket_recv_buffer_size(self)?)
    }

    /// Whether an IPv6 socket takes no connections of IPv4.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_only_v6(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_ipv6_v6only(self, on)?)
    }

    /// Takes `address` for this end; port 0 takes any that is free.
    ///
    /// # Errors
    /// When the address is in use, or not ours.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        rustix::net::bind(self, &address)?;
        self.bound.set(true);
        Ok(())
    }

    /// The address of this end.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(rustix::net::getsockname(self)?.try_into()?)
    }

    /// Listens. So many connections may wait to be accepted; the system allows fewer if it
    /// wants.
    ///
    /// # Errors
    /// When another one listens there, or no loop is running on this thread.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        rustix::net::listen(&self, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::ready(self.fd.into())
    }

    /// Connects to `address`.
    ///
    /// # Errors
    /// As [`TcpStream::connect`].
    ///
    /// # Cancel safety
    /// Dropping it gives the attempt up and closes the socket.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        let begun = rustix::net::connect(&self, &address);
        let bound = self.bound.get();
        let stream = TcpStream::ready(self.fd.into())?;
        match begun {
            Ok(()) => {}
            Err(Errno::INPROGRESS | Errno::INTR) => stream.fd.write_with(connected).await?,
            Err(error) => return Err(error.into()),
        }
        // Where nobody listens on a port that the system gives to clients, a client may be
        // given that very port, and find itself.
        if !bound && stream.local_addr()? == address {
            return Err(Errno::CONNREFUSED.into());
        }
        Ok(stream)
    }
}

/// Writable is not connected: the socket knows how its attempt ended.
fn connected(stream: &std::net::TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        other => other.map(drop),
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
