//! `StreamWriter`: writes without waiting, and waits for what was written.

use super::byte_stream::ByteStream;
use super::connection::{Connection, Limits};
use super::error::{InvalidLimits, WriteError};
use crate::net::TcpStream;
use crate::yield_now;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// The writing half of a connection.
///
/// [`write`](Self::write) never waits: what cannot be sent at once waits in a buffer, and
/// is sent by the loop as the other end takes it, also if nobody calls
/// [`drain`](Self::drain). A drain waits while more than 64 KiB are left, until no more
/// than 16 KiB are: a writer that drains after each write has a small buffer, however slow
/// the reader. When 1 MiB waits, a write is an error.
///
/// A connection ends with its writer: by [`close`](Self::close), or when the writer is
/// dropped, which does the same. When the connection fails, all of it ends at once, and
/// each call on it, reads too, gives the same error. A loop that ends sends nothing more:
/// [`wait_closed`](Self::wait_closed) first.
///
/// All methods take `&self`, so one writer may be shared by tasks.
///
/// ```
/// use oneloop::streams;
///
/// oneloop::run(async {
///     let server = streams::start_server("127.0.0.1:0".parse().unwrap(), |mut reader, writer| {
///         async move {
///             writer.write(&reader.readline().await.unwrap()).unwrap();
///             writer.close();
///             writer.wait_closed().await.unwrap();
///         }
///     })
///     .unwrap();
///     let (mut reader, writer) = streams::open_connection(server.sockets()[0]).await.unwrap();
///     writer.write(b"hello\n").unwrap();
///     assert_eq!(reader.read_to_end().await.unwrap(), b"hello\n");
/// })
/// .unwrap();
/// ```
pub struct StreamWriter<S: ByteStream = TcpStream> {
    connection: Rc<Connection<S>>,
}

impl<S: ByteStream> StreamWriter<S> {
    pub(super) fn new(connection: Rc<Connection<S>>) -> Self {
        StreamWriter { connection }
    }

    /// Sends `bytes`, now or later, behind what was written before.
    ///
    /// # Errors
    /// Nothing of `bytes` is taken when more than 1 MiB waits already, after
    /// [`write_eof`](Self::write_eof) or [`close`](Self::close), and when the connection
    /// failed. A write of any size is taken if less waits.
    pub fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        self.connection.write(bytes)
    }

    /// As one [`write`](Self::write) of all of `pieces`, one behind the other.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn writelines<P: AsRef<[u8]>>(
        &self,
        pieces: impl IntoIterator<Item = P>,
    ) -> Result<(), WriteError> {
        let mut all = Vec::new();
        pieces.into_iter().for_each(|piece| all.extend_from_slice(piece.as_ref()));
        self.write(&all)
    }

    /// Waits until little enough waits to be sent. Does not suspend if that is so already,
    /// unless the writer was closed.
    ///
    /// # Errors
    /// When the connection failed, or is gone after [`close`](Self::close).
    ///
    /// # Cancel safety
    /// What was written is sent all the same.
    pub async fn drain(&self) -> io::Result<()> {
        let connection = &self.connection;
        if connection.is_closing() {
            yield_now().await;
        }
        while !connection.low.is_set() {
            connection.low.wait().await;
        }
        match connection.lost() {
            Some(error) => Err(error),
            None if connection.socket().is_none() => Err(io::ErrorKind::ConnectionReset.into()),
            None => Ok(()),
        }
    }

    /// Tells the other end, behind all that was written, that this was all. Reading goes
    /// on. A second time it does nothing.
    ///
    /// # Errors
    /// When the writer is closed, or the connection failed.
    #[doc(alias = "shutdown")]
    pub fn write_eof(&self) -> Result<(), WriteError> {
        self.connection.write_eof()
    }

    /// Ends the connection, both ways, when all that was written is sent; in the next turn
    /// at the earliest. Reads give what was read before, and then the end. A second time it
    /// does nothing.
    pub fn close(&self) {
        self.connection.close();
    }

    /// Ends the connection in the next turn; what waits to be sent is dropped.
    pub fn abort(&self) {
        self.connection.abort();
    }

    /// Whether the connection is closed, is being closed, or failed.
    pub fn is_closing(&self) -> bool {
        self.connection.is_closing()
    }

    /// Waits until the connection is gone: all is sent, and the descriptor closed.
    ///
    /// # Errors
    /// When the connection failed: then not all was sent.
    ///
    /// # Cancel safety
    /// The closing goes on.
    pub async fn wait_closed(&self) -> io::Result<()> {
        self.connection.gone.wait().await;
        self.connection.lost().map_or(Ok(()), Err)
    }

    /// How many bytes wait to be sent.
    #[doc(alias = "get_write_buffer_size")]
    pub fn buffered(&self) -> usize {
        self.connection.buffered()
    }

    /// Sets when [`drain`](Self::drain) waits: while more than `high` bytes wait to be
    /// sent, until no more than `low` do. Without `low` that is a quarter of `high`;
    /// without `high`, that is four times `low`; without both, 64 and 16 KiB.
    ///
    /// # Errors
    /// When `low` would be above `high`; nothing is set.
    pub fn set_write_buffer_limits(
        &self,
        high: Option<usize>,
        low: Option<usize>,
    ) -> Result<(), InvalidLimits> {
        let high = high.unwrap_or_else(|| low.map_or(64 << 10, |low| low.saturating_mul(4)));
        let low = low.unwrap_or(high / 4);
        if low > high {
            return Err(InvalidLimits { high, low });
        }
        let limits = self.connection.limits.get();
        self.connection.limits.set(Limits { high, low, ..limits });
        self.connection.mark();
        Ok(())
    }

    /// Sets how much may wait before a write is an error; at first, 1 MiB. `usize::MAX` is
    /// no limit: then the other end decides how much memory this one uses.
    pub fn set_max_buffered(&self, max: usize) {
        let limits = self.connection.limits.get();
        self.connection.limits.set(Limits { max, ..limits });
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// When the connection is gone, or has none.
    #[doc(alias = "get_extra_info")]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let socket = self.connection.socket().ok_or(io::ErrorKind::NotConnected)?;
        socket.stream().peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    /// When the connection is gone, or has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let socket = self.connection.socket().ok_or(io::ErrorKind::NotConnected)?;
        socket.stream().local_addr()
    }
}

/// As [`close`](StreamWriter::close).
impl<S: ByteStream> Drop for StreamWriter<S> {
    fn drop(&mut self) {
        self.connection.close();
    }
}

impl<S: ByteStream> fmt::Debug for StreamWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_closing() { "closing" } else { "open" };
        write!(f, "StreamWriter({state}, {} bytes wait)", self.buffered())
    }
}
