//! `connect`: to a name, which may have many addresses, of which some may not answer.
//!
//! RFC 8305, "Happy Eyeballs": the addresses are tried in order, the families in turn; the
//! next attempt begins when one has failed or 250 ms have passed, and those before go on.
//! The first that connects wins, and the others are closed.

use super::{TcpStream, lookup};
use crate::{Sleep, sleep, timeout};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long an attempt is alone before the next begins.
const DELAY: Duration = Duration::from_millis(250);

/// Connects to `port` of `host`, a name or an address: looks the name [up](lookup()), and
/// tries all its addresses, both families in turn. The next attempt begins 250 ms after the
/// one before, or when one fails; the first that connects wins.
///
/// It waits for as long as the system tries, which is minutes; see [`connect_within`].
///
/// # Errors
/// Those of [`lookup`](lookup()). When no address connects: the error of the first that
/// failed has the kind, and the message has the name, each address, and its error.
///
/// # Cancel safety
/// Dropping it gives all attempts up and closes their sockets. A lookup goes on, on its
/// thread.
///
/// # Panics
/// When it is polled outside of a task, and `host` is a name.
///
/// ```
/// use oneloop::net::{TcpListener, connect};
/// oneloop::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let stream = connect("localhost", listener.local_addr()?.port()).await?;
///     stream.write_all(b"hello").await
/// })
/// .unwrap()
/// .unwrap();
/// ```
#[doc(alias = "open_connection")]
#[doc(alias = "create_connection")]
pub async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses = in_turn(lookup(host, port).await?);
    let mut race = Race::new(addresses, TcpStream::connect);
    poll_fn(|cx| race.poll(cx)).await.map_err(|failures| all_failed(host, port, failures))
}

/// As [`connect`], for `limit` at most, on the loop's clock, the lookup included.
///
/// # Errors
/// As [`connect`]; `TimedOut` when the time is over, and the message has the name.
///
/// # Cancel safety
/// As [`connect`].
///
/// # Panics
/// When it is polled outside of a task.
///
/// ```
/// use oneloop::net::{TcpListener, connect_within};
/// use std::time::Duration;
/// oneloop::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let port = listener.local_addr()?.port();
///     connect_within(Duration::from_secs(5), "127.0.0.1", port).await.map(drop)
/// })
/// .unwrap()
/// .unwrap();
/// ```
pub async fn connect_within(limit: Duration, host: &str, port: u16) -> io::Result<TcpStream> {
    timeout(limit, connect(host, port)).await.unwrap_or_else(|late| {
        let why = format!("cannot connect to `{host}` port {port}: {late}");
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// The families in turn, the first's first; within a family in the order given.
pub(super) fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let count = addresses.len();
    let (one, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    (0..count).flat_map(|_| [one.next(), other.next()]).flatten().collect()
}

pub(super) fn all_failed(
    host: &str,
    port: u16,
    failures: Vec<(SocketAddr, io::Error)>,
) -> io::Error {
    let kind = failures.first().map_or(io::ErrorKind::NotFound, |(_, error)| error.kind());
    let each: Vec<String> =
        failures.iter().map(|(address, error)| format!("{address}: {error}")).collect();
    let why = format!("cannot connect to `{host}` port {port}: {}", each.join("; "));
    io::Error::new(kind, why)
}

/// Attempts of which the first that connects wins. Dropping it closes those that go on.
pub(super) struct Race<F, C> {
    addresses: std::vec::IntoIter<SocketAddr>,
    connect: C,
    attempts: Vec<(SocketAddr, Pin<Box<F>>)>,
    /// When the next begins, if none fails before.
    next: Option<Pin<Box<Sleep>>>,
    failures: Vec<(SocketAddr, io::Error)>,
}

pub(super) type Won<T> = Result<T, Vec<(SocketAddr, io::Error)>>;

impl<T, F: Future<Output = io::Result<T>>, C: Fn(SocketAddr) -> F> Race<F, C> {
    pub(super) fn new(addresses: Vec<SocketAddr>, connect: C) -> Self {
        let (attempts, failures) = (Vec::new(), Vec::new());
        Race { addresses: addresses.into_iter(), connect, attempts, next: None, failures }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Won<T>> {
        loop {
            let failed = self.failures.len();
            if let Some(won) = self.poll_attempts(cx) {
                self.attempts.clear();
                return Poll::Ready(Ok(won));
            }
            let sooner = self.attempts.is_empty() || self.failures.len() > failed;
            let due = self.next.as_mut().is_some_and(|next| next.as_mut().poll(cx).is_ready());
            if !sooner && !due {
                return Poll::Pending;
            }
            self.next = None;
            let Some(address) = self.addresses.next() else {
                return match self.attempts.is_empty() {
                    true => Poll::Ready(Err(std::mem::take(&mut self.failures))),
                    false => Poll::Pending,
                };
            };
            self.attempts.push((address, Box::pin((self.connect)(address))));
            if self.addresses.len() > 0 {
                self.next = Some(Box::pin(sleep(DELAY)));
            }
        }
    }

    fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut i = 0;
        while let Some((address, attempt)) = self.attempts.get_mut(i) {
            match attempt.as_mut().poll(cx) {
                Poll::Pending => i += 1,
                Poll::Ready(Ok(won)) => return Some(won),
                Poll::Ready(Err(error)) => {
                    self.failures.push((*address, error));
                    self.attempts.remove(i);
                }
            }
        }
        None
    }
}
