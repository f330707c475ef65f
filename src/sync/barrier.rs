//! `Barrier`: asyncio's, a place where so many tasks meet before any of them goes on.

use super::condition::Condition;
use super::error::BrokenBarrier;
use std::cell::Cell;
use std::fmt;
use std::num::NonZeroUsize;
use std::rc::Rc;

/// A place where a number of tasks meet: whoever comes waits until all are there, then all
/// go on. Clones are the same barrier. It can be used again and again.
///
/// # Ordering
/// The last to arrive goes on at once; the others in the turns after, in the order in which
/// they arrived. Who comes for the next round while they leave waits until they have left.
///
/// ```
/// use oneloop::sync::Barrier;
/// use std::num::NonZeroUsize;
///
/// oneloop::run(async {
///     let barrier = Barrier::new(NonZeroUsize::new(2).unwrap());
///     let other = barrier.clone();
///     let task = oneloop::spawn(async move { other.wait().await });
///     let mut places = [barrier.wait().await.unwrap(), task.await.unwrap().unwrap()];
///     places.sort();
///     assert_eq!(places, [0, 1]);
/// })
/// .unwrap();
/// ```
#[derive(Clone)]
pub struct Barrier(Rc<Core>);

struct Core {
    /// Its lock is held for every change; it is notified of each.
    changed: Condition,
    parties: NonZeroUsize,
    state: Cell<State>,
    /// Tasks inside.
    count: Cell<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waiting for all to be there.
    Filling,
    /// All were there; they leave.
    Draining,
    /// Those inside are sent away.
    Resetting,
    /// Nobody gets through until it is reset.
    Broken,
}

impl Barrier {
    /// A barrier for that many tasks.
    pub fn new(parties: NonZeroUsize) -> Self {
        Barrier(Rc::new(Core {
            changed: Condition::new(),
            parties,
            state: Cell::new(State::Filling),
            count: Cell::new(0),
        }))
    }

    /// Waits until all are there, and gives the place of this task in their order, from 0.
    ///
    /// # Errors
    /// When the barrier is or gets broken, or is reset while this task is inside.
    ///
    /// # Cancel safety
    /// A task that is cancelled while the barrier fills takes its place with it, and
    /// somebody else has to come; the barrier is not broken. After all were there, nobody
    /// else is affected.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn wait(&self) -> Result<usize, BrokenBarrier> {
        let _hold = self.0.changed.acquire().await;
        self.until(|state| !matches!(state, State::Draining | State::Resetting)).await;
        if self.broken() {
            return Err(BrokenBarrier(()));
        }
        let (inside, place) = Inside::enter(&self.0);
        if place + 1 == self.0.parties.get() {
            self.change(State::Draining);
        } else {
            self.until(|state| state != State::Filling).await;
            if matches!(self.0.state.get(), State::Broken | State::Resetting) {
                return Err(BrokenBarrier(()));
            }
        }
        drop(inside);
        Ok(place)
    }

    /// Sends those who wait away with an error, and makes the barrier as new.
    ///
    /// # Cancel safety
    /// It happens as a whole or not at all.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn reset(&self) {
        let _hold = self.0.changed.acquire().await;
        let empty = self.0.count.get() == 0;
        self.change(if empty { State::Filling } else { State::Resetting });
    }

    /// Breaks the barrier: those who wait get an error, and whoever comes, until it is
    /// [`reset`](Self::reset).
    ///
    /// # Cancel safety
    /// It happens as a whole or not at all.
    ///
    /// # Panics
    /// When it has to wait and no loop is running on this thread.
    pub async fn abort(&self) {
        let _hold = self.0.changed.acquire().await;
        self.change(State::Broken);
    }

    /// How many tasks have to meet.
    pub fn parties(&self) -> NonZeroUsize {
        self.0.parties
    }

    /// How many tasks are there, while not all are.
    pub fn n_waiting(&self) -> usize {
        if self.0.state.get() == State::Filling { self.0.count.get() } else { 0 }
    }

    /// Whether it was aborted and not reset since.
    pub fn broken(&self) -> bool {
        self.0.state.get() == State::Broken
    }

    fn change(&self, state: State) {
        self.0.state.set(state);
        self.0.changed.wake_all();
    }

    async fn until(&self, holds: impl Fn(State) -> bool) {
        let waited = self.0.changed.wait_for(|| holds(self.0.state.get())).await;
        waited.expect("the lock is held: nobody else can release it");
    }
}

/// A task inside; however it leaves, the last one opens the barrier for the next round.
struct Inside<'a>(&'a Core);

impl<'a> Inside<'a> {
    fn enter(core: &'a Core) -> (Self, usize) {
        let place = core.count.get();
        core.count.set(place + 1);
        (Inside(core), place)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let left = self.0.count.get() - 1;
        self.0.count.set(left);
        if left > 0 {
            return;
        }
        if matches!(self.0.state.get(), State::Resetting | State::Draining) {
            self.0.state.set(State::Filling);
        }
        self.0.changed.wake_all();
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, count) = (self.0.state.get(), self.0.count.get());
        write!(f, "Barrier({state:?}, {count} of {} inside)", self.0.parties)
    }
}
