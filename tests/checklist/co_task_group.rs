//! CO: task groups: what they wait for, whom they take, and in which turns.

use crate::diary::Diary;
use crate::loops::{manual, on_a_loop, turn};
use oneloop::error::Failure;
use oneloop::{TaskGroup, catch_cancel, create_future, current_task, sleep, yield_now};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

type Group = TaskGroup<&'static str>;

fn cancelling() -> u32 {
    current_task().unwrap().cancelling()
}

/// Waits for ever, and stamps its cancellation.
fn waits(
    diary: &Diary,
    name: &'static str,
) -> impl Future<Output = Result<(), &'static str>> + use<> {
    let diary = diary.clone();
    async move {
        let Err(cancelled) = catch_cancel(pending::<()>()).await else { return Ok(()) };
        diary.stamp(name);
        match cancelled.resume().await {}
    }
}

/// The errors of a group, in words.
fn told<R>(ended: Result<R, oneloop::error::GroupError<&'static str>>) -> Vec<String> {
    let Err(error) = ended else { return Vec::new() };
    let told = error.errors().iter().map(|failure| match failure {
        Failure::Error(error) => error.to_string(),
        Failure::Join(error) => error.to_string(),
    });
    told.collect()
}

#[test]
fn co_061_leaving_a_group_waits_for_its_tasks_and_their_results_can_be_read() {
    on_a_loop(async {
        let group = Group::new();
        let tasks = group.run(async {
            let tasks = [3, 1, 2].map(|seconds| {
                let child = async move {
                    sleep(SECOND * seconds).await;
                    Ok(seconds)
                };
                group.spawn(child).unwrap()
            });
            Ok(tasks)
        });
        let tasks = tasks.await.unwrap();
        assert!(tasks.iter().all(|task| task.done()));
        assert_eq!(tasks.map(|task| task.result().unwrap().unwrap()), [Ok(3), Ok(1), Ok(2)]);
    });
}

#[test]
fn co_062_the_parent_leaves_two_turns_after_the_last_task_ended() {
    on_a_loop(async {
        let group = Group::new();
        let last = group.run(async {
            let last = async {
                yield_now().await;
                yield_now().await;
                Ok(turn())
            };
            Ok(group.spawn(last).unwrap())
        });
        let last = last.await.unwrap();
        assert_eq!(turn(), last.result().unwrap().unwrap().unwrap() + 2);
    });
}

#[test]
fn co_062_a_group_whose_tasks_have_ended_is_left_at_once() {
    on_a_loop(async {
        let group = Group::new();
        let before = group.run(async {
            group.spawn(async { Ok(()) }).unwrap();
            yield_now().await;
            yield_now().await;
            Ok(turn())
        });
        assert_eq!(before.await.unwrap(), turn());
    });
}

#[test]
fn co_063_a_task_that_somebody_cancels_is_no_failure() {
    on_a_loop(async {
        let group = Group::new();
        let other = group.run(async {
            let cancelled = group.spawn(async { pending().await }).unwrap();
            let _: &oneloop::Task<Result<(), _>> = &cancelled;
            let other = async {
                sleep(SECOND).await;
                Ok("went on")
            };
            let other = group.spawn(other).unwrap();
            yield_now().await;
            cancelled.cancel();
            Ok(other)
        });
        assert_eq!(other.await.unwrap().result().unwrap().unwrap(), Ok("went on"));
    });
}

#[test]
fn co_064_a_failure_cancels_the_tasks_and_then_the_parent() {
    let diary = Diary::default();
    let notes = diary.clone();
    on_a_loop(async move {
        let group = Group::new();
        let ended = group.run(async {
            group.spawn(waits(&notes, "first")).unwrap();
            let failing = notes.clone();
            let fails = async move {
                yield_now().await;
                failing.stamp("fails");
                Err::<(), _>("failure")
            };
            group.spawn(fails).unwrap();
            group.spawn(waits(&notes, "second")).unwrap();
            waits(&notes, "parent").await
        });
        assert_eq!(told(ended.await), ["failure"]);
        notes.stamp("over");
    });
    // The parent waits for the callbacks of the two: one turn for them, and one for itself.
    assert_eq!(diary.read(), ["fails@3", "first@5", "second@5", "parent@5", "over@7"]);
}

#[test]
fn co_065_the_error_comes_when_all_have_ended_and_the_parent_is_not_left_cancelled() {
    on_a_loop(async {
        let group = Group::new();
        let cleaned = Rc::new(std::cell::Cell::new(false));
        let clean = cleaned.clone();
        let ended = group.run::<()>(async {
            let slow = async move {
                let _ = catch_cancel(pending::<()>()).await;
                sleep(SECOND).await;
                clean.set(true);
                Ok(())
            };
            group.spawn(slow).unwrap();
            group.spawn(async { Err::<(), _>("failure") }).unwrap();
            pending().await
        });
        assert_eq!(told(ended.await), ["failure"]);
        assert!(cleaned.get());
        assert_eq!(cancelling(), 0);
        yield_now().await;
    });
}

#[test]
fn co_066_errors_come_in_the_order_of_their_callbacks_and_that_of_the_body_last() {
    on_a_loop(async {
        let group = Group::new();
        let ended = group.run::<()>(async {
            let late = async {
                let _ = catch_cancel(pending::<()>()).await;
                yield_now().await;
                Err::<(), _>("late")
            };
            group.spawn(late).unwrap();
            group.spawn(async { pending::<Result<(), _>>().await }).unwrap();
            for error in ["one", "two"] {
                group.spawn(async move { Err::<(), _>(error) }).unwrap();
            }
            let _ = catch_cancel(pending::<()>()).await;
            Err("body")
        });
        assert_eq!(told(ended.await), ["one", "two", "late", "body"]);
    });
}

