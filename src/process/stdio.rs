//! `Stdio`: where one of a child's three streams goes.

use rustix::pipe::{PipeFlags, pipe_with};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio as Std;

/// Where one of a child's three streams comes from or goes to. A file or a descriptor
/// becomes one by `into`.
#[derive(Debug)]
pub struct Stdio(Kind);

#[derive(Debug)]
enum Kind {
    Inherit,
    Null,
    Piped,
    Stdout,
    Fd(OwnedFd),
}

impl Stdio {
    /// Our own one.
    pub fn inherit() -> Self {
        Stdio(Kind::Inherit)
    }

    /// Nothing to read, and whatever is written is gone.
    #[doc(alias = "DEVNULL")]
    pub fn null() -> Self {
        Stdio(Kind::Null)
    }

    /// A pipe, whose other end the [`Child`](super::Child) has.
    #[doc(alias = "PIPE")]
    pub fn piped() -> Self {
        Stdio(Kind::Piped)
    }

    /// For stderr: wherever stdout goes, in the order in which the child writes.
    #[doc(alias = "STDOUT")]
    pub fn stdout() -> Self {
        Stdio(Kind::Stdout)
    }

    pub(super) fn is_piped(&self) -> bool {
        matches!(self.0, Kind::Piped)
    }

    /// The same once more.
    pub(super) fn again(&self) -> io::Result<Stdio> {
        Ok(Stdio(match &self.0 {
            Kind::Inherit => Kind::Inherit,
            Kind::Null => Kind::Null,
            Kind::Piped => Kind::Piped,
            Kind::Stdout => Kind::Stdout,
            Kind::Fd(fd) => Kind::Fd(fd.try_clone()?),
        }))
    }

    /// The child's end, and ours if there is one.
    pub(super) fn for_reading(self) -> io::Result<(Std, Option<OwnedFd>)> {
        let Kind::Piped = self.0 else { return Ok((self.plain()?, None)) };
        let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok((theirs.into(), Some(ours)))
    }

    /// The child's stdout and stderr, and our ends.
    pub(super) fn for_writing(out: Stdio, err: Stdio) -> io::Result<[(Std, Option<OwnedFd>); 2]> {
        if !matches!(err.0, Kind::Stdout) {
            return Ok([out.one_for_writing()?, err.one_for_writing()?]);
        }
        let (fd, ours) = match out.0 {
            Kind::Piped => {
                let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
                (theirs, Some(ours))
            }
            Kind::Fd(fd) => (fd, None),
            Kind::Inherit => (io::stdout().as_fd().try_clone_to_owned()?, None),
            Kind::Null | Kind::Stdout => {
                return Ok([(out.plain()?, None), (Std::null(), None)]);
            }
        };
        Ok([(fd.try_clone()?.into(), ours), (fd.into(), None)])
    }

    fn one_for_writing(self) -> io::Result<(Std, Option<OwnedFd>)> {
        let Kind::Piped = self.0 else { return Ok((self.plain()?, None)) };
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok((theirs.into(), Some(ours)))
    }

    fn plain(self) -> io::Result<Std> {
        match self.0 {
            Kind::Inherit => Ok(Std::inherit()),
            Kind::Null => Ok(Std::null()),
            Kind::Fd(fd) => Ok(fd.into()),
            Kind::Piped | Kind::Stdout => {
                let why = "only stderr can go where stdout goes";
                Err(io::Error::new(io::ErrorKind::InvalidInput, why))
            }
        }
    }
}

impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Self {
        Stdio(Kind::Fd(fd))
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Self {
        Stdio(Kind::Fd(file.into()))
    }
}
