//! SY: locks: first come, first served, and no hold is lost.

use crate::allocations;
use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use futures::FutureExt;
use oneloop::sync::{Barrier, Condition, Event, Lock, Mutex, Queue, Semaphore, mpsc};
use oneloop::{LoopHandle, Task};
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

/// A task that takes the lock for good.
fn taker(on: &LoopHandle, lock: &Lock, diary: &Diary, name: &'static str) -> Task<()> {
    let (lock, diary) = (lock.clone(), diary.clone());
    let task = on.spawn(async move {
        lock.acquire().await.forget();
        diary.stamp(name);
    });
    task.unwrap()
}

#[test]
fn sy_001_a_free_lock_is_taken_without_suspending() {
    let on = manual();
    let lock = Lock::new();
    let ours = lock.clone();
    let task = on.spawn(async move {
        let guard = ours.acquire().await;
        assert!(ours.locked() && guard.is_held());
        drop(guard);
        assert!(!ours.locked());
    });
    tick(&on);
    assert!(task.unwrap().result().unwrap().is_ok());
    assert!(lock.try_acquire().is_some());
    assert!(!lock.locked());
}

/// Here is no loop at all.
#[test]
fn sy_001_what_need_not_wait_needs_no_loop_and_no_memory() {
    let (lock, mutex, event, semaphore) =
        (Lock::new(), Mutex::new(0), Event::new(), Semaphore::new(1));
    let (condition, queue) = (Condition::new(), Queue::new(1));
    let barrier = Barrier::new(NonZeroUsize::MIN);
    let (sender, mut receiver) = mpsc::channel(1);
    let mut all = async || {
        drop(lock.acquire().await);
        *mutex.lock().await += 1;
        event.set();
        event.wait().await;
        drop(semaphore.acquire().await);
        drop(condition.acquire().await);
        queue.put(1).await.unwrap();
        queue.get().await.unwrap();
        queue.task_done().unwrap();
        queue.join().await;
        sender.send(1).await.unwrap();
        receiver.recv().await.unwrap();
        barrier.wait().await.unwrap();
    };
    all().now_or_never().unwrap(); // the queues get their room
    let before = allocations::made();
    all().now_or_never().unwrap();
    assert_eq!(allocations::made(), before);
}

#[test]
fn sy_002_each_release_lets_one_go_on_a_turn_later_in_the_order_of_arrival() {
    let on = manual();
    let (lock, diary) = (Lock::new(), Diary::default());
    let guard = lock.try_acquire().unwrap();
    for name in ["first", "second", "third"] {
        drop(taker(&on, &lock, &diary, name));
    }
    tick(&on);
    drop(guard);
    ticks(&on, 3);
    assert_eq!(diary.read(), ["first@2"]);
    lock.release().unwrap();
    tick(&on);
    lock.release().unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["first@2", "second@5", "third@6"]);
}

#[test]
fn sy_002_nobody_passes_between_a_release_and_the_next_holder() {
    let on = manual();
    let (lock, diary) = (Lock::new(), Diary::default());
    let guard = lock.try_acquire().unwrap();
    drop(taker(&on, &lock, &diary, "waits"));
    tick(&on);
    drop(guard);
    assert!(!lock.locked());
    assert!(lock.try_acquire().is_none());
    drop(taker(&on, &lock, &diary, "comes later"));
    tick(&on);
    assert_eq!(diary.read(), ["waits@2"]);
    assert_eq!(format!("{lock:?}"), "Lock(locked, 1 waiting)");
}

#[test]
fn sy_003_a_lock_that_is_not_held_cannot_be_released() {
    let lock = Lock::new();
    assert_eq!(lock.release().unwrap_err().to_string(), "the lock is not held");
    lock.try_acquire().unwrap().forget();
    assert_eq!(lock.release(), Ok(()));
    assert!(lock.release().is_err());
}

#[test]
fn sy_003_a_guard_releases_its_own_hold_only() {
    let lock = Lock::new();
    let old = lock.try_acquire().unwrap();
    lock.release().unwrap();
    assert!(!old.is_held());
    let new = lock.try_acquire().unwrap();
    drop(old);
    assert!(lock.locked() && new.is_held());
}

#[test]
fn sy_004_a_cancelled_waiter_leaves_the_queue() {
    let on = manual();
    let (lock, diary) = (Lock::new(), Diary::default());
    let guard = lock.try_acquire().unwrap();
    let tasks = ["first", "second", "third"].map(|name| taker(&on, &lock, &diary, name));
    tick(&on);
    tasks[1].cancel();
    tick(&on);
    assert_eq!(format!("{lock:?}"), "Lock(locked, 2 waiting)");
    drop(guard);
    tick(&on);
    lock.release().unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["first@3", "third@4"]);
}

#[test]
fn sy_005_a_lock_that_is_released_to_a_cancelled_waiter_goes_to_the_next() {
    for release_first in [true, false] {
        let on = manual();
        let (lock, diary) = (Lock::new(), Diary::default());
        let guard = lock.try_acquire().unwrap();
        let first = taker(&on, &lock, &diary, "first");
        drop(taker(&on, &lock, &diary, "second"));
        tick(&on);
        if release_first {
            drop(guard);
            first.cancel();
        } else {
            first.cancel();
            drop(guard);
        }
        ticks(&on, 2);
        // As on CPython: the cancelled one passes it on when it ends, in turn 2.
        assert_eq!(diary.read(), ["second@3"]);
        assert!(first.cancelled() && lock.locked());
    }
}

#[test]
fn sy_005_a_dropped_waiter_passes_its_turn_on() {
    let on = manual();
    let (lock, diary) = (Lock::new(), Diary::default());
    let guard = lock.try_acquire().unwrap();
    let kept = Rc::new(RefCell::new(None));
    let (ours, keep) = (lock.clone(), kept.clone());
    drop(on.spawn(async move {
        let mut acquire = Box::pin(async move { ours.acquire().await.forget() });
        assert!(futures::poll!(&mut acquire).is_pending());
        keep.replace(Some(acquire));
    }));
    drop(taker(&on, &lock, &diary, "next"));
    tick(&on);
    drop(guard);
    kept.take();
    tick(&on);
    assert_eq!(diary.read(), ["next@2"]);
}

#[test]
fn sy_006_a_lock_is_released_when_its_block_panics_or_is_cancelled() {
    let on = manual();
    let lock = Lock::new();
    let (panics, waits) = (lock.clone(), lock.clone());
    let panicked = on.spawn(async move {
        let _guard = panics.acquire().await;
        panic!("in the block");
    });
    tick(&on);
    assert!(panicked.unwrap().panicked() && !lock.locked());
    let cancelled = on.spawn(async move {
        let _guard = waits.acquire().await;
        std::future::pending::<()>().await;
    });
    tick(&on);
    assert!(lock.locked());
    cancelled.unwrap().cancel();
    tick(&on);
    assert!(!lock.locked());
}

#[test]
fn sy_006_a_mutex_gives_its_data_to_one_at_a_time() {
    let on = manual();
    let total = Mutex::new(0);
    for _ in 0..10 {
        let total = total.clone();
        drop(on.spawn(async move {
            let mut held = total.lock().await;
            let read = *held;
            oneloop::yield_now().await;
            *held = read + 1;
        }));
    }
    ticks(&on, 30);
    assert_eq!(*total.try_lock().unwrap(), 10);
    assert_eq!(total.try_into_inner().unwrap(), 10);
}
