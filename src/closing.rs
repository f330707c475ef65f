//! The end of a loop: what is left is dropped, not run, and who waits for it is told.
//!
//! A task that awaits something of a closed loop may be another loop's, on any thread. So
//! wakers are woken, and what they are for then has an answer: a task, and a future, was
//! cancelled; a descriptor's loop is closed; a job's result is there, or it was refused.
//!
//! All that is dropped is the user's, and may panic: each closure, future and waker goes by
//! itself, for two panics in one drop would end the process.

use crate::error::JoinFailure;
use crate::kernel::{Injected, Key, Life, Phase, Source, State};
use crate::kernel::{TaskEntry, Timer, Waiter, Waiters, context};
use crate::observe::Cause;

impl State {
    /// Ends the loop.
    pub(crate) fn close(&self) {
        if self.life.replace(Life::Closed) == Life::Closed {
            return;
        }
        for extension in self.extensions.take() {
            self.reports.contain("an extension", || drop(extension));
        }
        let sent = self.injector.close();
        for item in sent {
            self.reports.contain("what another thread sent", || match item {
                Injected::Complete(done) => done.lost(),
                Injected::Wake(_) => {}
            });
        }
        for key in self.over_and_unheld() {
            self.forget_unheld(self.tasks.borrow_mut(), key);
        }
        for key in self.unfinished() {
            self.abandon(key);
        }
        let calls = self.ready.borrow_mut().drain();
        calls.for_each(|call| self.reports.discard(call));
        let timers = self.timers.borrow_mut().drain();
        for timer in timers {
            match timer {
                Timer::Call(timer) => self.reports.discard(timer.call),
                Timer::Other(sleeper) => self.wake_because(Cause::Cancel, sleeper.waker),
                Timer::Task(..) | Timer::Limit(..) => {}
            }
        }
        let sources = self.reactor.borrow_mut().close();
        sources.into_iter().for_each(|source| self.discard_source(source));
        // Last: what was dropped until here may have set some.
        for future in self.pending.take() {
            self.reports.contain("a future", || {
                let _ = future.upgrade().map(|future| future.cancel());
            });
        }
        // Not before: what was woken until here must not reach the next loop of this number.
        context::unregister(self.id, self.tasks.borrow().next_floor());
        // Each may hold a handle of this loop.
        let (handler, observers) = (self.reports.set_handler(None), self.observers.take());
        self.observed.set(false);
        self.reports.contain("the exception handler", || drop(handler));
        for observer in observers {
            self.reports.contain("an observer", || drop(observer));
        }
    }

    /// Drops a task that is not done, because the loop closes: it counts as cancelled.
    pub(crate) fn abandon(&self, key: Key) {
        let name = self.task_name(key);
        self.reports.report("Task was destroyed but it is pending!", &name, None, None);
        let take = |task: &mut TaskEntry| {
            task.phase = Phase::Stepping; // not done while destructors run
            task.body.take()
        };
        let body = self.tasks.borrow_mut().get_mut(key).and_then(take);
        let Some(mut body) = body else { return };
        self.reports.contain(&name, || body.as_mut().fail(JoinFailure::Cancelled));
        let end = |task: &mut TaskEntry| {
            task.phase = Phase::Cancelled;
            task.body = Some(body);
            std::mem::take(&mut task.waiters)
        };
        let waiters = self.tasks.borrow_mut().get_mut(key).map(end);
        waiters.into_iter().for_each(|mut waiters| self.dismiss(&mut waiters));
        self.forget_unheld(self.tasks.borrow_mut(), key);
    }

    /// Drops a descriptor's readers and writers, and tells who waited for it.
    pub(crate) fn discard_source(&self, mut source: Source) {
        source.sides.iter_mut().for_each(|side| self.dismiss(&mut side.waiters));
    }

    /// What was waited for will not be: callbacks go, tasks are woken, which may be another
    /// loop's.
    pub(crate) fn dismiss(&self, waiters: &mut Waiters) {
        for waiter in waiters.take() {
            match waiter {
                Waiter::Waker(waker) => self.wake_because(Cause::Cancel, waker),
                Waiter::Call(call, _) => self.reports.discard(call),
            }
        }
    }

    /// Tasks that are over and wait to be forgotten.
    fn over_and_unheld(&self) -> Vec<Key> {
        let tasks = self.tasks.borrow();
        tasks.iter().filter(|(_, task)| task.is_done() && !task.held).map(|(key, _)| key).collect()
    }
}
