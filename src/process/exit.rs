//! `Exit`: the end of a process, noticed by the loop, and how the process is held until then.
//!
//! A process is held by a descriptor (pidfd), which becomes readable when it ends. A reader
//! callback then takes the status from the kernel, at once: nobody need wait for it. Where
//! there is no such descriptor, a thread of the pool waits without taking the status, and the
//! loop takes it; until then the number is the process's own, and may be signalled.

use crate::lowlevel::Completion;
use crate::sync::Event;
use crate::{Closed, LoopHandle};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use rustix::process::{kill_process, kill_process_group, pidfd_open, pidfd_send_signal, waitid};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// Children whose loop has closed, or never knew them: looked after by who comes next.
static ORPHANS: Mutex<Vec<Hold>> = Mutex::new(Vec::new());

/// What stands for a status that somebody else has taken: asyncio's number.
const UNKNOWN: i32 = 255 << 8;

/// A process that has not been taken from the kernel.
enum Hold {
    Fd(OwnedFd),
    Number(Pid),
}

pub(super) struct Exit {
    hold: Hold,
    pid: Pid,
    status: Cell<Option<ExitStatus>>,
    /// The loop is closed, and will not notice the end.
    unwatched: Cell<bool>,
    over: Event,
}

/// The loop's part: while it is there, the end will be noticed.
struct Watch(Rc<Exit>);

/// Processes that threads wait for, by number.
#[derive(Default)]
struct ByNumber(RefCell<BTreeMap<i32, Watch>>);

impl Exit {
    /// Has `on` notice the end of `child`. If that cannot be, `child` is killed.
    pub(super) fn watch(on: &LoopHandle, mut child: std::process::Child) -> io::Result<Rc<Exit>> {
        Exit::begin(on, Pid::from_child(&child)).inspect_err(|_| {
            // It is ours, and nobody has waited for it: it can be killed, and ends.
            let _ = child.kill().and_then(|()| child.wait());
        })
    }

    fn begin(on: &LoopHandle, pid: Pid) -> io::Result<Rc<Exit>> {
        let (hold, status) = match open(pid) {
            Ok(fd) => (Hold::Fd(fd), None),
            Err(Errno::NOSYS | Errno::PERM) => (Hold::Number(pid), None),
            // Where SIGCHLD is ignored, the kernel keeps no status.
            Err(Errno::SRCH) => (Hold::Number(pid), Some(unknown(pid))),
            Err(error) => return Err(error.into()),
        };
        let (status, unwatched, over) = (Cell::new(status), Cell::new(false), Event::new());
        let exit = Rc::new(Exit { hold, pid, status, unwatched, over });
        if exit.status.get().is_some() {
            return Ok(exit);
        }
        let watch = Watch(exit.clone());
        match &exit.hold {
            Hold::Fd(fd) => on.add_reader(fd, move || watch.look())?,
            Hold::Number(_) => exit.watch_by_thread(on, watch)?,
        }
        Ok(exit)
    }

    fn watch_by_thread(&self, on: &LoopHandle, watch: Watch) -> Result<(), Closed> {
        let (pid, mailbox) = (self.pid, on.mailbox());
        // Its result is the message: nobody awaits the job itself.
        drop(on.run_in_executor(move || {
            let ended = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            while matches!(ended(), Err(Errno::INTR)) {}
            // Fails only if the loop is closed.
            let _ = mailbox.send(Arc::new(Ended(pid)));
        })?);
        on.extension(ByNumber::default).0.borrow_mut().insert(pid.as_raw_pid(), watch);
        Ok(())
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether the process has ended, and how. Takes it from the kernel if it has.
    pub(super) fn poll(&self) -> io::Result<Option<ExitStatus>> {
        if self.status.get().is_none() {
            let status = self.hold.take(self.pid)?;
            self.status.set(status);
            if status.is_some() {
                self.over.set();
            }
        }
        Ok(self.status.get())
    }

    pub(super) async fn wait(&self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.poll()? {
                return Ok(status);
            }
            if self.unwatched.get() {
                return Err(Closed::new().into());
            }
            self.over.wait().await;
        }
    }