#[test]
fn co_066_a_group_that_is_ending_asks_its_parent_for_nothing_more() {
    on_a_loop(async {
        let (group, parent) = (Group::new(), current_task().unwrap());
        let ended = group.run::<()>(async {
            let late = async {
                let _ = catch_cancel(pending::<()>()).await;
                Err::<(), _>("late")
            };
            let last = async move {
                let _ = catch_cancel(pending::<()>()).await;
                sleep(SECOND).await;
                assert_eq!(parent.cancelling(), 0);
                Ok(())
            };
            group.spawn(late).unwrap();
            group.spawn(last).unwrap();
            yield_now().await;
            Err("body")
        });
        assert_eq!(told(ended.await), ["late", "body"]);
    });
}

#[test]
fn co_072_a_panic_of_the_body_goes_on_after_the_tasks_have_ended() {
    let (on, diary) = (manual(), Diary::default());
    let notes = diary.clone();
    let task = on.spawn(async move {
        let group = Group::new();
        let ended = group.run::<()>(async {
            group.spawn(waits(&notes, "cancelled")).unwrap();
            group.spawn(async { Err::<(), _>("fails too") }).unwrap();
            yield_now().await;
            panic!("fatal")
        });
        told(ended.await)
    });
    let task = task.unwrap();
    let ended = on.run_until_complete(task).unwrap().unwrap_err();
    assert_eq!(ended.to_string(), "the task panicked: fatal");
    assert_eq!(diary.read(), ["cancelled@3"]);
}

#[test]
fn co_072_a_panic_of_the_body_wins_over_a_cancel_that_comes_while_the_tasks_end() {
    let on = manual();
    let task = on.spawn(async move {
        let group = Group::new();
        let ended = group.run::<()>(async {
            let slow = async {
                let _ = catch_cancel(pending::<()>()).await;
                let _ = catch_cancel(sleep(SECOND)).await;
                Ok(())
            };
            group.spawn(slow).unwrap();
            yield_now().await;
            panic!("fatal")
        });
        told(ended.await)
    });
    let task = task.unwrap();
    crate::loops::ticks(&on, 4);
    task.cancel();
    crate::loops::ticks(&on, 2);
    on.advance(SECOND);
    let ended = on.run_until_complete(task).unwrap().unwrap_err();
    assert_eq!(ended.to_string(), "the task panicked: fatal");
}

#[test]
fn co_073_a_panic_of_a_task_is_one_of_the_errors() {
    on_a_loop(async {
        let group = Group::new();
        let ended = group.run::<()>(async {
            group.spawn(async { std::panic::panic_any(5) as Result<(), _> }).unwrap();
            group.spawn(async { Err::<(), _>("plain") }).unwrap();
            pending().await
        });
        let expected = ["the task panicked: a value that is not text", "plain"];
        assert_eq!(told(ended.await), expected);
    });
}

#[test]
fn co_074_a_group_that_is_ending_after_a_failure_takes_no_task() {
    on_a_loop(async {
        let group = Group::new();
        let held = Rc::new(());
        let outside = group.spawn(async { Ok(()) }).unwrap_err();
        assert_eq!(outside.to_string(), "the task group has not been entered");
        let ended = group.run::<()>(async {
            group.spawn(async { Err::<(), _>("failure") }).unwrap();
            let _ = catch_cancel(pending::<()>()).await;
            let hold = held.clone();
            let late = async move {
                drop(hold);
                unreachable!("it is not polled")
            };
            assert!(group.spawn::<_, ()>(late).is_err());
            assert_eq!(Rc::strong_count(&held), 1, "it was dropped");
            Ok(())
        });
        assert_eq!(told(ended.await), ["failure"]);
        assert!(group.spawn(async { Ok(()) }).is_err());
    });
}

#[test]
fn co_075_tasks_may_add_tasks_after_the_body_has_ended() {
    on_a_loop(async {
        let (group, added) = (Group::new(), create_future());
        let (adds, last) = (group.clone(), added.clone());
        let body = async {
            let child = async move {
                sleep(SECOND).await;
                let grandchild = async move {
                    sleep(SECOND).await;
                    last.set_result(turn()).unwrap();
                    Ok(())
                };
                adds.spawn(grandchild).unwrap();
                Ok(())
            };
            group.spawn(child).unwrap();
            Ok(())
        };
        group.run(body).await.unwrap();
        assert_eq!(added.result().unwrap() + 2, turn());
    });
}

#[test]
fn co_076_a_group_forgets_the_tasks_that_have_ended() {
    on_a_loop(async {
        let group = Group::new();
        let ended = group.run(async {
            for _ in 0..1_000 {
                group.spawn(async { Ok(()) }).unwrap();
                yield_now().await;
                yield_now().await;
            }
            assert_eq!(format!("{group:?}"), "TaskGroup(Entered, 0 tasks, 0 errors)");
            assert_eq!(oneloop::all_tasks().len(), 1);
            Ok(())
        });
        ended.await.unwrap();
    });
}

#[test]
fn co_077_a_task_of_a_group_may_have_a_name() {
    on_a_loop(async {
        let group = Group::new();
        let name = group.run(async {
            let named = group.spawn_named("anna", async { Ok(current_task().unwrap().name()) });
            Ok(named.unwrap())
        });
        assert_eq!(name.await.unwrap().result().unwrap().unwrap(), Ok("anna".to_owned()));
    });
}
