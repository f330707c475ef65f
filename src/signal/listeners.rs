//! Who listens for signals on a loop: callbacks, and tasks that wait.

use super::Signal;
use super::disposition::{Listening, prepare};
use super::ear::Ear;
use crate::sync::Event;
use crate::{Closed, LoopHandle};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::rc::Rc;

/// The signals that somebody on this loop listens for.
#[derive(Default)]
struct Posts {
    posts: RefCell<BTreeMap<Signal, Post>>,
    next: Cell<u64>,
}

struct Post {
    /// In the order in which they came; a number names each.
    listeners: Vec<(u64, Listener)>,
    ear: Ear,
    // Last: while there is an ear, the signal does nothing by default.
    _listening: Listening,
}

#[derive(Clone)]
enum Listener {
    Call(Rc<Callback>),
    Task(Rc<Inbox>),
}

struct Callback {
    f: RefCell<Box<dyn FnMut()>>,
    removed: Cell<bool>,
}

#[derive(Default)]
struct Inbox {
    came: Event,
    closed: Cell<bool>,
}

impl LoopHandle {
    /// Calls `f` each time `signal` comes, until the handle's
    /// [`remove`](SignalHandle::remove), or the loop closes. Any number of callbacks may
    /// listen for one signal, on any number of loops.
    ///
    /// While anybody listens the signal does not do what it does by default; afterwards it
    /// does that again. A [`Runner`](crate::Runner) leaves Ctrl-C to those who listen for it.
    ///
    /// # Ordering
    /// Of signals that come before the loop looks, those of one kind make one call: they are
    /// not counted. The loop takes note in one turn, and the callbacks run in the next, in
    /// the order in which they were added; never within the batch that is running.
    ///
    /// On virtual time it counts as a descriptor that is watched: time does not jump.
    ///
    /// # Errors
    /// `InvalidInput` for a signal that cannot be caught (SIGKILL, SIGSTOP), that tells of a
    /// fault (SIGSEGV, SIGBUS, SIGILL, SIGFPE), or that is not a standard one; when the loop
    /// is closed, or the system has no descriptors left. Nothing is changed then.
    ///
    /// ```
    /// use oneloop::signal::Signal;
    ///
    /// oneloop::run(async {
    ///     let here = oneloop::running_loop().unwrap();
    ///     let handle = here.add_signal_handler(Signal::HUP, || println!("reload")).unwrap();
    ///     assert!(handle.remove());
    /// })
    /// .unwrap();
    /// ```
    pub fn add_signal_handler(
        &self,
        signal: Signal,
        f: impl FnMut() + 'static,
    ) -> io::Result<SignalHandle> {
        let f: Box<dyn FnMut()> = Box::new(f);
        let callback = Rc::new(Callback { f: RefCell::new(f), removed: Cell::new(false) });
        let number = self.listen(signal, Listener::Call(callback))?;
        Ok(SignalHandle { on: self.clone(), signal, number })
    }

    /// Removes all callbacks for `signal` from this loop. False if there are none.
    pub fn remove_signal_handler(&self, signal: Signal) -> bool {
        self.stop_listening(signal, |(_, listener)| matches!(listener, Listener::Call(_)))
    }

    fn listen(&self, signal: Signal, listener: Listener) -> io::Result<u64> {
        signal.may_be_caught()?;
        if self.is_closed() {
            return Err(Closed::new().into());
        }
        let posts = self.extension(Posts::default);
        let known = posts.posts.borrow().get(&signal).map(|post| post.ear.take());
        match known {
            // What came before is for those who were there before.
            Some(true) => posts.tell(signal, self),
            Some(false) => {}
            None => {
                // In this order, the signal is heard or does its default, at any time.
                prepare(signal)?;
                let ear = Ear::open(self, signal, move || {
                    let Ok(here) = LoopHandle::current() else { return };
                    if let Some(posts) = here.find_extension::<Posts>() {
                        posts.tell(signal, &here);
                    }
                })?;
                let post = Post { listeners: vec![], ear, _listening: Listening::begin(signal)? };
                posts.posts.borrow_mut().insert(signal, post);
            }
        }
        let number = posts.next.replace(posts.next.get() + 1);
        if let Some(post) = posts.posts.borrow_mut().get_mut(&signal) {
            post.listeners.push((number, listener));
        }
        Ok(number)
    }

