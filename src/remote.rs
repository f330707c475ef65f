//! `RemoteHandle`: the loop, as other threads see it.

use crate::LoopHandle;
use crate::error::{InjectError, JoinError};
use crate::kernel::{Completion, Injected, Injector, Key, Refused, context};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A way to a loop from any thread. Calls wake the loop if it sleeps; on a loop that is
/// closed they fail, and give back what was to be sent.
///
/// While one is alive on virtual time, a loop with nothing to do waits instead of
/// reporting a deadlock: this handle may still bring something. When the last is dropped,
/// on whichever thread, the deadlock is reported.
///
/// # Ordering
/// What one thread sends arrives in the order in which it was sent. It is taken in at
/// the start of a turn, before I/O and timers (rule 4), behind what is ready.
#[derive(Clone)]
pub struct RemoteHandle {
    injector: Arc<Injector<Injected>>,
    loop_id: u16,
    /// Held by every handle that somebody has, counted by the loop.
    _presence: Option<Arc<dyn Send + Sync>>,
}

/// What all remote handles share that somebody has. When the last goes, a loop on virtual
/// time has to look again: it may have waited for nothing else.
struct Presence(Option<Arc<Injector<Injected>>>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.iter().for_each(|injector| injector.ring());
    }
}

/// What a [`RemoteHandle::spawn`] started: its result, for the thread that asked.
pub struct RemoteTask<T> {
    slot: Arc<Slot<T>>,
    /// Who has a task there may still ask for something.
    _remote: RemoteHandle,
}

struct Slot<T> {
    outcome: Mutex<Outcome<T>>,
    done: Condvar,
    remote: RemoteHandle,
}

struct Outcome<T> {
    result: Option<Result<T, JoinError>>,
    over: bool,
    /// The task, once the loop has made it.
    key: Option<Key>,
    cancelled: bool,
}

impl LoopHandle {
    /// A handle for other threads.
    pub fn remote(&self) -> RemoteHandle {
        let mut presence = self.state.presence.borrow_mut();
        let shared = presence.upgrade().unwrap_or_else(|| {
            let bell = self.state.time.is_virtual().then(|| self.state.injector.clone());
            let made: Arc<dyn Send + Sync> = Arc::new(Presence(bell));
            *presence = Arc::downgrade(&made);
            made
        });
        RemoteHandle { _presence: Some(shared), ..self.silent_remote() }
    }

    /// One that does not stand for somebody who may call.
    fn silent_remote(&self) -> RemoteHandle {
        let injector = self.state.injector.clone();
        RemoteHandle { injector, loop_id: self.state.id, _presence: None }
    }

    /// Runs `f` soon, as [`RemoteHandle::call_soon_threadsafe`] does; from the loop's own
    /// thread the two kinds of call share one queue.
    ///
    /// # Errors
    /// When the loop is closed.
    #[track_caller]
    pub fn call_soon_threadsafe<F>(&self, f: F) -> Result<(), InjectError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.silent_remote().call_soon_threadsafe(f)
    }
}

impl RemoteHandle {
    /// Runs `f` on the loop's thread, in its next turn.
    ///
    /// # Errors
    /// When the loop is closed or cannot be woken; `f` comes back.
    #[track_caller]
    pub fn call_soon_threadsafe<F>(&self, f: F) -> Result<(), InjectError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        if let Some(here) = context::local(self.loop_id) {
            // On the loop's own thread the order of calls is the order of the queue.
            return match here.is_closed() {
                true => Err(InjectError { item: f, bell: None }),
                false => {
                    drop(here.call_soon(f));
                    Ok(())
                }
            };
        }
        let parcel = Arc::new(Parcel(Mutex::new(Some(f))));
        match self.injector.push(Injected::Complete(parcel.clone())) {
            Ok(()) => Ok(()),
            Err(refused) => {
                let bell = match refused {
                    Refused::Closed(_) => None,
                    Refused::Bell(_, error) => Some(error),
                };
                match parcel.take() {
                    Some(item) => Err(InjectError { item, bell }),
                    None => Ok(()),
                }
            }
        }
    }

    /// Makes a task on the loop, of the future that `make` returns there: the future
    /// itself need not be `Send`.
    ///
    /// # Errors
    /// When the loop is closed or cannot be woken.
    #[doc(alias = "run_coroutine_threadsafe")]
    pub fn spawn<M, F>(&self, make: M) -> Result<RemoteTask<F::Output>, InjectError<()>>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        let outcome = Outcome { result: None, over: false, key: None, cancelled: false };
        let (outcome, done) = (Mutex::new(outcome), Condvar::new());
        // The loop's own share in the slot must not count as somebody who may call.
        let remote = RemoteHandle { _presence: None, ..self.clone() };
        let slot = Arc::new(Slot { outcome, done, remote });
        let promise = Promise(slot.clone());
        let start = move || {
            let Ok(here) = context::with_current(LoopHandle::clone) else { return };
            let Ok(task) = here.spawn(async move { make().await }) else { return };
            let key = task.key;
            let cancelled = {
                let mut outcome = promise.0.lock();
                outcome.key = Some(key);
                outcome.cancelled
            };
            if cancelled {
                task.cancel();
            }
            drop(here.spawn(async move { promise.keep(task.await) }));
        };
        match self.call_soon_threadsafe(start) {
            Ok(()) => Ok(RemoteTask { slot, _remote: self.clone() }),
            Err(InjectError { bell, .. }) => Err(InjectError { item: (), bell }),
        }
    }

    /// Stops the loop, as [`LoopHandle::stop`] does.
    ///
    /// # Errors
    /// When the loop is closed or cannot be woken.
    pub fn stop(&self) -> Result<(), InjectError<()>> {
        self.call_soon_threadsafe(|| {
            if let Ok(here) = context::with_current(LoopHandle::clone) {
                here.stop();
            }
        })
        .map_err(|InjectError { bell, .. }| InjectError { item: (), bell })
    }
}

