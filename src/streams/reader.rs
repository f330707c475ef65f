//! `StreamReader`: reads by sizes, lines and separators.

use super::buffer::Buffer;
use super::byte_stream::ByteStream;
use super::connection::Connection;
use super::error::{IncompleteRead, LimitOverrun, ReadError};
use super::separator::Search;
use crate::net::TcpStream;
use crate::{timeout_at, yield_now};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How long a line may be, unless it is set otherwise.
const LIMIT: usize = 64 << 10;
/// What a read that has to wait waits with, so that it needs no buffer.
const SMALL: usize = 256;
/// So many reads at the end in a row, and others get a turn.
const ENDS: u32 = 64;

/// The reading half of a connection.
///
/// Nothing is read ahead of who asks for it, except the rest of what one read gave: so a
/// sender that nobody reads is held up by the connection itself, and an idle connection
/// has no buffer. Lines and what `readuntil` reads are at most 64 KiB, without their
/// separator, unless [`set_limit`](Self::set_limit) says otherwise.
///
/// # Cancel safety
/// All reads: what has come before the read was dropped stays, for the next one. For the
/// timeouts, if there are any, that one goes on where the dropped one was.
///
/// # Ordering
/// What is there already is read without suspending. After the end has been met 64 times
/// in a row, each 64th read of it lets others go first.
///
/// ```
/// use oneloop::net::{TcpListener, TcpStream};
/// use oneloop::streams;
///
/// oneloop::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
///     client.write_all(b"two\nlines").await.unwrap();
///     drop(client);
///     let (mut reader, _writer) = streams::over(listener.accept().await.unwrap().0).unwrap();
///     assert_eq!(reader.readline().await.unwrap(), b"two\n");
///     assert_eq!(reader.readline().await.unwrap(), b"lines");
///     assert!(reader.at_eof());
/// })
/// .unwrap();
/// ```
pub struct StreamReader<S: ByteStream = TcpStream> {
    connection: Rc<Connection<S>>,
    buffer: Buffer,
    limit: usize,
    eof: bool,
    ends: u32,
    /// When the connection began, until the first byte has come.
    silent_since: Option<Duration>,
    /// When the wait for a frame began, and when the frame did. A read that is cancelled and
    /// asked for again is the same one, for the other end.
    idle_since: Option<Duration>,
    frame_since: Option<Duration>,
}

impl<S: ByteStream> StreamReader<S> {
    pub(super) fn new(connection: Rc<Connection<S>>) -> Self {
        let buffer = Buffer::new(connection.memory.clone());
        let silent_since = Some(connection.handle.time());
        StreamReader {
            connection,
            buffer,
            limit: LIMIT,
            eof: false,
            ends: 0,
            silent_since,
            idle_since: None,
            frame_since: None,
        }
    }

    /// Reads at most `count` bytes, at least one; nothing, if this is the end or `count` is
    /// 0. What is there already is given before more is asked for.
    ///
    /// # Errors
    /// When the connection failed, also if there are bytes that came before.
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    pub async fn read(&mut self, count: usize) -> Result<Vec<u8>, ReadError> {
        self.check()?;
        if count > 0 && self.buffer.is_empty() {
            self.fill(false).await?;
        }
        Ok(self.give(count))
    }

    /// Reads all until the end, however much that is.
    ///
    /// # Errors
    /// When the connection failed.
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    #[doc(alias = "read(-1)")]
    pub async fn read_to_end(&mut self) -> Result<Vec<u8>, ReadError> {
        self.check()?;
        while self.more(false, false).await? > 0 {}
        Ok(self.give(usize::MAX))
    }

    /// Reads `count` bytes, no fewer.
    ///
    /// # Errors
    /// When the end comes first: [`ReadError::Incomplete`] has what there was. And when the
    /// connection failed.
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    #[doc(alias = "read_exact")]
    pub async fn readexactly(&mut self, count: usize) -> Result<Vec<u8>, ReadError> {
        self.check()?;
        while self.buffer.len() < count {
            if self.fill(true).await? == 0 {
                let partial = self.give(usize::MAX);
                let expected = Some(count);
                return Err(ReadError::Incomplete(IncompleteRead { partial, expected }));
            }
        }
        Ok(self.give(count))
    }

