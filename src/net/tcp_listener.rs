//! `TcpListener`: accepts connections, also when the process runs out of descriptors.

use super::TcpStream;
use crate::io::{AsyncFd, Pause};
use rustix::io::Errno;
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
    /// The pause is in real time: it is for others to give descriptors back.
    pausing: Pause,
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
        let fd = AsyncFd::new(listener)?;
        let pausing = Pause::on(fd.handle())?;
        Ok(TcpListener { fd, pause: Cell::new(FIRST_PAUSE), pausing })
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
        loop {
            match self.fd.read_with(mio::net::TcpListener::accept).await {
                Ok((stream, address)) => {
                    self.pause.set(FIRST_PAUSE);
                    return Ok((TcpStream::accepted(stream, self.fd.handle()), address));
                }
                Err(error) if is_gone(&error) => {}
                Err(error) if is_refused_for_now(&error) => {
                    let pause = self.pause.get();
                    if pause == FIRST_PAUSE || pause == LONGEST_PAUSE {
                        log::warn!("cannot accept connections, trying again: {error}");
                    }
                    self.pause.set((pause * 2).min(LONGEST_PAUSE));
                    self.pausing.lasting(pause).await;
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

/// The client gave up while its connection was in the queue, or the network failed it.
/// Linux hands such errors of a connection to who accepts it; the listener is as before.
fn is_gone(error: &io::Error) -> bool {
    let reset = [Errno::CONNABORTED, Errno::CONNRESET, Errno::PROTO, Errno::NOPROTOOPT];
    let network = [Errno::NETDOWN, Errno::NETUNREACH, Errno::NONET, Errno::TIMEDOUT];
    let host = [Errno::HOSTDOWN, Errno::HOSTUNREACH];
    is_one_of(error, &reset) || is_one_of(error, &network) || is_one_of(error, &host)
}

/// Not now. A connection that a security module forbids may stay in the queue, hence PERM.
fn is_refused_for_now(error: &io::Error) -> bool {
    is_one_of(error, &[Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::PERM])
}

fn is_one_of(error: &io::Error, those: &[Errno]) -> bool {
    error.raw_os_error().is_some_and(|code| those.iter().any(|one| one.raw_os_error() == code))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel cannot be made to say most of these when a test wants it.
    #[test]
    fn ac_an_error_of_one_connection_or_of_this_moment_is_not_the_listeners() {
        let error = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        for gone in [Errno::CONNABORTED, Errno::PROTO, Errno::NETDOWN, Errno::HOSTUNREACH] {
            assert!(is_gone(&error(gone)) && !is_refused_for_now(&error(gone)), "{gone}");
        }
        for not_now in [Errno::MFILE, Errno::NOMEM, Errno::PERM] {
            assert!(is_refused_for_now(&error(not_now)) && !is_gone(&error(not_now)), "{not_now}");
        }
        for of_no_use in [Errno::INVAL, Errno::BADF, Errno::OPNOTSUPP, Errno::NOTSOCK] {
            assert!(!is_gone(&error(of_no_use)) && !is_refused_for_now(&error(of_no_use)));
        }
    }
}
