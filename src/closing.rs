//! The end of a loop: what is left is dropped, not run.
//!
//! All that is dropped is the user's, and may panic: each closure, future and waker goes by
//! itself, for two panics in one drop would end the process.

use crate::kernel::{Key, Life, Source, State, Timer, Waiter, Waiters, context};

impl State {
    /// Ends the loop.
    pub(crate) fn close(&self) {
        if self.life.replace(Life::Closed) == Life::Closed {
            return;
        }
        for extension in self.extensions.take() {
            self.reports.contain("an extension", || drop(extension));
        }
        context::unregister(self.id, self.tasks.borrow().next_floor());
        let sent = self.injector.close();
        for item in sent {
            self.reports.contain("what another thread sent", || drop(item));
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
                Timer::Other(sleeper) => self.discard_waker(Some(sleeper.waker)),
                Timer::Task(..) => {}
            }
        }
        let sources = self.reactor.borrow_mut().close();
        sources.into_iter().for_each(|source| self.discard_source(source));
        // Each may hold a handle of this loop.
        let (handler, observers) = (self.reports.set_handler(None), self.observers.take());
        self.observed.set(false);
        self.reports.contain("the exception handler", || drop(handler));
        for observer in observers {
            self.reports.contain("an observer", || drop(observer));
        }
    }

    /// Drops a task that is not done, because the loop closes.
    pub(crate) fn abandon(&self, key: Key) {
        let name = self.task_name(key);
        self.reports.report("Task was destroyed but it is pending!", &name, None, None);
        let entry = self.tasks.borrow_mut().remove_with(key, Option::take).flatten();
        self.infos.borrow_mut().remove(&key);
        let Some(mut task) = entry else { return };
        self.discard_waiters(&mut task.waiters);
        self.reports.contain(&name, || drop(task));
    }

    /// Drops a descriptor's readers and writers, and who waited for it.
    pub(crate) fn discard_source(&self, mut source: Source) {
        source.sides.iter_mut().for_each(|side| self.discard_waiters(&mut side.waiters));
    }

    /// Drops those who waited for what will not be.
    pub(crate) fn discard_waiters(&self, waiters: &mut Waiters) {
        for waiter in waiters.take() {
            match waiter {
                Waiter::Waker(waker) => self.discard_waker(Some(waker)),
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
