//! Other programs: started, talked to, waited for.
//!
//! [`Command::run`] is the short way: it starts a program, feeds it, and gives its end and
//! what it wrote. [`Command::spawn`] gives a [`Child`], to be talked to while it runs.
//! [`Command::pipe`] joins programs as a shell's `|` does, without a shell.
//!
//! # What is promised
//! - A child that has ended is taken from the kernel by its loop, whether anybody waits for
//!   it or not: no zombie stays. What the loop does not live to see, because it closes, the
//!   next [`spawn`](Command::spawn) of this process looks after.
//! - A signal never hits another process: it is sent through a descriptor of the child, not
//!   to its number, and not at all once the child has ended.
//! - A child gets three descriptors, and no other that was opened here (one that this process
//!   was itself started with goes on to its children). Signals do in it what they do by
//!   default, SIGPIPE too, unless this process ignores them.
//! - On a loop whose virtual time jumps, it does not while a child is alive.
//!
//! All this stands on Linux's pidfd. Where the kernel has none, each child takes a thread of
//! the pool until it ends; all else is the same.

mod child;
mod command;
mod communicate;
mod error;
mod exit;
mod pipeline;
mod pipes;
mod run;
mod stdio;
#[cfg(test)]
mod tests;

pub use child::Child;
pub use command::Command;
pub use error::CommandError;
pub use pipeline::{Pipeline, PipelineOutput};
pub use pipes::{PipeReader, PipeWriter};
pub use run::Completed;
pub use std::process::ExitStatus;
pub use stdio::Stdio;
