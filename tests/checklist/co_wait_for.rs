//! CO: wait_for: what it waits for in the end, and which of the ends is told.
//!
//! A coroutine that runs inside the calling task is `timeout`'s here, a task `wait_for`'s.

use crate::loops::{manual, on_a_loop, tick, ticks, turn};
use oneloop::{Awaitable, Task, catch_cancel, create_future, running_loop, sleep, spawn};
use oneloop::{current_task, timeout, wait_for, yield_now};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A task that answers its cancellation after a second of cleaning up.
fn cleans_up<T: 'static>(then: impl FnOnce(oneloop::Cancelled) -> Option<T> + 'static) -> Task<T> {
    spawn(async move {
        let Err(cancelled) = catch_cancel(pending::<()>()).await else { unreachable!() };
        sleep(SECOND).await;
        match then(cancelled) {
            Some(value) => value,
            None => match cancelled.resume().await {},
        }
    })
}

fn now() -> Duration {
    running_loop().unwrap().time()
}

#[test]
fn co_039_a_future_under_a_timeout_runs_in_the_calling_task_and_costs_no_turn() {
    on_a_loop(async {
        let (me, before) = (current_task(), turn());
        let inside = timeout(SECOND, async { current_task() }).await.unwrap();
        assert_eq!((inside, turn()), (me, before));
        assert_eq!(oneloop::all_tasks().len(), 1);
    });
}

#[test]
fn co_040_who_is_too_late_is_cancelled_and_waited_for() {
    on_a_loop(async {
        let task = Rc::new(cleans_up(|_| None::<()>));
        assert!(wait_for(task.clone(), Some(SECOND)).await.is_err());
        assert_eq!(now(), SECOND * 2);
        assert!(task.cancelled());
        assert_eq!(current_task().unwrap().cancelling(), 0);
    });
}

#[test]
fn co_041_a_value_in_spite_of_the_cancellation_is_the_value() {
    on_a_loop(async {
        for limit in [SECOND, Duration::ZERO] {
            let task = cleans_up(|_| Some("stubborn"));
            yield_now().await;
            assert_eq!(wait_for(task, Some(limit)).await.unwrap().unwrap(), "stubborn");
            assert_eq!(current_task().unwrap().cancelling(), 0);
        }
    });
}

#[test]
fn co_042_an_error_in_answer_to_the_cancellation_is_the_error() {
    on_a_loop(async {
        for limit in [SECOND, Duration::ZERO] {
            let task = cleans_up(|_| Some(Err::<(), _>("broken")));
            yield_now().await;
            assert_eq!(wait_for(task, Some(limit)).await.unwrap().unwrap(), Err("broken"));
            let task = cleans_up(|_| -> Option<()> { panic!("broken") });
            yield_now().await;
            let ended = wait_for(task, Some(limit)).await.unwrap();
            assert!(ended.unwrap_err().is_panic());
        }
    });
}

#[test]
fn co_043_no_time_is_enough_for_what_is_done() {
    on_a_loop(async {
        let done = create_future();
        done.set_result(1).unwrap();
        let before = turn();
        assert_eq!(wait_for(done, Some(Duration::ZERO)).await.unwrap().unwrap(), 1);
        assert_eq!(turn(), before);
    });
}

#[test]
fn co_044_with_no_time_a_running_task_is_cancelled_and_waited_for() {
    on_a_loop(async {
        let task = Rc::new(cleans_up(|_| None::<()>));
        yield_now().await;
        assert!(wait_for(task.clone(), Some(Duration::ZERO)).await.is_err());
        assert_eq!((now(), task.cancelled()), (SECOND, true));
    });
}

/// The callback of the end, and then the waiter: two turns after the task's last one.
#[test]
fn co_044_with_no_time_the_waiter_goes_on_two_turns_after_the_end() {
    on_a_loop(async {
        let before = turn();
        assert!(wait_for(spawn(pending::<()>()), Some(Duration::ZERO)).await.is_err());
        assert_eq!(turn(), before + 3);
    });
}

#[test]
fn co_045_a_cancel_of_the_waiting_task_is_passed_on_and_the_end_waited_for() {
    for limit in [None, Some(SECOND * 9), Some(Duration::ZERO)] {
        on_a_loop(async move {
            let inner = Rc::new(cleans_up(|_| None::<()>));
            yield_now().await;
            let awaited = inner.clone();
            let task = spawn(async move { wait_for(awaited, limit).await.is_err() });
            yield_now().await;
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
            // With no time left asyncio too waits for the end's own future only.
            assert_eq!(inner.done(), limit != Some(Duration::ZERO));
        });
    }
}

#[test]
fn co_046_a_cancel_in_the_turn_of_the_end_is_not_swallowed() {
    let on = manual();
    let inner = on.create_future();
    let awaited = inner.clone();
    let task = on.spawn(async move { wait_for(awaited, Some(SECOND)).await.is_ok() }).unwrap();
    tick(&on);
    inner.set_result("kept").unwrap();
    task.cancel();
    ticks(&on, 2);
    assert!(task.cancelled());
    assert_eq!(inner.result(), Ok("kept"));
    assert_eq!(on.next_deadline(), None);
}

#[test]
fn co_047_a_deadline_in_the_turn_of_the_end_wins_over_the_result() {
    let on = manual();
    let inner = on.create_future();
    let (awaited, set) = (Awaitable::from(inner.clone()), inner.clone());
    on.call_at(SECOND, move || set.set_result("late").unwrap()).unwrap();
    let task = on.spawn(async move { wait_for(awaited, Some(SECOND)).await.is_err() }).unwrap();
    tick(&on);
    on.advance(SECOND);
    ticks(&on, 2);
    assert!(task.result().unwrap().unwrap(), "timed out");
    assert_eq!(inner.result(), Ok("late"));
}
