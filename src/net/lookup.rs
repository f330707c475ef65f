//! `lookup`: the addresses of a name, by the system's resolver, on a thread of the pool.

use crate::{run_blocking, timeout};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// How long a lookup may take unless something else is said.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The addresses of `host`, in the order in which the system would have them tried, each
/// with `port`. Takes 10 seconds at most, see [`lookup_within`]. An IP address is its own
/// answer, without a thread; one of IPv6 may be in brackets.
///
/// # Errors
/// When there is no such name, the resolver fails, or the time is over (`TimedOut`); the
/// message has the name. Also when the pool is shut down.
///
/// # Cancel safety
/// Nothing is lost. The system's resolver cannot be told to stop: until it ends by itself,
/// it keeps a thread of the pool, also when the time is over.
///
/// # Panics
/// When it is polled outside of a task, and `host` is a name.
///
/// ```
/// oneloop::run(async {
///     let addresses = oneloop::net::lookup("127.0.0.1", 80).await?;
///     assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[doc(alias = "getaddrinfo")]
#[doc(alias = "lookup_host")]
pub async fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    lookup_within(LIMIT, host, port).await
}

/// As [`lookup`], for `limit` at most, on the loop's clock; virtual time stands still while
/// the resolver works.
///
/// # Errors
/// As [`lookup`].
///
/// # Cancel safety
/// As [`lookup`].
///
/// # Panics
/// As [`lookup`].
pub async fn lookup_within(limit: Duration, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Some(address) = literal(host) {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    resolved(limit, host, move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)).await
}

pub(super) fn literal(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// What `resolve` answers on another thread. Errors name the host.
pub(super) async fn resolved(
    limit: Duration,
    host: &str,
    resolve: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> io::Result<Vec<SocketAddr>> {
    let named = |kind, why: &dyn std::fmt::Display| {
        io::Error::new(kind, format!("cannot look up `{host}`: {why}"))
    };
    match timeout(limit, run_blocking(resolve)).await {
        Ok(Ok(Ok(found))) if found.is_empty() => {
            Err(named(io::ErrorKind::NotFound, &"it has no address"))
        }
        Ok(Ok(Ok(found))) => Ok(found),
        Ok(Ok(Err(error))) => Err(named(error.kind(), &error)),
        Ok(Err(error)) => Err(named(io::ErrorKind::Other, &error)),
        Err(late) => Err(named(io::ErrorKind::TimedOut, &late)),
    }
}