    /// Signals the process; or its group, which must be its own.
    pub(super) fn signal(&self, signal: Signal, group: bool) -> io::Result<()> {
        if self.poll()?.is_some() {
            return Err(ended());
        }
        // Not taken from the kernel yet: the number is this process's, and so is its group's.
        let sent = match &self.hold {
            _ if group => kill_process_group(self.pid, signal),
            Hold::Fd(fd) => pidfd_send_signal(fd, signal),
            Hold::Number(pid) => kill_process(*pid, signal),
        };
        sent.map_err(|error| if error == Errno::SRCH { ended() } else { error.into() })
    }
}

fn open(pid: Pid) -> Result<OwnedFd, Errno> {
    #[cfg(test)]
    if super::tests::NO_PIDFD.get() {
        return Err(Errno::NOSYS);
    }
    pidfd_open(pid, PidfdFlags::empty())
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the process has ended")
}

fn unknown(pid: Pid) -> ExitStatus {
    log::warn!("somebody else has taken the status of process {}", pid.as_raw_pid());
    ExitStatus::from_raw(UNKNOWN)
}

impl Hold {
    /// Takes the process from the kernel, if it has ended. Never blocks.
    fn take(&self, pid: Pid) -> io::Result<Option<ExitStatus>> {
        let which = || match self {
            Hold::Fd(fd) => WaitId::PidFd(fd.as_fd()),
            Hold::Number(pid) => WaitId::Pid(*pid),
        };
        loop {
            match waitid(which(), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
                Ok(None) => return Ok(None),
                Ok(Some(status)) => {
                    let code = status.exit_status().map(|code| (code & 0xff) << 8);
                    let dumped = if status.dumped() { 0x80 } else { 0 };
                    let signal = status.terminating_signal().map(|signal| signal | dumped);
                    return Ok(code.or(signal).map(ExitStatus::from_raw));
                }
                Err(Errno::INTR) => {}
                Err(Errno::CHILD) => return Ok(Some(unknown(pid))),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Watch {
    /// Something has happened to the process.
    fn look(&self) {
        let over = match self.0.poll() {
            Ok(status) => status.is_some(),
            Err(error) => {
                log::error!("the status of a process cannot be had: {error}");
                true
            }
        };
        if let (true, Hold::Fd(fd), Ok(here)) = (over, &self.0.hold, LoopHandle::current()) {
            here.remove_reader(fd);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.0.status.get().is_none() {
            self.0.unwatched.set(true);
            self.0.over.set();
        }
    }
}

/// A thread has seen the end of the process of this number.
struct Ended(Pid);

impl Completion for Ended {
    fn complete(self: Arc<Self>) {
        let here = LoopHandle::current().ok();
        let Some(by_number) = here.and_then(|here| here.find_extension::<ByNumber>()) else {
            return;
        };
        let watch = by_number.0.borrow_mut().remove(&self.0.as_raw_pid());
        if let Some(watch) = watch {
            watch.look();
        }
    }

    fn lost(self: Arc<Self>) {}
}

impl Drop for Exit {
    fn drop(&mut self) {
        if matches!(self.poll(), Ok(None)) {
            let hold = std::mem::replace(&mut self.hold, Hold::Number(self.pid));
            orphans(|all| all.push(hold));
        }
    }
}

/// Takes those from the kernel that have ended and have no loop.
pub(super) fn look_after_orphans() {
    orphans(|all| all.retain(|hold| matches!(hold.poll_orphan(), Ok(None))));
}

impl Hold {
    fn poll_orphan(&self) -> Result<Option<()>, Errno> {
        let which = match self {
            Hold::Fd(fd) => WaitId::PidFd(fd.as_fd()),
            Hold::Number(pid) => WaitId::Pid(*pid),
        };
        let status = waitid(which, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)?;
        Ok(status.map(drop))
    }
}

fn orphans<R>(f: impl FnOnce(&mut Vec<Hold>) -> R) -> R {
    f(&mut ORPHANS.lock().unwrap_or_else(PoisonError::into_inner))
}
