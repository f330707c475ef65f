//! SY: conditions: the lock is given back while waiting, and taken again whatever happens.

use crate::diary::Diary;
use crate::loops::{jumping, manual, tick, ticks};
use oneloop::sync::{Condition, Lock};
use oneloop::{LoopHandle, Task, catch_cancel};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// A task that waits once, and stamps when it goes on, with the lock held.
fn waiter(on: &LoopHandle, condition: &Condition, diary: &Diary, name: &'static str) -> Task<()> {
    let (condition, diary) = (condition.clone(), diary.clone());
    let task = on.spawn(async move {
        let guard = condition.acquire().await;
        condition.wait().await.unwrap();
        assert!(guard.is_held());
        diary.stamp(name);
    });
    task.unwrap()
}

/// Notifies from outside of any task.
fn notify(condition: &Condition, count: usize) {
    let _guard = condition.lock().try_acquire().expect("the lock is free");
    condition.notify(count).unwrap();
}

#[test]
fn sy_013_waiting_gives_the_lock_back_and_takes_it_again() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    drop(waiter(&on, &condition, &diary, "goes on"));
    tick(&on);
    assert!(!condition.locked());
    assert_eq!(format!("{condition:?}"), "Condition(free, 1 waiting)");
    notify(&condition, 1);
    tick(&on);
    assert_eq!(diary.read(), ["goes on@2"]);
    assert!(!condition.locked());
}

#[test]
fn sy_013_waiting_and_notifying_need_the_lock() {
    let on = manual();
    let condition = Condition::new();
    assert!(condition.notify(1).is_err() && condition.notify_all().is_err());
    let waits = condition.clone();
    assert!(on.run_until_complete(async move { waits.wait().await }).unwrap().is_err());
}

#[test]
fn sy_014_who_is_notified_goes_on_when_the_lock_is_released() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    for name in ["first", "second", "third"] {
        drop(waiter(&on, &condition, &diary, name));
    }
    tick(&on);
    let guard = condition.lock().try_acquire().unwrap();
    condition.notify(1).unwrap();
    ticks(&on, 3);
    assert!(diary.read().is_empty());
    drop(guard);
    ticks(&on, 3);
    assert_eq!(diary.read(), ["first@5"]);
}

#[test]
fn sy_015_as_many_go_on_as_are_notified() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    for name in ["first", "second", "third", "fourth"] {
        drop(waiter(&on, &condition, &diary, name));
    }
    tick(&on);
    notify(&condition, 2);
    ticks(&on, 3);
    // Both are woken in turn 2; the first is through at once and lets the second in.
    assert_eq!(diary.read(), ["first@2", "second@2"]);
    notify(&condition, 100);
    ticks(&on, 3);
    assert_eq!(diary.read().len(), 4);
}

#[test]
fn sy_016_a_notification_of_nobody_is_not_remembered() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    notify(&condition, 1);
    drop(waiter(&on, &condition, &diary, "never"));
    ticks(&on, 3);
    assert!(diary.read().is_empty());
}

#[test]
fn sy_017_wait_for_asks_again_after_each_notification() {
    let on = manual();
    let (condition, asked) = (Condition::new(), Rc::new(Cell::new(0)));
    let (ours, count) = (condition.clone(), asked.clone());
    let task = on.spawn(async move {
        let _guard = ours.acquire().await;
        ours.wait_for(|| count.replace(count.get() + 1) == 2).await.unwrap();
    });
    tick(&on);
    for expected in [2, 3] {
        notify(&condition, 1);
        tick(&on);
        assert_eq!(asked.get(), expected);
    }
    assert!(task.unwrap().done());
}

#[test]
fn sy_017_what_holds_at_once_needs_neither_waiting_nor_the_lock() {
    let on = manual();
    let condition = Condition::new();
    let ours = condition.clone();
    assert_eq!(on.run_until_complete(async move { ours.wait_for(|| true).await }).unwrap(), Ok(()));
    let waits = async move { condition.wait_for(|| false).await };
    assert!(on.run_until_complete(waits).unwrap().is_err());
}

