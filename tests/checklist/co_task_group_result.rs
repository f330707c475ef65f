//! CO: what a task group hears of tasks whose results others have taken away.

use crate::loops::jumping;
use crate::reports::Reports;
use oneloop::TaskGroup;
use oneloop::error::{Failure, GroupError};
use std::rc::Rc;

fn messages(ended: Result<(), GroupError<&'static str>>) -> Vec<String> {
    let failures = ended.unwrap_err().into_errors();
    let text = |failure: Failure<Rc<&str>>| match failure {
        Failure::Error(error) => error.to_string(),
        Failure::Join(error) => error.to_string(),
    };
    failures.into_iter().map(text).collect()
}

#[test]
fn co_065_a_failure_whose_result_was_taken_in_the_same_turn_fails_the_group() {
    let ended = jumping().run_until_complete(async {
        let group = TaskGroup::new();
        let body = async {
            let task = group.spawn(async { Err::<(), _>("no") }).unwrap();
            oneloop::yield_now().await;
            assert_eq!(*task.await.unwrap().unwrap_err(), "no");
            Ok(())
        };
        group.run(body).await
    });
    assert_eq!(messages(ended.unwrap()), ["no"]);
}

#[test]
fn co_065_a_failure_whose_handle_was_dropped_in_the_same_turn_fails_the_group() {
    let ended = jumping().run_until_complete(async {
        let group = TaskGroup::new();
        let body = async {
            let task = group.spawn(async { Err::<(), _>("no") }).unwrap();
            oneloop::yield_now().await;
            assert!(task.done());
            drop(task);
            Ok(())
        };
        group.run(body).await
    });
    assert_eq!(messages(ended.unwrap()), ["no"]);
}

#[test]
fn co_065_a_panic_whose_result_was_taken_in_the_same_turn_fails_the_group() {
    let ended = jumping().run_until_complete(async {
        let group = TaskGroup::<&str>::new();
        let body = async {
            let task = group.spawn::<_, ()>(async { panic!("on purpose") }).unwrap();
            oneloop::yield_now().await;
            assert!(task.await.unwrap_err().is_panic());
            Ok(())
        };
        group.run(body).await
    });
    assert_eq!(messages(ended.unwrap()), ["the task panicked: on purpose"]);
}

#[test]
fn co_072_failures_beside_a_panic_of_the_body_are_reported() {
    let on = jumping();
    let reports = Reports::of(&on);
    let task = on.spawn(async {
        let group = TaskGroup::new();
        let body = async {
            group.spawn(async { Err::<(), _>("no") }).unwrap();
            oneloop::yield_now().await;
            panic!("fatal")
        };
        group.run(body).await.map_err(|_| ()) as Result<(), ()>
    });
    let ended = on.run_until_complete(task.unwrap()).unwrap();
    assert_eq!(ended.unwrap_err().to_string(), "the task panicked: fatal");
    assert_eq!(reports.only().source, "it returned an error");
}