/// A closure on its way, which its sender can take back while it is not taken in.
struct Parcel<F>(Mutex<Option<F>>);

impl<F> Parcel<F> {
    fn take(&self) -> Option<F> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<F: FnOnce() + Send> Completion for Parcel<F> {
    fn complete(self: Arc<Self>) {
        if let Some(f) = self.take() {
            f();
        }
    }
}

/// Keeps its word: if it is dropped without a result, the task counts as cancelled.
struct Promise<T>(Arc<Slot<T>>);

impl<T> Promise<T> {
    fn keep(self, result: Result<T, JoinError>) {
        self.0.lock().result = Some(result);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut outcome = self.0.lock();
        outcome.over = true;
        outcome.result.get_or_insert_with(|| Err(JoinError::cancelled()));
        self.0.done.notify_all();
    }
}

/// The last of the two, promise and [`RemoteTask`], is gone: a panic that nobody has taken
/// is reported by the loop.
impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        let outcome = self.outcome.get_mut().unwrap_or_else(PoisonError::into_inner);
        let unseen = outcome.result.take().and_then(Result::err);
        if let Some(Ok(payload)) = unseen.map(JoinError::try_into_panic) {
            let report = move || {
                let message = "Task exception was never retrieved";
                if let Ok(here) = context::with_current(LoopHandle::clone) {
                    here.report_exception(message, "a task from another thread", Some(payload));
                }
            };
            // A loop that is closed has nobody to tell.
            drop(self.remote.call_soon_threadsafe(report));
        }
    }
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Outcome<T>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> RemoteTask<T> {
    /// Blocks this thread until the task is done.
    ///
    /// On the loop's own thread this would wait for itself: use the task there.
    ///
    /// # Errors
    /// When the task was cancelled (also by the loop closing) or panicked.
    pub fn wait(self) -> Result<T, JoinError> {
        let mut outcome = self.slot.lock();
        while !outcome.over {
            outcome = self.slot.done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
        outcome.result.take().unwrap_or_else(|| Err(JoinError::cancelled()))
    }

    /// As [`wait`](Self::wait), for `timeout` at most; the task goes on after that.
    ///
    /// # Errors
    /// The task itself, if it is not done by then.
    pub fn wait_timeout(self, timeout: Duration) -> Result<Result<T, JoinError>, RemoteTask<T>> {
        let outcome = self.slot.lock();
        let waited = self.slot.done.wait_timeout_while(outcome, timeout, |o| !o.over);
        let over = waited.unwrap_or_else(PoisonError::into_inner).0.over;
        if over { Ok(self.wait()) } else { Err(self) }
    }

    /// Whether the task is done.
    pub fn done(&self) -> bool {
        self.slot.lock().over
    }

    /// Asks the task to end, as [`TaskRef::cancel`](crate::TaskRef::cancel) does.
    ///
    /// # Errors
    /// When the loop is closed or cannot be woken.
    pub fn cancel(&self) -> Result<(), InjectError<()>>
    where
        T: Send + 'static,
    {
        let slot = self.slot.clone();
        let ask = move || {
            let key = {
                let mut outcome = slot.lock();
                outcome.cancelled = true;
                outcome.key
            };
            if let (Some(key), Ok(here)) = (key, context::with_current(LoopHandle::clone)) {
                here.state.request_cancel(key);
            }
        };
        self.slot
            .remote
            .call_soon_threadsafe(ask)
            .map_err(|InjectError { bell, .. }| InjectError { item: (), bell })
    }
}

impl fmt::Debug for RemoteHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteHandle(loop {})", self.loop_id)
    }
}

impl<T> fmt::Debug for RemoteTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteTask({})", if self.done() { "done" } else { "pending" })
    }
}
