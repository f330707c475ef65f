//! What comes one after the other, as a `Stream`: the feature `stream`.

use crate::error::TimedOut;
use crate::sync::mpsc::Receiver;
use crate::{AsCompleted, Awaitable, Interval};
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// With the feature `stream`.
///
/// # Cancel safety
/// As [`AsCompleted::poll_next`]: nothing is lost.
impl<T: 'static> Stream for AsCompleted<T> {
    type Item = Result<Awaitable<T>, TimedOut>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        AsCompleted::poll_next(self.get_mut(), cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

/// With the feature `stream`.
///
/// # Cancel safety
/// As [`Receiver::poll_recv`]: no value is lost.
impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.get_mut().poll_recv(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), self.is_ended().then(|| self.len()))
    }
}

/// With the feature `stream`; it never ends.
///
/// # Cancel safety
/// As [`Interval::poll_tick`]: no tick is lost.
impl Stream for Interval {
    type Item = Duration;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Duration>> {
        self.get_mut().poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
