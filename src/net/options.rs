//! Socket options that need more than one call, or a word with the caller.

use rustix::net::sockopt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

pub(super) fn set_keepalive(socket: impl AsFd, after: Option<Duration>) -> io::Result<()> {
    if let Some(after) = after {
        // The system counts in seconds.
        let seconds = after.max(Duration::from_secs(1)).as_secs();
        sockopt::set_tcp_keepidle(&socket, Duration::from_secs(seconds))?;
    }
    Ok(sockopt::set_socket_keepalive(&socket, after.is_some())?)
}

pub(super) fn keepalive(socket: impl AsFd) -> io::Result<Option<Duration>> {
    match sockopt::socket_keepalive(&socket)? {
        true => Ok(Some(sockopt::tcp_keepidle(&socket)?)),
        false => Ok(None),
    }
}

/// Linux lets a close linger on a non-blocking socket too, so that is no option here.
pub(super) fn set_linger(socket: impl AsFd, linger: Option<Duration>) -> io::Result<()> {
    if linger.is_some_and(|lasts| !lasts.is_zero()) {
        let why = "a close that lingers would block the loop: only a linger of zero is possible";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(sockopt::set_socket_linger(socket, linger)?)
}
