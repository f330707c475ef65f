//! `AsyncFd`: any descriptor, with operations that wait instead of blocking.

use crate::LoopHandle;
use crate::lowlevel::{Direction, Registration};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll, ready};

/// A non-blocking descriptor that the loop waits on.
///
/// An operation is tried first; only when it would block does the task wait, and only
/// then is the descriptor handed to the kernel's poll. Dropping an `AsyncFd` takes it off
/// the poll before the descriptor closes.
///
/// ```
/// use oneloop::io::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// oneloop::run(async {
///     let (mut a, b) = UnixStream::pair().unwrap();
///     b.set_nonblocking(true).unwrap();
///     let b = AsyncFd::new(b).unwrap();
///     let reader = oneloop::spawn(async move {
///         let mut buffer = [0; 5];
///         b.read_with(|mut b| b.read(&mut buffer)).await.unwrap();
///         buffer
///     });
///     a.write_all(b"hello").unwrap();
///     assert_eq!(&reader.await.unwrap(), b"hello");
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct AsyncFd<T: AsFd> {
    // First, so that it is dropped first: off the poll, then closed.
    registration: Registration,
    inner: T,
}

impl<T: AsFd> AsyncFd<T> {
    /// Waits for `inner` on the loop that is running on this thread. `inner` must be
    /// non-blocking.
    ///
    /// # Errors
    /// When no loop is running.
    pub fn new(inner: T) -> io::Result<Self> {
        let handle = LoopHandle::current().map_err(io::Error::other)?;
        Ok(AsyncFd::on(&handle, inner))
    }

    /// As [`new`](Self::new), on a loop that need not be running.
    pub fn on(handle: &LoopHandle, inner: T) -> Self {
        AsyncFd { registration: Registration::new(handle, &inner), inner }
    }

    /// What is waited for.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Gives the descriptor back, off the poll.
    pub fn into_inner(self) -> T {
        let AsyncFd { registration, inner } = self;
        drop(registration);
        inner
    }

    /// The loop.
    pub fn handle(&self) -> &LoopHandle {
        self.registration.handle()
    }

    /// Waits until it is worth trying to read.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.level(Direction::Read, PollFlags::IN | PollFlags::HUP | PollFlags::ERR).await
    }

    /// Waits until it is worth trying to write.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn writable(&self) -> io::Result<()> {
        self.level(Direction::Write, PollFlags::OUT | PollFlags::HUP | PollFlags::ERR).await
    }

    /// Waits for the level: whoever asks for readiness alone does the operation himself,
    /// and does not say how it went.
    async fn level(&self, direction: Direction, wanted: PollFlags) -> io::Result<()> {
        loop {
            self.registration.ready(direction).await?;
            let mut fds = [PollFd::new(&self.inner, wanted)];
            if rustix::event::poll(&mut fds, Some(&Timespec::default()))? > 0 {
                return Ok(());
            }
            self.registration.clear(direction)?;
        }
    }

    /// Calls `read` whenever it may succeed until it does not say `WouldBlock`, and gives
    /// what it says then. `Interrupted` is tried again at once.
    ///
    /// # Errors
    /// Those of `read`; and when the kernel does not poll such a descriptor, or the loop
    /// is closed.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has done nothing since `read` last said `WouldBlock`.
    pub async fn read_with<R>(&self, read: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Read, read).await
    }

    /// As [`read_with`](Self::read_with), for writing.
    ///
    /// # Errors
    /// Those of `write`; and when the kernel does not poll such a descriptor, or the loop
    /// is closed.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has done nothing since `write` last said `WouldBlock`.
    pub async fn write_with<R>(&self, write: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Write, write).await
    }

    async fn operate<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            self.registration.ready(direction).await?;
            match operation(&self.inner) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.registration.clear(direction)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// As [`read_with`](Self::read_with), for who writes a `poll` of his own: the newest
    /// waker is woken when it is worth another try.
    ///
    /// # Errors
    /// As [`read_with`](Self::read_with).
    pub fn poll_read_with<R>(
        &self,
        cx: &mut Context<'_>,
        read: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_operate(Direction::Read, cx, read)
    }

    /// As [`write_with`](Self::write_with), for who writes a `poll` of his own: the newest
    /// waker is woken when it is worth another try.
    ///
    /// # Errors
    /// As [`write_with`](Self::write_with).
    pub fn poll_write_with<R>(
        &self,
        cx: &mut Context<'_>,
        write: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_operate(Direction::Write, cx, write)
    }

    fn poll_operate<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(self.registration.poll_ready(direction, cx))?;
            match operation(&self.inner) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.registration.clear(direction)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return Poll::Ready(other),
            }
        }
    }

    /// A stream's operation moved less than it could: do not try again before the kernel
    /// says so.
    pub(crate) fn drained(&self, direction: Direction) {
        self.registration.drained(direction);
    }
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}
