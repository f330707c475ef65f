//! `gather`: many outcomes as one future.
//!
//! Each child has a callback that counts it; the last one, or the first failure, completes
//! the future, which wakes who awaits it: two turns. The future owns the gathering, and the
//! callbacks hold it weakly, so nothing goes in a circle and a gather that nobody wants any
//! more leaves no trace on its children.

use crate::awaitable::Awaitable;
use crate::error::{Failure, JoinError, JoinFailure, Payload};
use crate::exception::catch;
use crate::future::{CallbackId, Canceller, Target, WeakFuture};
use crate::{Future, LoopHandle};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// How deep gathers of tasks that gather are asked in one go; what is beyond is asked in
/// the next turn. Bounds the stack.
const DEPTH: u32 = 200;

thread_local! {
    static ASKING: Cell<Asking> = const { Cell::new(Asking { depth: 0, round: 0, late: false }) };
}

/// A request that is being passed on.
#[derive(Clone, Copy)]
struct Asking {
    depth: u32,
    /// Numbers the requests that come from outside.
    round: u64,
    /// It goes on in another turn than it began in.
    late: bool,
}

impl Asking {
    fn next_round(self) -> Self {
        Asking { round: self.round + 1, late: false, ..self }
    }

    fn deeper(self) -> Self {
        Asking { depth: self.depth + 1, ..self }
    }

    fn during<R>(self, ask: impl FnOnce() -> R) -> R {
        let before = ASKING.replace(self);
        let asked = ask();
        // Rounds go on; what is in between goes back.
        ASKING.set(Asking { round: before.round.max(ASKING.get().round), ..before });
        asked
    }
}

/// Waits for all `children` and gives their values, in the order in which they were given;
/// or the first cancellation or panic among them, at once. The other children go on then.
///
/// The future can be kept, awaited later, given callbacks and cancelled: cancelling it
/// cancels every child that is not done, and it is done when they are. A child given twice
/// counts once and stands twice in the list.
///
/// # Ordering
/// A child that ends in turn k completes the gather in turn k+1, in a callback, and who
/// awaits that goes on in k+2. If all are done already, so is the gather.
///
/// # Errors
/// The awaited value is the [`JoinError`] of the first child that has one (a panic of the
/// clone of its value counts as its own);
/// for children that return a `Result` see [`try_gather`].
///
/// # Cancel safety
/// A task that is cancelled while it awaits a gather passes that on to the children. A
/// gather that is dropped leaves them running, and no trace of itself.
///
/// # Panics
/// When there are no children and no loop is running on this thread.
///
/// ```
/// oneloop::run(async {
///     let squares = (1..4).map(|n| oneloop::spawn(async move { n * n }));
///     assert_eq!(oneloop::gather(squares).await.unwrap().unwrap(), [1, 4, 9]);
/// })
/// .unwrap();
/// ```
#[doc(alias = "join_all")]
pub fn gather<T: Clone + 'static>(
    children: impl IntoIterator<Item = impl Into<Awaitable<T>>>,
) -> Future<Result<Vec<T>, JoinError>> {
    let fail = |outcome: &One<T>| outcome.as_ref().err().map(|error| Err(error.clone()));
    begin(children, |outcomes| outcomes.into_iter().collect(), fail)
}

/// As [`gather`], of children that return a `Result`: the first `Err` fails it too.
///
/// # Cancel safety
/// As [`gather`].
///
/// ```
/// use oneloop::error::Failure;
/// oneloop::run(async {
///     let parsed = ["1", "x"].map(|text| oneloop::spawn(async { text.parse::<i32>() }));
///     let failed = oneloop::try_gather(parsed).await.unwrap();
///     assert!(matches!(failed, Err(Failure::Error(_))));
/// })
/// .unwrap();
/// ```
#[doc(alias = "try_join_all")]
pub fn try_gather<T: Clone + 'static, E: Clone + 'static>(
    children: impl IntoIterator<Item = impl Into<Awaitable<Result<T, E>>>>,
) -> Future<Result<Vec<T>, Failure<E>>> {
    let flat = |outcome: One<Result<T, E>>| match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Error(error)),
        Err(error) => Err(Failure::Join(error)),
    };
    let fail = move |outcome: &One<Result<T, E>>| match outcome {
        Ok(Ok(_)) => None,
        failed => flat(failed.clone()).err().map(Err),
    };
    begin(children, move |outcomes| outcomes.into_iter().map(flat).collect(), fail)
}

