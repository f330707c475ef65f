//! CA: cancels that meet an end, a second cancel, a deadline, or somebody who has gone.

use crate::reentrancy::turn;
use crate::support::{OnDrop, bump, counter, loop_on, virtual_loop, within};
use oneloop::sync::{Lock, Queue, Semaphore};
use oneloop::{Awaitable, Clock, EventLoop, Task, TaskRef, catch_cancel, current_task, shield};
use oneloop::{sleep, spawn, timeout, wait_for, yield_now};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Spawns `main` on a loop whose time stands, and lets it come to its first wait.
fn waiting<T: 'static>(main: impl Future<Output = T> + 'static) -> (EventLoop, Task<T>) {
    let event_loop = loop_on(Clock::Manual);
    let task = event_loop.spawn(main).expect("the loop is open");
    turn(&event_loop);
    (event_loop, task)
}

fn turns(event_loop: &EventLoop, count: usize) {
    (0..count).for_each(|_| turn(event_loop));
}

/// What is awaited completes in the turn of the deadline, before and after it.
#[test]
fn ca_002_a_deadline_that_comes_before_the_value_is_taken_wins_and_the_value_stays() {
    for end_first in [true, false] {
        let event_loop = loop_on(Clock::Manual);
        let inner = event_loop.create_future();
        let (awaited, set) = (inner.clone(), inner.clone());
        let end = move || set.set_result(7).expect("it is set once");
        let wait = async move { wait_for(awaited, Some(SECOND)).await.is_err() };
        // Timers of one deadline fire in the order in which they were set.
        let task = if end_first {
            event_loop.call_at(SECOND, end).expect("the loop is open");
            event_loop.spawn(wait).expect("the loop is open")
        } else {
            let task = event_loop.spawn(wait).expect("the loop is open");
            turn(&event_loop);
            event_loop.call_at(SECOND, end).expect("the loop is open");
            task
        };
        turn(&event_loop);
        event_loop.advance(SECOND);
        turns(&event_loop, 3);
        let late = task.result().expect("it has ended").expect("nobody cancelled it");
        assert!(late, "end first: {end_first}");
        // A future that is cancelled first refuses the value; its setter hears of that.
        assert_eq!(inner.cancelled(), !end_first);
    }
}

#[test]
fn ca_002_a_value_that_is_taken_before_the_deadline_is_kept() {
    let event_loop = loop_on(Clock::Manual);
    let inner = event_loop.create_future();
    let awaited = inner.clone();
    let wait = async move { wait_for(awaited, Some(SECOND)).await };
    let task = event_loop.spawn(wait).expect("the loop is open");
    turn(&event_loop);
    inner.set_result(7).expect("it is set once");
    event_loop.advance(SECOND - Duration::from_nanos(1));
    turn(&event_loop);
    event_loop.advance(SECOND);
    turns(&event_loop, 3);
    let value = task.result().expect("it has ended").expect("nobody cancelled it");
    assert_eq!(value.expect("in time").expect("not cancelled"), 7);
}

/// Cancels a task in the turn in which `end` gives it what it waits for, in either order; it
/// must end cancelled.
fn cancelled_as_it_ends(
    main: impl Future<Output = ()> + 'static,
    end: impl FnOnce(),
    end_first: bool,
) -> EventLoop {
    let (event_loop, task) = waiting(main);
    if end_first {
        end();
        task.cancel();
    } else {
        task.cancel();
        end();
    }
    turns(&event_loop, 3);
    assert!(task.cancelled(), "end first: {end_first}");
    event_loop
}

#[test]
fn ca_002_an_outside_cancel_beside_the_end_is_told_and_what_was_given_goes_back() {
    for end_first in [true, false] {
        let queue = Queue::new(0);
        let (get, put) = (queue.clone(), queue.clone());
        let main = async move { assert!(timeout(SECOND, get.get()).await.is_err()) };
        let end = || put.put_nowait("item").expect("there is room");
        let _loop = cancelled_as_it_ends(main, end, end_first);
        assert_eq!(queue.get_nowait(), Ok("item"));

        let semaphore = Semaphore::new(0);
        let (acquire, release) = (semaphore.clone(), semaphore.clone());
        let main = async move { drop(timeout(SECOND, acquire.acquire()).await) };
        let _loop = cancelled_as_it_ends(main, || release.release(), end_first);
        assert_eq!(semaphore.available_permits(), 1);

        let lock = Lock::new();
        let held = lock.try_acquire().expect("it is free");
        let acquire = lock.clone();
        let main = async move { drop(timeout(SECOND, acquire.acquire()).await) };
        let _loop = cancelled_as_it_ends(main, || drop(held), end_first);
        assert!(!lock.locked());
    }
}

