//! CA, joins: what a timeout or a group ends, where its task waits for other things too, is
//! its own body and nothing else.

use crate::exhaustive::{Run, World, assert_empty, at_every_await};
use crate::support::virtual_loop;
use futures::future::{join, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use oneloop::error::TimedOut;
use oneloop::{TaskGroup, catch_cancel, current_task, sleep, spawn, timeout, yield_now};
use std::future::{Future, pending};
use std::pin::pin;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Runs `main` on virtual time; gives its value, and when it ended.
fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> (T, Duration) {
    let event_loop = virtual_loop();
    let main = async {
        let value = main.await;
        assert_eq!(current_task().expect("this is a task").cancelling(), 0);
        yield_now().await;
        value
    };
    let value = event_loop.run_until_complete(main).expect("nobody cancels it");
    let end = event_loop.time();
    assert_empty(&event_loop, "at the end");
    (value, end)
}

#[test]
fn a_timeout_in_a_join_ends_its_own_body_only() {
    let (ended, at) = run(async {
        let late = timeout(SECOND, pending::<()>());
        let (late, beside) = join(late, async {
            sleep(SECOND * 3).await;
            "goes on"
        })
        .await;
        (late.is_err(), beside)
    });
    assert_eq!((ended, at), ((true, "goes on"), SECOND * 3));
}

#[test]
fn timeouts_in_a_join_end_each_by_its_own_deadline() {
    let (ended, at) = run(async {
        let all = [3, 1, 2, 1].map(|seconds| timeout(SECOND * seconds, sleep(SECOND * 2)));
        join_all(all).await.iter().map(Result::is_ok).collect::<Vec<_>>()
    });
    // The third is due with its sleep, which was set after the deadline: that comes first.
    assert_eq!((ended, at), (vec![true, false, false, false], SECOND * 2));
}

#[test]
fn timeouts_in_a_combinator_that_polls_only_who_was_woken() {
    let (late, at) = run(async {
        let all: FuturesUnordered<_> =
            (1..4).map(|seconds| timeout(SECOND * seconds, pending::<()>())).collect();
        all.map(|ended| ended.is_err()).collect::<Vec<_>>().await
    });
    assert_eq!((late, at), (vec![true; 3], SECOND * 3));
}

#[test]
fn of_nested_timeouts_in_a_join_the_outer_one_reports() {
    let (ended, at) = run(async {
        let inner = async { timeout(SECOND, pending::<()>()).await };
        join(timeout(SECOND, inner), sleep(SECOND * 2)).await.0
    });
    assert!(matches!(ended, Err(TimedOut { .. })));
    assert_eq!(at, SECOND * 2);
}

#[test]
fn a_cancel_from_outside_ends_a_join_of_timeouts_as_a_whole() {
    let (cancelled, at) = run(async {
        let task = spawn(join(timeout(SECOND, pending::<()>()), sleep(SECOND * 5)));
        sleep(SECOND / 2).await;
        assert!(task.cancel());
        task.await.is_err_and(|error| error.is_cancelled())
    });
    assert_eq!((cancelled, at), (true, SECOND / 2));
}

#[test]
fn a_cancel_from_outside_beside_a_deadline_in_a_join_is_not_swallowed() {
    let (cancelled, _) = run(async {
        let task = spawn(async {
            let _ = join(timeout(SECOND, pending::<()>()), sleep(SECOND * 5)).await;
            sleep(SECOND).await;
        });
        yield_now().await;
        let cancels = oneloop::TaskRef::clone(&task);
        oneloop::call_later(SECOND, move || assert!(cancels.cancel()));
        task.await.is_err_and(|error| error.is_cancelled())
    });
    assert!(cancelled);
}

#[test]
fn a_group_in_a_join_that_fails_ends_its_own_body_only() {
    for body_ends in [false, true] {
        let (ended, at) = run(async move {
            let group = TaskGroup::<&str>::new();
            let ended = group.run(async {
                for seconds in [1, 9] {
                    let child = async move {
                        sleep(SECOND * seconds).await;
                        Err::<(), _>("failed")
                    };
                    group.spawn(child).expect("it takes tasks");
                }
                if !body_ends {
                    pending::<()>().await;
                }
                Ok(())
            });
            let (ended, ()) = join(ended, sleep(SECOND * 3)).await;
            ended.map_err(|error| error.errors().len())
        });
        assert_eq!((ended, at), (Err(1), SECOND * 3));
    }
}

#[test]
fn a_timeout_that_goes_as_it_expires_cancels_nobody() {
    let (quick, at) = run(async {
        let quick = sleep(SECOND);
        let limit = timeout(SECOND, pending::<()>());
        let left =
            matches!(select(pin!(quick), pin!(limit)).await, futures::future::Either::Left(_));
        sleep(SECOND).await;
        left
    });
    assert_eq!((quick, at), (true, SECOND * 2));
}

#[test]
fn ca_009_a_join_of_timeouts_and_groups() {
    let scenario = |world: World| async move {
        let group = TaskGroup::<&str>::new();
        let grouped = group.run(async {
            for seconds in 1..3 {
                let open = world.open();
                let child = async move {
                    let ended = catch_cancel(sleep(SECOND * seconds)).await;
                    yield_now().await;
                    drop(open);
                    match ended {
                        Ok(()) => Err("failed"),
                        Err(cancelled) => match cancelled.resume().await {},
                    }
                };
                group.spawn::<_, ()>(child).map_err(|_| "closed")?;
            }
            pending::<Result<(), _>>().await
        });
        let limit = timeout(SECOND * 2, async {
            let _open = world.open();
            pending::<()>().await;
        });
        let (limit, (grouped, ())) = join(limit, join(grouped, sleep(SECOND * 4))).await;
        assert!(limit.is_err() && grouped.is_err() && world.is_clean());
        yield_now().await;
    };
    let passes_on = |run: &Run| assert_eq!(run.cancelled, run.asked > 0, "{}", run.which);
    at_every_await(scenario, passes_on);
}
