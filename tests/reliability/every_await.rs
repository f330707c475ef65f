//! CA-9: cancelled at each of its awaits in turn, nothing leaks, nothing is lost, and what
//! must be cleaned up is.

use crate::exhaustive::{Run, World, at_every_await, twice_pending};
use futures::StreamExt;
use futures::future::{Either, join, select};
use futures::stream::FuturesUnordered;
use oneloop::ReturnWhen::FirstCompleted;
use oneloop::{Awaitable, TaskGroup, as_completed, catch_cancel, create_future, current_task};
use oneloop::{gather, shield, sleep, spawn, timeout, wait, wait_for, yield_now};
use std::future::{Future, pending};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Nothing in the scenario catches: who was asked in time has ended cancelled.
fn passes_all_on(run: &Run) {
    assert_eq!(run.cancelled, run.asked > 0, "{}", run.which);
}

/// Waits in each way there is.
async fn waits() {
    yield_now().await;
    sleep(SECOND).await;
    let future = create_future();
    let set = future.clone();
    oneloop::call_later(SECOND, move || set.set_result(()).unwrap_or(()));
    let _ = future.await;
    let _ = spawn(sleep(SECOND)).await;
    twice_pending().await;
}

/// Does `work` to its end, however often that takes.
async fn insists<F: Future>(work: impl Fn() -> F) -> F::Output {
    loop {
        if let Ok(value) = catch_cancel(work()).await {
            return value;
        }
    }
}

#[test]
fn ca_009_plain_waits() {
    let awaits = at_every_await(|_| waits(), passes_all_on);
    assert_eq!(awaits, 6);
}

#[test]
fn ca_009_nested_scopes_clean_up_and_raise_again() {
    async fn careful(world: World, depth: usize, body: Rc<dyn Fn() -> oneloop::Task<()>>) {
        let open = world.open();
        let ended = catch_cancel(async {
            waits().await;
            if depth > 0 {
                Box::pin(careful(world.clone(), depth - 1, body.clone())).await;
            }
            let _ = body().await;
        })
        .await;
        insists(|| sleep(SECOND)).await;
        world.end();
        drop(open);
        if let Err(cancelled) = ended {
            match cancelled.resume().await {}
        }
    }
    let cleaned = |run: &Run| assert!(run.world.ended() > 0, "{}", run.which);
    at_every_await(|world| careful(world, 2, Rc::new(|| spawn(waits()))), cleaned);
}

#[test]
fn ca_009_a_timeout_in_a_timeout() {
    for (outer, inner) in [(2, 9), (9, 2), (2, 2), (9, 9), (0, 0)] {
        let scenario = move |_| async move {
            let _ = timeout(SECOND * outer, async {
                let _ = timeout(SECOND * inner, waits()).await;
                yield_now().await;
            })
            .await;
            yield_now().await;
        };
        at_every_await(scenario, passes_all_on);
    }
}

#[test]
fn ca_009_a_timeout_whose_body_cleans_up() {
    let scenario = |world: World| async move {
        let open = world.open();
        let _ = timeout(SECOND, async {
            let ended = catch_cancel(pending::<()>()).await;
            insists(waits).await;
            drop(open);
            match ended {
                Ok(()) => {}
                Err(cancelled) => match cancelled.resume().await {},
            }
        })
        .await;
        yield_now().await;
    };
    // One that comes in the clean-up is swallowed there, and not lost from the count.
    at_every_await(scenario, |_| {});
}

/// A group with tasks that fail when `fails`, and that take their time to end.
async fn group(world: World, fails: bool) {
    let group = TaskGroup::<&str>::new();
    let ended = group.run(async {
        for seconds in 1..4 {
            let open = world.open();
            let child = async move {
                let ended = catch_cancel(sleep(SECOND * seconds)).await;
                insists(|| sleep(SECOND / 2)).await;
                drop(open);
                match ended {
                    Ok(()) if fails => Err("failed"),
                    Ok(()) => Ok(()),
                    Err(cancelled) => match cancelled.resume().await {},
                }
            };
            group.spawn(child).map_err(|_| "closed")?;
            yield_now().await;
        }
        sleep(SECOND * 2).await;
        Ok(())
    });
    let ended = ended.await;
    assert!(world.is_clean(), "the group was left before its tasks had ended");
    assert_eq!(ended.is_err(), fails);
    // A request that came beside the failures is delivered here.
    yield_now().await;
}

#[test]
fn ca_009_a_task_group() {
    at_every_await(|world| group(world, false), passes_all_on);
}

#[test]
fn ca_009_a_task_group_whose_tasks_fail() {
    at_every_await(|world| group(world, true), passes_all_on);
}

#[test]
fn ca_009_a_group_in_a_group_in_a_timeout() {
    let scenario = |world: World| async move {
        let outer = TaskGroup::<&str>::new();
        let _ = timeout(
            SECOND * 2,
            outer.run(async {
                let (open, after) = (world.open(), sleep(SECOND));
                let child = async move {
                    let _open = open;
                    after.await;
                    Err::<(), _>("failed")
                };
                outer.spawn(child).map_err(|_| "closed")?;
                group(world.clone(), true).await;
                Ok(())
            }),
        )
        .await;
        yield_now().await;
    };
    at_every_await(scenario, passes_all_on);
}

