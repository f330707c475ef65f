//! SY: a queue and an event against plain models: at rest, each item is where it should be,
//! and those who wait are served in the order in which they came.

use crate::support::{Rng, loop_on, rounds, within};
use oneloop::sync::{Event, Queue};
use oneloop::{Clock, EventLoop, TaskRef};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

fn rest(on: &EventLoop) {
    let turn = || on.turn(Some(Duration::ZERO)).expect("the loop is open").ready;
    turn();
    while turn() > 0 {}
}

/// What happened, in order: who put which item, and who got which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    Put(u32),
    Got(u32, u32),
}

/// A queue as plain data. Whoever waits is a name; a putter's name is its item.
#[derive(Default)]
struct Model {
    maxsize: usize,
    items: VecDeque<u32>,
    getters: VecDeque<u32>,
    putters: VecDeque<u32>,
    did: Vec<Did>,
}

impl Model {
    fn has_room(&self) -> bool {
        self.maxsize == 0 || self.items.len() < self.maxsize
    }

    /// All that can happen does, in the order of the loop: who is woken runs a turn later.
    fn settle(&mut self) {
        loop {
            if !self.items.is_empty() && !self.getters.is_empty() {
                let (item, getter) = (self.items.pop_front(), self.getters.pop_front());
                self.did.extend(getter.zip(item).map(|(getter, item)| Did::Got(getter, item)));
            } else if self.has_room() && !self.putters.is_empty() {
                let item = self.putters.pop_front();
                self.items.extend(item);
                self.did.extend(item.map(Did::Put));
            } else {
                return;
            }
        }
    }
}

fn queue_program(seed: u64) {
    let (on, mut rng) = (loop_on(Clock::Manual), Rng::new(seed));
    let mut model = Model { maxsize: rng.below(4) as usize, ..Model::default() };
    let (queue, did) = (Queue::new(model.maxsize), Rc::new(RefCell::new(Vec::new())));
    let mut tasks: Vec<(u32, TaskRef)> = Vec::new();
    for name in 0..200 {
        let (ours, log) = (queue.clone(), did.clone());
        match rng.below(8) {
            0..=2 => {
                let task = on.spawn(async move {
                    let item = ours.get().await.expect("it is open");
                    log.borrow_mut().push(Did::Got(name, item));
                });
                tasks.push((name, (*task.expect("the loop is open")).clone()));
                model.getters.push_back(name);
            }
            3..=5 => {
                let task = on.spawn(async move {
                    ours.put(name).await.expect("it is open");
                    log.borrow_mut().push(Did::Put(name));
                });
                tasks.push((name, (*task.expect("the loop is open")).clone()));
                model.putters.push_back(name);
            }
            6 => assert_eq!(queue.get_nowait().ok(), model.items.pop_front(), "seed {seed}"),
            _ if tasks.is_empty() => {}
            _ => {
                let (victim, task) = tasks.swap_remove(rng.below(tasks.len() as u64) as usize);
                task.cancel();
                model.getters.retain(|getter| *getter != victim);
                model.putters.retain(|putter| *putter != victim);
            }
        }
        rest(&on);
        model.settle();
        // Put and got cross each other within a turn; each kind keeps its order.
        let (mut real, mut plain) = (did.take(), std::mem::take(&mut model.did));
        real.sort_by_key(|did| matches!(did, Did::Put(_)));
        plain.sort_by_key(|did| matches!(did, Did::Put(_)));
        assert_eq!(real, plain, "seed {seed}, step {name}");
        tasks.retain(|(_, task)| !task.done());
        let (getters, putters) = (model.getters.len(), model.putters.len());
        let expected = format!("{getters} getting, {putters} putting, 0 joining");
        assert!(format!("{queue:?}").contains(&expected), "seed {seed}: {queue:?}");
        assert_eq!(queue.len(), model.items.len(), "seed {seed}");
    }
}

#[test]
fn sy_011_a_queue_agrees_with_a_plain_model() {
    within(|| (0..rounds(500, 100_000) as u64).for_each(queue_program));
}

fn event_program(seed: u64) {
    let (on, mut rng) = (loop_on(Clock::Manual), Rng::new(seed));
    let (event, went) = (Event::new(), Rc::new(RefCell::new(Vec::new())));
    let mut tasks: Vec<(u32, TaskRef)> = Vec::new();
    // Those who wait, and those who must go on, in order.
    let (mut waiting, mut free): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for name in 0..200 {
        match rng.below(6) {
            0..=2 => {
                let (ours, log) = (event.clone(), went.clone());
                let task = on.spawn(async move {
                    ours.wait().await;
                    log.borrow_mut().push(name);
                });
                tasks.push((name, (*task.expect("the loop is open")).clone()));
                rest(&on);
                if event.is_set() { &mut free } else { &mut waiting }.push(name);
            }
            3 => {
                event.set();
                free.append(&mut waiting);
                if rng.below(2) == 0 {
                    event.clear();
                }
            }
            4 => event.clear(),
            _ if tasks.is_empty() => {}
            _ => {
                let (victim, task) = tasks.swap_remove(rng.below(tasks.len() as u64) as usize);
                // Set and cancelled in one turn: the request wins.
                if task.cancel() {
                    waiting.retain(|waits| *waits != victim);
                    free.retain(|waits| *waits != victim);
                }
            }
        }
        if rng.below(2) == 0 {
            rest(&on);
            assert_eq!(went.take(), std::mem::take(&mut free), "seed {seed}, step {name}");
            tasks.retain(|(_, task)| !task.done());
            let expected = format!("{} waiting", waiting.len());
            assert!(format!("{event:?}").contains(&expected), "seed {seed}: {event:?}");
        }
    }
}

#[test]
fn sy_006_an_event_agrees_with_a_plain_model() {
    within(|| (0..rounds(500, 100_000) as u64).for_each(event_program));
}
