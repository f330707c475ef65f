//! SY: queues under random use, and the rows that need one scene each.

use crate::support::{Rng, bump, counter, loop_on, rounds, virtual_loop, within};
use crate::sync_support::turns;
use oneloop::sync::{Condition, Lock, PriorityQueue, Queue, RateLimiter, Semaphore};
use oneloop::{Clock, EventLoop, LoopHandle, TaskRef, sleep, spawn, yield_now};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Cancels a task at a random time.
fn cancel_later(on: &LoopHandle, rng: &mut Rng, task: &TaskRef) {
    let task = task.clone();
    let cancel = move || {
        task.cancel();
    };
    on.call_later(millis(rng.below(20)), cancel).expect("the loop is open");
}

/// Producers and consumers with random pauses, of whom many are cancelled at random times:
/// what was put is what was got and what is left, each item once.
fn storm(seed: u64) {
    let (on, mut rng) = (virtual_loop(), Rng::new(seed));
    let queue = Queue::new(rng.below(3) as usize);
    let (put, got) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
    for worker in 0..8_u64 {
        let pauses: Vec<_> = (0..6).map(|_| millis(rng.below(4))).collect();
        let (queue, put, got) = (queue.clone(), put.clone(), got.clone());
        let task = on.spawn(async move {
            for (i, pause) in pauses.into_iter().enumerate() {
                sleep(pause).await;
                let item = worker * 10 + i as u64;
                if worker % 2 == 0 {
                    queue.put(item).await.expect("it is open");
                    put.borrow_mut().push(item);
                } else if let Ok(item) = queue.get().await {
                    got.borrow_mut().push(item);
                }
            }
        });
        if rng.below(2) == 0 {
            cancel_later(&on, &mut rng, &task.expect("the loop is open"));
        }
    }
    on.run_until_complete(async { sleep(millis(100)).await }).expect("it runs");
    let text = format!("{queue:?}");
    assert!(text.contains("0 getting") || queue.is_empty(), "seed {seed}: {text}");
    assert!(text.contains("0 putting") || queue.is_full(), "seed {seed}: {text}");
    let mut all = got.borrow().clone();
    all.extend(std::iter::from_fn(|| queue.get_nowait().ok()));
    all.sort_unstable();
    put.borrow_mut().sort_unstable();
    assert_eq!(*put.borrow(), all[..], "seed {seed}");
}

#[test]
fn sy_001_what_was_put_is_got_or_left_in_a_storm_of_cancellations() {
    within(|| (0..rounds(2_000, 20_000) as u64).for_each(storm));
}

#[test]
fn sy_008_two_who_take_a_lock_again_and_again_take_turns() {
    within(|| {
        let on = loop_on(Clock::Manual);
        let (lock, semaphore) = (Lock::new(), Semaphore::new(1));
        let order = Rc::new(RefCell::new(Vec::new()));
        for name in [0, 1] {
            let (lock, semaphore, order) = (lock.clone(), semaphore.clone(), order.clone());
            drop(on.spawn(async move {
                for _ in 0..100 {
                    let guard = lock.acquire().await;
                    order.borrow_mut().push(("lock", name));
                    yield_now().await;
                    drop(guard);
                }
                for _ in 0..100 {
                    let permit = semaphore.acquire().await;
                    order.borrow_mut().push(("semaphore", name));
                    yield_now().await;
                    drop(permit);
                }
            }));
        }
        turns(&on, 1_000);
        let order = order.borrow();
        assert_eq!(order.len(), 400);
        for of in ["lock", "semaphore"] {
            let names = order.iter().filter(|(what, _)| *what == of).map(|(_, name)| *name);
            // The first may have it again before the other has come, and so at the end.
            let names: Vec<_> = names.skip(5).take(190).collect();
            assert!(names.windows(2).all(|two| two[0] != two[1]), "{of}: {names:?}");
        }
    });
}

#[test]
fn sy_009_waits_that_were_cancelled_leave_no_trace() {
    within(|| {
        let on = virtual_loop();
        on.run_until_complete(async {
            let (lock, semaphore, queue) = (Lock::new(), Semaphore::new(0), Queue::<()>::new(0));
            let guard = lock.acquire().await;
            for _ in 0..rounds(100, 1_000) {
                let mut tasks = Vec::new();
                for _ in 0..300 {
                    let (lock, semaphore, queue) = (lock.clone(), semaphore.clone(), queue.clone());
                    tasks.push(spawn(async move { lock.acquire().await.forget() }));
                    tasks.push(spawn(async move { semaphore.acquire().await.forget() }));
                    tasks.push(spawn(async move { assert!(queue.get().await.is_ok()) }));
                }
                yield_now().await;
                // From the back, from the front, and the rest.
                for task in tasks[600..].iter().rev().chain(&tasks[..600]) {
                    task.cancel();
                }
                yield_now().await;
                assert!(tasks.iter().all(|task| task.cancelled()));
            }
            assert_eq!(format!("{lock:?}"), "Lock(locked, 0 waiting)");
            assert_eq!(format!("{semaphore:?}"), "Semaphore(0 free, 0 waiting)");
            assert!(format!("{queue:?}").contains("0 getting"), "{queue:?}");
            drop(guard);
        })
        .expect("it runs");
    });
}