/// A task that waits, and stamps what became of that; it has the lock either way.
fn catcher(on: &LoopHandle, condition: &Condition, diary: &Diary) -> Task<()> {
    let (condition, diary) = (condition.clone(), diary.clone());
    let task = on.spawn(async move {
        let guard = condition.acquire().await;
        let ended = catch_cancel(condition.wait()).await;
        assert!(guard.is_held() && condition.locked());
        diary.stamp(if ended.is_err() { "cancelled" } else { "goes on" });
    });
    task.unwrap()
}

#[test]
fn sy_018_a_cancelled_wait_takes_the_lock_again_before_it_ends() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    let task = catcher(&on, &condition, &diary);
    tick(&on);
    task.cancel();
    tick(&on);
    assert_eq!(diary.read(), ["cancelled@2"]);
    assert_eq!(format!("{condition:?}"), "Condition(free, 0 waiting)");
}

#[test]
fn sy_019_it_takes_the_lock_again_however_often_it_is_cancelled() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    let task = catcher(&on, &condition, &diary);
    tick(&on);
    let guard = condition.lock().try_acquire().unwrap();
    for _ in 0..3 {
        task.cancel();
        tick(&on);
    }
    assert!(diary.read().is_empty() && !task.done());
    drop(guard);
    tick(&on);
    assert_eq!(diary.read(), ["cancelled@5"]);
}

#[test]
fn sy_019_a_notification_of_a_cancelled_waiter_goes_to_the_next() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    let first = waiter(&on, &condition, &diary, "first");
    drop(waiter(&on, &condition, &diary, "second"));
    tick(&on);
    notify(&condition, 1);
    first.cancel();
    ticks(&on, 2);
    assert!(first.cancelled());
    assert_eq!(diary.read(), ["second@3"]);
}

#[test]
fn sy_019_a_notified_waiter_that_is_cancelled_while_it_waits_for_the_lock_passes_it_on() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    let first = waiter(&on, &condition, &diary, "first");
    drop(waiter(&on, &condition, &diary, "second"));
    tick(&on);
    let guard = condition.lock().try_acquire().unwrap();
    condition.notify(1).unwrap();
    tick(&on);
    first.cancel();
    tick(&on);
    assert!(!first.done(), "it still waits for the lock");
    drop(guard);
    ticks(&on, 2);
    assert!(first.cancelled());
    assert_eq!(diary.read(), ["second@5"]);
}

#[test]
fn sy_019_a_wait_that_is_dropped_passes_its_notification_on_and_leaves_the_lock() {
    let on = manual();
    let (condition, diary) = (Condition::new(), Diary::default());
    let (ours, notes) = (condition.clone(), diary.clone());
    drop(on.spawn(async move {
        let guard = ours.acquire().await;
        let mut wait = Box::pin(ours.wait());
        assert!(futures::poll!(&mut wait).is_pending());
        oneloop::yield_now().await;
        drop(wait);
        assert!(!guard.is_held());
        notes.stamp("dropped");
    }));
    drop(waiter(&on, &condition, &diary, "second"));
    tick(&on);
    notify(&condition, 1);
    ticks(&on, 2);
    assert_eq!(diary.read(), ["dropped@2", "second@3"]);
    assert!(!condition.locked());
}

#[test]
fn sy_021_a_timeout_of_a_wait_is_seen_with_the_lock_held() {
    let condition = Condition::new();
    let ended = jumping().run(async move {
        let guard = condition.acquire().await;
        let waited = oneloop::timeout(Duration::from_secs(1), condition.wait()).await;
        (waited.is_err(), guard.is_held())
    });
    assert_eq!(ended.unwrap(), (true, true));
}

#[test]
fn sy_022_conditions_may_share_a_lock() {
    let on = manual();
    let (lock, diary) = (Lock::new(), Diary::default());
    let (full, empty) = (Condition::with_lock(lock.clone()), Condition::with_lock(lock.clone()));
    let guard = lock.try_acquire().unwrap();
    assert!(full.locked() && empty.locked() && empty.lock().locked());
    drop(guard);
    drop(waiter(&on, &full, &diary, "full"));
    drop(waiter(&on, &empty, &diary, "empty"));
    tick(&on);
    notify(&empty, 1);
    ticks(&on, 2);
    assert_eq!(diary.read(), ["empty@2"]);
}
