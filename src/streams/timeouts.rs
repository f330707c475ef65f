//! `Timeouts`: how long a peer may take.

use std::time::Duration;

/// How long the other end of a connection may take; when it takes longer, the connection
/// is lost with [`TimedOut`](std::io::ErrorKind::TimedOut).
///
/// A [`Server`](super::Server)'s connections have [`Timeouts::SERVER`] unless it is told
/// otherwise, against peers that send a byte now and then so as to keep a connection busy.
/// Streams that are made by other means have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the beginning of the connection to the first byte, while somebody reads.
    pub first_byte: Option<Duration>,
    /// From the first byte of a line, or of what `readuntil` or `readexactly` reads, to its
    /// end.
    pub frame: Option<Duration>,
    /// While nothing of a frame is there: each wait for some. Also how long what is to be
    /// sent may stand still.
    pub idle: Option<Duration>,
}

impl Timeouts {
    /// None: for ever.
    pub const NONE: Timeouts = Timeouts { first_byte: None, frame: None, idle: None };

    /// 30 s to the first byte, 30 s for a frame, 120 s between them.
    pub const SERVER: Timeouts = Timeouts {
        first_byte: Some(Duration::from_secs(30)),
        frame: Some(Duration::from_secs(30)),
        idle: Some(Duration::from_secs(120)),
    };
}
