//! Reader and writer callbacks: once a turn, for as long as a descriptor is ready.
//!
//! Built on the reactor's edges: a callback waits as anybody else does, runs in step 6 of
//! the turn in which its event came, and then asks the kernel for the edge anew, which
//! comes at once if the level is still there.

use crate::LoopHandle;
use crate::call::Call;
use crate::kernel::{Direction, Interest, Key, State, Waiter};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::panic::Location;
use std::rc::{Rc, Weak};

/// The descriptors of a loop that have callbacks.
#[derive(Default)]
struct Watched(RefCell<HashMap<RawFd, Watch>>);

struct Watch {
    key: Key,
    sides: [Option<Rc<Callback>>; 2],
}

struct Callback {
    f: RefCell<Box<dyn FnMut()>>,
    fd: RawFd,
    direction: Direction,
    /// Its place among the side's waiters.
    number: Cell<u64>,
    loop_state: Weak<State>,
}

impl LoopHandle {
    /// Calls `f` once a turn for as long as `fd` is readable (the level, not the edge).
    /// A second call for the same descriptor replaces the callback. The descriptor must
    /// be taken back with [`remove_reader`](Self::remove_reader) before it is closed.
    ///
    /// # Errors
    /// When the loop is closed or the kernel does not poll this descriptor.
    pub fn add_reader(&self, fd: &impl AsFd, f: impl FnMut() + 'static) -> io::Result<()> {
        self.add_callback(fd.as_fd().as_raw_fd(), Direction::Read, Box::new(f))
    }

    /// Calls `f` once a turn for as long as `fd` is writable; see
    /// [`add_reader`](Self::add_reader).
    ///
    /// # Errors
    /// When the loop is closed or the kernel does not poll this descriptor.
    pub fn add_writer(&self, fd: &impl AsFd, f: impl FnMut() + 'static) -> io::Result<()> {
        self.add_callback(fd.as_fd().as_raw_fd(), Direction::Write, Box::new(f))
    }

    /// Ends what [`add_reader`](Self::add_reader) began, also for a callback that is
    /// queued already. False if there is none.
    pub fn remove_reader(&self, fd: &impl AsFd) -> bool {
        self.remove_callback(fd.as_fd().as_raw_fd(), Direction::Read)
    }

    /// Ends what [`add_writer`](Self::add_writer) began. False if there is none.
    pub fn remove_writer(&self, fd: &impl AsFd) -> bool {
        self.remove_callback(fd.as_fd().as_raw_fd(), Direction::Write)
    }

    fn add_callback(&self, fd: RawFd, to: Direction, f: Box<dyn FnMut()>) -> io::Result<()> {
        if self.is_closed() {
            return Err(crate::Closed::new().into());
        }
        let watched = self.extension(Watched::default);
        self.remove_callback_but_stay(&watched, fd, to);
        let key = self.watch(&watched, fd, to)?;
        let (number, loop_state) = (Cell::new(0), Rc::downgrade(&self.state));
        let f = RefCell::new(f);
        let callback = Rc::new(Callback { f, fd, direction: to, number, loop_state });
        callback.wait(&self.state, key);
        let mut watches = watched.0.borrow_mut();
        if let Some(watch) = watches.get_mut(&fd) {
            watch.sides[to as usize] = Some(callback);
        }
        Ok(())
    }

    /// Has the kernel tell of `fd`, in this direction too.
    fn watch(&self, watched: &Watched, fd: RawFd, to: Direction) -> io::Result<Key> {
        let mut watches = watched.0.borrow_mut();
        let mut reactor = self.state.reactor.borrow_mut();
        if let Some(watch) = watches.get(&fd) {
            let wanted = watch.interest().map_or(interest(to), |other| other | interest(to));
            if reactor.rearm(watch.key, wanted).is_ok() {
                return Ok(watch.key);
            }
            // The descriptor was closed under us, and its number given out again.
            let (source, watch) = (reactor.deregister(watch.key), watches.remove(&fd));
            drop((reactor, watches));
            source.into_iter().for_each(|source| self.state.discard_source(source));
            drop(watch);
            return self.watch(watched, fd, to);
        }
        let key = reactor.register(fd, interest(to))?;
        watches.insert(fd, Watch { key, sides: [None, None] });
        Ok(key)
    }

