//! SY: random operations against plain models: who has what, and who waits, in order.
//!
//! Each seed is a program of two hundred operations. Between any two of them the loop may
//! run to rest, run one turn, or not run, so requests and wakes cross each other; at rest
//! the real thing and the model must agree.

use crate::support::{Rng, loop_on, rounds, within};
use oneloop::sync::{Lock, LockGuard, Permit, Semaphore};
use oneloop::{Clock, EventLoop, TaskRef};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

const STEPS: usize = 200;

fn turn(on: &EventLoop) -> usize {
    on.turn(Some(Duration::ZERO)).expect("the loop is open").ready
}

/// Runs until nothing is ready.
fn rest(on: &EventLoop) {
    turn(on);
    while turn(on) > 0 {}
}

/// What those who were served hold, in the order in which they were served.
type Held<T> = Rc<RefCell<Vec<(u32, T)>>>;

/// Those who ask, those who wait, and those who were served: the model and the real thing.
struct Line<T> {
    on: EventLoop,
    next: u32,
    tasks: BTreeMap<u32, TaskRef>,
    held: Held<T>,
    /// The model: who holds, who waits in which order, and how many places are free.
    holders: Vec<u32>,
    waiting: Vec<u32>,
    free: usize,
}

impl<T: 'static> Line<T> {
    fn new(free: usize) -> Self {
        let on = loop_on(Clock::Manual);
        let (holders, waiting) = (Vec::new(), Vec::new());
        Line { on, next: 0, tasks: BTreeMap::new(), held: Held::default(), holders, waiting, free }
    }

    /// One more asks; it keeps what it gets where the test can take it away.
    fn ask(&mut self, acquire: impl Future<Output = T> + 'static) {
        let (name, held) = (self.next, self.held.clone());
        self.next += 1;
        let task = self.on.spawn(async move {
            let got = acquire.await;
            held.borrow_mut().push((name, got));
        });
        self.tasks.insert(name, (*task.expect("the loop is open")).clone());
        self.waiting.push(name);
    }

    /// A task is cancelled: if it has not been served by the end of its step, it never is.
    fn cancel(&mut self, rng: &mut Rng) {
        let alive: Vec<u32> =
            self.tasks.iter().filter(|(_, task)| !task.done()).map(|(name, _)| *name).collect();
        if alive.is_empty() {
            return;
        }
        let name = alive[rng.below(alive.len() as u64) as usize];
        assert!(self.tasks[&name].cancel());
        self.waiting.retain(|waits| *waits != name);
    }

    /// Somebody who was served gives back.
    fn give_back(&mut self, rng: &mut Rng) {
        let len = self.held.borrow().len();
        if len > 0 {
            let (name, held) = self.held.borrow_mut().remove(rng.below(len as u64) as usize);
            self.holders.retain(|holder| *holder != name);
            self.free += 1;
            drop(held);
        }
    }

    /// Those who were served since: in the order in which they came, and no more than there
    /// was for them.
    fn follow(&mut self) {
        let served: Vec<u32> = self.held.borrow().iter().map(|(name, _)| *name).collect();
        for name in served {
            if !self.holders.contains(&name) {
                assert_eq!(self.waiting.first(), Some(&name), "served out of turn");
                assert!(self.free > 0, "{name} was served though nothing was free");
                self.holders.push(self.waiting.remove(0));
                self.free -= 1;
            }
        }
    }

    /// At rest nobody waits for what is free, and who is alive waits.
    fn compare(&mut self) {
        rest(&self.on);
        self.follow();
        assert!(self.free == 0 || self.waiting.is_empty(), "{:?} wait in vain", self.waiting);
        self.tasks.retain(|_, task| !task.done());
        let waiting: Vec<u32> = self.tasks.keys().copied().collect();
        assert_eq!(waiting, self.waiting);
    }
}

/// Runs programs until there were enough; the seed of one that fails is printed.
fn programs(program: impl Fn(&mut Rng)) {
    for seed in 0..rounds(500, 100_000) as u64 {
        let told = Seed(seed);
        program(&mut Rng::new(seed));
        std::mem::forget(told);
    }
}

struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        println!("seed {}", self.0);
    }
}

/// Whether to compare after this operation; if not, the loop may run one turn.
fn between(on: &EventLoop, rng: &mut Rng) -> bool {
    match rng.below(3) {
        0 => return true,
        1 => drop(turn(on)),
        _ => {}
    }
    false
}

#[test]
fn sy_011_a_lock_agrees_with_a_plain_model() {
    within(|| {
        programs(|rng| {
            let (mut line, lock) = (Line::<LockGuard>::new(1), Lock::new());
            for _ in 0..STEPS {
                match rng.below(4) {
                    0 | 1 => {
                        let lock = lock.clone();
                        line.ask(async move { lock.acquire().await });
                    }
                    2 => line.give_back(rng),
                    _ => line.cancel(rng),
                }
                assert!(line.held.borrow().len() <= 1, "two hold the lock");
                let at_rest = between(&line.on, rng);
                line.follow();
                if at_rest {
                    line.compare();
                    let state = if line.holders.is_empty() { "free" } else { "locked" };
                    let expected = format!("Lock({state}, {} waiting)", line.waiting.len());
                    assert_eq!(format!("{lock:?}"), expected);
                }
            }
        });
    });
}

#[test]
fn sy_004_a_semaphore_agrees_with_a_plain_model() {
    within(|| {
        programs(|rng| {
            let permits = rng.below(4) as usize;
            let (mut line, semaphore) = (Line::<Permit>::new(permits), Semaphore::new(permits));
            let mut most = permits;
            for _ in 0..STEPS {
                match rng.below(9) {
                    0..=3 => {
                        let semaphore = semaphore.clone();
                        line.ask(async move { semaphore.acquire().await });
                    }
                    4 | 5 => line.give_back(rng),
                    6 | 7 => line.cancel(rng),
                    _ if most < 6 => {
                        semaphore.release();
                        line.free += 1;
                        most += 1;
                    }
                    _ => {}
                }
                assert!(line.held.borrow().len() + semaphore.available_permits() <= most);
                let at_rest = between(&line.on, rng);
                line.follow();
                if at_rest {
                    line.compare();
                    let (free, waiting) = (line.free, line.waiting.len());
                    let expected = format!("Semaphore({free} free, {waiting} waiting)");
                    assert_eq!(format!("{semaphore:?}"), expected);
                }
            }
        });
    });
}