/// As [`gather`], but a child that was cancelled or panicked is one outcome among the
/// others: none fails the whole.
///
/// # Errors
/// The awaited value is an error only if this gather itself was asked to cancel.
///
/// # Cancel safety
/// As [`gather`].
#[doc(alias = "return_exceptions")]
pub fn gather_all<T: Clone + 'static>(
    children: impl IntoIterator<Item = impl Into<Awaitable<T>>>,
) -> Future<Result<Vec<Result<T, JoinError>>, JoinError>> {
    begin(children, Ok, |_| None)
}

/// An outcome of a child.
type One<T> = Result<T, JoinError>;

/// What a gather ends with.
trait Gathered {
    fn failed(error: JoinError) -> Self;
}

impl<V> Gathered for Result<V, JoinError> {
    fn failed(error: JoinError) -> Self {
        Err(error)
    }
}

impl<V, E> Gathered for Result<V, Failure<E>> {
    fn failed(error: JoinError) -> Self {
        Err(Failure::Join(error))
    }
}

/// What an outcome makes the whole end with at once.
type Fail<T, R> = dyn Fn(&One<T>) -> Option<R>;

struct Gathering<T: 'static, R: 'static> {
    children: Vec<Awaitable<T>>,
    /// Those that were given before, by rising index, and where they stand first.
    again: Vec<(usize, usize)>,
    /// The callbacks on children, and on which of them.
    callbacks: RefCell<Vec<(usize, CallbackId)>>,
    /// How each ended.
    outcomes: RefCell<Vec<Option<One<T>>>>,
    /// Children that are not done, each counted once.
    left: Cell<usize>,
    cancel_requested: Cell<bool>,
    /// A request is being passed on; one that comes meanwhile came round in a circle, which
    /// ends here.
    asking: Cell<bool>,
    circle: Cell<bool>,
    /// The last request.
    round: Cell<u64>,
    outer: WeakFuture<R>,
    collect: Box<dyn Fn(Vec<One<T>>) -> R>,
    fail: Box<Fail<T, R>>,
    handle: LoopHandle,
    me: Weak<Gathering<T, R>>,
}

fn begin<T: Clone + 'static, R: Gathered + 'static>(
    children: impl IntoIterator<Item = impl Into<Awaitable<T>>>,
    collect: impl Fn(Vec<One<T>>) -> R + 'static,
    fail: impl Fn(&One<T>) -> Option<R> + 'static,
) -> Future<R> {
    let children: Vec<Awaitable<T>> = children.into_iter().map(Into::into).collect();
    let here = || LoopHandle::current().unwrap_or_else(|none| panic!("gather: {none}"));
    let handle = children.first().map_or_else(here, Awaitable::handle);
    let outer = handle.create_future();
    let gathering = Rc::new_cyclic(|me| Gathering {
        callbacks: RefCell::new(Vec::with_capacity(children.len())),
        outcomes: RefCell::new(vec![None; children.len()]),
        again: repeated(&children),
        left: Cell::new(0),
        cancel_requested: Cell::new(false),
        asking: Cell::new(false),
        circle: Cell::new(false),
        round: Cell::new(0),
        outer: outer.downgrade(),
        collect: Box::new(collect),
        fail: Box::new(fail),
        handle,
        me: me.clone(),
        children,
    });
    outer.cancels(gathering.clone());
    gathering.watch();
    outer
}

/// Who stands in `children` more than once: where, and where first.
fn repeated<T: 'static>(children: &[Awaitable<T>]) -> Vec<(usize, usize)> {
    let mut order: Vec<_> = children.iter().map(Awaitable::identity).zip(0..).collect();
    order.sort_unstable(); // most often in order already
    let mut repeated = Vec::new();
    for group in order.chunk_by(|one, other| one.0 == other.0) {
        repeated.extend(group[1..].iter().map(|(_, index)| (*index, group[0].1)));
    }
    repeated.sort_unstable();
    repeated
}

