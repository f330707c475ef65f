//! `Acceptor`: accepts connections, also when the process runs out of descriptors.

use crate::io::{AsyncFd, Pause};
use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// The first and the longest pause after the system had no descriptor, or no memory, for
/// a connection.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the listeners of both families are made of.
#[derive(Debug)]
pub(super) struct Acceptor<L: AsFd> {
    pub(super) fd: AsyncFd<L>,
    pause: Cell<Duration>,
    /// The pause is in real time: it is for others to give descriptors back.
    pausing: Pause,
}

impl<L: AsFd> Acceptor<L> {
    /// The listener must be non-blocking.
    ///
    /// # Errors
    /// When no loop is running on this thread.
    pub(super) fn on(listener: L) -> io::Result<Self> {
        let fd = AsyncFd::new(listener)?;
        let pausing = Pause::on(fd.handle())?;
        Ok(Acceptor { fd, pause: Cell::new(FIRST_PAUSE), pausing })
    }

    /// The next connection, non-blocking, and whose it is.
    pub(super) async fn accept(&self) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        loop {
            match self.fd.read_with(|listener| Ok(acceptfrom_with(listener, flags)?)).await {
                Ok(accepted) => {
                    self.pause.set(FIRST_PAUSE);
                    return Ok(accepted);
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
    fn ac_003_an_error_of_one_connection_or_of_this_moment_is_not_the_listeners() {
        let error = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        for gone in [Errno::CONNABORTED, Errno::PROTO, Errno::NETDOWN, Errno::HOSTUNREACH] {
            assert!(is_gone(&error(gone)) && !is_refused_for_now(&error(gone)), "{gone}");
        }
        for not_now in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::PERM] {
            assert!(is_refused_for_now(&error(not_now)) && !is_gone(&error(not_now)), "{not_now}");
        }
        for of_no_use in [Errno::INVAL, Errno::BADF, Errno::OPNOTSUPP, Errno::NOTSOCK] {
            assert!(!is_gone(&error(of_no_use)) && !is_refused_for_now(&error(of_no_use)));
        }
    }
}
