//! A program from beginning to end.

use super::{Child, Command, CommandError, Stdio};
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// How a program ended, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "CompletedProcess")]
#[doc(alias = "Output")]
pub struct Completed {
    /// Its exit code, or the signal that ended it.
    pub status: ExitStatus,
    /// All that it wrote to stdout, if that was piped.
    pub stdout: Vec<u8>,
    /// All that it wrote to stderr, if that was piped.
    pub stderr: Vec<u8>,
}

impl Command {
    /// What [`run`](Self::run) feeds to the program. [`spawn`](Self::spawn) does not look at
    /// it.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// How long [`run`](Self::run) may take.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Whether a status other than 0 is an error of [`run`](Self::run).
    pub fn check(mut self, on: bool) -> Self {
        self.check = on;
        self
    }

    /// Starts it, feeds it the [`input`](Self::input), and gives its end and all that it
    /// wrote. What it writes is captured unless [`stdout`](Self::stdout) or
    /// [`stderr`](Self::stderr) was set; without input it reads what we do.
    ///
    /// When the [`timeout`](Self::timeout) is over the program is killed (with its group, if
    /// it has its own) and waited for; its own children are not. On virtual time a timeout
    /// is over at the earliest when the program has ended, unless somebody moves the clock.
    ///
    /// # Errors
    /// [`Io`](CommandError::Io) as [`spawn`](Self::spawn) and
    /// [`communicate`](Child::communicate), and `InvalidInput` if there is input and stdin
    /// was set to something else; [`TimedOut`](CommandError::TimedOut);
    /// [`Failed`](CommandError::Failed) only with [`check`](Self::check).
    ///
    /// # Cancel safety
    /// Dropped, it kills the program, whose end is noticed in the background.
    ///
    /// # Panics
    /// When it has a timeout and is polled outside of a task.
    pub async fn run(&mut self) -> Result<Completed, CommandError> {
        let mut child = self.start_captured()?;
        child.kill_on_drop = true;
        let input = self.input.clone().unwrap_or_default();
        let completed = match self.timeout {
            None => child.communicate(input).await?,
            Some(limit) => match crate::timeout(limit, child.communicate(input)).await {
                Ok(completed) => completed?,
                Err(_) => return Err(self.give_up(&mut child).await?),
            },
        };
        if self.check && !completed.status.success() {
            return Err(CommandError::Failed { program: self.name(), completed });
        }
        Ok(completed)
    }

    fn start_captured(&mut self) -> io::Result<Child> {
        let [stdin, stdout, stderr] = &self.streams;
        if self.input.is_some() && stdin.as_ref().is_some_and(|stdin| !stdin.is_piped()) {
            let why = "there is input, but stdin is not piped";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let or = |set: &Option<Stdio>, piped: bool| match set {
            Some(stream) => stream.again(),
            None if piped => Ok(Stdio::piped()),
            None => Ok(Stdio::inherit()),
        };
        let streams = [or(stdin, self.input.is_some())?, or(stdout, true)?, or(stderr, true)?];
        self.start(streams)
    }

    /// The time is over.
    async fn give_up(&self, child: &mut Child) -> io::Result<CommandError> {
        child.kill_all();
        child.wait().await?;
        let (mut stdout, mut stderr) = child.talk.take();
        // Not to the end: that may be in the hands of a child of its own.
        for (pipe, bytes) in [(&child.stdout, &mut stdout), (&child.stderr, &mut stderr)] {
            if let Some(pipe) = pipe {
                pipe.take_what_is_there(bytes);
            }
        }
        Ok(CommandError::TimedOut { program: self.name(), stdout, stderr })
    }
}