impl<T: Clone + 'static, R: Gathered + 'static> Gathering<T, R> {
    /// Counts those who are done already, and has the others call back.
    fn watch(&self) {
        let mut done = Vec::new();
        self.left.set(self.children.len() - self.again.len());
        let mut again = self.again.iter().map(|(index, _)| *index).peekable();
        for (index, child) in self.children.iter().enumerate() {
            if again.next_if_eq(&index).is_some() {
                continue;
            }
            if child.done() {
                done.push(index);
                continue;
            }
            let me = self.me.clone();
            let count = move || {
                if let Some(gathering) = me.upgrade() {
                    gathering.count(index);
                }
            };
            let callback = child.add_call(count);
            self.callbacks.borrow_mut().push((index, callback));
        }
        if self.children.is_empty() {
            self.end();
        }
        done.into_iter().for_each(|index| self.count(index));
    }

    /// A child is done.
    fn count(&self, index: usize) {
        self.left.set(self.left.get() - 1);
        // Cloning is the user's, and may panic.
        let counted = catch(|| self.take_in(index));
        let panicked = counted.err().or_else(|| match self.left.get() {
            0 => catch(|| self.end()).err(),
            _ => None,
        });
        if let (Some(payload), Some(outer)) = (panicked, self.outer.upgrade()) {
            let describe = |_: &R| "an outcome panicked as it was cloned".to_owned();
            outer.fail(
                R::failed(JoinError(JoinFailure::Panicked(payload.into()))),
                false,
                describe,
            );
        }
    }

    fn take_in(&self, index: usize) {
        let child = &self.children[index];
        let outcome = catch(|| child.result()); // an error in it is seen now
        let panicked = |payload: Payload| Ok(Err(JoinError(JoinFailure::Panicked(payload.into()))));
        let Ok(outcome) = outcome.unwrap_or_else(panicked) else { return };
        let Some(outer) = self.outer.upgrade().filter(|outer| !outer.done()) else { return };
        if let Some(failure) = (self.fail)(&outcome) {
            let describe = |_: &R| "a gathered task failed".to_owned();
            return outer.fail(failure, child.ended_cancelled(), describe);
        }
        self.outcomes.borrow_mut()[index] = Some(outcome);
    }

    /// All are done, and none failed the whole.
    fn end(&self) {
        let Some(outer) = self.outer.upgrade().filter(|outer| !outer.done()) else { return };
        if self.cancel_requested.get() {
            let describe = |_: &R| "a gather was cancelled".to_owned();
            return outer.fail(R::failed(JoinError::cancelled()), true, describe);
        }
        let mut outcomes = self.outcomes.take();
        for (index, first) in &self.again {
            outcomes[*index] = outcomes[*first].clone();
        }
        let _ = outer.set_result((self.collect)(outcomes.into_iter().flatten().collect()));
    }

    fn ask_children(&self) -> bool {
        let asked = self.children.iter().filter(|child| child.cancel()).count();
        if asked > 0 {
            self.cancel_requested.set(true);
        }
        asked > 0
    }
}

impl<T: Clone + 'static, R: Gathered + 'static> Canceller for Gathering<T, R> {
    fn cancel(&self) -> bool {
        if self.outer.upgrade().is_none_or(|outer| outer.done()) {
            return false;
        }
        let (asked, beyond) = (ASKING.get(), Asking { depth: 1, late: true, ..ASKING.get() });
        let asked = if asked.depth == 0 { asked.next_round() } else { asked };
        let last = self.round.replace(self.round.get().max(asked.round));
        if self.asking.replace(true) {
            self.circle.set(true);
            return true;
        }
        let accepted = if asked.late && last >= asked.round {
            self.circle.set(last == asked.round); // else a later one has overtaken it
            true
        } else if asked.depth < DEPTH {
            asked.deeper().during(|| self.ask_children())
        } else {
            let me = self.me.clone();
            let later = move || {
                me.upgrade().map(|gathering| beyond.during(|| gathering.ask_children()));
            };
            self.handle.call_soon(later).is_ok()
        };
        self.asking.set(false);
        if let Some(outer) = self.outer.upgrade().filter(|_| self.circle.take()) {
            let describe = |_: &R| "a gather that waits for itself was cancelled".to_owned();
            outer.fail(R::failed(JoinError::cancelled()), true, describe);
        }
        accepted
    }

    fn behind(&self) -> Vec<Target> {
        self.children.iter().filter_map(|child| child.target(&self.handle)).collect()
    }
}

impl<T, R> Drop for Gathering<T, R> {
    fn drop(&mut self) {
        for (index, callback) in self.callbacks.take() {
            self.children[index].remove_done_callback(callback);
        }
    }
}
