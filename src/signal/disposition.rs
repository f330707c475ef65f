//! What a signal does to the process: its default, or what its listeners make of it.
//!
//! Once a signal was listened for its handler stays for the life of the process, because
//! nothing safe takes it away. The first thing that it does is to look at a flag, and if
//! that is set, to do what the signal does by default: so after the last listener has gone
//! all is as before.

use super::Signal;
use signal_hook::{SigId, flag, low_level};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The signals that have had a listener.
static SIGNALS: Mutex<BTreeMap<Signal, Disposition>> = Mutex::new(BTreeMap::new());

struct Disposition {
    /// Whether the next one does what it does by default.
    by_default: Arc<AtomicBool>,
    listeners: usize,
    /// Somebody handled it before us, and still does.
    foreign: bool,
    /// There is a guard, which the listeners overrule.
    guarded: bool,
    /// While a guard is in charge: each signal sets the flag.
    trap: Option<SigId>,
}

impl Disposition {
    fn set(&mut self, by_default: bool) {
        self.by_default.store(by_default, Ordering::SeqCst);
    }

    /// Listeners come before the guard, and the guard before the default.
    fn settle(&mut self, signal: Signal) -> io::Result<()> {
        let trapped = self.guarded && self.listeners == 0;
        if trapped && self.trap.is_none() {
            self.trap = Some(flag::register(signal.as_raw(), self.by_default.clone())?);
        }
        if let Some(trap) = self.trap.take_if(|_| !trapped) {
            low_level::unregister(trap);
        }
        self.set(!self.guarded && self.listeners == 0);
        Ok(())
    }
}

type Signals = BTreeMap<Signal, Disposition>;

fn signals() -> MutexGuard<'static, Signals> {
    SIGNALS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signal's place in the table; sets its handler the first time.
fn disposition(signals: &mut Signals, signal: Signal) -> io::Result<&mut Disposition> {
    let vacant = match signals.entry(signal) {
        Entry::Occupied(known) => return Ok(known.into_mut()),
        Entry::Vacant(vacant) => vacant,
    };
    let foreign = Status::read()?.has("SigCgt:", signal)?;
    let by_default = Arc::new(AtomicBool::new(true));
    if !foreign {
        // The first action of all: the flag is looked at before anything else is done.
        flag::register_conditional_default(signal.as_raw(), by_default.clone())?;
    }
    let new = Disposition { by_default, listeners: 0, foreign, guarded: false, trap: None };
    Ok(vacant.insert(new))
}

/// Has the signal's default in our hands, before anything else is done with it.
pub(super) fn prepare(signal: Signal) -> io::Result<()> {
    disposition(&mut signals(), signal).map(drop)
}

/// While this lives the signal does nothing by default.
pub(super) struct Listening(Signal);

impl Listening {
    pub(super) fn begin(signal: Signal) -> io::Result<Listening> {
        let mut signals = signals();
        let place = disposition(&mut signals, signal)?;
        place.listeners += 1;
        place.settle(signal)?;
        Ok(Listening(signal))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(place) = signals().get_mut(&self.0) {
            place.listeners -= 1;
            if let Err(error) = place.settle(self.0) {
                log::error!("{} does by default what it does: {error}", self.0);
                place.set(true);
            }
        }
    }
}

/// While this lives, one signal is seen, and the next one does what it does by default
/// unless the first was [forgiven](Guard::forgive); as long as nobody listens.
pub(crate) struct Guard(Signal);

impl Guard {
    /// None if the signal is not for us: on a thread that is not the main one, or where
    /// somebody else handles, ignores or listens for it.
    pub(crate) fn begin(signal: Signal) -> io::Result<Option<Guard>> {
        let status = Status::read()?;
        if !status.is_main_thread() || status.has("SigIgn:", signal)? {
            return Ok(None);
        }
        let mut signals = signals();
        // Handled, but not by us; or by us once, and somebody took that away.
        if status.has("SigCgt:", signal)? != signals.contains_key(&signal) {
            return Ok(None);
        }
        let place = disposition(&mut signals, signal)?;
        if place.foreign || place.guarded || place.listeners > 0 {
            return Ok(None);
        }
        place.guarded = true;
        place.settle(signal)?;
        Ok(Some(Guard(signal)))
    }

    /// The signal was seen, and the next one will be, too.
    pub(crate) fn forgive(&self) {
        if let Some(place) = signals().get_mut(&self.0) {
            place.set(false);
        }
    }

    /// Whether somebody listens for the signal: then it is not the guard's.
    pub(crate) fn is_overruled(&self) -> bool {
        signals().get(&self.0).is_some_and(|place| place.listeners > 0)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(place) = signals().get_mut(&self.0) {
            place.guarded = false;
            // It only takes something away, which cannot fail.
            let _ = place.settle(self.0);
        }
    }
}

/// What the kernel tells of this thread.
struct Status(String);

impl Status {
    fn read() -> io::Result<Status> {
        Ok(Status(std::fs::read_to_string("/proc/thread-self/status")?))
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
    }

    fn is_main_thread(&self) -> bool {
        self.field("Pid:") == self.field("Tgid:")
    }

    /// Whether a signal is in a set, as the kernel writes it.
    fn has(&self, name: &str, signal: Signal) -> io::Result<bool> {
        let set = self.field(name).and_then(|set| u64::from_str_radix(set, 16).ok());
        let set = set.ok_or_else(|| io::Error::other("the kernel does not tell of signals"))?;
        Ok(set & (1 << (signal.as_raw() - 1)) != 0)
    }
}
