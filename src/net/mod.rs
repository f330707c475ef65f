//! Sockets: TCP, UDP and Unix, and names.
//!
//! Sockets are made non-blocking and closed on `exec`. An operation is tried first; only
//! when it would block does the task wait. What an operation loses when its future is
//! dropped is said at each; mostly nothing. Failures are [`std::io::Error`].
//!
//! With the feature `futures-io`, streams and their halves have the traits `AsyncRead` and
//! `AsyncWrite` of the crate of that name.

mod acceptor;
mod byte_stream;
mod connect;
mod datagram_socket;
#[cfg(feature = "futures-io")]
mod futures_io;
mod lookup;
mod options;
mod socket_path;
mod split;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;
#[cfg(test)]
mod tests;
mod udp;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use byte_stream::ByteStream;
pub use connect::{connect, connect_within};
pub use datagram_socket::DatagramSocket;
pub use lookup::{lookup, lookup_within};
pub use split::reunite;
pub use split::{Ending, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_stream::UnixStream;

pub(crate) use socket_path::remove_dead;
