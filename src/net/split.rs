//! Halves: a connection as its reader and its writer, each for a task of its own.

use super::ByteStream;
use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::rc::Rc;

/// The reading half of a connection, borrowed (`P` is a reference) or
/// [owned](OwnedReadHalf). Its methods take `&mut self`, so nobody else reads meanwhile.
#[derive(Debug)]
pub struct ReadHalf<P>(pub(super) P);

/// The writing half of a connection, borrowed (`P` is a reference) or
/// [owned](OwnedWriteHalf). Its methods take `&mut self`, so nobody else writes meanwhile.
#[derive(Debug)]
pub struct WriteHalf<P>(pub(super) P);

/// A reading half that a task may keep. Dropping it does nothing to the connection while
/// the other half is there.
pub type OwnedReadHalf<S> = ReadHalf<Rc<ByteStream<S>>>;

/// A writing half that a task may keep. Dropping it shuts the writing direction down, so
/// that the peer reads the end.
pub type OwnedWriteHalf<S> = WriteHalf<Ending<S>>;

/// What an owned writing half holds: its drop ends what it writes.
#[derive(Debug)]
pub struct Ending<S: AsFd> {
    stream: Rc<ByteStream<S>>,
    /// Not when the halves are put together again.
    ends: bool,
}

/// The halves are not of one connection; both come back in it.
pub struct ReuniteError<S: AsFd>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

/// Puts the halves of a connection together again.
///
/// # Errors
/// When they are of two; both come back.
///
/// ```
/// use oneloop::net::{UnixStream, reunite};
/// oneloop::run(async {
///     let (here, there) = UnixStream::pair()?;
///     let (reader, writer) = here.into_split();
///     let (others, _keep) = there.into_split();
///     let wrong = reunite(others, writer).unwrap_err();
///     let here = reunite(reader, wrong.1).unwrap();
///     here.write_all(b"as before").await
/// })
/// .unwrap()
/// .unwrap();
/// ```
pub fn reunite<S: AsFd>(
    reader: OwnedReadHalf<S>,
    mut writer: OwnedWriteHalf<S>,
) -> Result<ByteStream<S>, ReuniteError<S>> {
    if !Rc::ptr_eq(&reader.0, &writer.0.stream) {
        return Err(ReuniteError(reader, writer));
    }
    writer.0.ends = false;
    drop(writer);
    Rc::try_unwrap(reader.0).map_err(|stream| {
        let ending = Ending { stream: stream.clone(), ends: true };
        ReuniteError(ReadHalf(stream), WriteHalf(ending))
    })
}

impl<S: AsFd> ByteStream<S> {
    /// Both halves, for as long as the connection is borrowed.
    ///
    /// ```
    /// use oneloop::net::UnixStream;
    /// oneloop::run(async {
    ///     let (mut here, there) = UnixStream::pair()?;
    ///     there.write_all(b"question").await?;
    ///     let (mut reader, mut writer) = here.split();
    ///     let mut buffer = [0; 16];
    ///     let count = reader.read(&mut buffer).await?;
    ///     writer.write_all(&buffer[..count]).await
    /// })
    /// .unwrap()
    /// .unwrap();
    /// ```
    pub fn split(&mut self) -> (ReadHalf<&Self>, WriteHalf<&Self>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// Both halves, each to be kept by whom it pleases; [`reunite`] puts them together.
    ///
    /// ```
    /// use oneloop::net::UnixStream;
    /// oneloop::run(async {
    ///     let (here, there) = UnixStream::pair()?;
    ///     let (mut reader, mut writer) = here.into_split();
    ///     let writes = oneloop::spawn(async move { writer.write_all(b"all of it").await });
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(there.read(&mut buffer).await?, 9);
    ///     writes.await.unwrap()?;
    ///     assert_eq!(there.read(&mut buffer).await?, 0); // the writing half is gone
    ///     there.write_all(b"still heard").await?;
    ///     assert_eq!(reader.read(&mut buffer).await?, 11);
    ///     Ok::<(), std::io::Error>(())
    /// })
    /// .unwrap()
    /// .unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        let stream = Rc::new(self);
        (ReadHalf(stream.clone()), WriteHalf(Ending { stream, ends: true }))
    }
}

impl<S: AsFd, P: Deref<Target = ByteStream<S>>> ReadHalf<P> {
    /// See [`ByteStream::read`].
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has read nothing.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).await
    }

    /// See [`ByteStream::read_vectored`].
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has read nothing.
    pub async fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(buffers).await
    }

    /// See [`ByteStream::peek`].
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buffer).await
    }

    /// See [`ByteStream::try_read`].
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; otherwise those of the connection.
    pub fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }

    /// See [`ByteStream::readable`].
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.readable().await
    }
}

impl<S: AsFd, P: Deref<Target = ByteStream<S>>> WriteHalf<P> {
    /// See [`ByteStream::write`].
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written nothing.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).await
    }

    /// See [`ByteStream::write_vectored`].
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written nothing.
    pub async fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices).await
    }

    /// See [`ByteStream::write_all`].
    ///
    /// # Errors
    /// Those of the connection; some bytes may have been written.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has written an unknown part, from the first byte on.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// See [`ByteStream::try_write`].
    ///
    /// # Errors
    /// `WouldBlock` when there is no room; otherwise those of the connection.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    /// See [`ByteStream::writable`].
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn writable(&self) -> io::Result<()> {
        self.0.writable().await
    }

    /// Ends what is written: the peer reads the end after what came before.
    ///
    /// # Errors
    /// When the connection is gone.
    #[doc(alias = "write_eof")]
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

/// The whole connection: for its addresses and options.
impl<S: AsFd, P: Deref<Target = ByteStream<S>>> AsRef<ByteStream<S>> for ReadHalf<P> {
    fn as_ref(&self) -> &ByteStream<S> {
        &self.0
    }
}

/// The whole connection: for its addresses and options.
impl<S: AsFd, P: Deref<Target = ByteStream<S>>> AsRef<ByteStream<S>> for WriteHalf<P> {
    fn as_ref(&self) -> &ByteStream<S> {
        &self.0
    }
}

impl<S: AsFd> Deref for Ending<S> {
    type Target = ByteStream<S>;

    fn deref(&self) -> &ByteStream<S> {
        &self.stream
    }
}

impl<S: AsFd> Drop for Ending<S> {
    fn drop(&mut self) {
        if self.ends {
            // An error says that the connection is gone: then it has ended already.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

impl<S: AsFd> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReuniteError(..)")
    }
}

impl<S: AsFd> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are not of one connection")
    }
}

impl<S: AsFd> Error for ReuniteError<S> {}