    /// Reads up to `separator` and including it.
    ///
    /// # Errors
    /// As [`readuntil_any`](Self::readuntil_any).
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    pub async fn readuntil(&mut self, separator: &[u8]) -> Result<Vec<u8>, ReadError> {
        self.readuntil_any(&[separator]).await
    }

    /// Reads up to the first separator and including it. The first is the one that ends
    /// first.
    ///
    /// # Errors
    /// [`ReadError::Overrun`] when there is more than the limit before the separator, or no
    /// separator in so much; all of it stays, to be read otherwise.
    /// [`ReadError::Incomplete`] with all that there was, when the end comes first.
    /// [`ReadError::NoSeparator`] when there is none, or an empty one. And when the
    /// connection failed.
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    pub async fn readuntil_any(&mut self, separators: &[&[u8]]) -> Result<Vec<u8>, ReadError> {
        let mut search = Search::new(separators).ok_or(ReadError::NoSeparator)?;
        self.check()?;
        loop {
            if let Some(found) = search.find(self.buffer.bytes()) {
                if found.start > self.limit {
                    return Err(ReadError::Overrun(LimitOverrun { consumed: found.start }));
                }
                return Ok(self.give(found.end));
            }
            if search.passed() > self.limit {
                return Err(ReadError::Overrun(LimitOverrun { consumed: search.passed() }));
            }
            if self.fill(true).await? == 0 {
                let partial = self.give(usize::MAX);
                return Err(ReadError::Incomplete(IncompleteRead { partial, expected: None }));
            }
        }
    }

    /// Reads a line with its newline; the last one may have none, and after it there is
    /// an empty one for ever.
    ///
    /// # Errors
    /// [`ReadError::Overrun`] when the line is longer than the limit. It is dropped: the
    /// line, if its end is there, or else all that has come of it. And when the connection
    /// failed.
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    pub async fn readline(&mut self) -> Result<Vec<u8>, ReadError> {
        match self.readuntil(b"\n").await {
            Err(ReadError::Incomplete(incomplete)) => Ok(incomplete.partial),
            Err(ReadError::Overrun(overrun)) => {
                match self.buffer.bytes().get(overrun.consumed) {
                    Some(b'\n') => self.buffer.discard(overrun.consumed + 1),
                    _ => self.buffer.discard(usize::MAX),
                }
                Err(ReadError::Overrun(overrun))
            }
            other => other,
        }
    }

    /// The next line as [`readline`](Self::readline) gives it, or `None` at the end: for
    /// `while let Some(line) = reader.next_line().await?`.
    ///
    /// # Errors
    /// As [`readline`](Self::readline).
    ///
    /// # Cancel safety
    /// No byte is lost: what has come stays for the next read.
    #[doc(alias = "__anext__")]
    #[doc(alias = "lines")]
    pub async fn next_line(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let line = self.readline().await?;
        Ok((!line.is_empty()).then_some(line))
    }

    /// Whether a read has met the end, and all before it was read.
    pub fn at_eof(&self) -> bool {
        self.eof && self.buffer.is_empty()
    }

    /// Sets how long a line may be, or what [`readuntil`](Self::readuntil) reads, without
    /// the separator. `usize::MAX` is no limit: then the other end decides how much memory
    /// this one uses.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Sets how long the other end may take; see [`Timeouts`](super::Timeouts). A read that
    /// has any belongs into a task: elsewhere it panics when it has to wait, as
    /// [`timeout`](crate::timeout) does.
    pub fn set_timeouts(&mut self, timeouts: super::Timeouts) {
        self.connection.timeouts.set(timeouts);
    }

    fn check(&self) -> Result<(), ReadError> {
        self.connection.lost().map_or(Ok(()), |error| Err(ReadError::Io(error)))
    }

    async fn fill(&mut self, framed: bool) -> Result<usize, ReadError> {
        self.more(framed, true).await
    }

