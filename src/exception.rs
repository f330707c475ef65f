//! What escaped: panics that no caller is there to receive, and where they go.
//!
//! A panic ends the callback or task that it happens in, never the loop. It is handed
//! to the loop's exception handler; without one it is logged, as asyncio does.

use crate::call::Call;
use crate::error::{Payload, panic_message};
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;

pub(crate) type Handler = dyn Fn(&ExceptionContext);

/// What the exception handler is told.
pub struct ExceptionContext {
    message: String,
    source: String,
    at: Option<&'static Location<'static>>,
    payload: Option<Payload>,
}

impl ExceptionContext {
    pub(crate) fn new(
        message: &str,
        source: &str,
        at: Option<&'static Location<'static>>,
        payload: Option<Payload>,
    ) -> Self {
        let (message, source) = (message.to_owned(), source.to_owned());
        ExceptionContext { message, source, at, payload }
    }

    /// What happened, in words: "Exception in callback", for one.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Who it happened to: the name of a task, or of a callback's type.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where that was scheduled: known in debug mode and when the loop is observed.
    pub fn scheduled_at(&self) -> Option<&'static Location<'static>> {
        self.at
    }

    /// What the panic carried, if there was a panic.
    pub fn payload(&self) -> Option<&(dyn std::any::Any + Send)> {
        self.payload.as_deref()
    }

    /// The message of the panic, if there was one.
    pub fn panic_message(&self) -> Option<&str> {
        self.payload.as_deref().map(panic_message)
    }
}

impl fmt::Display for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.source)?;
        if let Some(at) = self.at {
            write!(f, " (scheduled at {at})")?;
        }
        match self.panic_message() {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExceptionContext({self})")
    }
}

/// Runs user code; a panic comes back as a value.
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Where reports go: to the handler, or to the log.
#[derive(Default)]
pub(crate) struct Reports {
    handler: RefCell<Option<Rc<Handler>>>,
}

impl Reports {
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

    /// Sets the handler, and gives the old one back for the caller to drop.
    pub(crate) fn set_handler(&self, handler: Option<Rc<Handler>>) -> Option<Rc<Handler>> {
        self.handler.replace(handler)
    }
}
