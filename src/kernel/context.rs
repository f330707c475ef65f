//! Where loops are found: the one that runs on this thread, and any by its number.
//!
//! Two small tables. `HERE`, a thread-local, has the loops of this thread, and which of
//! them runs. `LOOPS`, the process's only global, has the injector of each open loop, for
//! wakes from other threads.
//!
//! A loop's number is used again after it closed, but never with a generation that it has
//! seen: each carries the floor at which its next loop begins, until that is spent.

use super::injector::Injector;
use super::slots::{GENERATION_BITS, Key};
use super::state::{Injected, LoopHandle, State};
use crate::error::{NoRunningLoop, RunError};
use std::cell::RefCell;
use std::io;
use std::rc::{Rc, Weak};
use std::sync::{Arc, PoisonError, RwLock};

/// Bits of a loop's number.
pub(crate) const LOOP_BITS: u32 = 14;

static LOOPS: RwLock<Vec<Number>> = RwLock::new(Vec::new());

struct Number {
    injector: Option<Arc<Injector<Injected>>>,
    floor: u32,
}

thread_local! {
    static HERE: RefCell<Here> = const { RefCell::new(Here { running: None, loops: Vec::new() }) };
}

struct Here {
    running: Option<LoopHandle>,
    /// Every loop made on this thread that is not closed.
    loops: Vec<Weak<State>>,
}

/// Gives a new loop its number, and the first generation of its tasks.
pub(crate) fn register(injector: &Arc<Injector<Injected>>) -> io::Result<(u16, u32)> {
    let mut loops = LOOPS.write().unwrap_or_else(PoisonError::into_inner);
    let usable = |n: &Number| n.injector.is_none() && n.floor < 1 << GENERATION_BITS;
    let id = loops.iter().position(usable).unwrap_or(loops.len());
    if id == loops.len() {
        if id == 1 << LOOP_BITS {
            return Err(io::Error::other("16384 event loops are open in this process"));
        }
        loops.push(Number { injector: None, floor: 0 });
    }
    loops[id].injector = Some(injector.clone());
    Ok((id as u16, loops[id].floor))
}

/// Makes the loop known to its own thread.
pub(crate) fn adopt(state: &Rc<State>) {
    HERE.with_borrow_mut(|here| {
        here.loops.retain(|other| other.strong_count() > 0);
        here.loops.push(Rc::downgrade(state));
    });
}

/// The loop is closed: nobody finds it any more.
pub(crate) fn unregister(id: u16, next_floor: u32) {
    let mut loops = LOOPS.write().unwrap_or_else(PoisonError::into_inner);
    loops[id as usize] = Number { injector: None, floor: next_floor };
}

/// Wakes a task of a loop, from wherever this is called.
#[inline]
pub(crate) fn wake(loop_id: u16, key: Key) {
    let woken = HERE.try_with(|here| match &here.borrow().running {
        // Observers are user code, so the loop is then looked up outside this borrow.
        Some(running) if running.state.id == loop_id && !running.state.observed.get() => {
            running.state.wake(key);
            true
        }
        _ => false,
    });
    if !woken.unwrap_or(false) {
        wake_elsewhere(loop_id, key);
    }
}

#[cold]
fn wake_elsewhere(loop_id: u16, key: Key) {
    if let Some(here) = local(loop_id) {
        return here.state.wake(key);
    }
    let loops = LOOPS.read().unwrap_or_else(PoisonError::into_inner);
    let injector = loops.get(loop_id as usize).and_then(|n| n.injector.as_ref());
    if let Some(Err(error)) = injector.map(|i| i.push_for_good(Injected::Wake(key))) {
        log::error!("cannot wake the event loop: {error}");
    }
}

/// The loop of that number, if it is one of this thread's and open.
pub(crate) fn local(loop_id: u16) -> Option<LoopHandle> {
    let find = |here: &RefCell<Here>| {
        let here = here.borrow();
        let mut loops = here.loops.iter().filter_map(Weak::upgrade);
        loops.find(|state| state.id == loop_id && !state.is_closed())
    };
    HERE.try_with(find).ok().flatten().map(|state| LoopHandle { state })
}

/// Looks at the running loop, without counting a reference unless an observer, who is
/// user code, may be called meanwhile.
#[inline]
pub(crate) fn with_current<R>(look: impl FnOnce(&LoopHandle) -> R) -> Result<R, NoRunningLoop> {
    let found = HERE.try_with(|here| {
        let here = here.borrow();
        match &here.running {
            Some(running) if running.state.observed.get() => {
                let running = running.clone();
                drop(here);
                Some(look(&running))
            }
            Some(running) => Some(look(running)),
            None => None,
        }
    });
    found.ok().flatten().ok_or(NoRunningLoop::new())
}

/// For as long as this lives, its loop is the running one of this thread.
pub(crate) struct Entered(());

pub(crate) fn enter(handle: &LoopHandle) -> Result<Entered, RunError> {
    HERE.with_borrow_mut(|here| match &here.running {
        Some(other) if Rc::ptr_eq(&other.state, &handle.state) => Err(RunError::AlreadyRunning),
        Some(_) => Err(RunError::OtherLoopRunning),
        None => {
            here.running = Some(handle.clone());
            Ok(Entered(()))
        }
    })
}

impl Drop for Entered {
    fn drop(&mut self) {
        let left = HERE.try_with(|here| here.borrow_mut().running.take());
        drop(left); // outside the borrow: it may be the last handle of a closed loop
    }
}