    /// Adds what is there to the buffer, at most a chunk; 0 is the end.
    async fn more(&mut self, framed: bool, bounded: bool) -> Result<usize, ReadError> {
        let connection = self.connection.clone();
        // Who holds nothing of others' memory is not on the clock while it waits for some.
        if bounded && self.buffer.is_empty() {
            connection.memory.room(0).await;
        }
        if self.eof || connection.is_closing() {
            self.check()?;
            return Ok(self.meet_end().await);
        }
        let holds = bounded && !self.buffer.is_empty();
        if !holds || connection.memory.has_room(self.buffer.len()) {
            if let Some(read) = self.read_now() {
                return self.came(read).await;
            }
        }
        let read = match self.deadline(framed) {
            None => self.wait_and_read(holds).await,
            Some(deadline) => match timeout_at(deadline, self.wait_and_read(holds)).await {
                Ok(read) => read,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            },
        };
        self.came(read).await
    }

    async fn came(&mut self, read: io::Result<usize>) -> Result<usize, ReadError> {
        match read {
            Ok(0) => {
                self.check()?;
                self.eof = true;
                Ok(self.meet_end().await)
            }
            Ok(count) => {
                (self.silent_since, self.idle_since) = (None, None);
                Ok(count)
            }
            Err(error) => {
                self.connection.lose(error);
                self.check()?;
                Ok(0)
            }
        }
    }

    /// The end, which may be met for ever by somebody who does not look.
    async fn meet_end(&mut self) -> usize {
        self.eof = true;
        self.ends += 1;
        if self.ends % ENDS == 0 {
            yield_now().await;
        }
        0
    }

    /// Until when the other end has to send something.
    fn deadline(&mut self, framed: bool) -> Option<Duration> {
        let (now, limits) = (self.connection.handle.time(), self.connection.timeouts.get());
        let (since, limit) = if let Some(since) = self.silent_since {
            (since, limits.first_byte)
        } else if framed && !self.buffer.is_empty() {
            (*self.frame_since.get_or_insert(now), limits.frame)
        } else {
            (*self.idle_since.get_or_insert(now), limits.idle)
        };
        limit.map(|limit| since.saturating_add(limit))
    }

    /// Gives `count` bytes, or all there are: what comes now is another frame.
    fn give(&mut self, count: usize) -> Vec<u8> {
        self.frame_since = None;
        self.buffer.take(count)
    }

    /// Reads what is there without waiting; `None`: there is nothing.
    fn read_now(&mut self) -> Option<io::Result<usize>> {
        let Some(socket) = self.connection.socket() else { return Some(Ok(0)) };
        let memory = self.connection.memory.clone();
        let mut scratch = memory.take_scratch();
        let read = {
            let read = pin!(socket.stream().read(&mut scratch));
            read.poll(&mut Context::from_waker(Waker::noop()))
        };
        if let Poll::Ready(Ok(count)) = read {
            self.buffer.push(&scratch[..count]);
        }
        memory.put_back(scratch);
        match read {
            Poll::Pending => None,
            Poll::Ready(read) => Some(read),
        }
    }

    /// Waits with a small buffer, which is full if there may be more.
    async fn wait_and_read(&mut self, holds: bool) -> io::Result<usize> {
        let connection = self.connection.clone();
        if holds {
            connection.memory.room(self.buffer.len()).await;
        }
        let Some(socket) = connection.socket() else { return Ok(0) };
        let mut small = [0; SMALL];
        let count = {
            let mut read = pin!(socket.stream().read(&mut small));
            let waits = Waits(&connection);
            poll_fn(|cx| {
                if waits.0.is_closing() {
                    return Poll::Ready(Ok(0));
                }
                waits.0.set_reading(Some(cx.waker().clone()));
                read.as_mut().poll(cx)
            })
            .await?
        };
        self.buffer.push(&small[..count]);
        if count == SMALL {
            if let Some(Ok(more)) = self.read_now() {
                return Ok(count + more);
            }
        }
        Ok(count)
    }
}

/// The reader waits; when it no longer does, nobody wakes it.
struct Waits<'a, S: ByteStream>(&'a Connection<S>);

impl<S: ByteStream> Drop for Waits<'_, S> {
    fn drop(&mut self) {
        self.0.set_reading(None);
    }
}

impl<S: ByteStream> fmt::Debug for StreamReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.eof { ", at the end" } else { "" };
        write!(f, "StreamReader({} bytes{end})", self.buffer.len())
    }
}
