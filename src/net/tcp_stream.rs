//! `TcpStream`: a connection.

use crate::io::AsyncFd;
use crate::lowlevel::Direction;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

/// A TCP connection. Its methods take `&self`: one task may read while another writes.
/// Two that read at the same time each get some of the bytes.
#[derive(Debug)]
pub struct TcpStream {
    fd: AsyncFd<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to `address`.
    ///
    /// # Errors
    /// When the connection is refused, or cannot be made for another reason, or when no loop
    /// is running on this thread.
    ///
    /// # Cancel safety
    /// Dropping it gives the attempt up and closes the socket.
    ///
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let fd = AsyncFd::new(mio::net::TcpStream::connect(address)?)?;
        let connected = |stream: &mio::net::TcpStream| {
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            match stream.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                    Err(io::ErrorKind::WouldBlock.into())
                }
                other => other.map(drop),
            }
        };
        fd.write_with(connected).await?;
        Ok(TcpStream { fd })
    }

    /// Takes over a connection made elsewhere, and makes it non-blocking.
    ///
    /// # Errors
    /// When that fails, or no loop is running on this thread.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(true)?;
        Ok(TcpStream { fd: AsyncFd::new(mio::net::TcpStream::from_std(stream))? })
    }

    pub(super) fn accepted(stream: mio::net::TcpStream, handle: &crate::LoopHandle) -> TcpStream {
        TcpStream { fd: AsyncFd::on(handle, stream) }
    }

    /// Reads what is there, at least a byte, at most the buffer; 0 is the end.
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has read nothing.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        let count = self.fd.read_with(|mut stream| stream.read(buffer)).await?;
        if count < room {
            // The short read is the sign that nothing is left: one system call saved.
            self.fd.drained(Direction::Read);
        }
        Ok(count)
    }

    /// Writes some of `bytes`, at least one.
    ///
    /// # Errors
    /// Those of the connection; a write after the peer is gone is an error, no signal.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written nothing.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.fd.write_with(|mut stream| stream.write(bytes)).await?;
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
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Closes one or both directions.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fd.get_ref().shutdown(how)
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.fd.get_ref().set_nodelay(on)
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