#[test]
fn ca_003_a_timeout_answers_when_the_clean_up_has_ended_and_not_before() {
    let event_loop = virtual_loop();
    let held = event_loop.run_until_complete(async {
        let lock = Lock::new();
        let inner = lock.clone();
        let body = async move {
            let mut guard = inner.acquire().await;
            let ended = catch_cancel(async {
                drop(guard);
                sleep(SECOND * 9).await;
            })
            .await;
            guard = inner.acquire().await; // as a condition does
            sleep(SECOND).await;
            drop(guard);
            if let Err(cancelled) = ended {
                match cancelled.resume().await {}
            }
        };
        let other = lock.clone();
        let rival = spawn(async move {
            yield_now().await;
            let _guard = other.acquire().await;
            sleep(SECOND * 3).await;
        });
        assert!(timeout(SECOND, body).await.is_err());
        assert!(rival.done(), "the body took the lock back after the rival");
        lock.locked()
    });
    assert_eq!(held.ok(), Some(false));
    assert_eq!(event_loop.time(), SECOND * 4);
}

#[test]
fn ca_004_a_second_request_in_the_clean_up_is_delivered_there_once() {
    let (caught, seen) = (counter(), counter());
    let (count, cancelling) = (caught.clone(), seen.clone());
    let (event_loop, task) = waiting(async move {
        assert!(catch_cancel(pending::<()>()).await.is_err());
        for _ in 0..3 {
            count.set(count.get() + usize::from(catch_cancel(sleep(SECOND)).await.is_err()));
        }
        let task = current_task().expect("this is a task");
        cancelling.set(task.cancelling() as usize);
        assert_eq!((task.uncancel(), task.uncancel(), task.uncancel()), (1, 0, 0));
        "went on"
    });
    task.cancel();
    turn(&event_loop);
    task.cancel();
    for _ in 0..3 {
        turns(&event_loop, 3);
        event_loop.advance(SECOND);
    }
    turns(&event_loop, 3);
    assert_eq!(task.result().expect("it has ended").ok(), Some("went on"));
    assert_eq!((caught.get(), seen.get()), (1, 2));
}

#[test]
fn ca_004_two_requests_before_the_task_runs_are_one_delivery_and_count_twice() {
    let (event_loop, task) = waiting(async {
        let first = catch_cancel(pending::<()>()).await.is_err();
        (first, catch_cancel(sleep(SECOND)).await.is_err())
    });
    assert!(task.cancel() && task.cancel());
    turns(&event_loop, 2);
    event_loop.advance(SECOND);
    turns(&event_loop, 3);
    assert_eq!(task.result().expect("it has ended").ok(), Some((true, false)));
    assert_eq!(task.cancelling(), 2);
}

#[test]
fn ca_004_a_timeout_in_a_clean_up_in_a_timeout() {
    let event_loop = virtual_loop();
    let ended = event_loop.run_until_complete(async {
        let outer = timeout(SECOND, async {
            let ended = catch_cancel(pending::<()>()).await;
            let inner = timeout(SECOND, pending::<()>()).await;
            assert!(inner.is_err(), "it counts from the requests at its start");
            if let Err(cancelled) = ended {
                match cancelled.resume().await {}
            }
        });
        (outer.await.is_err(), current_task().map(|task| task.cancelling()))
    });
    assert_eq!(ended.ok(), Some((true, Some(0))));
    assert_eq!(event_loop.time(), SECOND * 2);
}

