//! SY: semaphores: permits go from hand to hand, in the order of arrival.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::sync::{BoundedSemaphore, Semaphore};
use oneloop::{LoopHandle, Task};

/// A task that takes a permit for good.
fn taker(on: &LoopHandle, permits: &Semaphore, diary: &Diary, name: &'static str) -> Task<()> {
    let (permits, diary) = (permits.clone(), diary.clone());
    let task = on.spawn(async move {
        permits.acquire().await.forget();
        diary.stamp(name);
    });
    task.unwrap()
}

#[test]
fn sy_024_a_released_permit_is_the_first_waiters_at_once() {
    let on = manual();
    let (permits, diary) = (Semaphore::new(0), Diary::default());
    drop(taker(&on, &permits, &diary, "first"));
    drop(taker(&on, &permits, &diary, "second"));
    tick(&on);
    permits.release();
    assert_eq!(permits.available_permits(), 0);
    assert!(permits.locked() && permits.try_acquire().is_none());
    ticks(&on, 2);
    assert_eq!(diary.read(), ["first@2"]);
}

#[test]
fn sy_025_a_newcomer_waits_behind_those_who_wait_though_permits_are_free() {
    let on = manual();
    let (permits, diary) = (Semaphore::new(0), Diary::default());
    drop(taker(&on, &permits, &diary, "first"));
    tick(&on);
    permits.add_permits(2);
    assert_eq!(permits.available_permits(), 1);
    assert!(permits.locked());
    assert!(permits.try_acquire().is_none());
    drop(taker(&on, &permits, &diary, "newcomer"));
    ticks(&on, 2);
    assert_eq!(diary.read(), ["first@2", "newcomer@2"]);
    assert!(permits.locked());
}

#[test]
fn sy_026_cancelled_waiters_are_passed_over() {
    let on = manual();
    let (permits, diary) = (Semaphore::new(0), Diary::default());
    let names = ["first", "second", "third", "fourth"];
    let tasks = names.map(|name| taker(&on, &permits, &diary, name));
    tick(&on);
    tasks[0].cancel();
    tasks[1].cancel();
    permits.release();
    tick(&on);
    assert_eq!(diary.read(), ["third@2"]);
}

#[test]
fn sy_027_a_permit_of_a_waiter_that_is_cancelled_goes_on() {
    let on = manual();
    let (permits, diary) = (Semaphore::new(0), Diary::default());
    let first = taker(&on, &permits, &diary, "first");
    drop(taker(&on, &permits, &diary, "second"));
    tick(&on);
    permits.release();
    first.cancel();
    ticks(&on, 2);
    assert!(first.cancelled());
    assert_eq!(diary.read(), ["second@3"]);
    let third = taker(&on, &permits, &diary, "third");
    tick(&on);
    permits.release();
    third.cancel();
    tick(&on);
    assert_eq!(permits.available_permits(), 1, "nobody else wanted it");
    assert!(permits.try_acquire().is_some());
}

#[test]
fn sy_028_a_bounded_semaphore_is_never_above_its_beginning() {
    let permits = BoundedSemaphore::new(1);
    let error = permits.release().unwrap_err();
    assert_eq!(error.to_string(), "the semaphore was released too many times");
    let permit = permits.try_acquire().unwrap();
    assert_eq!(permits.release(), Ok(()));
    drop(permit);
    assert_eq!(permits.available_permits(), 1);
}

#[test]
fn sy_028_there_is_an_end_to_permits_but_no_panic() {
    let permits = Semaphore::new(usize::MAX);
    permits.release();
    permits.add_permits(usize::MAX);
    assert_eq!(permits.available_permits(), usize::MAX);
    drop(permits.try_acquire());
    assert_eq!(permits.available_permits(), usize::MAX);
}

#[test]
fn sy_029_a_cancelled_wait_leaves_nothing() {
    let on = manual();
    let (permits, diary) = (Semaphore::new(0), Diary::default());
    let task = taker(&on, &permits, &diary, "never");
    tick(&on);
    assert_eq!(format!("{permits:?}"), "Semaphore(0 free, 1 waiting)");
    task.cancel();
    tick(&on);
    assert_eq!(format!("{permits:?}"), "Semaphore(0 free, 0 waiting)");
}

#[test]
fn sy_029_a_permit_comes_back_when_it_is_dropped() {
    let permits = Semaphore::new(1);
    let permit = permits.try_acquire().unwrap();
    assert_eq!(permits.available_permits(), 0);
    drop(permit);
    assert_eq!(permits.available_permits(), 1);
    permits.try_acquire().unwrap().forget();
    assert_eq!(permits.available_permits(), 0);
}
