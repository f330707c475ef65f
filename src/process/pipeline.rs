//! `Pipeline`: programs of which each reads what the one before it writes.

use super::{Child, Command, Stdio};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::process::ExitStatus;

/// Programs of which each reads what the one before it writes, as with a shell's `|`; made
/// by [`Command::pipe`].
///
/// When a program ends, the one before it dies of SIGPIPE at its next write, as in a shell.
///
/// ```
/// use oneloop::process::Command;
///
/// oneloop::run(async {
///     let mut pipeline = Command::new("yes").pipe(Command::new("head").arg("-n").arg("2"));
///     let output = pipeline.run().await.unwrap();
///     assert_eq!(output.stdout, b"y\ny\n");
///     assert!(output.statuses[1].success());
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Pipeline(Vec<Command>);

/// How the programs of a pipeline ended, and what the last one wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOutput {
    /// Of each program, in their order.
    pub statuses: Vec<ExitStatus>,
    /// All that the last one wrote to stdout, if that was piped.
    pub stdout: Vec<u8>,
    /// All that the last one wrote to stderr, if that was piped.
    pub stderr: Vec<u8>,
}

impl Command {
    /// This one's stdout becomes `next`'s stdin.
    pub fn pipe(self, next: Command) -> Pipeline {
        Pipeline(vec![self, next])
    }
}

impl Pipeline {
    /// The last one's stdout becomes `next`'s stdin.
    pub fn pipe(mut self, next: Command) -> Self {
        self.0.push(next);
        self
    }

    /// Starts all; each is a [`Child`] of its own. What was set for a stdin or stdout between
    /// two of them is overridden.
    ///
    /// # Errors
    /// As [`Command::spawn`], for the first that cannot be started; those before it are
    /// killed.
    pub fn spawn(&mut self) -> io::Result<Vec<Child>> {
        let mut children = self.start()?;
        for (child, command) in children.iter_mut().zip(&self.0) {
            child.kill_on_drop = command.kill_on_drop;
        }
        Ok(children)
    }

    /// Starts all, feeds the first one its [`input`](Command::input), and gives how they
    /// ended and what the last one wrote, which is captured unless set. What the others
    /// complain of goes where ours goes, unless set. Their timeouts and checks are not looked
    /// at: see [`timeout`](crate::timeout()).
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::communicate`].
    ///
    /// # Cancel safety
    /// Dropped, it kills all, whose ends are noticed in the background.
    pub async fn run(&mut self) -> io::Result<PipelineOutput> {
        let input = self.0[0].input.clone();
        let last = self.0.len() - 1;
        if let (Some(_), stdin @ None) = (&input, &mut self.0[0].streams[0]) {
            *stdin = Some(Stdio::piped());
        }
        for stream in &mut self.0[last].streams[1..] {
            stream.get_or_insert_with(Stdio::piped);
        }
        let mut children = self.start()?;
        let (mut stdin, mut end) = (children[0].stdin.take(), children.pop());
        let mut output = PipelineOutput { statuses: vec![], stdout: vec![], stderr: vec![] };
        if let Some(end) = &mut end {
            end.talk.begin(input.unwrap_or_default(), stdin.is_some())?;
            end.talk.run(&mut stdin, &mut end.stdout, &mut end.stderr).await?;
            (output.stdout, output.stderr) = end.talk.take();
        }
        for child in children.iter().chain(&end) {
            output.statuses.push(child.wait().await?);
        }
        Ok(output)
    }

    /// Starts all, to be killed when they are dropped.
    fn start(&mut self) -> io::Result<Vec<Child>> {
        let count = self.0.len();
        let mut children: Vec<Child> = Vec::with_capacity(count);
        let mut before = None;
        for (number, command) in self.0.iter_mut().enumerate() {
            let [stdin, stdout, stderr] = command.streams.each_ref().map(given);
            let stdin = before.take().map_or(stdin, Ok)?;
            let stdout = if number + 1 < count {
                let (reads, writes) = pipe_with(PipeFlags::CLOEXEC)?;
                before = Some(reads.into());
                writes.into()
            } else {
                stdout?
            };
            let mut child = command.start([stdin, stdout, stderr?])?;
            child.kill_on_drop = true;
            children.push(child);
        }
        Ok(children)
    }
}

/// What was set, or our own.
fn given(stream: &Option<Stdio>) -> io::Result<Stdio> {
    stream.as_ref().map_or_else(|| Ok(Stdio::inherit()), Stdio::again)
}
