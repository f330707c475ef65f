//! `TcpListener`: accepts connections, also when the process runs out of descriptors.

use super::TcpStream;
use crate::io::AsyncFd;
use crate::sleep;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// The first and the longest pause after the system had no descriptor, or no memory, for
/// a connection.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Listens for TCP connections.
#[derive(Debug)]
pub struct TcpListener {
    fd: AsyncFd<mio::net::TcpListener>,
    pause: Cell<Duration>,
}

impl TcpListener {
    /// Listens on `address`; port 0 takes any that is free. The address can be taken again
    /// at once after the process ends.
    ///
    /// # Errors
    /// When the address is in use or not ours, or no loop is running on this thread.
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::on(mio::net::TcpListener::bind(address)?)
    }

    /// Takes over a listener made elsewhere, and makes it non-blocking.
    ///
    /// # Errors
    /// When that fails, or no loop is running on this thread.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        TcpListener::on(mio::net::TcpListener::from_std(listener))
    }

    fn on(listener: mio::net::TcpListener) -> io::Result<TcpListener> {
        Ok(TcpListener { fd: AsyncFd::new(listener)?, pause: Cell::new(FIRST_PAUSE) })
    }

    /// The next connection.
    ///
    /// When the system is out of descriptors or memory this waits, 100 ms and then longer
    /// up to a second, and tries again by itself: the queue of connections makes no new
    /// event, so nobody else would. A connection that was given up meanwhile is skipped.
    ///
    /// # Errors
    /// Those that say that the listener is of no use any more.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            match self.fd.read_with(mio::net::TcpListener::accept).await {
                Ok((stream, address)) => {
                    self.pause.set(FIRST_PAUSE);
                    return Ok((TcpStream::accepted(stream, self.fd.handle()), address));
                }
                Err(error) if is_gone(&error) => {}
                Err(error) if is_exhausted(&error) => {
                    let pause = self.pause.get();
                    if pause == FIRST_PAUSE || pause == LONGEST_PAUSE {
                        log::warn!("cannot accept connections, trying again: {error}");
                    }
                    self.pause.set((pause * 2).min(LONGEST_PAUSE));
                    sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// When the system has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.get_ref().local_addr()
    }
}

/// The client gave up while its connection was in the queue.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.map(Errno::raw_os_error).contains(&code))
}
