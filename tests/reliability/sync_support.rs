//! Cancelling at every point: a scene of tasks is run again and again, and each time one of
//! them is cancelled, or dropped by its own task, one turn later than before.

use crate::support::loop_on;
use oneloop::{Clock, EventLoop, Task};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub(crate) type Body = Pin<Box<dyn Future<Output = ()>>>;

/// More turns than any scene takes.
const TURNS: usize = 60;

/// What happens to one of the tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Cancelled,
    /// What it does is dropped, as `select!` does it, and the task goes on.
    Dropped,
}

/// Tasks that work together, and what must be true when they are done.
pub(crate) struct Scene {
    pub(crate) tasks: Vec<Body>,
    /// The first so many of them are cancelled, in turn.
    pub(crate) victims: usize,
    /// Asked at the end; the tasks that are not done are as many as given.
    pub(crate) check: Box<dyn Fn(usize)>,
}

pub(crate) fn turns(on: &EventLoop, count: usize) {
    (0..count).for_each(|_| {
        on.advance(Duration::from_millis(1));
        on.turn(Some(Duration::ZERO)).expect("the loop is open");
    });
}

/// Cancels each victim in each turn in which it has not ended, in each way.
pub(crate) fn at_every_point(scene: impl Fn() -> Scene) {
    let victims = scene().victims;
    for fate in [Fate::Cancelled, Fate::Dropped] {
        for victim in 0..victims {
            let mut points = 0;
            while strike(scene(), fate, victim, points) {
                points += 1;
                assert!(points < TURNS, "the scene is too long");
            }
            assert!(points > 1, "{victim} was never cancelled while it waited");
        }
    }
}

/// Runs a scene in which one task is cancelled in turn `when`. False: it had ended before.
fn strike(scene: Scene, fate: Fate, victim: usize, when: usize) -> bool {
    let on = loop_on(Clock::Manual);
    on.set_exception_handler(|context| panic!("{context}"));
    let strike = on.create_future::<()>();
    let mut tasks: Vec<Task<()>> = Vec::new();
    for (i, body) in scene.tasks.into_iter().enumerate() {
        let struck = strike.clone();
        let task = match fate {
            Fate::Dropped if i == victim => on.spawn(async move {
                drop(futures::future::select(body, struck).await);
            }),
            _ => on.spawn(body),
        };
        tasks.push(task.expect("the loop is open"));
    }
    turns(&on, when);
    let struck = !tasks[victim].done();
    match fate {
        Fate::Cancelled => drop(tasks[victim].cancel()),
        Fate::Dropped => drop(strike.set_result(())),
    }
    turns(&on, TURNS);
    let left = tasks.iter().filter(|task| !task.done()).count();
    assert!(tasks[victim].done(), "{fate:?} {victim} in turn {when}: it has not ended");
    assert!(tasks.iter().all(|task| !task.panicked()), "{fate:?} {victim} in turn {when}");
    println!("{fate:?} {victim} in turn {when}: {left} are left");
    (scene.check)(left);
    on.reset_exception_handler();
    struck
}
