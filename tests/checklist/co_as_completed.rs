//! CO: as_completed: one after the other, as they end.

use crate::loops::{on_a_loop, turn};
use oneloop::error::TimedOut;
use oneloop::{AsCompleted, Awaitable, as_completed, create_future, running_loop, sleep, spawn};
use oneloop::{timeout, yield_now};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn after(seconds: u32) -> Awaitable<u32> {
    spawn(async move {
        sleep(SECOND * seconds).await;
        seconds
    })
    .into()
}

/// What comes, to the end: values, and `None` for what was late.
async fn all(mut ended: AsCompleted<u32>) -> Vec<Option<u32>> {
    let mut values = Vec::new();
    while let Some(next) = ended.next().await {
        match next {
            Ok(one) => values.push(Some(one.await.unwrap())),
            Err(TimedOut { .. }) => values.push(None),
        }
    }
    values
}

#[test]
fn co_026_results_come_as_they_end_and_all_takes_as_long_as_the_slowest() {
    on_a_loop(async {
        let values = all(as_completed([after(3), after(1), after(2)], None)).await;
        assert_eq!(values, [Some(1), Some(2), Some(3)]);
        assert_eq!(running_loop().unwrap().time(), SECOND * 3);
    });
}

#[test]
fn co_027_what_comes_is_the_very_one_that_was_given() {
    on_a_loop(async {
        let (slow, quick) = (after(2), after(1));
        let mut ended = as_completed([&slow, &quick], None);
        assert_eq!(ended.next().await.unwrap().unwrap(), quick);
        assert_eq!(ended.next().await.unwrap().unwrap(), slow);
        assert!(ended.next().await.is_none());
    });
}

#[test]
fn co_028_what_ended_in_time_comes_first_and_then_an_error_for_each_that_did_not() {
    on_a_loop(async {
        let slow = [after(4), after(5)];
        let mut tasks = vec![after(2), after(1)];
        tasks.extend(slow.iter().cloned());
        let values = all(as_completed(tasks, Some(SECOND * 3))).await;
        assert_eq!(values, [Some(1), Some(2), None, None]);
        assert_eq!(running_loop().unwrap().time(), SECOND * 3);
        let [four, five] = slow;
        assert_eq!((four.await.unwrap(), five.await.unwrap()), (4, 5));
    });
}

#[test]
fn co_028_an_iteration_that_is_given_up_leaves_no_timer_and_no_callback() {
    on_a_loop(async {
        let never = create_future::<()>();
        let ended = as_completed([never.clone()], Some(SECOND));
        assert_eq!(format!("{never:?}"), "Future(pending, 1 waiting)");
        drop(ended);
        assert_eq!(format!("{never:?}"), "Future(pending, 0 waiting)");
        assert_eq!(running_loop().unwrap().next_deadline(), None);
    });
}

#[test]
fn co_029_an_iteration_goes_on_where_it_was_left() {
    on_a_loop(async {
        let mut ended = as_completed([after(1), after(2), after(3)], None);
        assert_eq!(ended.next().await.unwrap().unwrap().await.unwrap(), 1);
        sleep(SECOND * 5).await;
        assert_eq!(all(ended).await, [Some(2), Some(3)]);
    });
}

#[test]
fn co_029_a_next_that_is_cancelled_loses_none() {
    on_a_loop(async {
        let mut ended = as_completed([after(2)], None);
        assert!(timeout(SECOND, ended.next()).await.is_err());
        assert_eq!(all(ended).await, [Some(2)]);
    });
}

#[test]
fn co_030_what_is_given_twice_comes_once() {
    on_a_loop(async {
        let (one, two) = (after(1), after(2));
        let values = all(as_completed([&two, &one, &two, &one], None)).await;
        assert_eq!(values, [Some(1), Some(2)]);
    });
}

#[test]
fn co_031_who_waits_goes_on_two_turns_after_the_end() {
    on_a_loop(async {
        let task = spawn(async {
            yield_now().await;
            turn()
        });
        let ended = as_completed([task], None).next().await.unwrap().unwrap();
        assert_eq!(turn(), ended.await.unwrap() + 2);
        let done = create_future();
        done.set_result(()).unwrap();
        let before = turn();
        as_completed([done], None).next().await.unwrap().unwrap();
        assert_eq!(turn(), before + 2, "what was done already, likewise");
    });
}
