//! `catch_cancel`: where a cancellation arrives, and where it is raised again.
//!
//! A scope registers with its task while its body waits, as leaves do. A step that has a
//! cancellation to deliver marks the innermost scope and polls the task: the scope finds
//! its mark, drops its body unpolled, and answers `Err(Cancelled)`, in that same step.
//! `Cancelled::resume` asks for the scope around it to be marked next. A scope that is not
//! reached by the poll (kept aside, and not polled any more) passes its mark outwards; from
//! the outermost the cancellation reaches the task as a whole, whose body is dropped.

use crate::LoopHandle;
use crate::error::Cancelled;
use crate::kernel::{Cancel, ROOT, context};
use pin_project_lite::pin_project;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `body`, and answers `Err(Cancelled)` if a cancellation of this task arrives while
/// it waits there: `body` is dropped first, and what follows may clean up, awaiting as it
/// likes, and then end, go on, or raise it again with [`Cancelled::resume`].
///
/// This is `try: … except CancelledError: …`. Only the task's own cancellation arrives
/// this way. What somebody else cancelled is a value to whoever awaits it.
///
/// Where scopes are nested the innermost one around the await answers. If the task waits
/// for several things at once, a join of two scopes for one, that is taken as a whole by
/// the scope around the join.
///
/// # Ordering
/// The request is delivered in the task's next step (rule 10), and the answer is there in
/// that same step.
///
/// # Cancel safety
/// Dropped by anyone else, it drops `body` and catches nothing.
///
/// ```
/// oneloop::run(async {
///     let task = oneloop::spawn(async {
///         let ended = oneloop::catch_cancel(std::future::pending::<()>()).await;
///         assert!(ended.is_err());
///         oneloop::yield_now().await; // cleaning up may take its time
///         "cleaned up"
///     });
///     oneloop::yield_now().await;
///     task.cancel();
///     assert_eq!(task.await.unwrap(), "cleaned up");
/// })
/// .unwrap();
/// ```
#[doc(alias = "except CancelledError")]
pub fn catch_cancel<F: Future>(body: F) -> CatchCancel<F> {
    CatchCancel { body: Some(body), opened: Opened(None) }
}

pin_project! {
    /// The future of [`catch_cancel`].
    ///
    /// # Cancel safety
    /// A cancel request is what it is there for. Dropping it drops the body.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CatchCancel<F> {
        // dropped before the scope closes
        #[pin]
        body: Option<F>,
        opened: Opened,
    }
}

impl<F> CatchCancel<F> {
    /// The number of the scope while it is registered.
    pub(crate) fn scope(&self) -> u32 {
        self.opened.0.as_ref().map_or(ROOT, |(_, scope)| *scope)
    }

    /// Whether a cancellation of the task is about to arrive here.
    pub(crate) fn is_marked(&self) -> bool {
        self.opened.0.as_ref().is_some_and(|(handle, scope)| handle.state.is_marked(*scope))
    }

    /// Whether that comes from who opened a scope around this one.
    pub(crate) fn is_marked_from_around(&self) -> bool {
        self.is_marked() && ENDING.get() == self.scope()
    }

    /// Drops the body, and answers nothing more.
    fn give_up(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.body.set(None);
        this.opened.close();
    }
}

