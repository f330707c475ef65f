//! Streams and servers, as asyncio's: a reader, a writer, and a task for each connection.
//!
//! | limit | at first | against |
//! | --- | --- | --- |
//! | a line | 64 KiB | lines without end |
//! | written and not sent | 64 KiB for `drain`, 1 MiB for `write` | peers that do not read |
//! | all buffers of a loop | 256 MiB | many of those |
//! | connections of a server | the process's descriptors but 64 | floods |
//! | a server's client's time | [`Timeouts::SERVER`] | peers that are slow on purpose |
//!
//! Streams are made of tasks, where asyncio has transports: a server accepts in one that is
//! called `stream-server`, and what could not be sent at once is sent by a `stream-flush`.
//! [`all_tasks`](crate::all_tasks) has them, too. Whoever cancels the first closes the
//! server; whoever cancels the second loses the connection, with
//! [`ConnectionAborted`](std::io::ErrorKind::ConnectionAborted).

mod buffer;
mod byte_stream;
mod connection;
mod error;
mod memory;
mod reader;
mod separator;
mod server;
mod timeouts;
mod writer;

pub use byte_stream::{ByteStream, Listener};
pub use error::{IncompleteRead, InvalidLimits, LimitOverrun, ReadError, ServerClosed, WriteError};
pub use reader::StreamReader;
pub use server::{Server, ServerBuilder};
pub use timeouts::Timeouts;
pub use writer::StreamWriter;

use crate::LoopHandle;
use crate::net::{TcpStream, UnixListener, UnixStream, remove_dead};
use connection::Connection;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// Connects to `address`, and gives a reader and a writer for it. There are no
/// [`Timeouts`] unless they are set.
///
/// # Errors
/// When the connection is refused, or cannot be made for another reason, or when no loop
/// is running on this thread.
///
/// # Cancel safety
/// Dropping it gives the attempt up and closes the socket.
pub async fn open_connection(address: SocketAddr) -> io::Result<(StreamReader, StreamWriter)> {
    over(TcpStream::connect(address).await?)
}

/// As [`open_connection`], to a Unix socket.
///
/// # Errors
/// When there is no such file, nobody listens there, or no loop is running on this thread.
///
/// # Cancel safety
/// Dropping it gives the attempt up and closes the socket.
pub async fn open_unix_connection(
    path: impl AsRef<Path>,
) -> io::Result<(StreamReader<UnixStream>, StreamWriter<UnixStream>)> {
    over(UnixStream::connect(path).await?)
}

/// A reader and a writer over any byte stream.
///
/// # Errors
/// When no loop is running on this thread.
#[doc(alias = "connect_accepted_socket")]
pub fn over<S: ByteStream>(stream: S) -> io::Result<(StreamReader<S>, StreamWriter<S>)> {
    let connection = Connection::new(&LoopHandle::current()?, stream, None);
    Ok((StreamReader::new(connection.clone()), StreamWriter::new(connection)))
}

/// Listens on `address`, and runs `handler` in a task of its own for each connection, with
/// a reader and a writer for it. Port 0 takes any that is free; [`Server::sockets`] tells.
///
/// The limits are those of [`ServerBuilder::new`]. A handler that panics is reported to the
/// loop's exception handler, and its connection is closed; nobody else hears of it. One that
/// is cancelled, or ends, has its connection closed, when what it wrote has been sent.
///
/// The writer is the connection: a handler that only reads has to keep it, too. An
/// `async move` block keeps what it names, so `let _writer = writer;` in it is enough.
///
/// # Errors
/// When the address is in use or not ours, or no loop is running on this thread.
pub fn start_server<H, F>(address: SocketAddr, handler: H) -> io::Result<Server>
where
    H: Fn(StreamReader, StreamWriter) -> F + 'static,
    F: Future + 'static,
{
    ServerBuilder::new().start(address, handler)
}

/// As [`start_server`], on a Unix socket. Its file is removed when the server closes, unless
/// somebody has put another in its place. One that was left there, and that nobody listens
/// at, is replaced.
///
/// # Errors
/// When the file cannot be made, as when there is another already, or no loop is running on
/// this thread.
pub fn start_unix_server<H, F>(path: impl AsRef<Path>, handler: H) -> io::Result<Server>
where
    H: Fn(StreamReader<UnixStream>, StreamWriter<UnixStream>) -> F + 'static,
    F: Future + 'static,
{
    remove_dead(path.as_ref());
    ServerBuilder::new().start_on(UnixListener::bind(path)?, handler)
}
