//! Two connected sockets, one byte at a time: something to wait for.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

pub(crate) type Socket = Rc<UnixStream>;

pub(crate) fn pair() -> (Socket, Socket) {
    let (here, there) = UnixStream::pair().unwrap();
    (Rc::new(here), Rc::new(there))
}

/// Makes the other end readable, by so many bytes.
pub(crate) fn put(count: usize, into: &Socket) {
    (&**into).write_all(&b"!".repeat(count)).unwrap();
}

/// Takes one byte, which must be there.
pub(crate) fn take(from: &Socket) {
    from.set_nonblocking(true).unwrap();
    (&**from).read_exact(&mut [0]).unwrap();
}

/// A pipe, to read from and to write to, that no child inherits.
pub(crate) fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap()
}
