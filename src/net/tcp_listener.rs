//! `TcpListener`: accepts TCP connections.

use super::acceptor::Acceptor;
use super::{TcpSocket, TcpStream};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// How many connections may wait to be accepted; the system allows fewer if it wants.
const BACKLOG: u32 = 4096;

/// Listens for TCP connections.
///
/// ```
/// use oneloop::net::{TcpListener, TcpStream};
/// oneloop::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, from) = listener.accept().await?;
///     assert_eq!(from, client.local_addr()?);
///     server.write_all(b"welcome").await
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[derive(Debug)]
#[doc(alias = "start_server")]
pub struct TcpListener {
    acceptor: Acceptor<std::net::TcpListener>,
}

impl TcpListener {
    /// Listens on `address`; port 0 takes any that is free. The address can be taken again
    /// at once after the process ends. For other options see [`TcpSocket`].
    ///
    /// # Errors
    /// When the address is in use or not ours, or no loop is running on this thread.
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = TcpSocket::for_address(address)?;
        socket.set_reuse_address(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }

    /// Takes over a listener made elsewhere, and makes it non-blocking.
    ///
    /// # Errors
    /// When that fails, or no loop is running on this thread.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        TcpListener::ready(listener)
    }

    /// As [`from_std`](Self::from_std), of one that is non-blocking already.
    pub(super) fn ready(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        Ok(TcpListener { acceptor: Acceptor::on(listener)? })
    }

    /// Gives the listener away, off the loop. It stays non-blocking.
    pub fn into_std(self) -> std::net::TcpListener {
        self.acceptor.fd.into_inner()
    }

    /// The next connection.
    ///
    /// When the system is out of descriptors or memory, or forbids the connection, this
    /// waits, 100 ms and then longer up to a second, and tries again by itself: the queue of
    /// connections makes no new event, so nobody else would. Where virtual time jumps, that
    /// pause is in real time, and holds it, as any wait for a connection does. A connection
    /// that was given up meanwhile, or that the network lost, is skipped.
    ///
    /// # Errors
    /// Those that say that the listener is of no use any more.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, address) = self.acceptor.accept().await?;
        let stream = TcpStream::accepted(socket.into(), self.acceptor.fd.handle());
        let address = match address.and_then(|any| any.try_into().ok()) {
            Some(address) => address,
            None => stream.peer_addr()?,
        };
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

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.acceptor.fd.as_fd()
    }
}
