//! `Observer`: the one hook through which a run can be seen.
//!
//! The kernel tells what it decides, as typed events, each with its cause and the rule
//! of order that decided. Everything that shows a run is built on this, outside of
//! the kernel. An event costs one branch when nobody looks.
//!
//! An observer is called in the middle of a turn, in any of its steps, with no borrow
//! held: it may look at the loop, and should not change it.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A place in the source: where something was scheduled.
pub(crate) type Site = &'static Location<'static>;

/// Watches a loop; see [`LoopHandle::set_observer`](crate::LoopHandle::set_observer).
pub trait Observer {
    /// Called for each event, in the order in which they happen. A panic in here is
    /// contained, reported, and takes the observer off the loop.
    fn event(&self, at: Moment, event: &Event<'_>);
}

/// When an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The turn of the loop, counted from 1; 0 is before the first.
    pub turn: u64,
    /// The loop's time at this turn.
    pub time: Duration,
}

/// Somebody who runs in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// A task, by its number.
    Task(u32),
    /// A callback, by its number: the n-th that the loop ever queued.
    Callback(u64),
    /// A timer that came due, by its slot.
    Timer(u32),
    /// A descriptor that became ready, by its slot.
    Source(u32),
}

/// Why something became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody called `call_soon`.
    CallSoon,
    /// A task was made.
    Spawn,
    /// A waker was woken.
    Wake,
    /// What it waited for is done.
    Done,
    /// It was asked to cancel.
    Cancel,
    /// Another thread sent it.
    OtherThread,
    /// Its descriptor is ready.
    Readiness,
    /// Its deadline has come.
    Deadline,
}

/// The rules of order; ARCHITECTURE.md has them as promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rule {
    /// 1: ready entries run in the order in which they became ready.
    Fifo = 1,
    /// 2: what becomes ready during a batch runs in the next one.
    NextBatch,
    /// 3: timers fire by (deadline, creation), never early.
    TimerOrder,
    /// 4: in one turn, other threads come first, then I/O, then timers.
    Sources,
    /// 5: any number of wakes before a poll make one poll.
    OnePoll,
    /// 6: a wake for what is gone does nothing.
    StaleWake,
    /// 7: nothing runs inline: not a spawned task, not a done callback.
    NeverInline,
    /// 8: callbacks and waiters of a future become ready in the order they came.
    DoneInOrder,
    /// 9: waiters are served first come, first served.
    FirstCome,
    /// 10: a cancel request is delivered in the next turn.
    CancelNextTurn,
    /// 11: `stop` ends the loop after the batch that is running.
    StopAfterBatch,
    /// 12: the same program on virtual time leaves the same trace.
    Reproducible,
}

impl Rule {
    /// Its number in ARCHITECTURE.md.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("rule {}", self.number()))
    }
}

impl Cause {
    /// The rule by which this puts something into the ready queue.
    pub(crate) fn rule(self, in_batch: bool) -> Rule {
        match self {
            Cause::CallSoon if in_batch => Rule::NextBatch,
            Cause::CallSoon => Rule::Fifo,
            Cause::Spawn => Rule::NeverInline,
            Cause::Wake => Rule::OnePoll,
            Cause::Done => Rule::DoneInOrder,
            Cause::Cancel => Rule::CancelNextTurn,
            Cause::OtherThread | Cause::Readiness => Rule::Sources,
            Cause::Deadline => Rule::TimerOrder,
        }
    }
}

/// How a step of a task, or a callback, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task waits.
    Waiting,
    /// It ran to its end.
    Finished,
    /// It was cancelled.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// What the loop decided.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A turn begins; `ready` entries are waiting.
    Turn {
        /// Entries in the ready queue.
        ready: usize,
    },
    /// The thread blocks, until the loop's time reaches `until` or for an event.
    Sleeps {
        /// The next deadline.
        until: Option<Duration>,
    },
    /// Virtual time jumps: nothing else could happen.
    Jumps {
        /// The time after the jump.
        to: Duration,
    },
    /// A jump to the next deadline was refused: something else may still happen.
    Held {
        /// Jobs on other threads that have not answered.
        jobs: usize,
        /// Waits for descriptors.
        descriptors: usize,
    },
    /// A task was made.
    Spawned {
        /// The new task's number.
        task: u32,
        /// Its name.
        name: &'a str,
        /// Where in the source.
        at: &'static Location<'static>,
    },
    /// A timer was set.
    TimerSet {
        /// Its slot.
        timer: u32,
        /// When it is due.
        deadline: Duration,
    },
    /// An entry joined the ready queue.
    Ready {
        /// What became ready.
        what: Actor,
        /// Why.
        cause: Cause,
        /// Who did it, if somebody who runs in this loop.
        by: Option<Actor>,
        /// The rule that gives it its place.
        rule: Rule,
    },
    /// A cancel was asked for.
    CancelRequested {
        /// Of which task.
        task: u32,
    },
    /// A wake found nobody: rule 6.
    StaleWake,
    /// An entry of the batch runs.
    Runs {
        /// Who.
        what: Actor,
        /// Its name.
        name: &'a str,
        /// Where it was scheduled, if that was observed.
        at: Option<&'static Location<'static>>,
    },
    /// It has run.
    Ran {
        /// Who.
        what: Actor,
        /// Its name.
        name: &'a str,
        /// How it ended.
        outcome: Outcome,
    },
    /// `stop` was called: the loop ends after this batch.
    Stops,
}