    /// Takes out whom `which` says; whether there were any.
    fn stop_listening(&self, signal: Signal, which: impl Fn(&(u64, Listener)) -> bool) -> bool {
        let Some(posts) = self.find_extension::<Posts>() else { return false };
        let mut places = posts.posts.borrow_mut();
        let Some(post) = places.get_mut(&signal) else { return false };
        let (gone, left) = std::mem::take(&mut post.listeners).into_iter().partition(which);
        post.listeners = left;
        let last = if post.listeners.is_empty() { places.remove(&signal) } else { None };
        drop(places);
        drop(last);
        let gone: Vec<_> = gone;
        for (_, listener) in &gone {
            if let Listener::Call(callback) = listener {
                callback.removed.set(true);
            }
        }
        !gone.is_empty()
    }
}

impl Posts {
    /// The signal has come.
    fn tell(&self, signal: Signal, on: &LoopHandle) {
        let listeners = self.posts.borrow().get(&signal).map(|post| post.listeners.clone());
        for (_, listener) in listeners.into_iter().flatten() {
            match listener {
                Listener::Call(callback) => {
                    // Fails only if the loop is closed.
                    let _ = on.call_soon(move || callback.call());
                }
                Listener::Task(inbox) => inbox.came.set(),
            }
        }
    }
}

impl Callback {
    fn call(&self) {
        if !self.removed.get() {
            self.f.borrow_mut()();
        }
    }
}

/// The loop closes: nothing will come any more.
impl Drop for Post {
    fn drop(&mut self) {
        for (_, listener) in &self.listeners {
            match listener {
                Listener::Call(callback) => callback.removed.set(true),
                Listener::Task(inbox) => {
                    inbox.closed.set(true);
                    inbox.came.set();
                }
            }
        }
    }
}

/// A callback that listens for a signal; see
/// [`add_signal_handler`](LoopHandle::add_signal_handler). Dropping it removes nothing.
pub struct SignalHandle {
    on: LoopHandle,
    signal: Signal,
    number: u64,
}

impl SignalHandle {
    /// Removes the callback, also if it is about to run. False if it was removed before, or
    /// the loop is closed.
    pub fn remove(&self) -> bool {
        self.on.stop_listening(self.signal, |(number, _)| *number == self.number)
    }

    /// What it listens for.
    pub fn signal(&self) -> Signal {
        self.signal
    }
}

impl fmt::Debug for SignalHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalHandle({})", self.signal)
    }
}

/// Signals of one kind, for a task to wait for; made by [`signal`]. Dropping it ends it.
///
/// ```
/// use oneloop::signal::{Signal, signal};
/// use std::time::Duration;
///
/// oneloop::run(async {
///     let mut hangups = signal(Signal::HUP).unwrap();
///     let none = oneloop::timeout(Duration::from_millis(1), hangups.recv()).await;
///     assert!(none.is_err());
/// })
/// .unwrap();
/// ```
pub struct Signals {
    on: LoopHandle,
    signal: Signal,
    number: u64,
    inbox: Rc<Inbox>,
}

/// Listens for `signal` on the loop that is running on this thread; from now on, not from
/// the first [`recv`](Signals::recv). For what that does to the signal, and which ones can
/// be listened for, see [`add_signal_handler`](LoopHandle::add_signal_handler).
///
/// # Errors
/// As `add_signal_handler`, and when no loop is running.
pub fn signal(signal: Signal) -> io::Result<Signals> {
    let on = LoopHandle::current()?;
    let inbox = Rc::new(Inbox::default());
    let number = on.listen(signal, Listener::Task(inbox.clone()))?;
    Ok(Signals { on, signal, number, inbox })
}

/// Waits for Ctrl-C (SIGINT) once. It is listened for from the first poll on.
///
/// # Errors
/// As [`signal`].
///
/// # Cancel safety
/// Dropped, it no longer listens; a Ctrl-C that came in that moment is lost.
pub async fn ctrl_c() -> io::Result<()> {
    Ok(signal(Signal::INT)?.recv().await?)
}

impl Signals {
    /// Waits for the next one. Those that came since the last one was received count as
    /// one; if any did, this does not suspend.
    ///
    /// # Errors
    /// When the loop is closed.
    ///
    /// # Cancel safety
    /// No signal is lost.
    pub async fn recv(&mut self) -> Result<(), Closed> {
        self.inbox.came.wait().await;
        if self.inbox.closed.get() {
            return Err(Closed::new());
        }
        self.inbox.came.clear();
        Ok(())
    }

    /// What it listens for.
    pub fn signal(&self) -> Signal {
        self.signal
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.on.stop_listening(self.signal, |(number, _)| *number == self.number);
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signals({})", self.signal)
    }
}
