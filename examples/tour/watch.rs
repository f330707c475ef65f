//! `Watch`: an observer that counts, and that knows why somebody runs.
//!
//! The loop tells it when somebody becomes ready, with the cause and the rule that
//! decided, and later when that one runs. So a line that is printed meanwhile can say why.

use oneloop::{Actor, Cause, Event, Moment, Observer, Outcome, Rule};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::io::Write;

thread_local! {
    /// Who runs on this thread, if anybody does.
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Running {
    at: Moment,
    cause: Cause,
    rule: Rule,
}

/// Prints a line in the name of `who`, which runs just now.
pub(crate) fn say(who: &str, what: impl Display) {
    let Running { at, cause, rule } = RUNNING.get().expect("only who runs has a say");
    let time = format!("{:.3}", at.time.as_secs_f64() * 1e3);
    print(&line(at.turn, &time, who, what, &format!("{}, {rule}", words(cause))));
}

/// The columns of a line, which is no longer than 100.
pub(crate) fn line(
    turn: impl Display,
    time: &str,
    who: &str,
    what: impl Display,
    why: &str,
) -> String {
    format!("{turn:>4}  {time:>8}  {who:<10}  {:<50}  {why}", what.to_string())
}

/// Prints a line. A reader that has gone, such as `head`, ends the tour quietly.
pub(crate) fn print(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::CallSoon => "call_soon",
        Cause::Spawn => "spawn",
        Cause::Wake => "wake",
        Cause::Done => "done",
        Cause::Cancel => "cancel",
        Cause::OtherThread => "other thread",
        Cause::Readiness => "readiness",
        Cause::Deadline => "deadline",
    }
}

/// What a loop did.
#[derive(Clone, Default)]
pub(crate) struct Counts {
    pub(crate) turns: u64,
    pub(crate) steps: u64,
    pub(crate) callbacks: u64,
    pub(crate) timers: u64,
    pub(crate) descriptors: u64,
    pub(crate) tasks_made: u64,
    pub(crate) timers_set: u64,
    pub(crate) cancelled: u64,
    pub(crate) panics: u64,
    /// Who ran, by the rule that gave each its place.
    pub(crate) rules: BTreeMap<Rule, u64>,
}

/// Watches one loop.
#[derive(Default)]
pub(crate) struct Watch {
    counts: RefCell<Counts>,
    /// Why each of those who are ready is so.
    ready: RefCell<HashMap<Actor, (Cause, Rule)>>,
}

impl Watch {
    pub(crate) fn counts(&self) -> Counts {
        self.counts.borrow().clone()
    }
}

impl Observer for Watch {
    fn event(&self, at: Moment, event: &Event<'_>) {
        let mut counts = self.counts.borrow_mut();
        match event {
            Event::Turn { .. } => counts.turns += 1,
            Event::Spawned { .. } => counts.tasks_made += 1,
            Event::TimerSet { .. } => counts.timers_set += 1,
            Event::Ready { what, cause, rule, .. } => {
                self.ready.borrow_mut().insert(*what, (*cause, *rule));
            }
            Event::Runs { what, .. } => {
                counts.count(*what);
                // Taken out now: a task may become ready again while it runs.
                let why = self.ready.borrow_mut().remove(what);
                let (cause, rule) = why.expect("who runs has become ready before");
                *counts.rules.entry(rule).or_default() += 1;
                RUNNING.set(Some(Running { at, cause, rule }));
            }
            Event::Ran { what, outcome, .. } => {
                RUNNING.set(None);
                match (what, outcome) {
                    (_, Outcome::Panicked) => counts.panics += 1,
                    (Actor::Task(_), Outcome::Cancelled) => counts.cancelled += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

impl Counts {
    fn count(&mut self, what: Actor) {
        match what {
            Actor::Task(_) => self.steps += 1,
            Actor::Callback(_) => self.callbacks += 1,
            Actor::Timer(_) => self.timers += 1,
            Actor::Source(_) => self.descriptors += 1,
        }
    }

    /// All that ran.
    pub(crate) fn entries(&self) -> u64 {
        self.steps + self.callbacks + self.timers + self.descriptors
    }

    pub(crate) fn add(&mut self, more: &Counts) {
        self.turns += more.turns;
        self.steps += more.steps;
        self.callbacks += more.callbacks;
        self.timers += more.timers;
        self.descriptors += more.descriptors;
        self.tasks_made += more.tasks_made;
        self.timers_set += more.timers_set;
        self.cancelled += more.cancelled;
        self.panics += more.panics;
        for (rule, count) in &more.rules {
            *self.rules.entry(*rule).or_default() += count;
        }
    }
}
