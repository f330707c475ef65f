//! Running a loop: for ever, for a task, or for one turn; and stopping it.

use crate::error::{Deadlock, JoinFailure, RunError, Waiting, into_payload};
use crate::exception::catch;
use crate::kernel::{Entry, Key, Life, State, Stuck, context};
use crate::observe::{Cause, Event};
use crate::{LoopHandle, Task, TaskRef};
use std::time::Duration;

/// What one [`turn`](LoopHandle::turn) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Entries of the ready queue that ran.
    pub ran: usize,
    /// Entries that are ready now.
    pub ready: usize,
}

impl LoopHandle {
    /// Runs turns until [`stop`](Self::stop).
    ///
    /// # Errors
    /// When the loop is closed or running already, when another loop is running on this
    /// thread, when the operating system fails, or, on virtual time, when nothing can
    /// ever happen again.
    pub fn run_forever(&self) -> Result<(), RunError> {
        self.state.unasked.set(usize::MAX / 2); // a run begins with a look at the kernel
        self.drive(|state| match state.run_once(None) {
            Ok(_) => state.stopping.take().then_some(Ok(())),
            Err(error) => {
                state.stopping.set(false);
                Some(Err(error))
            }
        })
    }

    /// Makes a task of `main` and runs until it is done: until the turn in which its own
    /// done callback runs, the rest of that turn included.
    ///
    /// # Errors
    /// As [`run_forever`](Self::run_forever); and when the loop was stopped before, or
    /// the task was cancelled. The task of a loop that was stopped stays.
    ///
    /// # Panics
    /// When `main` does, with the same payload.
    #[track_caller]
    pub fn run_until_complete<F>(&self, main: F) -> Result<F::Output, RunError>
    where
        F: Future + 'static,
    {
        self.may_run()?;
        let task = self.spawn(main).map_err(|_| RunError::Closed)?;
        self.run_until_done(&task)?;
        outcome(&task)
    }

    /// Says what is wrong before anything is begun.
    pub(crate) fn may_run(&self) -> Result<(), RunError> {
        if self.is_closed() { Err(RunError::Closed) } else { context::enter(self).map(drop) }
    }

    /// Runs until a task is done, however it ends; its result stays with it.
    ///
    /// # Errors
    /// As [`run_until_complete`](Self::run_until_complete), but for a task that was
    /// cancelled.
    pub fn run_until_done(&self, task: &TaskRef) -> Result<(), RunError> {
        self.may_run()?;
        if !std::rc::Rc::ptr_eq(&self.state, &task.handle.state) {
            return Err(RunError::WrongLoop);
        }
        let handle = self.clone();
        let stop = task.add_done_callback(move |_| handle.state.stopping.set(true));
        let ran = self.run_forever();
        task.remove_done_callback(stop);
        ran?;
        if self.is_closed() {
            return Err(RunError::Closed); // dropped by one of its own callbacks
        }
        if task.done() { Ok(()) } else { Err(RunError::Stopped) }
    }

    /// Runs one turn, for a program whose own loop drives this one: asks for events
    /// always, and sleeps `timeout` at most (`None`: until something happens).
    ///
    /// # Errors
    /// As [`run_forever`](Self::run_forever), but on virtual time a turn with a timeout
    /// in which nothing can happen just ends.
    pub fn turn(&self, timeout: Option<Duration>) -> Result<Turn, RunError> {
        self.may_run()?;
        let turn = self.drive(|state| {
            if timeout.is_none() {
                state.unasked.set(usize::MAX / 2); // ask, even if something is ready
            }
            Some(state.run_once(timeout))
        });
        self.state.stopping.set(false);
        Ok(Turn { ran: turn?, ready: self.state.ready.borrow().len() })
    }

    /// Ends [`run_forever`](Self::run_forever) after the batch that is running (rule 11);
    /// before a run, it ends that run after its first turn.
    pub fn stop(&self) {
        self.state.emit(|| Event::Stops);
        self.state.stopping.set(true);
    }

    /// Closes the loop: tasks and callbacks are dropped, not run; jobs that wait in the
    /// pool are refused, and those that run are not waited for. A closed loop stays
    /// closed; closing it again does nothing.
    ///
    /// What other loops' tasks await of this one ends: its tasks and pending futures count
    /// as cancelled, its descriptors answer that the loop is closed, its sleeps are over,
    /// and its jobs give what they came to, when they end.
    ///
    /// # Errors
    /// When it is running.
    pub fn close(&self) -> Result<(), RunError> {
        match self.state.life.get() {
            Life::Running | Life::Closing => Err(RunError::Running),
            Life::Resting | Life::Idle => {
                self.state.close();
                Ok(())
            }
            Life::Closed => Ok(()),
        }
    }

    /// Runs turns until `turn` says so, with this loop as the thread's running one.
    fn drive<R>(
        &self,
        mut turn: impl FnMut(&State) -> Option<Result<R, Stuck>>,
    ) -> Result<R, RunError> {
        if self.state.is_closed() {
            return Err(RunError::Closed);
        }
        let entered = context::enter(self)?;
        self.state.life.set(Life::Running);
        self.state.look_around();
        self.state.injector.wake_up();
        let ran = catch(|| {
            loop {
                if let Some(result) = turn(&self.state) {
                    break result;
                }
            }
        });
        self.state.running.set(Entry::NOTHING); // if a panic came through, it still has one
        let closing = self.state.life.replace(Life::Resting) == Life::Closing;
        drop(entered);
        if closing {
            self.state.close();
        } else {
            self.state.rest();
        }
        let result = ran.unwrap_or_else(|payload| {
            // Where all is contained, somebody's log: the loop is as usable as after a turn.
            self.state.stopping.set(false);
            self.state.cause.set(Cause::Wake);
            std::panic::resume_unwind(payload)
        });
        result.map_err(|stuck| match stuck {
            Stuck::Deadlock(next) => RunError::Deadlock(self.state.deadlock(next)),
            Stuck::Io(error) => RunError::Io(error),
        })
    }
}

/// What a run gives whose main task is done; that panics if the task did.
pub(crate) fn outcome<T: 'static>(task: &Task<T>) -> Result<T, RunError> {
    task.take_result().map_err(|error| match error.0 {
        JoinFailure::Panicked(payload) => std::panic::resume_unwind(into_payload(payload)),
        _ => RunError::Cancelled,
    })
}

impl State {
    /// The loop is driven by nobody: from now on every burst from another thread rings, and
    /// so does what came before, for who watches the loop's descriptor.
    fn rest(&self) {
        if !self.injector.fall_asleep() {
            self.injector.ring();
        }
        self.look_around();
    }

    fn deadlock(&self, next: Option<u64>) -> Deadlock {
        let name = |key| Waiting { task: self.task_name(key), waits_for: self.waits_for(key) };
        let waiting = self.unfinished().into_iter().map(name).collect();
        Deadlock { waiting, next_deadline: next.map(Duration::from_nanos) }
    }

    /// The unfinished tasks, in the order in which they were made.
    pub(crate) fn unfinished(&self) -> Vec<Key> {
        let tasks = self.tasks.borrow();
        // By age, because the numbers begin again some day.
        let age = |number: u32| self.next_task.get().wrapping_sub(number);
        let mut keys: Vec<_> = tasks
            .iter()
            .filter(|(_, t)| !t.is_done())
            .map(|(key, t)| (age(t.number), key))
            .collect();
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.into_iter().map(|(_, key)| key).collect()
    }
}
