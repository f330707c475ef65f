//! `ByteStream` and `Listener`: what streams and servers are made over.

use crate::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};

/// A connection that carries bytes both ways: a socket, or what a test puts in its place.
///
/// All methods take `&self`: one task reads while another writes. An implementation is
/// asked by one reader and by one writer at a time. Dropping it closes the connection.
///
/// # Cancel safety
/// The futures are polled and dropped at will: one that is dropped before it was ready has
/// read, or written, nothing. They must not be ready with what they did not do.
pub trait ByteStream: 'static {
    /// Reads what is there, at least a byte, at most the buffer; 0 is the end.
    fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>>;

    /// Writes some of `bytes`, at least one; waits until that can be.
    fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>>;

    /// Tells the other end that nothing more will be written.
    ///
    /// # Errors
    /// When the connection is gone, or cannot be closed by halves.
    fn shutdown_write(&self) -> io::Result<()>;

    /// The address of the other end.
    ///
    /// # Errors
    /// When there is none: the connection is gone, or has no internet address.
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The address of this end.
    ///
    /// # Errors
    /// As [`peer_addr`](Self::peer_addr).
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Where a [`Server`](super::Server) gets its connections from.
///
/// # Cancel safety
/// A future of `accept` that is dropped before it was ready must have accepted nothing.
pub trait Listener: 'static {
    /// What a connection is.
    type Stream: ByteStream;

    /// The next connection. An error ends the server's accepting, so an implementation
    /// deals itself with those that pass.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>>;

    /// The address that is listened on.
    ///
    /// # Errors
    /// When there is none.
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl ByteStream for TcpStream {
    fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        TcpStream::read(self, buffer)
    }

    fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
        TcpStream::write(self, bytes)
    }

    fn shutdown_write(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        TcpStream::peer_addr(self)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpStream::local_addr(self)
    }
}

impl ByteStream for UnixStream {
    fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        UnixStream::read(self, buffer)
    }

    fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
        UnixStream::write(self, bytes)
    }

    fn shutdown_write(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(UnixListener::accept(self).await?.0)
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        Ok(TcpListener::accept(self).await?.0)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}
