//! SY: whoever is cancelled, and whenever: nothing is lost, locked, or left waiting.

use crate::support::{bump, counter, within};
use crate::sync_support::{Body, Scene, at_every_point};
use oneloop::sync::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, Mutex, RateLimiter, Semaphore,
};
use oneloop::yield_now;
use std::cell::Cell;
use std::future::Future;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

fn boxed(body: impl Future<Output = ()> + 'static) -> Body {
    Box::pin(body)
}

/// Counts those inside; more than `most` of them are an error.
struct Inside(Rc<Cell<usize>>);

impl Inside {
    fn enter(inside: &Rc<Cell<usize>>, most: usize) -> Self {
        bump(inside);
        assert!(inside.get() <= most, "{} are inside", inside.get());
        Inside(inside.clone())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn sy_003_a_lock_has_one_owner_and_is_free_in_the_end_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (lock, inside) = (Lock::new(), counter());
            let task = |_| {
                let (lock, inside) = (lock.clone(), inside.clone());
                boxed(async move {
                    for _ in 0..2 {
                        let _guard = lock.acquire().await;
                        let _inside = Inside::enter(&inside, 1);
                        yield_now().await;
                    }
                })
            };
            let tasks = (0..4).map(task).collect();
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(format!("{lock:?}"), "Lock(free, 0 waiting)");
            };
            Scene { tasks, victims: 4, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_003_a_mutex_is_free_in_the_end_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let total = Mutex::new(0);
            let task = |_| {
                let total = total.clone();
                boxed(async move {
                    let mut held = total.lock().await;
                    yield_now().await;
                    *held += 1;
                })
            };
            let tasks = (0..4).map(task).collect();
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(format!("{total:?}"), "Mutex(free, 0 waiting)");
                let total = *total.try_lock().expect("it is free");
                assert!((3..=4).contains(&total));
            };
            Scene { tasks, victims: 4, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_004_all_permits_are_there_in_the_end_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (permits, inside) = (Semaphore::new(2), counter());
            let task = |_| {
                let (permits, inside) = (permits.clone(), inside.clone());
                boxed(async move {
                    for _ in 0..2 {
                        let _permit = permits.acquire().await;
                        let _inside = Inside::enter(&inside, 2);
                        yield_now().await;
                    }
                })
            };
            let tasks = (0..5).map(task).collect();
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(format!("{permits:?}"), "Semaphore(2 free, 0 waiting)");
            };
            Scene { tasks, victims: 5, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_004_permits_that_are_added_by_hand_reach_those_who_wait_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (permits, taken) = (BoundedSemaphore::new(3), counter());
            (0..3).for_each(|_| permits.try_acquire().expect("it is free").forget());
            let task = |_| {
                let (permits, taken) = (permits.clone(), taken.clone());
                boxed(async move {
                    permits.acquire().await.forget();
                    bump(&taken);
                })
            };
            let mut tasks: Vec<_> = (0..3).map(task).collect();
            let ours = permits.clone();
            tasks.push(boxed(async move {
                for _ in 0..3 {
                    yield_now().await;
                    ours.release().expect("three were taken");
                }
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(taken.get() + permits.available_permits(), 3);
                assert!(format!("{permits:?}").contains("0 waiting"), "{permits:?}");
            };
            Scene { tasks, victims: 3, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_005_no_notification_is_lost_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (changed, stock) = (Condition::new(), counter());
            let task = |_| {
                let (changed, stock) = (changed.clone(), stock.clone());
                boxed(async move {
                    let guard = changed.acquire().await;
                    changed.wait_for(|| stock.get() > 0).await.expect("the lock is held");
                    assert!(guard.is_held());
                    stock.set(stock.get() - 1);
                })
            };
            let mut tasks: Vec<_> = (0..4).map(task).collect();
            let (ours, more) = (changed.clone(), stock.clone());
            tasks.push(boxed(async move {
                for _ in 0..4 {
                    yield_now().await;
                    let _guard = ours.acquire().await;
                    bump(&more);
                    ours.notify(1).expect("the lock is held");
                    yield_now().await;
                }
            }));
            let check = move |left| {
                assert_eq!(left, 0, "with {} in stock", stock.get());
                assert!(stock.get() <= 1);
                assert_eq!(format!("{changed:?}"), "Condition(free, 0 waiting)");
                assert_eq!(format!("{:?}", changed.lock()), "Lock(free, 0 waiting)");
            };
            Scene { tasks, victims: 4, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_006_an_event_keeps_no_trace_of_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let event = Event::new();
            let task = |_| {
                let event = event.clone();
                boxed(async move { event.wait().await })
            };
            let mut tasks: Vec<_> = (0..3).map(task).collect();
            let ours = event.clone();
            tasks.push(boxed(async move {
                for _ in 0..3 {
                    yield_now().await;
                }
                ours.set();
                ours.clear();
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(format!("{event:?}"), "Event(unset, 0 waiting)");
            };
            Scene { tasks, victims: 3, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_006_a_barrier_can_be_used_again_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let barrier = Barrier::new(NonZeroUsize::new(3).expect("three are more than none"));
            let tasks = (0..4).map(|i| {
                let barrier = barrier.clone();
                boxed(async move {
                    for _ in 0..i {
                        yield_now().await;
                    }
                    // One is too many, and gets an error in the end.
                    let _ = barrier.wait().await;
                })
            });
            let mut tasks: Vec<_> = tasks.collect();
            let ours = barrier.clone();
            tasks.push(boxed(async move {
                for _ in 0..20 {
                    yield_now().await;
                }
                ours.reset().await;
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(format!("{barrier:?}"), "Barrier(Filling, 0 of 3 inside)");
            };
            Scene { tasks, victims: 4, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_007_a_rate_limiter_passes_the_turn_on_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (limiter, started) = (RateLimiter::new(1, Duration::from_millis(5)), counter());
            let task = |_| {
                let (limiter, started) = (limiter.clone(), started.clone());
                boxed(async move {
                    limiter.acquire().await;
                    bump(&started);
                    yield_now().await;
                })
            };
            let tasks = (0..4).map(task).collect();
            let check = move |left| {
                assert_eq!(left, 0);
                assert!((3..=4).contains(&started.get()));
                assert!(format!("{limiter:?}").ends_with("0 waiting)"), "{limiter:?}");
            };
            Scene { tasks, victims: 4, check: Box::new(check) }
        });
    });
}
