//! Signals of the operating system, as callbacks and as something to wait for.
//!
//! A signal handler does nothing but look at a flag and write a byte to a socket; all else
//! happens on the loop. Signals are not counted: those of one kind that come before the loop
//! looks are one.

pub(crate) mod disposition;
pub(crate) mod ear;
mod kind;
mod listeners;

pub use kind::Signal;
pub use listeners::{SignalHandle, Signals, ctrl_c, signal};
