//! What can go wrong with a stream.

use std::fmt;
use std::io;

/// The end came before all that was asked for; what came instead is in here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "IncompleteReadError")]
pub struct IncompleteRead {
    /// All that came.
    pub partial: Vec<u8>,
    /// How many bytes were asked for; `None`: as many as the separator is away.
    pub expected: Option<usize>,
}

/// The separator is farther away than the reader's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "LimitOverrunError")]
pub struct LimitOverrun {
    /// How many bytes there are before the separator, or that hold no part of one.
    pub consumed: usize,
}

/// Why a read gave nothing.
#[derive(Debug)]
pub enum ReadError {
    /// The end came first.
    Incomplete(IncompleteRead),
    /// More than the limit, and no separator.
    Overrun(LimitOverrun),
    /// There is no separator to look for, or an empty one.
    NoSeparator,
    /// The connection failed; every later read says the same.
    Io(io::Error),
}

/// Why a write was not taken, nothing of it.
#[derive(Debug)]
pub enum WriteError {
    /// So many bytes wait already: [`drain`](super::StreamWriter::drain) first.
    Full(usize),
    /// The end was written before.
    AfterEof,
    /// The writer was closed.
    Closed,
    /// The connection failed.
    Io(io::Error),
}

/// The limits of a write buffer must be so that low is not above high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLimits {
    /// The high-water mark that was asked for.
    pub high: usize,
    /// The low-water mark that was asked for.
    pub low: usize,
}

/// The server was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClosed(pub(super) ());

impl fmt::Display for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.partial.len();
        match self.expected {
            Some(expected) => write!(f, "the stream ended after {count} of {expected} bytes"),
            None => write!(f, "the stream ended after {count} bytes without a separator"),
        }
    }
}

impl fmt::Display for LimitOverrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no separator within the limit, but {} bytes", self.consumed)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Incomplete(incomplete) => incomplete.fmt(f),
            ReadError::Overrun(overrun) => overrun.fmt(f),
            ReadError::NoSeparator => f.write_str("a separator has at least one byte"),
            ReadError::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Full(waiting) => write!(f, "{waiting} bytes wait to be sent already"),
            WriteError::AfterEof => f.write_str("the end was written before"),
            WriteError::Closed => f.write_str("the writer was closed"),
            WriteError::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for InvalidLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the low-water mark {} is above the high one, {}", self.low, self.high)
    }
}

impl fmt::Display for ServerClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server is closed")
    }
}

impl std::error::Error for IncompleteRead {}
impl std::error::Error for LimitOverrun {}
impl std::error::Error for InvalidLimits {}
impl std::error::Error for ServerClosed {}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Incomplete(incomplete) => Some(incomplete),
            ReadError::Overrun(overrun) => Some(overrun),
            ReadError::NoSeparator => None,
            ReadError::Io(error) => Some(error),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::Io(error) => return error,
            ReadError::Incomplete(_) => io::ErrorKind::UnexpectedEof,
            ReadError::Overrun(_) => io::ErrorKind::InvalidData,
            ReadError::NoSeparator => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        let kind = match error {
            WriteError::Io(error) => return error,
            WriteError::Full(_) => io::ErrorKind::OutOfMemory,
            WriteError::AfterEof => io::ErrorKind::BrokenPipe,
            WriteError::Closed => io::ErrorKind::ConnectionReset,
        };
        io::Error::new(kind, error)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error)
    }
}

/// The error that a connection ended with, to be told any number of times.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    kind: io::ErrorKind,
    code: Option<i32>,
    text: String,
}

impl Lost {
    pub(super) fn new(error: &io::Error) -> Self {
        Lost { kind: error.kind(), code: error.raw_os_error(), text: error.to_string() }
    }

    pub(super) fn error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}
