//! What becomes of a panic: it is reported, and the loop goes on.

use super::state::State;
use crate::call::Call;
use crate::error::{Payload, panic_message};
use crate::exception::{ExceptionContext, catch};
use std::panic::Location;

impl State {
    pub(crate) fn report(
        &self,
        message: &str,
        source: &str,
        at: Option<&'static Location<'static>>,
        payload: Option<Payload>,
    ) {
        let context = ExceptionContext::new(message, source, at, payload);
        let handler = self.handler.borrow().clone();
        match handler {
            None => log::error!("{context}"),
            Some(handler) => {
                if let Err(second) = catch(|| handler(&context)) {
                    let text = panic_message(&*second);
                    log::error!("Unhandled error in exception handler: {text}; it had: {context}");
                }
            }
        }
        // What a payload does when it is dropped is user code too.
        if let Err(again) = catch(|| drop(context)) {
            log::error!("a panic's payload panicked when it was dropped");
            std::mem::forget(again); // it may do so once more
        }
    }

    /// Runs user code that has no caller to tell; reports a panic. False: it panicked.
    pub(crate) fn contain(&self, source: &str, f: impl FnOnce()) -> bool {
        match catch(f) {
            Ok(()) => true,
            Err(payload) => {
                self.report("Exception in", source, None, Some(payload));
                false
            }
        }
    }

    /// Drops a closure, which may run user code.
    pub(crate) fn discard(&self, call: Call) {
        let name = call.name();
        self.contain(name, || drop(call));
    }
}
