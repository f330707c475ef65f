//! What is made of many tasks, where user code panics, or comes before a callback does.

use crate::support::{reports, virtual_loop};
use futures::future::select;
use oneloop::error::Failure;
use oneloop::{
    Awaitable, ReturnWhen, Task, TaskGroup, as_completed, catch_cancel, gather, gather_all,
    running_loop, shield, sleep, spawn, timeout, wait, yield_now,
};
use std::cell::RefCell;
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn run(main: impl Future<Output = ()> + 'static) {
    virtual_loop().run(main).expect("it ends");
}

/// Awaits a task of a group by value, when it is done and the group has not heard of it.
async fn ended_with_one_that_fails(how: impl Fn() + 'static) -> Failure<std::rc::Rc<&'static str>> {
    let group = TaskGroup::<&str>::new();
    let ended = group.run(async {
        let failing = async move {
            how();
            Err::<(), _>("failed")
        };
        let task = group.spawn(failing).expect("the group runs");
        yield_now().await;
        assert!(task.done());
        let _ = task.await;
        Ok(())
    });
    let failed = ended.await.expect_err("a task failed");
    assert_eq!(failed.errors().len(), 1);
    failed.errors()[0].clone()
}

#[test]
fn a_group_hears_of_an_error_that_its_body_has_taken_first() {
    run(async {
        let failure = ended_with_one_that_fails(|| ()).await;
        assert!(matches!(failure, Failure::Error(error) if *error == "failed"));
    });
}

#[test]
fn a_group_hears_of_a_panic_that_its_body_has_taken_first() {
    run(async {
        let failure = ended_with_one_that_fails(|| panic!("in the task")).await;
        assert!(matches!(failure, Failure::Join(error) if error.is_panic()));
    });
}

#[test]
fn a_panic_in_a_task_of_a_group_that_was_dropped_is_reported() {
    run(async {
        let reports = reports(&running_loop().expect("it runs"));
        let group = TaskGroup::<&str>::new();
        let mut running = Box::pin(group.run(async {
            let panics = async {
                let _ = catch_cancel(pending::<()>()).await;
                panic!("while it cleans up");
            };
            drop(group.spawn::<_, ()>(panics));
            pending::<Result<(), _>>().await
        }));
        let _ = select(&mut running, sleep(SECOND)).await;
        drop(running);
        sleep(SECOND).await;
        assert_eq!(reports.borrow().len(), 1, "{reports:?}");
    });
}

#[derive(Debug)]
struct PanicsWhenCloned(bool);

impl Clone for PanicsWhenCloned {
    fn clone(&self) -> Self {
        assert!(!self.0, "cloned");
        PanicsWhenCloned(false)
    }
}

#[test]
fn a_gather_ends_when_the_clone_of_an_outcome_panics() {
    for which in 0..3 {
        run(async move {
            let tasks = || (0..3).map(|n| spawn(async move { PanicsWhenCloned(n == which) }));
            let all = timeout(SECOND, gather(tasks())).await.expect("it ends");
            assert!(all.expect("nobody cancels it").expect_err("a clone panicked").is_panic());
            let each = timeout(SECOND, gather_all(tasks())).await.expect("it ends");
            let each = each.expect("nobody cancels it").expect("each has an outcome");
            let panicked: Vec<_> = each.iter().map(Result::is_err).collect();
            assert_eq!(panicked, [which == 0, which == 1, which == 2]);
        });
    }
}

#[test]
fn a_task_that_gathers_itself_ends_when_it_is_cancelled() {
    run(async {
        let itself: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let put = itself.clone();
        let task = spawn(async move {
            let itself = itself.take().expect("it was put there");
            let _ = gather([itself, spawn(sleep(9 * SECOND))]).await;
        });
        let name = task.clone();
        put.replace(Some(task));
        sleep(SECOND).await;
        name.cancel();
        sleep(SECOND).await;
        assert!(name.done(), "{name:?}");
    });
}

/// Longer than requests go in one turn.
#[test]
fn a_long_circle_of_gathers_ends_when_one_is_cancelled_and_when_two_are() {
    for twice in [false, true] {
        run(async move {
            let last: Rc<RefCell<Option<Task<()>>>> = Rc::default();
            let awaited = last.clone();
            let mut before = spawn(async move {
                yield_now().await;
                let last = awaited.take().expect("it was put there");
                let _ = gather([last]).await;
            });
            let mut names = vec![before.clone()];
            for _ in 0..700 {
                before = spawn(async move { drop(gather([before]).await) });
                names.push(before.clone());
            }
            last.replace(Some(before));
            for _ in 0..4 {
                yield_now().await;
            }
            names[300].cancel();
            if twice {
                yield_now().await;
                names[500].cancel();
            }
            sleep(SECOND).await;
            assert!(names.iter().all(|name| name.done()));
        });
    }
}

#[test]
fn a_shield_ends_when_the_clone_of_the_outcome_panics() {
    run(async {
        let shielded = shield(spawn(async { PanicsWhenCloned(true) }));
        let ended = timeout(SECOND, shielded.into_future()).await.expect("it ends");
        assert!(ended.expect_err("the clone panicked").is_panic());
    });
}

#[test]
fn a_wait_for_a_failure_ends_when_asking_for_the_outcome_panics() {
    run(async {
        let task = Awaitable::from(spawn(async { 1 }));
        let panics = task.map::<u8>(|_| panic!("mapped"));
        let ended = timeout(SECOND, wait([panics], None, ReturnWhen::FirstException)).await;
        assert_eq!(ended.expect("it ends").expect("there is one").done.len(), 1);
    });
}

/// Tasks of two loops, of which the first closes while the second waits for both.
fn of_two_loops<F: Future<Output = ()> + 'static>(
    waits: impl FnOnce([Awaitable<()>; 2]) -> F + 'static,
) {
    let (one, two) = (virtual_loop(), virtual_loop());
    let theirs = Rc::new(one.spawn(pending::<()>()).expect("the loop is open"));
    let mine = two.spawn(async {}).expect("the loop is open");
    let both = waits([mine.into(), theirs.into()]);
    let waiting = two.spawn(async move { timeout(SECOND, both).await.expect("it ends") });
    let waiting = waiting.expect("the loop is open");
    two.turn(Some(Duration::ZERO)).expect("the loop is open");
    drop(one);
    two.run_until_complete(waiting).expect("it ends").expect("it does not panic");
}

