//! `Child`: a program that was started.

use super::communicate::Talk;
use super::exit::Exit;
use super::{Completed, PipeReader, PipeWriter};
use crate::signal::Signal;
use rustix::process::Signal as Raw;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::rc::Rc;

/// A program that was started by [`Command::spawn`](super::Command::spawn).
///
/// Dropping it closes its pipes and lets it run, unless
/// [`kill_on_drop`](super::Command::kill_on_drop) was asked for. Its end is noticed, and no
/// zombie stays, in either case.
///
/// ```
/// use oneloop::process::{Command, Stdio};
///
/// oneloop::run(async {
///     let cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
///     let mut cat = cat.unwrap();
///     let ended = cat.communicate("meow").await.unwrap();
///     assert!(ended.status.success());
///     assert_eq!(ended.stdout, b"meow");
/// })
/// .unwrap();
/// ```
#[doc(alias = "Popen")]
#[doc(alias = "Process")]
pub struct Child {
    /// If it was piped, and not taken or closed since.
    pub stdin: Option<PipeWriter>,
    /// If it was piped.
    pub stdout: Option<PipeReader>,
    /// If it was piped.
    pub stderr: Option<PipeReader>,
    pub(super) exit: Rc<Exit>,
    pub(super) kill_on_drop: bool,
    pub(super) own_group: bool,
    pub(super) talk: Talk,
}

impl Child {
    /// Its number; another process's, some time after it has ended.
    #[doc(alias = "pid")]
    pub fn id(&self) -> u32 {
        self.exit.pid().as_raw_pid().unsigned_abs()
    }

    /// How it ended, if it has. Never waits.
    ///
    /// # Errors
    /// When the system refuses to tell.
    #[doc(alias = "try_wait")]
    #[doc(alias = "returncode")]
    pub fn poll(&self) -> io::Result<Option<ExitStatus>> {
        self.exit.poll()
    }

    /// Waits until it has ended, and no longer: what it wrote may still be in its pipes, and
    /// children of its own may be alive. Any number of tasks may wait, at any time; all get
    /// the same status.
    ///
    /// A child whose pipe is full waits until somebody reads it: use
    /// [`communicate`](Self::communicate), or read. One that waits for the end of its input
    /// needs its `stdin` dropped.
    ///
    /// If somebody else has taken the status from the kernel, or SIGCHLD is ignored, the
    /// status is that of `exit(255)`, with a warning in the log.
    ///
    /// # Errors
    /// When the loop is closed, or the system refuses to tell.
    ///
    /// # Cancel safety
    /// Nothing is lost: the child goes on, and can be waited for again.
    pub async fn wait(&self) -> io::Result<ExitStatus> {
        self.exit.wait().await
    }

    /// Writes `input`, closes stdin, reads stdout and stderr to their ends, all at the same
    /// time, and waits for the child. Of streams that are not piped there is nothing.
    ///
    /// A child that does not read all of its input is no error.
    ///
    /// # Errors
    /// `InvalidInput` when there is input and no piped stdin, or when it was begun before
    /// with other input; else as [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// Nothing is lost: call it again, with no input, and it goes on where it was, with all
    /// that was read until then.
    pub async fn communicate(&mut self, input: impl Into<Vec<u8>>) -> io::Result<Completed> {
        self.talk.begin(input.into(), self.stdin.is_some())?;
        self.talk.run(&mut self.stdin, &mut self.stdout, &mut self.stderr).await?;
        let status = self.wait().await?;
        let (stdout, stderr) = self.talk.take();
        Ok(Completed { status, stdout, stderr })
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// `NotFound` when it has ended, and nobody is signalled; `InvalidInput` for a signal
    /// that is not a standard one; `PermissionDenied` when it runs as somebody else.
    pub fn send_signal(&self, signal: Signal) -> io::Result<()> {
        self.exit.signal(raw(signal)?, false)
    }

    /// Sends a signal to it and to its children, if it was started in a
    /// [`process_group`](super::Command::process_group) of its own.
    ///
    /// # Errors
    /// As [`send_signal`](Self::send_signal): also when the child itself has ended, for then
    /// the group's number may be another's. `InvalidInput` when it has no group of its own.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        if !self.own_group {
            let why = "the process has no group of its own";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        self.exit.signal(raw(signal)?, true)
    }

    /// Asks it to end: SIGTERM.
    ///
    /// # Errors
    /// As [`send_signal`](Self::send_signal).
    pub fn terminate(&self) -> io::Result<()> {
        self.send_signal(Signal::TERM)
    }

    /// Ends it: SIGKILL. Its own children live on.
    ///
    /// # Errors
    /// As [`send_signal`](Self::send_signal).
    pub fn kill(&self) -> io::Result<()> {
        self.send_signal(Signal::KILL)
    }

    /// Ends it, and its group if that is its own.
    pub(super) fn kill_all(&self) {
        // Fails if it has ended: then there is nothing to do.
        let _ = self.exit.signal(Raw::KILL, self.own_group);
    }
}

fn raw(signal: Signal) -> io::Result<Raw> {
    Raw::from_named_raw(signal.as_raw()).ok_or_else(|| {
        let why = format!("{signal} is not one of the standard signals");
        io::Error::new(io::ErrorKind::InvalidInput, why)
    })
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.kill_on_drop {
            self.kill_all();
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Child({}", self.id())?;
        match self.poll() {
            Ok(Some(status)) => write!(f, ", {status})"),
            _ => f.write_str(")"),
        }
    }
}
