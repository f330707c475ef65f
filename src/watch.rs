//! Telling observers what the kernel does, and who it is that does it.

use crate::kernel::{Entry, Key, Kind, Life, State, Timer, Watching};
use crate::observe::{Actor, Cause, Event, Moment, Observer};
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

impl Watching for State {
    /// An observer that causes events is not told of those, and one that panics is taken
    /// off.
    #[cold]
    fn tell(&self, event: &Event<'_>) {
        let time = Duration::from_nanos(self.time.of_turn());
        let at = Moment { turn: self.turns.get(), time };
        self.observed.set(false);
        let observers = self.observers.borrow().clone();
        for (place, observer) in observers.iter().enumerate() {
            let told = |observer: &Rc<dyn Observer>| {
                self.reports.contain("an observer", || observer.event(at, event))
            };
            if !observer.as_ref().is_none_or(told) {
                let gone = self.observers.borrow_mut()[place].take();
                self.reports.contain("an observer", || drop(gone));
                break;
            }
        }
        for observer in observers {
            self.reports.contain("an observer", || drop(observer)); // it may be the last
        }
        self.look_around();
    }

    #[cold]
    fn tell_queued(&self, call: u64, at: &'static Location<'static>, cause: Cause) {
        if self.has_observers() {
            self.origins.borrow_mut().insert(call, at);
        }
        self.tell_ready(Actor::Callback(call), cause);
    }

    #[cold]
    fn tell_ready(&self, what: Actor, cause: Cause) {
        if self.life.get() == Life::Resting {
            self.look_around();
        }
        let running = self.running.get();
        let by = (running != Entry::NOTHING).then(|| self.actor(running));
        self.emit(|| Event::Ready { what, cause, by, rule: cause.rule(by.is_some()) });
    }

    fn actor(&self, entry: Entry) -> Actor {
        match entry.kind() {
            Kind::Task(key) => Actor::Task(self.tasks.borrow().get(key).map_or(0, |t| t.number)),
            Kind::Calls(_) | Kind::Nothing => Actor::Callback(self.call_number.get()),
            Kind::Timer(index) => Actor::Timer(index),
            Kind::Source(key) => Actor::Source(key.index()),
        }
    }

    #[cold]
    fn tell_spawned(&self, key: Key, at: &'static Location<'static>) {
        if !self.has_observers() {
            return;
        }
        self.infos.borrow_mut().entry(key).or_default().at = Some(at);
        let (what, name) = (self.actor(Entry::task(key)), self.task_name(key));
        if let Actor::Task(task) = what {
            self.emit(|| Event::Spawned { task, name: &name, at });
        }
    }

    /// Runs an entry under the eyes of the observers.
    #[cold]
    fn run_watched(&self, entry: Entry) {
        self.call_number.set(self.ready.borrow().first_call());
        let (what, (name, at)) = (self.actor(entry), self.who(entry));
        self.emit(|| Event::Runs { what, name: &name, at });
        let outcome = self.run_entry(entry);
        if let Kind::Calls(_) = entry.kind() {
            self.origins.borrow_mut().remove(&self.call_number.get());
        }
        self.emit(|| Event::Ran { what, name: &name, outcome });
    }
}

impl State {
    fn has_observers(&self) -> bool {
        self.observers.borrow().iter().any(Option::is_some)
    }

    /// Notes whether anybody is to be told of anything. At rest somebody is: who watches
    /// the loop's descriptor is told of the first entry, by the bell.
    pub(crate) fn look_around(&self) {
        if self.life.get() == Life::Resting && self.ready.borrow().len() > 0 {
            self.life.set(Life::Idle);
            self.injector.ring();
        }
        let seen = self.has_observers();
        self.observed.set(seen || self.life.get() == Life::Resting);
        if !seen {
            self.origins.borrow_mut().clear(); // nobody takes them out any more
        }
    }

    /// The name of an entry, and where it was scheduled.
    fn who(&self, entry: Entry) -> (String, Option<&'static Location<'static>>) {
        match entry.kind() {
            Kind::Task(key) => {
                let at = self.infos.borrow().get(&key).and_then(|info| info.at);
                (self.task_name(key), at)
            }
            Kind::Calls(_) => {
                let number = self.call_number.get();
                let mut ready = self.ready.borrow_mut();
                let name = ready.call_mut(number).map_or("", |call| call.name());
                (name.to_owned(), self.origins.borrow().get(&number).copied())
            }
            Kind::Timer(index) => match self.timers.borrow_mut().at(index) {
                Some(Timer::Call(timer)) => (timer.call.name().to_owned(), timer.at),
                Some(sleep) => {
                    let whose = sleep.place().map(|place| self.task_name(place.task));
                    (format!("the sleep of {}", whose.unwrap_or_default()), None)
                }
                None => ("(cancelled)".to_owned(), None),
            },
            Kind::Nothing => (String::new(), None),
            Kind::Source(key) => {
                let fd = self.reactor.borrow().sources.get(key).map_or(-1, |source| source.fd);
                (format!("fd {fd}"), None)
            }
        }
    }
}