#[test]
fn sy_010_all_who_wait_at_a_queue_that_is_shut_down_find_out() {
    within(|| {
        for immediate in [false, true] {
            let (on, ended) = (virtual_loop(), counter());
            let (full, empty) = (Queue::new(1), Queue::<u32>::new(1));
            full.put_nowait(0).expect("there is room");
            for i in 0..100 {
                let (full, empty) = (full.clone(), empty.clone());
                let (putters, getters) = (ended.clone(), ended.clone());
                drop(on.spawn(async move {
                    assert_eq!(full.put(i).await.expect_err("it is shut down").0, i);
                    bump(&putters);
                }));
                drop(on.spawn(async move {
                    assert!(empty.get().await.is_err());
                    bump(&getters);
                }));
            }
            on.run_until_complete(async move {
                yield_now().await;
                full.shutdown(immediate);
                empty.shutdown(immediate);
                yield_now().await;
                yield_now().await;
                assert_eq!(full.len(), usize::from(!immediate));
                assert!(empty.task_done().is_err(), "nothing was ever put");
            })
            .expect("it runs");
            assert_eq!(ended.get(), 200);
        }
    });
}

/// A loop that closes drops its tasks in some order; locks that outlive it still work.
#[test]
fn sy_011_locks_outlive_the_loop_on_which_they_were_waited_for() {
    within(|| {
        let (lock, queue, condition) = (Lock::new(), Queue::new(1), Condition::new());
        let permits = Semaphore::new(0);
        queue.put_nowait(0).expect("there is room");
        let guard = lock.try_acquire().expect("it is free");
        let first = virtual_loop();
        first.set_exception_handler(|_| {});
        for i in 0..3 {
            let (lock, queue, condition) = (lock.clone(), queue.clone(), condition.clone());
            let permits = permits.clone();
            drop(first.spawn(async move {
                let ours = condition.acquire().await;
                let _ = condition.wait().await;
                drop(ours);
                let _ = queue.put(i).await;
            }));
            drop(first.spawn(async move { drop((lock.acquire().await, permits.acquire().await)) }));
        }
        turns(&first, 2);
        permits.release();
        drop(guard);
        drop(first);
        let second = virtual_loop();
        let ended = second.run(async move {
            drop((lock.acquire().await, condition.acquire().await, permits.acquire().await));
            assert_eq!(queue.get().await, Ok(0));
            format!("{lock:?} {condition:?} {permits:?}")
        });
        let expected =
            "Lock(free, 0 waiting) Condition(free, 0 waiting) Semaphore(1 free, 0 waiting)";
        assert_eq!(ended.expect("it runs"), expected);
    });
}

/// In any window of the period there are no more starts than allowed, whoever gives up.
#[test]
fn sy_011_a_rate_limiter_agrees_with_its_definition() {
    within(|| {
        for seed in 0..rounds(500, 10_000) as u64 {
            let (on, mut rng) = (virtual_loop(), Rng::new(seed));
            let (most, period) = (1 + rng.below(3) as usize, millis(1 + rng.below(10)));
            let limiter = RateLimiter::new(most, period);
            let starts = Rc::new(RefCell::new(Vec::new()));
            for name in 0..20_u32 {
                let (pause, cancelled) = (millis(rng.below(30)), rng.below(4) == 0);
                let (limiter, starts, here) = (limiter.clone(), starts.clone(), on.handle());
                let task = on.spawn(async move {
                    sleep(pause).await;
                    limiter.acquire().await;
                    starts.borrow_mut().push((here.time(), name));
                });
                if cancelled {
                    cancel_later(&on, &mut rng, &task.expect("the loop is open"));
                }
            }
            on.run_until_complete(async { sleep(Duration::from_secs(10)).await }).expect("it runs");
            let starts = starts.borrow();
            assert!(starts.len() >= 5, "seed {seed}");
            for window in starts.windows(most + 1) {
                assert!(window[most].0 - window[0].0 >= period, "seed {seed}: {window:?}");
            }
            assert!(format!("{limiter:?}").ends_with(" 0 waiting)"), "seed {seed}: {limiter:?}");
        }
    });
}

/// What user code does while it is asked does not break the queue.
#[test]
fn sy_011_a_comparison_that_panics_leaves_the_queue_usable() {
    #[derive(PartialEq, Eq)]
    struct Touchy(u32);
    impl PartialOrd for Touchy {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    thread_local!(static PANICS: Cell<bool> = const { Cell::new(false) });
    impl Ord for Touchy {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            assert!(!PANICS.get(), "do not compare me");
            self.0.cmp(&other.0)
        }
    }
    within(|| {
        let queue = PriorityQueue::new(0);
        queue.put_nowait(Touchy(1)).expect("there is room");
        PANICS.set(true);
        let put = std::panic::AssertUnwindSafe(|| queue.put_nowait(Touchy(0)));
        assert!(std::panic::catch_unwind(put).is_err());
        PANICS.set(false);
        let on: EventLoop = virtual_loop();
        assert!(on.run(async move { queue.get().await.is_ok() }).expect("it runs"));
    });
}

/// Items that cannot be compared while `.1` is set.
#[derive(Clone)]
struct Moody(u32, Rc<Cell<bool>>);

impl Ord for Moody {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        assert!(!self.1.get(), "not now");
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Moody {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Moody {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Moody {}

#[test]
fn an_item_whose_comparison_panics_is_in_the_queue_and_counted() {
    let (queue, mood) = (PriorityQueue::new(0), Rc::new(Cell::new(false)));
    assert!(queue.put_nowait(Moody(2, mood.clone())).is_ok());
    mood.set(true);
    let put = || drop(queue.put_nowait(Moody(1, mood.clone())));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(put)).is_err());
    mood.set(false);
    for _ in 0..2 {
        assert!(queue.get_nowait().is_ok());
        assert!(queue.task_done().is_ok());
    }
    assert!(queue.is_empty() && queue.task_done().is_err());
}