/// The request went on to another task, which takes its time; meanwhile this one is polled.
#[test]
fn ca_004_a_stray_wake_does_not_lose_a_cancellation_that_is_on_its_way() {
    let waker = Rc::new(RefCell::new(None));
    let kept = waker.clone();
    let (event_loop, task) = waiting(async move {
        let mut inner = spawn(async {
            let Err(cancelled) = catch_cancel(pending::<()>()).await else { return };
            sleep(SECOND).await;
            match cancelled.resume().await {}
        });
        poll_fn(|cx| {
            kept.replace(Some(cx.waker().clone()));
            Pin::new(&mut inner).poll(cx)
        })
        .await
        .is_err()
    });
    turn(&event_loop);
    task.cancel();
    for _ in 0..3 {
        turn(&event_loop);
        let stray = waker.take().expect("it was polled");
        stray.wake_by_ref();
        waker.replace(Some(stray));
    }
    assert!(!task.done());
    event_loop.advance(SECOND);
    turns(&event_loop, 4);
    assert!(task.cancelled());
}

/// A task that swallows every cancel still goes when its loop does.
#[test]
fn ca_004_a_task_that_will_not_end_is_dropped_with_its_loop() {
    let dropped = counter();
    let count = dropped.clone();
    let held = OnDrop(move || bump(&count));
    let (event_loop, task) = waiting(async move {
        let _held = held;
        loop {
            let _ = catch_cancel(pending::<()>()).await;
        }
    });
    for _ in 0..100 {
        assert!(task.cancel());
        turn(&event_loop);
    }
    assert!(!task.done());
    drop(event_loop);
    assert_eq!(dropped.get(), 1);
}

#[test]
fn ca_006_100_000_cancelled_shields_leave_nothing_on_what_they_shielded() {
    within(|| {
        let event_loop = virtual_loop();
        let immortal = event_loop.create_future::<()>();
        let inner = immortal.clone();
        let run = event_loop.run_until_complete(async move {
            for number in 0..100_000 {
                let shielded = shield(inner.clone());
                match number % 4 {
                    0 => drop(shielded),
                    1 => assert!(shielded.cancel()),
                    2 => assert!(timeout(Duration::ZERO, shielded.into_future()).await.is_err()),
                    _ => {
                        let task = spawn(shielded.into_future());
                        yield_now().await;
                        assert!(task.cancel());
                        assert!(task.await.is_err());
                    }
                }
            }
            yield_now().await;
        });
        run.expect("it ends");
        assert_eq!(format!("{immortal:?}"), "Future(pending, 0 waiting)");
        crate::exhaustive::assert_empty(&event_loop, "after the shields");
    });
}

#[test]
fn ca_007_with_no_time_left_the_body_runs_to_its_first_wait_and_no_further() {
    for already_late in [Duration::ZERO, SECOND] {
        let event_loop = virtual_loop();
        event_loop.advance(SECOND * 5);
        let (before, after) = (counter(), counter());
        let (first, further) = (before.clone(), after.clone());
        let ended = event_loop.run_until_complete(async move {
            let deadline = SECOND * 5 - already_late;
            let turns = || oneloop::running_loop().expect("it runs").turns();
            let begun = turns();
            let body = async move {
                bump(&first);
                sleep(SECOND).await;
                bump(&further);
            };
            let ended = oneloop::timeout_at(deadline, body).await;
            (ended.is_err(), turns() - begun)
        });
        assert_eq!(ended.ok(), Some((true, 2)));
        assert_eq!((before.get(), after.get()), (1, 0));
    }
}

#[test]
fn ca_007_with_no_time_left_a_body_that_does_not_wait_still_gives_its_value() {
    let event_loop = virtual_loop();
    let ended = event_loop.run_until_complete(async {
        let mut ready = 0;
        let body = poll_fn(|_| {
            ready += 1;
            Poll::Ready(ready)
        });
        timeout(Duration::ZERO, body).await
    });
    assert_eq!(ended.ok(), Some(Ok(1)));
}

#[test]
fn ca_008_a_task_whose_handles_are_all_gone_runs_on() {
    let event_loop = virtual_loop();
    let done = Rc::new(Cell::new(false));
    let set = done.clone();
    let task = event_loop.spawn(async move {
        sleep(SECOND).await;
        set.set(true);
    });
    let awaitable = Awaitable::from(task.expect("the loop is open"));
    let waits = event_loop.spawn({
        let awaitable = awaitable.clone();
        async move { drop(timeout(SECOND / 2, shield(awaitable).into_future()).await) }
    });
    drop((awaitable, waits));
    event_loop.run_until_complete(async { sleep(SECOND * 2).await }).expect("it ends");
    assert!(done.get());
    assert_eq!(event_loop.all_tasks(), Vec::<TaskRef>::new());
}
