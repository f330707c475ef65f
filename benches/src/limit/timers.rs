//! Timers: a binary heap for those that fire, and for those that are cancelled
//! a vector that is swept before anything is sorted. No tasks, no waiting.
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::parts::Rng;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Instant;

/// Pushes all, pops all.
pub fn fire(n: u64) {
    let mut rng = Rng::new();
    let mut heap = BinaryHeap::with_capacity(n as usize);
    let window = n * 2000;
    for i in 0..n {
        let deadline = window / 4 + rng.get() % (window * 3 / 4);
        heap.push(Reverse((deadline, i as u32)));
    }
    let (mut last, mut popped) = (0, 0);
    while let Some(Reverse((deadline, _))) = heap.pop() {
        assert!(deadline >= last);
        last = deadline;
        popped += 1;
    }
    assert_eq!(popped, n);
}

/// A cancelled timer is one whose slot has another generation.
#[derive(Default)]
struct Timers {
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    staged: Vec<(u64, u32, u32)>,
    generations: Vec<u32>,
    free: Vec<u32>,
}

impl Timers {
    fn new_key(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.generations.push(0);
            self.generations.len() as u32 - 1
        })
    }

    fn arm(&mut self, deadline: u64) -> u32 {
        let key = self.new_key();
        let generation = self.generations[key as usize];
        self.staged.push((deadline, key, generation));
        key
    }

    fn cancel(&mut self, key: u32) {
        self.generations[key as usize] += 1;
        self.free.push(key);
    }

    /// Throws the cancelled ones out; how many were there?
    fn sweep(&mut self) -> u64 {
        let before = self.staged.len();
        let generations = &self.generations;
        self.staged.retain(|&(_, key, generation)| generations[key as usize] == generation);
        (before - self.staged.len()) as u64
    }
}

pub fn cancel(n: u64, live: u64) -> Outcome {
    let mut rng = Rng::new();
    let mut timers = Timers::default();
    for i in 0..live {
        let deadline = 60_000 + rng.get() % 60_000;
        timers.heap.push(Reverse((deadline, i as u32)));
        timers.generations.push(0);
    }
    let mut keys = Vec::with_capacity(1000);
    let mut go = |n: u64| {
        let mut swept = 0;
        for _ in 0..n / 1000 {
            black_box(Instant::now());
            for _ in 0..1000 {
                keys.push(timers.arm(30_000 + (rng.get() & 1023)));
            }
            for key in keys.drain(..) {
                timers.cancel(key);
            }
            swept += timers.sweep();
        }
        assert_eq!(swept, n);
        black_box(timers.heap.peek());
    };
    go(n / 10);
    let m = Meter::start();
    go(n);
    m.stop(n)
}
