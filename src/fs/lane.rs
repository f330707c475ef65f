//! `Lane`: operations on one thing, one at a time, on the pool's threads.
//!
//! An operation whose await was dropped stays in the lane. Whoever comes next waits for its
//! end: so operations happen in the order in which they were begun, whatever was cancelled.

use crate::{Blocking, run_blocking};
use std::io;

/// An operation that may be in flight; `T` is what it gives.
#[derive(Debug)]
pub(super) struct Lane<T> {
    flying: Option<Blocking<io::Result<T>>>,
}

impl<T: Send + 'static> Lane<T> {
    pub(super) fn new() -> Self {
        Lane { flying: None }
    }

    /// Waits for the operation that is in flight, and gives what became of it.
    pub(super) async fn landed(&mut self) -> Option<io::Result<T>> {
        let flying = self.flying.as_mut()?;
        let result = flying.await.map_err(io::Error::other).and_then(|result| result);
        self.flying = None;
        Some(result)
    }

    /// Begins `operation`, and waits for it. Nothing may be in flight.
    pub(super) async fn fly(
        &mut self,
        operation: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.flying = Some(run_blocking(operation));
        match self.landed().await {
            Some(result) => result,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
