//! A future, and then its result, in one place: the one allocation of a task.

use crate::error::{JoinError, JoinFailure, Payload, into_payload};
use pin_project_lite::pin_project;
use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future or its result, without their types.
pub(crate) trait Body {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future, if it is still there, and ends with `failure`.
    fn fail(self: Pin<&mut Self>, failure: JoinFailure);
    /// Moves the result to `into`, an `Option<Result<T, JoinError>>`.
    fn take_result(self: Pin<&mut Self>, into: &mut dyn Any);
    /// What the panic carried, if the task ended by one that nobody has seen.
    fn take_panic(self: Pin<&mut Self>) -> Option<Payload>;
    /// Lends the result, a `Result<T, JoinError>`.
    fn result(&self) -> Option<&dyn Any>;
    /// Whether it ended with what counts as an error.
    fn failed(&self) -> bool;
}

/// Which values of a task count as errors, in a task that ends with a cancel request that
/// found no await to arrive at: a value is lost then, an error is not.
trait Judge<T> {
    fn failed(value: &T) -> bool;
}

enum Value {}

enum Fallible {}

impl<T> Judge<T> for Value {
    fn failed(_: &T) -> bool {
        false
    }
}

impl<T, E> Judge<Result<T, E>> for Fallible {
    fn failed(value: &Result<T, E>) -> bool {
        value.is_err()
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F: Future, J> {
        Running { #[pin] future: F },
        Over { result: Option<Result<F::Output, JoinError>>, judge: PhantomData<J> },
    }
}

impl<F: Future + 'static, J: Judge<F::Output>> Body for Stage<F, J> {
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let StageProjection::Running { future } = self.as_mut().project() else {
            return Poll::Ready(());
        };
        let Poll::Ready(value) = future.poll(cx) else { return Poll::Pending };
        self.set(Stage::Over { result: Some(Ok(value)), judge: PhantomData });
        Poll::Ready(())
    }

    fn fail(mut self: Pin<&mut Self>, failure: JoinFailure) {
        self.set(Stage::Over { result: Some(Err(JoinError(failure))), judge: PhantomData });
    }

    #[inline]
    fn take_result(self: Pin<&mut Self>, into: &mut dyn Any) {
        let into = into.downcast_mut::<Option<Result<F::Output, JoinError>>>();
        if let (StageProjection::Over { result, .. }, Some(into)) = (self.project(), into) {
            *into = result.take();
        }
    }

    fn take_panic(self: Pin<&mut Self>) -> Option<Payload> {
        let StageProjection::Over { result, .. } = self.project() else { return None };
        match result.take() {
            Some(Err(JoinError(JoinFailure::Panicked(payload)))) => Some(into_payload(payload)),
            other => {
                *result = other;
                None
            }
        }
    }

    fn result(&self) -> Option<&dyn Any> {
        match self {
            Stage::Over { result: Some(result), .. } => Some(result),
            _ => None,
        }
    }

    fn failed(&self) -> bool {
        matches!(self, Stage::Over { result: Some(Ok(value)), .. } if J::failed(value))
    }
}

/// A task's body.
pub(crate) type BoxBody = Pin<Box<dyn Body>>;

/// Made where the future is, so that it is moved once.
#[inline(always)]
pub(crate) fn body_of<F: Future + 'static>(future: F) -> BoxBody {
    Box::pin(Stage::<F, Value>::Running { future })
}

/// As [`body_of`], of a future whose `Err` counts as an error.
pub(crate) fn fallible_body_of<F, T, E>(future: F) -> BoxBody
where
    F: Future<Output = Result<T, E>> + 'static,
{
    Box::pin(Stage::<F, Fallible>::Running { future })
}
