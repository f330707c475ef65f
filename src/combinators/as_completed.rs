//! `as_completed`: one after the other, in the order in which they end.

use crate::awaitable::Awaitable;
use crate::error::TimedOut;
use crate::future::CallbackId;
use crate::sync::mpsc::{Receiver, UnboundedSender, unbounded};
use crate::{LoopHandle, TimerHandle};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Gives `awaitables` as they end, each as [`next`](AsCompleted::next) is awaited, until
/// `timeout` has passed (`None`: no limit). One that is given twice comes once.
///
/// # Ordering
/// One that ends in turn k is there in turn k+1, by a callback, and who waits for it goes on
/// in k+2. Those that are done already come first, in the order in which they were given.
///
/// # Panics
/// When no loop is running on this thread.
///
/// ```
/// use oneloop::{as_completed, sleep, spawn};
/// use std::time::Duration;
/// oneloop::run(async {
///     let waits = [20, 1].map(|ms| spawn(async move { sleep(Duration::from_millis(ms)).await; ms }));
///     let mut ended = as_completed(waits, None);
///     let mut order = Vec::new();
///     while let Some(next) = ended.next().await {
///         order.push(next.unwrap().await.unwrap());
///     }
///     assert_eq!(order, [1, 20]);
/// })
/// .unwrap();
/// ```
pub fn as_completed<T: 'static>(
    awaitables: impl IntoIterator<Item = impl Into<Awaitable<T>>>,
    timeout: Option<Duration>,
) -> AsCompleted<T> {
    let handle = LoopHandle::current().unwrap_or_else(|none| panic!("as_completed: {none}"));
    let mut seen = HashSet::new();
    let all = awaitables.into_iter().map(Into::into);
    let todo: Vec<Awaitable<T>> = all.filter(|one| seen.insert(Awaitable::clone(one))).collect();
    let (sender, ended) = unbounded();
    let shared = Rc::new(Shared {
        ended: sender,
        left: Cell::new(todo.len()),
        todo: RefCell::new(Vec::with_capacity(todo.len())),
        timer: RefCell::new(None),
    });
    let count = todo.len();
    for (index, one) in todo.into_iter().enumerate() {
        let shared_too = Rc::downgrade(&shared);
        let completed = move || {
            if let Some(shared) = shared_too.upgrade() {
                shared.completed(index);
            }
        };
        // It may be called from in there, if the loop is closed.
        shared.todo.borrow_mut().push(Some((one.clone(), None)));
        let callback = one.add_call(completed);
        if let Some((_, place)) = &mut shared.todo.borrow_mut()[index] {
            *place = Some(callback);
        }
    }
    if let Some(timeout) = timeout.filter(|_| count > 0) {
        let late = Rc::downgrade(&shared);
        let timer = handle.call_later(timeout, move || {
            if let Some(shared) = late.upgrade() {
                shared.give_up();
            }
        });
        shared.timer.replace(timer.ok()); // a loop that runs is not closed
    }
    AsCompleted { shared, ended, to_give: count }
}

/// Tasks and futures in the order in which they end; see [`as_completed`].
#[must_use = "nothing comes unless `next` is awaited"]
pub struct AsCompleted<T: 'static> {
    shared: Rc<Shared<T>>,
    /// Those that ended; `None` for each that was late.
    ended: Receiver<Option<Awaitable<T>>>,
    to_give: usize,
}

struct Shared<T: 'static> {
    ended: UnboundedSender<Option<Awaitable<T>>>,
    left: Cell<usize>,
    /// Those that have not, each with the callback on it.
    todo: RefCell<Vec<Option<Watched<T>>>>,
    timer: RefCell<Option<TimerHandle>>,
}

type Watched<T> = (Awaitable<T>, Option<CallbackId>);

impl<T: 'static> AsCompleted<T> {
    /// The next one that has ended; `None` after the last.
    ///
    /// # Errors
    /// When the time is over: once for each that is not done. Those are not cancelled.
    ///
    /// # Cancel safety
    /// What has ended is not lost: it is the next one still.
    pub async fn next(&mut self) -> Option<Result<Awaitable<T>, TimedOut>> {
        if self.to_give == 0 {
            return None;
        }
        let one = self.ended.recv().await;
        self.given(one)
    }

    /// As [`next`](Self::next), for who writes a future or a stream by hand.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    ///
    /// # Cancel safety
    /// Nothing is lost. It waits until it is polled again, or dropped; if that is given up, a
    /// cancel request finds the task waiting for this, too.
    pub fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Awaitable<T>, TimedOut>>> {
        if self.to_give == 0 {
            return Poll::Ready(None);
        }
        let polled = self.ended.poll_recv(cx);
        polled.map(|one| self.given(one))
    }

    /// `None`: nobody can send any more, which is not so while this is there.
    fn given(
        &mut self,
        one: Option<Option<Awaitable<T>>>,
    ) -> Option<Result<Awaitable<T>, TimedOut>> {
        self.to_give -= 1;
        Some(one.flatten().ok_or(TimedOut::new()))
    }

    /// How many are still to come.
    pub fn len(&self) -> usize {
        self.to_give
    }

    /// Whether all have come.
    pub fn is_empty(&self) -> bool {
        self.to_give == 0
    }
}

impl<T: 'static> Shared<T> {
    fn completed(&self, index: usize) {
        let one = self.todo.borrow_mut()[index].take();
        let Some((one, _)) = one else { return };
        self.left.set(self.left.get() - 1);
        let _ = self.ended.send(Some(one)); // has no bound: there are `todo` of them
        if self.left.get() == 0 {
            self.stop_timer();
        }
    }

    /// The time is over.
    fn give_up(&self) {
        self.timer.take();
        for (one, callback) in self.forget() {
            callback.map(|callback| one.remove_done_callback(callback));
            let _ = self.ended.send(None);
        }
    }

    fn forget(&self) -> Vec<Watched<T>> {
        self.todo.borrow_mut().iter_mut().filter_map(Option::take).collect()
    }

    fn stop_timer(&self) {
        let timer = self.timer.take();
        if let Some(timer) = timer {
            timer.cancel();
        }
    }
}

impl<T: 'static> Drop for AsCompleted<T> {
    fn drop(&mut self) {
        self.shared.stop_timer();
        for (one, callback) in self.shared.forget() {
            callback.map(|callback| one.remove_done_callback(callback));
        }
    }
}

impl<T: 'static> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} to come)", self.to_give)
    }
}