    fn remove_callback(&self, fd: RawFd, from: Direction) -> bool {
        let Some(watched) = self.find_extension::<Watched>() else { return false };
        let removed = self.remove_callback_but_stay(&watched, fd, from);
        if removed {
            let mut watches = watched.0.borrow_mut();
            let mut reactor = self.state.reactor.borrow_mut();
            let left = watches.get(&fd).map(|watch| (watch.key, watch.interest()));
            let gone = match left {
                Some((key, None)) => {
                    watches.remove(&fd);
                    reactor.deregister(key)
                }
                // Fails only if the descriptor was closed under us: then nothing is left.
                Some((key, Some(interest))) => reactor.rearm(key, interest).err().and(None),
                None => None,
            };
            drop((reactor, watches));
            gone.into_iter().for_each(|source| self.state.discard_source(source));
        }
        removed
    }

    /// Takes a callback out; the descriptor stays with the kernel as it is.
    fn remove_callback_but_stay(&self, watched: &Watched, fd: RawFd, from: Direction) -> bool {
        let mut watches = watched.0.borrow_mut();
        let watch = watches.get_mut(&fd);
        let taken = watch.and_then(|watch| Some((watch.key, watch.sides[from as usize].take()?)));
        drop(watches);
        let Some((key, callback)) = taken else { return false };
        let waiter = self.state.stop_waiting(key, from, callback.number.get());
        self.state.discard_waiter(waiter);
        self.state.reports.contain(NAME, || drop(callback));
        true
    }
}

/// What reports call one.
const NAME: &str = "a reader or writer callback";

/// Two closures of the user: each goes by itself.
impl Drop for Watch {
    fn drop(&mut self) {
        for callback in self.sides.iter_mut().filter_map(Option::take) {
            let Some(state) = callback.loop_state.upgrade() else { continue };
            state.reports.contain(NAME, || drop(callback));
        }
    }
}

impl Watch {
    fn interest(&self) -> Option<Interest> {
        let wanted = self.sides.iter().flatten().map(|callback| interest(callback.direction));
        wanted.reduce(|one, other| one | other)
    }
}

fn interest(direction: Direction) -> Interest {
    match direction {
        Direction::Read => Interest::READABLE,
        Direction::Write => Interest::WRITABLE,
    }
}

impl Callback {
    /// Waits for the next edge.
    fn wait(self: &Rc<Self>, state: &State, key: Key) {
        let this = self.clone();
        let call = Call::new(move || {
            let _again = Again(&this, key);
            this.f.borrow_mut()();
        });
        let waiter = Waiter::Call(call, Location::caller());
        self.number.set(state.start_waiting(key, self.direction, waiter));
    }
}

/// After a callback ran, or panicked: it waits again, if it is still the one.
struct Again<'a>(&'a Rc<Callback>, Key);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        let Again(callback, key) = self;
        let Some(state) = callback.loop_state.upgrade() else { return };
        let Some(watched) = (LoopHandle { state: state.clone() }).find_extension::<Watched>()
        else {
            return;
        };
        let watches = watched.0.borrow();
        let Some(watch) = watches.get(&callback.fd).filter(|watch| watch.key == *key) else {
            return;
        };
        let mine = watch.sides[callback.direction as usize].as_ref();
        if mine.is_some_and(|mine| Rc::ptr_eq(mine, callback)) {
            callback.wait(&state, *key);
            let wanted = watch.interest().unwrap_or_else(|| interest(callback.direction));
            if let Err(error) = state.reactor.borrow_mut().rearm(*key, wanted) {
                log::error!("cannot go on watching a descriptor: {error}");
            }
        }
    }
}
