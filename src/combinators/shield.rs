//! `shield`: an await that may be cancelled without what is awaited.

use crate::Future;
use crate::awaitable::Awaitable;
use crate::error::{JoinError, JoinFailure, Payload};
use crate::exception::catch;
use crate::future::CallbackId;
use std::cell::Cell;
use std::rc::Rc;

/// Waits for `inner` without passing a cancel request on to it: who cancels what this
/// returns, or a task that awaits it, leaves `inner` running.
///
/// What is done already is returned as it is. The shield of a
/// [`fallible`](Awaitable::fallible) one is fallible.
///
/// # Ordering
/// When `inner` is done, a callback completes the shield, and who awaits it goes on in the
/// turn after: two turns.
///
/// # Cancel safety
/// Cancelled or dropped, it leaves no trace on `inner`.
///
/// ```
/// oneloop::run(async {
///     let work = std::rc::Rc::new(oneloop::spawn(async { oneloop::yield_now().await; 42 }));
///     let shielded = oneloop::shield(work.clone());
///     assert!(shielded.cancel());
///     assert_eq!((&*work).await.unwrap(), 42);
/// })
/// .unwrap();
/// ```
pub fn shield<T: Clone + 'static>(inner: impl Into<Awaitable<T>>) -> Awaitable<T> {
    let inner = inner.into();
    if inner.done() {
        return inner;
    }
    let outer: Future<Result<T, JoinError>> = inner.handle().create_future();
    outer.stands_for([inner.target(&inner.handle())]);
    let watch = Rc::new(Watch { inner: inner.clone(), callback: Cell::new(None) });
    let (from, to) = (Rc::downgrade(&watch), outer.clone());
    let pass_on = move || {
        // Without its watch nobody has the shield any more.
        if let Some(watch) = from.upgrade() {
            pass_on(&watch.inner, &to);
        }
    };
    watch.callback.set(Some(inner.add_call(pass_on)));
    let when_over = Rc::downgrade(&watch);
    outer.add_done_callback(move |_| {
        if let Some(watch) = when_over.upgrade() {
            watch.end();
        }
    });
    let shield = Awaitable::from(outer).map(move |outcome| {
        let _held = &watch; // for as long as somebody has the shield
        outcome.and_then(|inner| inner)
    });
    shield.judged_as(&inner)
}

/// The callback that a shield has on what it shields.
struct Watch<T: 'static> {
    inner: Awaitable<T>,
    callback: Cell<Option<CallbackId>>,
}

impl<T> Watch<T> {
    fn end(&self) {
        if let Some(callback) = self.callback.take() {
            self.inner.remove_done_callback(callback);
        }
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        self.end();
    }
}

fn pass_on<T: Clone + 'static>(inner: &Awaitable<T>, outer: &Future<Result<T, JoinError>>) {
    let outcome = catch(|| inner.result());
    // Cloning is the user's, and may panic.
    let panicked = |payload: Payload| Ok(Err(JoinError(JoinFailure::Panicked(payload.into()))));
    let Ok(outcome) = outcome.unwrap_or_else(panicked) else { return };
    if outer.cancelled() {
        return;
    }
    if inner.cancelled() {
        outer.cancel();
    } else if inner.ended_cancelled() || outcome.is_err() {
        let describe = |value: &Result<T, JoinError>| match value {
            Err(error) => error.to_string(),
            Ok(_) => "what was shielded ended cancelled".to_owned(),
        };
        outer.fail(outcome, inner.ended_cancelled(), describe);
    } else {
        let _ = outer.set_result(outcome);
    }
}
