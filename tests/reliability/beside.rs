//! Timeouts and groups beside other things, in a join or a select: what ends one of them
//! ends nothing else.

use crate::support::virtual_loop;
use futures::future::{Either, join, join_all, select};
use oneloop::error::JoinError;
use oneloop::{
    TaskGroup, Timeout, catch_cancel, gather, running_loop, sleep, spawn, timeout, wait_for,
    yield_now,
};
use std::future::{Future, pending};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Runs `main` as a task that nobody cancels, and tells when it ended.
fn lasts(main: impl Future<Output = ()> + 'static) -> Duration {
    let task = async move {
        let task = spawn(main);
        (&task).await.expect("it ends well");
        assert_eq!(task.cancelling(), 0);
        running_loop().expect("it runs").time()
    };
    virtual_loop().run(task).expect("it ends")
}

#[test]
fn a_timeout_in_a_select_ends_alone() {
    let lasted = lasts(async {
        let limited = pin!(timeout(SECOND, pending::<()>()));
        let Either::Left((ended, other)) = select(limited, sleep(2 * SECOND)).await else {
            panic!("it comes first")
        };
        assert!(ended.is_err());
        other.await;
    });
    assert_eq!(lasted, 2 * SECOND);
}

#[test]
fn a_timeout_of_nothing_in_a_join_ends_alone() {
    let lasted = lasts(async {
        let (ended, ()) = join(timeout(Duration::ZERO, pending::<()>()), sleep(SECOND)).await;
        assert!(ended.is_err());
    });
    assert_eq!(lasted, SECOND);
}

#[test]
fn timeouts_in_a_join_that_are_due_together_all_end_so() {
    let lasted = lasts(async {
        let limits = (0..3).map(|_| timeout(SECOND, sleep(5 * SECOND)));
        let scopes = [Timeout::after(SECOND), Timeout::after(SECOND)];
        let scopes = scopes.iter().map(|scope| scope.run(pending::<()>()));
        let (limits, scopes) = join(join_all(limits), join_all(scopes)).await;
        assert!(limits.iter().all(Result::is_err) && scopes.iter().all(Result::is_err));
    });
    assert_eq!(lasted, SECOND);
}

#[test]
fn a_timeout_in_a_join_cancels_what_it_awaits_and_waits_for_that() {
    let lasted = lasts(async {
        let task = Rc::new(spawn(async {
            if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                sleep(SECOND).await;
                match cancelled.resume().await {}
            }
        }));
        let (ended, ()) = join(wait_for(task.clone(), Some(SECOND)), sleep(9 * SECOND)).await;
        assert!(ended.is_err() && task.cancelled());
        let task = Rc::new(spawn(async { catch_cancel(pending::<()>()).await.is_err() }));
        let (ended, ()) = join(wait_for(task.clone(), Some(SECOND)), sleep(SECOND)).await;
        assert!(ended.expect("it ended in spite of that").expect("with a value"));
    });
    assert_eq!(lasted, 10 * SECOND);
}

#[test]
fn a_timeout_in_a_join_that_gathers_is_over() {
    let lasted = lasts(async {
        let tasks = [spawn(sleep(5 * SECOND)), spawn(sleep(6 * SECOND))];
        let (ended, ()) = join(timeout(SECOND, gather(tasks)), sleep(2 * SECOND)).await;
        assert!(ended.is_err());
    });
    assert_eq!(lasted, 2 * SECOND);
}

#[test]
fn of_two_timeouts_in_a_join_that_are_nested_the_outer_one_reports() {
    let lasted = lasts(async {
        let inner = timeout(SECOND, pending::<()>());
        let (ended, ()) = join(timeout(SECOND, inner), sleep(2 * SECOND)).await;
        assert!(ended.is_err());
    });
    assert_eq!(lasted, 2 * SECOND);
}

#[test]
fn a_timeout_that_is_kept_and_not_polled_ends_nothing_else() {
    let lasted = lasts(async {
        let mut aside = Box::pin(timeout(SECOND, pending::<()>()));
        let _ = select(&mut aside, yield_now()).await;
        sleep(3 * SECOND).await;
        assert!(aside.await.is_err());
    });
    assert_eq!(lasted, 3 * SECOND);
}

#[test]
fn a_timeout_that_moved_to_another_task_is_over_there() {
    let lasted = lasts(async {
        let mut moves = Box::pin(timeout(3 * SECOND, pending::<()>()));
        let first = spawn(async move {
            let _ = select(&mut moves, yield_now()).await;
            let second = spawn(moves);
            sleep(5 * SECOND).await;
            second.await.expect("it is not cancelled")
        });
        assert!(first.await.expect("nor is this").is_err());
    });
    assert_eq!(lasted, 5 * SECOND);
}

#[test]
fn a_task_that_is_cancelled_in_a_join_of_timeouts_ends_cancelled() {
    lasts(async {
        let task = spawn(async {
            let both = join(timeout(SECOND, pending::<()>()), timeout(SECOND, pending::<()>()));
            let _ = both.await;
        });
        sleep(SECOND).await; // the timeouts are due in the turn in which it is cancelled
        task.cancel();
        yield_now().await;
        yield_now().await;
        assert!(task.done());
        assert!(task.await.is_err_and(|error: JoinError| error.is_cancelled()));
    });
}

async fn slow() -> Result<(), &'static str> {
    sleep(9 * SECOND).await;
    Ok(())
}

#[test]
fn a_timeout_in_a_join_waits_for_clean_up() {
    let lasted = lasts(async {
        let cleans_up = async {
            if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                sleep(2 * SECOND).await;
                match cancelled.resume().await {}
            }
        };
        let scope = Timeout::after(SECOND);
        let limits = join(timeout(SECOND, cleans_up), scope.run(catch_cancel(slow())));
        let ((ended, goes_on), ()) = join(limits, sleep(SECOND)).await;
        assert!(ended.is_err());
        assert!(goes_on.expect("it took the cancellation").is_err());
    });
    assert_eq!(lasted, 3 * SECOND);
}

#[test]
fn a_group_in_a_timeout_in_a_join_does_not_leave_its_tasks() {
    let lasted = lasts(async {
        let group = TaskGroup::<&str>::new();
        let limited = timeout(SECOND, async {
            let body = async {
                let cleans_up = async {
                    let _ = catch_cancel(pending::<()>()).await;
                    sleep(2 * SECOND).await;
                    Ok(())
                };
                drop(group.spawn(cleans_up).expect("the group runs"));
                slow().await
            };
            group.run(body).await
        });
        let (ended, ()) = join(limited, sleep(SECOND)).await;
        assert!(ended.is_err());
    });
    assert_eq!(lasted, 3 * SECOND);
}

#[test]
fn a_group_in_a_join_that_fails_ends_alone() {
    let lasted = lasts(async {
        let failing = |body_waits: bool| async move {
            let group = TaskGroup::<&str>::new();
            let body = async {
                let fails = async {
                    sleep(SECOND).await;
                    Err::<(), _>("failed")
                };
                drop(group.spawn(fails).expect("the group runs"));
                drop(group.spawn(slow()).expect("the group runs"));
                if body_waits {
                    pending::<()>().await;
                }
                Ok(())
            };
            let failed = group.run(body).await.expect_err("a task failed");
            assert_eq!(failed.errors().len(), 1);
        };
        join(join(failing(true), failing(false)), sleep(2 * SECOND)).await;
    });
    assert_eq!(lasted, 2 * SECOND);
}
