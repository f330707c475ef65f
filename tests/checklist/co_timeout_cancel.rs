//! CO: timeouts in timeouts, and timeouts of tasks that somebody else cancels too.

use crate::loops::{manual, on_a_loop, tick, ticks, turn};
use oneloop::error::TimedOut;
use oneloop::{
    Cancelled, TaskRef, Timeout, catch_cancel, create_future, current_task, running_loop,
};
use oneloop::{call_later, sleep, spawn, timeout, yield_now};
use std::cell::RefCell;
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn cancelling() -> u32 {
    current_task().unwrap().cancelling()
}

/// What a task, cancelled in its first wait, saw of a timeout around that wait: the result
/// or the cancellation, whether it had expired, and the requests that remain.
type Seen = (Result<Result<(), TimedOut>, Cancelled>, bool, u32);

/// Runs a task with a timeout of a second; `between` is called in the turn in which it is due.
fn timeout_cancelled(between: impl FnOnce(&oneloop::EventLoop, &oneloop::Task<Seen>)) -> Seen {
    let on = manual();
    let task = on.spawn(async {
        let limit = Timeout::after(SECOND);
        let ended = catch_cancel(limit.run(pending::<()>())).await;
        (ended, limit.expired(), cancelling())
    });
    let task = task.unwrap();
    tick(&on);
    between(&on, &task);
    ticks(&on, 3);
    task.result().unwrap().unwrap()
}

#[test]
fn co_053_a_cancel_from_outside_goes_through() {
    let (ended, expired, cancelling) = timeout_cancelled(|_, task| {
        task.cancel();
    });
    assert_eq!((ended.is_err(), expired, cancelling), (true, false, 1));
}

#[test]
fn co_054_a_cancel_from_outside_beside_the_expiry_is_not_turned_into_a_timeout() {
    let expires_first = timeout_cancelled(|on, task| {
        on.advance(SECOND);
        tick(on);
        task.cancel();
    });
    let cancelled_first = timeout_cancelled(|on, task| {
        // It runs in the turn of the deadline, before the timer.
        let task = TaskRef::clone(task);
        on.call_soon(move || assert!(task.cancel())).unwrap();
        on.advance(SECOND);
    });
    for (ended, expired, cancelling) in [expires_first, cancelled_first] {
        assert_eq!((ended.is_err(), expired, cancelling), (true, true, 1));
    }
}

#[test]
fn co_055_of_nested_ones_that_are_due_together_the_outer_one_reports() {
    on_a_loop(async {
        let (outer, inner) = (Timeout::at(Some(SECOND)), Timeout::at(Some(SECOND)));
        let reported = Rc::new(RefCell::new(None));
        let ended = outer.run(async {
            let ended = inner.run(pending::<()>()).await;
            reported.replace(Some(ended));
        });
        assert!(ended.await.is_err());
        assert!(outer.expired() && inner.expired());
        assert_eq!(*reported.borrow(), None, "the cancellation passed through");
        assert_eq!(cancelling(), 0);
    });
}

#[test]
fn co_056_if_both_have_passed_the_inner_one_is_first_and_the_outer_comes_with_the_next_await() {
    on_a_loop(async {
        let (outer, inner) = (Timeout::at(Some(SECOND * 2)), Timeout::at(Some(SECOND)));
        let told = Rc::new(RefCell::new(Vec::new()));
        let ended = outer.run(async {
            let busy = catch_cancel(inner.run(pending::<()>())).await;
            told.borrow_mut().push(busy);
            running_loop().unwrap().advance(SECOND * 5); // busy, beyond the outer deadline
            let before = turn();
            let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
            assert_eq!(turn(), before + 2);
            match cancelled.resume().await {}
        });
        assert!(ended.await.is_err());
        assert!(matches!(told.borrow()[..], [Ok(Err(TimedOut { .. }))]));
        assert!(outer.expired() && inner.expired() && cancelling() == 0);
    });
}

/// Catches a cancellation, and goes on with `rest`.
async fn caught_once<T>(rest: impl Future<Output = T>) -> T {
    assert!(catch_cancel(pending::<()>()).await.is_err());
    assert_eq!(cancelling(), 1);
    rest.await
}

#[test]
fn co_057_requests_from_before_the_timeout_do_not_count() {
    let on = manual();
    let task = on.spawn(caught_once(async {
        let ended = timeout(SECOND, pending::<()>()).await;
        (ended.is_err(), cancelling())
    }));
    let task = task.unwrap();
    tick(&on);
    task.cancel();
    ticks(&on, 2);
    on.advance(SECOND);
    ticks(&on, 2);
    assert_eq!(task.result().unwrap().unwrap(), (true, 1));
}

#[test]
fn co_057_a_request_from_inside_the_timeout_does_count() {
    let on = manual();
    let task = on.spawn(caught_once(async {
        let ended = catch_cancel(timeout(SECOND, pending::<()>())).await;
        (ended.is_err(), cancelling())
    }));
    let task = task.unwrap();
    tick(&on);
    task.cancel();
    ticks(&on, 2);
    on.advance(SECOND);
    tick(&on);
    task.cancel();
    ticks(&on, 2);
    assert_eq!(task.result().unwrap().unwrap(), (true, 2));
}

/// A timeout as one writes it by hand: who is cancelled, and by whom, is told by counting.
async fn by_hand<F: Future>(limit: Duration, body: F) -> Option<F::Output> {
    let (task, fired) = (current_task().unwrap(), Rc::new(std::cell::Cell::new(false)));
    let (cancels, mark) = (task.clone(), fired.clone());
    let timer = call_later(limit, move || {
        mark.set(true);
        cancels.cancel();
    });
    let ended = catch_cancel(body).await;
    timer.cancel();
    let ours = fired.get() && task.uncancel() == 0;
    match ended {
        Ok(value) => Some(value),
        Err(_) if ours => None,
        Err(cancelled) => match cancelled.resume().await {},
    }
}

#[test]
fn ta_031_after_a_timeout_made_by_hand_the_task_goes_on_as_if_never_cancelled() {
    for (limit, expected) in [(SECOND, None), (SECOND * 3, Some("in time"))] {
        on_a_loop(async move {
            let body = async {
                sleep(SECOND * 2).await;
                "in time"
            };
            assert_eq!(by_hand(limit, body).await, expected);
            assert_eq!(cancelling(), 0);
            sleep(SECOND * 9).await;
            create_future().set_result(()).unwrap();
        });
    }
}

#[test]
fn ta_031_a_cancel_from_outside_goes_through_a_timeout_made_by_hand() {
    on_a_loop(async {
        let task = spawn(by_hand(SECOND, pending::<()>()));
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}
