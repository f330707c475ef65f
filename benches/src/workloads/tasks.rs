//! Tasks: what it costs to start one and to let the others run.
use super::BATCH;
use crate::outcome::decline;
use crate::parts::{Tally, raw_yield};
use crate::rt::Rt;
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

/// One op: spawn a ready task and await its handle.
pub async fn spawn_join<R: Rt>(n: u64) {
    let mut handles = Vec::with_capacity(BATCH as usize);
    let mut sum = 0u64;
    for b in 0..n / BATCH {
        for i in 0..BATCH {
            let v = b * BATCH + i;
            handles.push(R::spawn(async move { black_box(v) }));
        }
        for h in handles.drain(..) {
            sum += h.await;
        }
    }
    assert_eq!(sum, n * (n - 1) / 2);
}

/// One op: spawn a ready task, without a handle.
pub async fn spawn_detached<R: Rt>(n: u64) {
    let ran = Rc::new(Tally::default());
    for b in 1..=n / BATCH {
        for _ in 0..BATCH {
            let ran = ran.clone();
            R::detach(async move { ran.add() });
        }
        ran.reach(b * BATCH).await;
    }
    assert_eq!(ran.get(), n);
}

/// One op: one yield of the only task.
pub async fn yield_one<R: Rt>(n: u64) {
    for _ in 0..n {
        R::yield_now().await;
    }
}

/// Counts how often a yield came straight back to the same task: a yield that
/// lets nobody else run is none.
#[derive(Default)]
struct Turns {
    last: Cell<u64>,
    repeats: Cell<u64>,
}

impl Turns {
    #[inline]
    fn note(&self, id: u64) {
        if self.last.replace(id) == id {
            self.repeats.set(self.repeats.get() + 1);
        }
    }
}

/// One op: one yield of one of 1000 tasks, by the runtime's own yield or by the plainest.
pub async fn yield_many<R: Rt>(n: u64, raw: bool) {
    let turns = Rc::new(Turns::default());
    let handles: Vec<_> = (0..BATCH)
        .map(|id| {
            let turns = turns.clone();
            R::spawn(async move {
                let mut count = 0;
                for _ in 0..n / BATCH {
                    if raw {
                        raw_yield().await
                    } else {
                        R::yield_now().await
                    }
                    turns.note(id);
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut sum = 0;
    for h in handles {
        sum += h.await;
    }
    assert_eq!(sum, n);
    if turns.repeats.get() > n / 2 {
        decline("its yields come straight back to the same task");
    }
}