impl<F: Future> CatchCancel<F> {
    /// A poll in which the body is ended without a request to the task: by a cancellation in
    /// the innermost scope that is in here, which may clean up, and raises it again up to
    /// here; without such a scope the body is dropped (`None`).
    pub(crate) fn poll_ending(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<F::Output, Cancelled>>> {
        let opened = self.opened.0.as_ref();
        let inner = opened.and_then(|(handle, scope)| handle.state.mark_within(*scope));
        if let (Some((handle, _)), Some(inner)) = (opened, inner) {
            let handle = handle.clone();
            let before = Before(ENDING.replace(inner)); // also if the body panics
            let polled = self.as_mut().poll(cx);
            let went = ENDING.get() != inner;
            drop(before);
            let missed = handle.state.unmark(inner).is_some();
            if polled.is_ready() || !(went || missed) {
                return polled.map(Some);
            }
        }
        self.give_up();
        Poll::Ready(None)
    }
}

thread_local! {
    /// The scope in which a cancellation is to arrive that is nobody's but the one's who
    /// opened a scope around.
    static ENDING: Cell<u32> = const { Cell::new(ROOT) };
}

/// What `ENDING` was.
struct Before(u32);

impl Drop for Before {
    fn drop(&mut self) {
        ENDING.set(self.0);
    }
}

/// A scope that is registered; it is closed when this goes.
struct Opened(Option<(LoopHandle, u32)>);

impl<F: Future> Future for CatchCancel<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let entered = this.opened.enter(cx);
        if entered.as_ref().is_some_and(Entered::is_marked) {
            drop(entered);
            this.body.set(None);
            this.opened.close();
            return Poll::Ready(Err(Cancelled::new()));
        }
        let body = this.body.as_mut().as_pin_mut();
        let polled = body.expect("polled after it was ready").poll(cx);
        drop(entered);
        if polled.is_ready() {
            this.body.set(None);
            this.opened.close();
        }
        polled.map(Ok)
    }
}

impl Opened {
    /// Registers the scope with the task that polls it, and makes it the one around what is
    /// polled now. Outside of a task there is nothing to catch.
    fn enter(&mut self, cx: &Context<'_>) -> Option<Entered> {
        let handle = context::with_current(LoopHandle::clone).ok()?;
        if self.0.as_ref().is_some_and(|(before, _)| before.state.id != handle.state.id) {
            self.close(); // it was another loop's
        }
        let place = handle.state.place()?;
        let waker = cx.waker().clone();
        let id = match &self.0 {
            Some((_, id)) => {
                handle.state.move_scope(*id, place, waker);
                *id
            }
            None => handle.state.open_scope(place, waker),
        };
        self.0 = Some((handle.clone(), id));
        let before = handle.state.scope.replace(id);
        Some(Entered { handle, id, before })
    }

    fn close(&mut self) {
        let Some((handle, id)) = self.0.take() else { return };
        let Some((place, marked)) = handle.state.close_scope(id) else { return };
        let raised = handle.state.raising.get() == Some(id);
        if raised {
            handle.state.raising.set(None);
        }
        if marked && ENDING.get() == id {
            ENDING.set(ROOT);
        } else if marked || raised {
            // It was over before the cancellation got there: the task keeps that.
            handle.state.set_cancel(place.task, Cancel::Pending);
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.close();
    }
}

/// For as long as this lives, its scope is the one around what is polled.
struct Entered {
    handle: LoopHandle,
    id: u32,
    before: u32,
}

impl Entered {
    /// A cancellation arrives: takes the mark.
    fn is_marked(&self) -> bool {
        let state = &self.handle.state;
        let taken = state.unmark(self.id).is_some();
        if taken && state.raising.get() == Some(self.id) {
            state.raising.set(None);
        }
        taken
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.handle.state.scope.set(self.before);
    }
}

impl Cancelled {
    /// Raises the cancellation again: the [`catch_cancel`] around this await answers in the
    /// same step, and without one the task ends cancelled. This never returns:
    /// `match cancelled.resume().await {}` has any type.
    ///
    /// # Cancel safety
    /// Awaiting it is what cancels. Dropped before it was polled, it does nothing.
    ///
    /// # Panics
    /// When it is awaited outside of a task.
    #[doc(alias = "raise")]
    pub fn resume(self) -> Resume {
        Resume(())
    }
}

/// The future of [`Cancelled::resume`].
///
/// # Cancel safety
/// Awaiting it is what cancels. Dropped before it was polled, it does nothing.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Resume(());

impl Future for Resume {
    type Output = Infallible;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Infallible> {
        let raised = context::with_current(|handle| {
            let place = handle.state.place()?;
            if handle.state.raising.get().is_none() {
                handle.state.raising.set(Some(place.scope));
            }
            Some(())
        });
        assert!(raised.ok().flatten().is_some(), "a cancellation is raised in a task");
        Poll::Pending
    }
}

impl<F> fmt::Debug for CatchCancel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.body.is_some() { "CatchCancel" } else { "CatchCancel(over)" })
    }
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resume")
    }
}
