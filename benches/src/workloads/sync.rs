//! Hand-over: what one task gives up and another gets. One op is one hand-over.
use super::BATCH;
use crate::parts::{Tally, raw_yield};
use crate::rt::RtSync;
use std::rc::Rc;
use std::time::Duration;

/// Tasks that want the same thing.
const CROWD: u64 = 100;

/// 100 tasks take turns on one lock; each holds it over a turn of the loop.
pub async fn lock<R: RtSync>(n: u64) {
    let turn = async |lock: &R::Lock| {
        let _guard = R::hold(lock).await;
        raw_yield().await;
    };
    crowd::<R, _>(n, R::lock(), turn).await;
}

/// The same with a semaphore of 10 permits.
pub async fn semaphore<R: RtSync>(n: u64) {
    let turn = async |semaphore: &R::Semaphore| {
        let _permit = R::permit(semaphore).await;
        raw_yield().await;
    };
    crowd::<R, _>(n, R::semaphore(10), turn).await;
}

/// 100 tasks that take `n` turns on one thing.
async fn crowd<R: RtSync, T: 'static>(n: u64, thing: T, turn: impl AsyncFn(&T) + Copy + 'static) {
    let (thing, turns) = (Rc::new(thing), Rc::new(Tally::default()));
    let tasks: Vec<_> = (0..CROWD)
        .map(|_| {
            let (thing, turns) = (thing.clone(), turns.clone());
            R::spawn(async move {
                for _ in 0..n / CROWD {
                    turn(&thing).await;
                    turns.add();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
    assert_eq!(turns.get(), n);
}

/// Items through a queue of `places` places, from one task to another.
pub async fn queue<R: RtSync>(n: u64, places: usize) {
    let (to, mut from) = R::channel(places);
    let producer = R::spawn(async move {
        for i in 0..n {
            R::send(&to, i).await;
        }
        raw_yield().await; // a receiver is never told that the queue is over
    });
    let mut sum = 0;
    for _ in 0..n {
        sum += R::receive(&mut from).await;
    }
    producer.await;
    assert_eq!(sum, n * (n - 1) / 2);
}

/// 1000 tasks that wait for the library's own event, again and again; per wake.
pub async fn broadcast<R: RtSync>(n: u64) {
    let rounds = n / BATCH;
    let event = Rc::new(R::event());
    let (waiting, woken) = (Rc::new(Tally::default()), Rc::new(Tally::default()));
    for _ in 0..BATCH {
        let (event, waiting, woken) = (event.clone(), waiting.clone(), woken.clone());
        R::detach(async move {
            for _ in 0..rounds {
                waiting.add();
                R::listen(&event).await;
                woken.add();
            }
        });
    }
    for r in 1..=rounds {
        waiting.reach(r * BATCH).await;
        R::wake_all(&event);
    }
    woken.reach(n).await;
}

/// 1000 ready tasks, spawned and gathered; per task.
pub async fn gather<R: RtSync>(n: u64) {
    for _ in 0..n / BATCH {
        let tasks = (0..BATCH).map(|i| R::spawn(async move { i })).collect();
        assert_eq!(R::gather(tasks).await, BATCH * (BATCH - 1) / 2);
    }
}

/// The same in a group; per task.
pub async fn group<R: RtSync>(n: u64) {
    for _ in 0..n / BATCH {
        assert_eq!(R::group(BATCH).await, BATCH * (BATCH - 1) / 2);
    }
}

/// The library's own timeout around what is ready.
pub async fn timeout_ready<R: RtSync>(n: u64) {
    for _ in 0..n {
        assert!(R::timeout(Duration::from_secs(30), async {}).await);
    }
}

/// The same around a turn of the loop.
pub async fn timeout_pending<R: RtSync>(n: u64) {
    for _ in 0..n {
        assert!(R::timeout(Duration::from_secs(30), raw_yield()).await);
    }
}
