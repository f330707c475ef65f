//! One sample: a child process, pinned, told what to do, watched, and asked what
//! came of it.
//!
//! Whatever is not a proper report is a failure with a reason: a bad exit status,
//! a panic (which ends the child at once, even on another thread), silence for
//! too long, an answer that cannot be read, a server that loses a connection.
use crate::catalog::{Place, Workload};
use crate::client::{self, Load};
use crate::outcome::{Outcome, decline};
use crate::rival::Rival;
use crate::{alloc, machine, runtimes};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use rustix::thread::sched_setaffinity;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// For an answer, and for a load.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const LOAD_LIMIT: Duration = Duration::from_secs(60);
/// For a child that has answered, or whose connections broke, to be gone.
const EXIT_LIMIT: Duration = Duration::from_secs(2);

const COUNT: &str = "BENCHES_COUNT";

/// What came of one child.
pub enum Report {
    Measured(Outcome),
    NotOffered(String),
    Failed(String),
}

/// How children are started.
#[derive(Default)]
pub struct Setup {
    /// Count allocations; the times are then void.
    pub count: bool,
    /// Run under `strace -c -f`, summaries into this folder.
    pub strace: Option<PathBuf>,
}

pub fn run(rival: &Rival, w: &Workload, ops: u64, setup: &Setup) -> Report {
    let command = match rival.command(w.child_work(), ops) {
        Ok(c) => setup.apply(c, rival.name, w),
        Err(why) => return Report::NotOffered(why),
    };
    match Running::start(command) {
        Ok(child) => sample(child, w, ops, setup).unwrap_or_else(Report::Failed),
        Err(e) => Report::Failed(format!("could not start: {e}")),
    }
}

fn sample(mut child: Running, w: &Workload, ops: u64, setup: &Setup) -> Result<Report, String> {
    let line = child.line()?;
    if let Some(why) = line.strip_prefix("n/a") {
        let why = why.trim_start_matches(':').trim();
        return Ok(Report::NotOffered(why.into()));
    }
    let outcome = match line.strip_prefix("LISTEN ") {
        Some(port) => {
            let port = port.trim().parse().map_err(|_| unreadable(&line))?;
            let load = child.load(w.place, port, ops)?;
            child.dismiss(setup.strace.is_some());
            outcome_of(load)
        }
        None => {
            let o = Outcome::from_json(&line).ok_or_else(|| unreadable(&line))?;
            match child.exit_status() {
                Some(status) if status.success() => o,
                Some(status) => return Err(format!("reported, then ended with {status}")),
                None => return Err("reported, then did not end".into()),
            }
        }
    };
    match w.metric.of(&outcome) {
        Some(v) if v.is_finite() => Ok(Report::Measured(outcome)),
        _ => Ok(Report::NotOffered(format!("no {}", w.metric.key()))),
    }
}

fn unreadable(line: &str) -> String {
    format!("an answer that cannot be read: {line}")
}

fn outcome_of(l: Load) -> Outcome {
    let o = Outcome {
        ops: l.ops,
        wall_ns: l.wall_ns as f64,
        cpu_ns: l.server_cpu_ns as f64,
        extra: vec![],
    };
    match l.latency {
        Some((p50, p99)) => o.with("p50_ns", p50 as f64).with("p99_ns", p99 as f64),
        None => o,
    }
}

impl Setup {
    fn apply(&self, c: Command, rival: &str, w: &Workload) -> Command {
        let mut c = match &self.strace {
            Some(dir) => straced(c, dir.join(format!("{}.{rival}.txt", w.name))),
            None => c,
        };
        if self.count {
            c.env(COUNT, "1");
        }
        let cores = machine::cpu_set(w.cores());
        let prepare = move || {
            let _ = sched_setaffinity(None, &cores);
            set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        };
        // SAFETY: between fork and exec it makes two system calls on memory it
        // owns, and neither allocates nor locks.
        unsafe { c.pre_exec(prepare) };
        c
    }
}

fn straced(c: Command, summary: PathBuf) -> Command {
    let mut s = Command::new("strace");
    s.args(["-c", "-f", "-I2", "-o"]).arg(summary);
    s.arg(c.get_program()).args(c.get_args());
    s.envs(c.get_envs().filter_map(|(k, v)| Some((k, v?))));
    s
}

/// A live child; dropping it kills it.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(mut c: Command) -> std::io::Result<Running> {
        c.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = c.spawn()?;
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let (tx, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = tx.send(line);
            }
        });
        Ok(Running { child, lines })
    }

    /// Its next line, or why there is none.
    fn line(&mut self) -> Result<String, String> {
        match self.lines.recv_timeout(ANSWER_LIMIT) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(format!("no answer in {ANSWER_LIMIT:?}")),
            Err(RecvTimeoutError::Disconnected) => Err(match self.exit_status() {
                Some(status) => format!("ended without an answer, {status}"),
                None => "closed its output without an answer".into(),
            }),
        }
    }

    /// Puts the load on a server. When that takes too long the server is killed,
    /// so that a client waiting for it gets an error at once.
    fn load(&mut self, place: Place, port: u16, ops: u64) -> Result<Load, String> {
        let server = self.child.id();
        let pid = Pid::from_child(&self.child);
        let (done, waiting) = mpsc::channel::<()>();
        let (load, killed) = std::thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let late = waiting.recv_timeout(LOAD_LIMIT) == Err(RecvTimeoutError::Timeout);
                late && kill_process(pid, Signal::KILL).is_ok()
            });
            let load = match place {
                Place::Echo { connections } => client::echo(port, server, connections, ops, false),
                Place::EchoShared { connections } => {
                    client::echo(port, server, connections, ops, true)
                }
                Place::Stream => client::stream(port, server, ops),
                Place::AcceptShared => client::accept(port, server, ops),
                Place::Local | Place::Free => Err(std::io::Error::other("there is no load for it")),
            };
            drop(done);
            (load, watch.join().unwrap_or(false))
        });
        load.map_err(|e| match self.exit_status() {
            _ if killed => format!("the load did not end in {LOAD_LIMIT:?}"),
            Some(status) => format!("the server died, {status}"),
            None => format!("the client gave up: {e}"),
        })
    }

    /// Waits a little for its end.
    fn exit_status(&mut self) -> Option<ExitStatus> {
        let since = Instant::now();
        while since.elapsed() < EXIT_LIMIT {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// Ends a server; strace gets a signal that lets it write its summary.
    fn dismiss(&mut self, straced: bool) {
        if straced {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            self.exit_status();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child's side: `--child RUNTIME WORK OPS`.
pub fn main(args: &[String]) -> ! {
    let report_panic = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report_panic(info);
        std::process::exit(101) // some runtimes would catch it and wait for ever
    }));
    let [runtime, work, ops] = args else {
        panic!("usage: --child RUNTIME WORK OPS");
    };
    let ops = ops.parse().expect("OPS is a number");
    if std::env::var_os(COUNT).is_some() {
        alloc::enable();
    }
    let found = runtimes::ALL.iter().find(|(name, _)| name == runtime);
    let (_, run) = found.expect("RUNTIME is in the registry");
    match run(work, ops) {
        Some(o) => o.report(), // without teardown, without waiting for pools
        None => decline("not offered"),
    }
}
