//! `Signal`: which one, by its number, with its name.

use signal_hook::consts as number;
use signal_hook::low_level::signal_name;
use std::fmt;
use std::io;

/// A signal. It prints as its name.
///
/// ```
/// use oneloop::signal::Signal;
///
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from_raw(15), Some(Signal::TERM));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "SignalKind")]
pub struct Signal(i32);

impl Signal {
    /// A child has ended, stopped, or goes on.
    pub const CHLD: Signal = Signal(number::SIGCHLD);
    /// Go on, if stopped.
    pub const CONT: Signal = Signal(number::SIGCONT);
    /// The terminal is gone; to a daemon: read your configuration again.
    pub const HUP: Signal = Signal(number::SIGHUP);
    /// Ctrl-C.
    pub const INT: Signal = Signal(number::SIGINT);
    /// The end, without a word.
    pub const KILL: Signal = Signal(number::SIGKILL);
    /// A pipe that nobody reads was written to.
    pub const PIPE: Signal = Signal(number::SIGPIPE);
    /// Ctrl-\.
    pub const QUIT: Signal = Signal(number::SIGQUIT);
    /// Stop, without a word.
    pub const STOP: Signal = Signal(number::SIGSTOP);
    /// The polite request to end.
    pub const TERM: Signal = Signal(number::SIGTERM);
    /// Whatever a program makes of it.
    pub const USR1: Signal = Signal(number::SIGUSR1);
    /// Whatever a program makes of it.
    pub const USR2: Signal = Signal(number::SIGUSR2);
    /// The terminal has another size.
    pub const WINCH: Signal = Signal(number::SIGWINCH);

    /// The signal of this number, if Linux has one.
    pub fn from_raw(number: i32) -> Option<Signal> {
        (1..=64).contains(&number).then_some(Signal(number))
    }

    /// Its number.
    pub fn as_raw(self) -> i32 {
        self.0
    }

    /// Refuses a signal that cannot be listened for, and says why.
    pub(super) fn may_be_caught(self) -> io::Result<()> {
        let why = match self.0 {
            number::SIGKILL | number::SIGSTOP => "cannot be caught",
            number::SIGSEGV | number::SIGBUS | number::SIGILL | number::SIGFPE => {
                "tells of a fault after which the program cannot go on"
            }
            // The C library's own, and those whose default nothing safe can bring back.
            other if signal_name(other).is_none() => "is not one of the standard signals",
            _ => return Ok(()),
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{self} {why}")))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match signal_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