#[test]
fn what_waits_for_tasks_of_a_loop_that_closes_is_told() {
    of_two_loops(|both| async {
        let all = gather(both).await.expect("nobody cancels it");
        assert!(all.expect_err("the loop closed").is_cancelled());
    });
    of_two_loops(|both| async {
        let waited = wait(both, None, ReturnWhen::AllCompleted).await.expect("there are two");
        assert_eq!((waited.done.len(), waited.pending.len()), (2, 0));
    });
    of_two_loops(|both| async {
        let mut ended = as_completed(both, None);
        while let Some(one) = ended.next().await {
            assert!(one.expect("no time is over").done());
        }
    });
    of_two_loops(|[_, theirs]| async {
        let shielded = shield(theirs).await;
        assert!(shielded.expect_err("the loop closed").is_cancelled());
    });
}

#[test]
fn what_waits_for_tasks_of_a_loop_that_is_closed_is_told() {
    let closed = virtual_loop();
    let task = Rc::new(closed.spawn(pending::<()>()).expect("the loop is open"));
    let future = closed.create_future::<()>();
    drop(closed);
    run(async move {
        let both = || -> [Awaitable<()>; 2] { [task.clone().into(), future.clone().into()] };
        let mut ended = as_completed(both(), None);
        assert!(timeout(SECOND, ended.next()).await.is_ok());
        assert!(timeout(SECOND, ended.next()).await.is_ok());
        assert!(timeout(SECOND, gather(both())).await.is_ok());
        assert!(timeout(SECOND, wait(both(), None, ReturnWhen::AllCompleted)).await.is_ok());
    });
}
