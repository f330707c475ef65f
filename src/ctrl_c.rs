//! Ctrl-C: SIGINT as a callback of a loop, for as long as a run lasts.
//!
//! The signal handler does nothing but read a flag, set it, and write a byte; the loop
//! watches the other end. The flag says that the next SIGINT does what it does by default:
//! outside of runs, and from one signal until the loop has come round to see it. So a
//! program that hangs in a callback can be ended, by a second Ctrl-C.
//!
//! Once set, the handler stays for the life of the process, because nothing safe takes it
//! away; outside of runs it ends the process as the default does.

use crate::LoopHandle;
use signal_hook::consts::SIGINT;
use signal_hook::{SigId, flag, low_level};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Whether the next SIGINT does what it does by default; none: our handler is not set.
static BY_DEFAULT: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

/// SIGINT goes to a loop while this lives.
pub(crate) struct CtrlC {
    on: LoopHandle,
    ear: Rc<UnixStream>,
    pipe: SigId,
    by_default: Arc<AtomicBool>,
}

/// What comes after a SIGINT that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next one is seen too.
    Seen,
    /// The next one does what it does by default.
    Default,
}

impl CtrlC {
    /// Has `seen` called on the loop for each SIGINT. None if that is not for us: on a
    /// thread that is not the main one, where somebody else handles or ignores SIGINT, or
    /// on virtual time, which would wait for the signal as for any descriptor.
    pub(crate) fn watch(on: &LoopHandle, seen: impl Fn() -> Next + 'static) -> Option<CtrlC> {
        if on.state.time.is_virtual() {
            return None;
        }
        match CtrlC::begin(on, seen) {
            Ok(watch) => watch,
            Err(error) => {
                log::warn!("Ctrl-C ends the process at once: {error}");
                None
            }
        }
    }

    fn begin(on: &LoopHandle, seen: impl Fn() -> Next + 'static) -> io::Result<Option<CtrlC>> {
        let Some(by_default) = handler()? else { return Ok(None) };
        let (ear, mouth) = UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        let ear = Rc::new(ear);
        let (listen, flag) = (ear.clone(), by_default.clone());
        on.add_reader(&ear, move || {
            if hear(&listen) && seen() == Next::Seen {
                flag.store(false, Ordering::SeqCst);
            }
        })?;
        let pipe = low_level::pipe::register(SIGINT, mouth).inspect_err(|_| {
            on.remove_reader(&ear);
        })?;
        by_default.store(false, Ordering::SeqCst);
        Ok(Some(CtrlC { on: on.clone(), ear, pipe, by_default }))
    }

    /// Ends it. Whether a SIGINT came that the loop has not seen.
    pub(crate) fn end(self) -> bool {
        self.by_default.store(true, Ordering::SeqCst);
        hear(&self.ear)
    }
}

impl Drop for CtrlC {
    fn drop(&mut self) {
        self.by_default.store(true, Ordering::SeqCst);
        low_level::unregister(self.pipe);
        self.on.remove_reader(&self.ear);
    }
}

/// Takes the bytes that are there; whether there were any.
fn hear(mut ear: &UnixStream) -> bool {
    matches!(ear.read(&mut [0; 64]), Ok(count) if count > 0)
}

/// Our handler's flag, if SIGINT is ours to handle; sets the handler the first time.
fn handler() -> io::Result<Option<Arc<AtomicBool>>> {
    let status = std::fs::read_to_string("/proc/thread-self/status")?;
    let mut ours = BY_DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    let is_main = field(&status, "Pid:") == field(&status, "Tgid:");
    if !is_main || holds_sigint(&status, "SigIgn:")? {
        return Ok(None);
    }
    // Handled, but not by us; or by us once, and somebody took that away.
    if holds_sigint(&status, "SigCgt:")? != ours.is_some() {
        return Ok(None);
    }
    if ours.is_none() {
        let by_default = Arc::new(AtomicBool::new(true));
        // In this order: the flag is looked at before it is set.
        flag::register_conditional_default(SIGINT, by_default.clone())?;
        flag::register(SIGINT, by_default.clone())?;
        *ours = Some(by_default);
    }
    Ok(ours.clone())
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// Whether SIGINT is in a set of signals, as the kernel writes it.
fn holds_sigint(status: &str, name: &str) -> io::Result<bool> {
    let set = field(status, name).and_then(|set| u64::from_str_radix(set, 16).ok());
    let set = set.ok_or_else(|| io::Error::other("the kernel does not tell of signals"))?;
    Ok(set & (1 << (SIGINT - 1)) != 0)
}
