//! Why a program did not run as it should.

use super::Completed;
use crate::signal::Signal;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Why [`Command::run`](super::Command::run) has nothing to give.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommandError {
    /// It could not be started, or not be talked to.
    Io(io::Error),
    /// It ended with another status than 0, which was asked for.
    #[doc(alias = "CalledProcessError")]
    Failed {
        /// The program.
        program: String,
        /// How it ended, and what it wrote.
        completed: Completed,
    },
    /// It was killed, because the time was over.
    #[doc(alias = "TimeoutExpired")]
    TimedOut {
        /// The program.
        program: String,
        /// What it wrote to stdout until then.
        stdout: Vec<u8>,
        /// What it wrote to stderr until then.
        stderr: Vec<u8>,
    },
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        CommandError::Io(error)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Io(error) => error.fmt(f),
            CommandError::Failed { program, completed } => {
                write!(f, "`{program}` {}", Ended(completed.status))
            }
            CommandError::TimedOut { program, .. } => write!(f, "`{program}` took too long"),
        }
    }
}

struct Ended(ExitStatus);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal().map(|raw| (raw, Signal::from_raw(raw)))) {
            (Some(code), _) => write!(f, "exited with {code}"),
            (None, Some((_, Some(signal)))) => write!(f, "was ended by {signal}"),
            (None, Some((raw, None))) => write!(f, "was ended by unknown signal {raw}"),
            (None, None) => write!(f, "ended: {}", self.0),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CommandError::Io(error) => Some(error),
            _ => None,
        }
    }
}
