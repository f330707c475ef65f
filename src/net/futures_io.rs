//! The traits of the crate `futures-io` for byte streams and their halves; a feature.
//!
//! A waker per direction is kept, as those traits have it: the newest. Reads and writes of
//! the stream's own methods may wait beside them.

use super::byte_stream::{recv, recv_vectored, send, send_vectored};
use super::{ByteStream, OwnedReadHalf, OwnedWriteHalf};
use crate::lowlevel::Direction;
use ::futures_io::{AsyncRead, AsyncWrite};
use rustix::net::RecvFlags;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

type Count = Poll<io::Result<usize>>;

impl<S: AsFd> ByteStream<S> {
    fn poll_read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Count {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let read = |stream: &S| recv(stream, buffer, RecvFlags::empty());
        let count = ready!(self.fd.poll_read_with(cx, read))?;
        self.moved(Direction::Read, count, buffer.len());
        Poll::Ready(Ok(count))
    }

    fn poll_read_all(&self, cx: &mut Context<'_>, buffers: &mut [IoSliceMut<'_>]) -> Count {
        let room = buffers.iter().map(|buffer| buffer.len()).sum();
        if room == 0 {
            return Poll::Ready(Ok(0));
        }
        let count =
            ready!(self.fd.poll_read_with(cx, |stream: &S| recv_vectored(stream, buffers)))?;
        self.moved(Direction::Read, count, room);
        Poll::Ready(Ok(count))
    }

    fn poll_write_from(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Count {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let count = ready!(self.fd.poll_write_with(cx, |stream: &S| send(stream, bytes)))?;
        self.moved(Direction::Write, count, bytes.len());
        Poll::Ready(Ok(count))
    }

    fn poll_write_all(&self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Count {
        let all = slices.iter().map(|slice| slice.len()).sum();
        if all == 0 {
            return Poll::Ready(Ok(0));
        }
        let write = |stream: &S| send_vectored(stream, slices);
        let count = ready!(self.fd.poll_write_with(cx, write))?;
        self.moved(Direction::Write, count, all);
        Poll::Ready(Ok(count))
    }

    /// A connection that is gone is closed already.
    fn end_writing(&self) -> Poll<io::Result<()>> {
        Poll::Ready(match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            other => other,
        })
    }
}

/// `inner` leads from such a value to its stream.
macro_rules! read {
    ($for:ty, $inner:ident) => {
        impl<S: AsFd> AsyncRead for $for {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Count {
                $inner(&*self).poll_read_into(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Count {
                $inner(&*self).poll_read_all(cx, buffers)
            }
        }
    };
}

/// What is written is with the kernel, so there is nothing to flush; to close is to end
/// what is written.
macro_rules! write {
    ($for:ty, $inner:ident) => {
        impl<S: AsFd> AsyncWrite for $for {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Count {
                $inner(&*self).poll_write_from(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Count {
                $inner(&*self).poll_write_all(cx, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                $inner(&*self).end_writing()
            }
        }
    };
}

fn itself<S: AsFd>(stream: &ByteStream<S>) -> &ByteStream<S> {
    stream
}

fn whole<S: AsFd>(half: &impl AsRef<ByteStream<S>>) -> &ByteStream<S> {
    half.as_ref()
}

read!(ByteStream<S>, itself);
read!(OwnedReadHalf<S>, whole);
write!(ByteStream<S>, itself);
write!(OwnedWriteHalf<S>, whole);
