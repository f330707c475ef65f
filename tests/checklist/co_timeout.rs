//! CO: timeout: when it expires, what it is told by, and what it leaves behind.

use crate::loops::{manual, on_a_loop, ticks, turn};
use crate::reports::Reports;
use oneloop::{TaskGroup, Timeout, catch_cancel, current_task, running_loop, sleep, spawn};
use oneloop::{timeout, timeout_at, yield_now};
use std::cell::Cell;
use std::future::{pending, ready};
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn now() -> Duration {
    running_loop().unwrap().time()
}

fn cancelling() -> u32 {
    current_task().unwrap().cancelling()
}

fn timers() -> bool {
    running_loop().unwrap().next_deadline().is_some()
}

#[test]
fn co_048_the_body_is_cancelled_in_the_turn_after_the_deadline() {
    on_a_loop(async {
        let fires = Rc::new(Cell::new(0));
        let limit = Timeout::after(SECOND);
        let fired = fires.clone();
        // Due at the same time, and set first: it runs in the turn of the deadline.
        running_loop().unwrap().call_at(SECOND, move || fired.set(turn())).unwrap();
        let ended = limit.run(async {
            let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
            assert_eq!((turn(), cancelling()), (fires.get() + 1, 1));
            match cancelled.resume().await {}
        });
        assert!(ended.await.is_err());
        assert_eq!(turn(), fires.get() + 1);
        assert!(limit.expired() && cancelling() == 0 && now() == SECOND);
    });
}

#[test]
fn co_048_timeout_at_is_until_a_point_in_time() {
    on_a_loop(async {
        sleep(SECOND).await;
        assert!(timeout_at(SECOND * 3, pending::<()>()).await.is_err());
        assert_eq!(now(), SECOND * 3);
    });
}

#[test]
fn co_049_a_body_in_time_gives_its_value_and_the_timer_is_gone() {
    on_a_loop(async {
        let limit = Timeout::after(SECOND * 2);
        let value = limit.run(async {
            sleep(SECOND).await;
            5
        });
        assert_eq!(value.await, Ok(5));
        assert!(!limit.expired() && !timers());
        sleep(SECOND * 5).await;
        assert_eq!(cancelling(), 0);
    });
}

#[test]
fn co_050_without_a_deadline_there_is_no_end() {
    on_a_loop(async {
        let limit = Timeout::at(None);
        limit.run(sleep(Duration::from_secs(1 << 30))).await.unwrap();
        assert_eq!((limit.when(), limit.expired()), (None, false));
    });
}

#[test]
fn co_051_a_body_that_does_not_suspend_has_all_the_time() {
    on_a_loop(async {
        let limit = Timeout::after(Duration::ZERO);
        assert_eq!(limit.run(ready("quick")).await, Ok("quick"));
        assert!(!limit.expired());
        yield_now().await;
        yield_now().await;
        assert_eq!(cancelling(), 0);
    });
}

#[test]
fn co_052_an_error_in_answer_to_the_timeout_is_the_error() {
    on_a_loop(async {
        let limit = Timeout::after(SECOND);
        let ended = limit
            .run(async { catch_cancel(pending::<()>()).await.map_err(|_| "could not clean up") });
        assert_eq!(ended.await, Ok(Err("could not clean up")));
        assert!(limit.expired() && cancelling() == 0);
    });
}

#[test]
fn co_058_reschedule_moves_the_deadline_takes_it_away_and_brings_it_on() {
    on_a_loop(async {
        let limit = Timeout::after(SECOND);
        let moved = limit.clone();
        assert!(moved.reschedule(None).is_err(), "it does not run");
        spawn(async move {
            moved.reschedule(Some(SECOND * 5)).unwrap();
            assert_eq!(moved.when(), Some(SECOND * 5));
        });
        assert!(limit.run(pending::<()>()).await.is_err());
        assert_eq!(now(), SECOND * 5);
        assert!(limit.reschedule(None).is_err(), "it is over");
    });
    on_a_loop(async {
        let limit = Timeout::after(SECOND);
        let ended = limit.run(async {
            limit.reschedule(None).unwrap();
            sleep(SECOND * 2).await;
            limit.reschedule(Some(SECOND)).unwrap();
            let before = turn();
            let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
            assert_eq!(turn(), before + 2, "the callback, and then the task");
            assert!(limit.reschedule(None).is_err(), "it has expired");
            match cancelled.resume().await {}
        });
        assert!(ended.await.is_err());
    });
}

/// It is asked for by a callback, not by a timer: what is scheduled later runs after it.
#[test]
fn co_058_a_deadline_that_has_passed_is_the_next_callback() {
    on_a_loop(async {
        let limit = Timeout::at(Some(Duration::ZERO));
        let (seen, watched) = (Rc::new(Cell::new(false)), limit.clone());
        let see = seen.clone();
        let ended = limit.run(async move {
            oneloop::call_soon(move || see.set(watched.expired()));
            pending::<()>().await;
        });
        assert!(ended.await.is_err());
        assert!(seen.get());
    });
}

/// A scope is a scope of a task: elsewhere it panics, as documented.
#[test]
fn co_059_a_timeout_outside_of_a_task_is_refused() {
    let on = manual();
    let reports = Reports::of(&on);
    on.call_soon(|| {
        let mut ended = Box::pin(timeout(SECOND, pending::<()>()));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = ended.as_mut().poll(&mut cx);
    })
    .unwrap();
    ticks(&on, 1);
    assert!(reports.only().panic.unwrap().contains("in a task"));
    assert_eq!(on.next_deadline(), None);
}

#[test]
fn co_060_errors_of_a_group_in_a_timeout_go_before_the_timeout() {
    on_a_loop(async {
        let group = TaskGroup::<&str>::new();
        let limit = Timeout::after(SECOND);
        let ended = limit.run(group.run(async {
            let child = async {
                let _ = catch_cancel(pending::<()>()).await;
                Err::<(), _>("clean-up failed")
            };
            group.spawn(child).unwrap();
            Ok(())
        }));
        let error = ended.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "1 of the group's tasks failed; clean-up failed");
        assert!(limit.expired());
        // The group asked again on behalf of the timeout, which has taken that back.
        assert_eq!(cancelling(), 0);
        yield_now().await;
    });
}