#[test]
fn ca_009_a_gather_of_tasks() {
    let scenario = |world: World| async move {
        let tasks = (1..4).map(|seconds| {
            let open = world.open();
            spawn(async move {
                sleep(SECOND * seconds).await;
                drop(open);
            })
        });
        let gathered = gather(tasks);
        assert!(gathered.await.is_ok_and(|all| all.is_ok()));
        assert!(world.is_clean());
        yield_now().await;
    };
    at_every_await(scenario, passes_all_on);
}

#[test]
fn ca_009_wait_for_a_task_that_swallows() {
    for limit in [None, Some(SECOND), Some(Duration::ZERO)] {
        let scenario = move |world: World| async move {
            let open = world.open();
            let stubborn = spawn(async move {
                let _open = open;
                let _ = catch_cancel(sleep(SECOND * 5)).await;
                insists(|| sleep(SECOND)).await;
                world.end();
            });
            yield_now().await; // it begins
            let ended = wait_for(stubborn, limit).await;
            assert!(ended.is_ok_and(|value| value.is_ok()), "its value is told");
            yield_now().await;
        };
        at_every_await(scenario, |run| assert_eq!(run.world.ended(), 1, "{}", run.which));
    }
}

#[test]
fn ca_009_a_shield() {
    let scenario = |world: World| async move {
        let open = world.open();
        let inner = spawn(async move {
            waits().await;
            drop(open);
            world.end();
        });
        let _ = shield(inner).await;
        yield_now().await;
    };
    let goes_on = |run: &Run| {
        passes_all_on(run);
        assert_eq!(run.world.ended(), 1, "{}: what is shielded goes on", run.which);
    };
    at_every_await(scenario, goes_on);
}

#[test]
fn ca_009_a_join_of_two_scopes() {
    let scenario = |world: World| async move {
        let (one, two) = (world.open(), world.open());
        let scope = |open| async move {
            let _open = open;
            catch_cancel(waits()).await
        };
        let ended = catch_cancel(join(scope(one), scope(two))).await;
        assert!(world.is_clean());
        insists(|| sleep(SECOND)).await;
        if let Err(cancelled) = ended {
            match cancelled.resume().await {}
        }
    };
    at_every_await(scenario, |_| {});
}

#[test]
fn ca_009_a_join_of_scopes_that_raise_again() {
    let scenario = |world: World| async move {
        let scope = |seconds: u32| {
            let open = world.open();
            async move {
                let ended = catch_cancel(sleep(SECOND * seconds)).await;
                drop(open);
                if let Err(cancelled) = ended {
                    match cancelled.resume().await {}
                }
                yield_now().await;
            }
        };
        join(scope(1), join(scope(2), scope(3))).await;
    };
    at_every_await(scenario, passes_all_on);
}

#[test]
fn ca_009_a_set_of_scopes_that_polls_only_who_was_woken() {
    let scenario = |world: World| async move {
        let mut set: FuturesUnordered<_> = (1..4)
            .map(|seconds| {
                let open = world.open();
                async move {
                    let _open = open;
                    let ended = catch_cancel(sleep(SECOND * seconds)).await;
                    yield_now().await;
                    if let Err(cancelled) = ended {
                        match cancelled.resume().await {}
                    }
                }
            })
            .collect();
        while let Some(()) = set.next().await {}
        assert!(world.is_clean());
    };
    at_every_await(scenario, passes_all_on);
}

#[test]
fn ca_009_a_select() {
    let scenario = |world: World| async move {
        let never = create_future::<()>();
        for seconds in 1..4 {
            let (_open, quick) = (world.open(), sleep(SECOND * seconds));
            let scope = catch_cancel(never.clone());
            match select(pin!(scope), pin!(quick)).await {
                // A cancel takes both, so the scope never answers alone.
                Either::Left((ended, _)) => assert!(ended.is_ok()),
                Either::Right(_) => assert_eq!(current_task().unwrap().cancelling(), 0),
            }
        }
        assert_eq!(format!("{never:?}"), "Future(pending, 0 waiting)");
        yield_now().await;
    };
    at_every_await(scenario, passes_all_on);
}

#[test]
fn ca_009_a_wait_and_as_completed() {
    let scenario = |world: World| async move {
        let tasks: Vec<Awaitable<()>> = (1..4)
            .map(|seconds| {
                let world = world.clone();
                let task = spawn(async move {
                    sleep(SECOND * seconds).await;
                    world.end();
                });
                task.into()
            })
            .collect();
        let first = wait(&tasks, Some(SECOND * 9), FirstCompleted).await;
        assert_eq!(first.map(|ended| ended.done.len()), Ok(1));
        let mut rest = as_completed(&tasks, Some(SECOND * 9));
        while let Some(next) = rest.next().await {
            assert!(next.is_ok());
        }
        yield_now().await;
    };
    let cancels_none = |run: &Run| {
        passes_all_on(run);
        let all = run.world.ended();
        assert!(all == 3 || all == 0, "{}: {all} of 3", run.which);
    };
    at_every_await(scenario, cancels_none);
}
