//! `Command`: which program to start, and how.

use super::communicate::Talk;
use super::exit::{Exit, look_after_orphans};
use super::{Child, PipeReader, PipeWriter, Stdio};
use crate::LoopHandle;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio as Std;
use std::time::Duration;

/// Which program to start, and how; may be started any number of times.
///
/// The program is found as by a shell, in `PATH`. Its arguments reach it as they are: no
/// shell looks at them. Each stream is our own one, unless set.
///
/// ```
/// use oneloop::process::Command;
///
/// oneloop::run(async {
///     let ended = Command::new("echo").arg("$HOME; *").run().await.unwrap();
///     assert_eq!(ended.stdout, b"$HOME; *\n");
/// })
/// .unwrap();
/// ```
#[doc(alias = "create_subprocess_exec")]
pub struct Command {
    command: std::process::Command,
    directory: Option<PathBuf>,
    /// The first name of a variable that cannot be one.
    wrong_name: bool,
    pub(super) streams: [Option<Stdio>; 3],
    own_group: bool,
    pub(super) kill_on_drop: bool,
    pub(super) input: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) check: bool,
}

impl Command {
    /// The program, and no arguments.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Command {
            command: std::process::Command::new(program),
            directory: None,
            wrong_name: false,
            streams: [None, None, None],
            own_group: false,
            kill_on_drop: false,
            input: None,
            timeout: None,
            check: false,
        }
    }

    /// `line`, for `sh` to interpret: words, quotes, variables, wildcards, several programs.
    /// Whoever can put text into `line` can run any program; [`new`](Self::new) and
    /// [`pipe`](Self::pipe) do without.
    #[doc(alias = "create_subprocess_shell")]
    pub fn shell(line: impl AsRef<OsStr>) -> Self {
        Command::new("/bin/sh").arg("-c").arg(line)
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// What the program is told that its name is, unless that of its file.
    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.arg0(name);
        self
    }

    /// Sets a variable of the child's environment, which is ours otherwise.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let bytes = name.as_ref().as_encoded_bytes();
        self.wrong_name |= bytes.is_empty() || bytes.contains(&b'=');
        self.command.env(name, value);
        self
    }

    /// Takes a variable out of the child's environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Leaves nothing of the environment but what is set after this.
    pub fn env_clear(mut self) -> Self {
        self.command.env_clear();
        self
    }

    /// The directory in which the child begins; ours otherwise.
    #[doc(alias = "cwd")]
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_owned());
        self.command.current_dir(directory);
        self
    }

    /// What the child reads.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.streams[0] = Some(stdin.into());
        self
    }

    /// Where the child writes.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.streams[1] = Some(stdout.into());
        self
    }

    /// Where the child complains; [`Stdio::stdout`] merges the two.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.streams[2] = Some(stderr.into());
        self
    }

    /// Starts the child in a process group of its own: a Ctrl-C of the terminal does not
    /// reach it, and [`Child::signal_group`] reaches its children too.
    #[doc(alias = "start_new_session")]
    pub fn process_group(mut self) -> Self {
        self.own_group = true;
        self.command.process_group(0);
        self
    }

    /// Whether a [`Child`] that is dropped is killed, with its group if it has its own. It is
    /// not, unless told here.
    pub fn kill_on_drop(mut self, on: bool) -> Self {
        self.kill_on_drop = on;
        self
    }

    /// Starts it, on the loop that is running on this thread.
    ///
    /// # Errors
    /// When the program or the directory is not there (`NotFound`, and the message says
    /// which) or may not be used; `InvalidInput` for a NUL in a string, or a variable's name
    /// that has a `=` or is empty; when the system has no descriptors or processes left, or
    /// no loop is running. Nothing is left behind then.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let again = |stream: &Option<Stdio>| stream.as_ref().map(Stdio::again).transpose();
        let [stdin, stdout, stderr] = &self.streams;
        let streams = [again(stdin)?, again(stdout)?, again(stderr)?];
        self.start(streams.map(|stream| stream.unwrap_or_else(Stdio::inherit)))
    }

    pub(super) fn start(&mut self, streams: [Stdio; 3]) -> io::Result<Child> {
        let on = LoopHandle::current()?;
        look_after_orphans();
        if self.wrong_name {
            let why = "a variable's name is empty or has a `=`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let [stdin, stdout, stderr] = streams;
        let (theirs, stdin) = stdin.for_reading()?;
        let [(their_out, stdout), (their_err, stderr)] = Stdio::for_writing(stdout, stderr)?;
        // Ours first: what fails from here on closes all.
        let stdin = stdin.map(|fd| PipeWriter::new(&on, fd)).transpose()?;
        let stdout = stdout.map(|fd| PipeReader::new(&on, fd)).transpose()?;
        let stderr = stderr.map(|fd| PipeReader::new(&on, fd)).transpose()?;
        let spawned = self.command.stdin(theirs).stdout(their_out).stderr(their_err).spawn();
        // The child's ends are not ours to keep: we would never see its end.
        self.command.stdin(Std::null()).stdout(Std::null()).stderr(Std::null());
        let exit = Exit::watch(&on, spawned.map_err(|error| self.explain(&error))?)?;
        let (kill_on_drop, own_group, talk) = (self.kill_on_drop, self.own_group, Talk::default());
        Ok(Child { stdin, stdout, stderr, exit, kill_on_drop, own_group, talk })
    }

    /// The program, for messages.
    pub(super) fn name(&self) -> String {
        self.command.get_program().to_string_lossy().into_owned()
    }

    /// The error, with what could not be found.
    fn explain(&self, error: &io::Error) -> io::Error {
        let why = match self.directory.as_ref().filter(|directory| !directory.is_dir()) {
            Some(directory) => format!("no directory `{}`: {error}", directory.display()),
            None => format!("cannot start `{}`: {error}", self.name()),
        };
        io::Error::new(error.kind(), why)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({:?})", self.command)
    }
}
