//! `Runner`: several runs on one loop, with one end, and Ctrl-C.

use crate::ctrl_c::{CtrlC, Next};
use crate::ending::{GRACE, end};
use crate::error::RunError;
use crate::running::outcome;
use crate::{Builder, EventLoop, LoopHandle, TaskRef};
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Runs futures one after the other on one loop, which is made when it is first needed; what
/// they leave in it goes on in the next run, and is ended by [`close`](Self::close).
///
/// # Ctrl-C
/// While it runs, SIGINT is a request: the first one cancels the main task, whose clean-up
/// (see [`catch_cancel`](crate::catch_cancel())) is waited for, and the run ends with
/// [`RunError::Interrupted`], unless the task ends with a value all the same, or somebody
/// else asked it to cancel too. A second one ends the run at once; the task stays in the
/// loop. A third, and a second that comes before the loop could see the first because a
/// callback blocks it, do what SIGINT does by default: end the process.
///
/// Only the default is changed: on the main thread, if nothing else handles or ignores
/// SIGINT, on real time. Between runs SIGINT does what it did before. A program that handles
/// SIGINT itself does so before the first run, or turns this off:
/// [`ctrl_c`](Self::ctrl_c). [`run`](crate::run()) has no part in any of this.
///
/// ```
/// let mut runner = oneloop::Runner::new();
/// let task = runner.run(async { oneloop::spawn(async { "done in the next run" }) }).unwrap();
/// assert_eq!(runner.run(async { task.await.unwrap() }).unwrap(), "done in the next run");
/// runner.close().unwrap();
/// ```
#[doc(alias = "Runtime")]
pub struct Runner {
    stage: Stage,
    ctrl_c: bool,
    grace: Duration,
    /// How often SIGINT came, since the last run began.
    interrupts: Rc<Cell<u32>>,
}

enum Stage {
    /// No loop yet.
    New(Builder),
    Open(EventLoop),
    Closed,
}

impl Runner {
    /// A runner whose loop will have the defaults.
    pub fn new() -> Self {
        Runner::with(EventLoop::builder())
    }

    /// A runner whose loop will be made by `builder`.
    #[doc(alias = "loop_factory")]
    pub fn with(builder: Builder) -> Self {
        Runner { stage: Stage::New(builder), ctrl_c: true, grace: GRACE, interrupts: Rc::default() }
    }

    /// Whether SIGINT is handled; it is unless turned off.
    pub fn ctrl_c(mut self, on: bool) -> Self {
        self.ctrl_c = on;
        self
    }

    /// How long tasks that are left over get at the end, and after them jobs that run on
    /// other threads; 10 s each unless set.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The loop, which is made if need be.
    ///
    /// # Errors
    /// When the runner is closed, or the system has no descriptors left for a loop.
    #[doc(alias = "get_loop")]
    pub fn handle(&mut self) -> Result<LoopHandle, RunError> {
        if let Stage::New(builder) = &self.stage {
            self.stage = Stage::Open(builder.clone().build().map_err(RunError::Io)?);
        }
        match &self.stage {
            Stage::Open(owner) => Ok(owner.handle()),
            _ => Err(RunError::Closed),
        }
    }

    /// Runs `main` to its end, as a task. What it leaves over stays for the next run.
    ///
    /// # Errors
    /// As [`handle`](Self::handle) and
    /// [`run_until_complete`](LoopHandle::run_until_complete); when SIGINT ended it.
    /// If a loop is running on this thread already, `main` is dropped, unpolled.
    ///
    /// # Panics
    /// When `main` does, with the same payload.
    #[track_caller]
    pub fn run<F>(&mut self, main: F) -> Result<F::Output, RunError>
    where
        F: Future + 'static,
    {
        let on = self.handle()?;
        on.may_run()?;
        let main = on.spawn(main).map_err(|_| RunError::Closed)?;
        self.interrupts.set(0);
        let (ran, at_once) = self.watched(&on, Some(&main), || on.run_until_done(&main));
        if at_once {
            return Err(RunError::Interrupted);
        }
        ran?;
        // As ever with cancel requests: ours is taken back, and what is left is somebody's.
        if main.cancelled() && self.interrupts.get() > 0 && main.uncancel() == 0 {
            return Err(RunError::Interrupted);
        }
        outcome(&main)
    }

    /// Ends it, and closes the loop: tasks that are left over are cancelled, in the order
    /// in which they were made, and awaited for the [`grace`](Self::grace); the pool is
    /// shut down. A panic of such a task goes to the exception handler. A task that does not
    /// end, or is spawned meanwhile, is reported by its name, and dropped.
    ///
    /// A SIGINT meanwhile ends the waiting at once. Closing again, or what never ran, does
    /// nothing; dropping a runner closes it.
    ///
    /// # Errors
    /// When the waiting went wrong: by SIGINT, by [`stop`](LoopHandle::stop), on virtual
    /// time when nothing can ever happen again, or because a loop is running on this
    /// thread. The loop is closed all the same (its own callback closes it after the turn).
    pub fn close(&mut self) -> Result<(), RunError> {
        let Stage::Open(owner) = std::mem::replace(&mut self.stage, Stage::Closed) else {
            return Ok(());
        };
        if owner.is_closed() {
            return Ok(());
        }
        let (ended, at_once) = self.watched(&owner, None, || end(&owner, self.grace));
        if at_once { Err(RunError::Interrupted) } else { ended }
    }

    /// Does `run` with SIGINT going to `main`, and tells whether one asked to end it at
    /// once: the second, or any when there is no task to cancel.
    fn watched<R>(
        &self,
        on: &LoopHandle,
        main: Option<&TaskRef>,
        run: impl FnOnce() -> R,
    ) -> (R, bool) {
        let spent = self.interrupts.get() > 1;
        if !self.ctrl_c || spent || on.may_run().is_err() {
            return (run(), false);
        }
        let at_once = Rc::new(Cell::new(false));
        let (count, ends, main, handle) =
            (self.interrupts.clone(), at_once.clone(), main.cloned(), on.clone());
        let seen = move || {
            count.set(count.get() + 1);
            match main.as_ref().filter(|main| count.get() == 1 && !main.done()) {
                Some(main) => {
                    main.cancel();
                    Next::Seen
                }
                None => {
                    ends.set(true);
                    handle.stop();
                    Next::Default
                }
            }
        };
        let watch = CtrlC::watch(on, seen);
        let ran = run();
        let unseen = watch.is_some_and(CtrlC::end);
        (ran, at_once.get() || unseen)
    }
}

impl Default for Runner {
    fn default() -> Self {
        Runner::new()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::error!("the event loop did not end well: {error}");
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Stage::New(_) => f.write_str("Runner(not begun)"),
            Stage::Open(owner) => write!(f, "Runner({owner:?})"),
            Stage::Closed => f.write_str("Runner(closed)"),
        }
    }
}
