//! CO: gather: its values, their order, and the turns that it takes.

use crate::loops::{manual, on_a_loop, tick, ticks, turn};
use oneloop::error::Failure;
use oneloop::{Awaitable, Future, Task, create_future, gather, gather_all, sleep, spawn};
use oneloop::{try_gather, yield_now};
use std::time::Duration;

/// A task that ends in its step number `turns`, and says in which turn of the loop that was.
fn ends_in(turns: usize) -> Task<u64> {
    spawn(async move {
        for _ in 1..turns {
            yield_now().await;
        }
        turn()
    })
}

#[test]
fn co_001_values_come_in_the_order_of_the_arguments_and_not_before_the_last() {
    let on = manual();
    let futures: [Future<&str>; 3] = std::array::from_fn(|_| on.create_future());
    let gathered = gather(futures.clone());
    for (future, value) in futures.iter().zip(["a", "b", "c"]).rev() {
        ticks(&on, 3);
        assert!(!gathered.done());
        future.set_result(value).unwrap();
    }
    tick(&on);
    assert_eq!(gathered.result().unwrap().unwrap(), ["a", "b", "c"]);
}

#[test]
fn co_002_the_awaiter_goes_on_two_turns_after_the_last_child_ended() {
    on_a_loop(async {
        let ended = gather([ends_in(2), ends_in(4)]).await.unwrap().unwrap();
        assert_eq!(turn(), ended[1] + 2);
    });
}

#[test]
fn co_002_the_gather_itself_is_done_after_one_turn() {
    let on = manual();
    let child = on.create_future();
    let gathered = gather([child.clone()]);
    child.set_result(()).unwrap();
    assert!(!gathered.done());
    tick(&on);
    assert!(gathered.done());
}

#[test]
fn co_003_a_gather_of_what_is_done_is_done_and_takes_no_turn() {
    on_a_loop(async {
        let done = create_future();
        done.set_result(7).unwrap();
        let (before, gathered) = (turn(), gather([done.clone(), done]));
        assert!(gathered.done());
        assert_eq!(gathered.await.unwrap().unwrap(), [7, 7]);
        assert_eq!(turn(), before);
    });
}

#[test]
fn co_004_a_gather_of_nothing_is_done_with_an_empty_list() {
    on_a_loop(async {
        let before = turn();
        assert!(gather::<()>(Vec::<Future<()>>::new()).await.unwrap().unwrap().is_empty());
        assert_eq!(turn(), before);
    });
    let outside = || drop(gather::<()>(Vec::<Future<()>>::new()));
    assert!(std::panic::catch_unwind(outside).is_err(), "no loop is running");
}

#[test]
fn co_005_the_first_error_fails_the_gather_at_once_and_the_others_go_on() {
    on_a_loop(async {
        let slow = std::rc::Rc::new(spawn(async {
            sleep(Duration::from_secs(1)).await;
            Ok("slow")
        }));
        let fails = |text: &'static str| std::rc::Rc::new(spawn(async move { Err(text) }));
        let children = [slow.clone(), fails("first"), fails("second")];
        let failed = try_gather(children).await.unwrap();
        assert!(matches!(failed, Err(Failure::Error("first"))), "{failed:?}");
        assert!(!slow.done());
        assert_eq!((&*slow).await.unwrap(), Ok("slow"));
    });
}

#[test]
fn co_005_a_panic_fails_a_plain_gather() {
    on_a_loop(async {
        let children: [Awaitable<u64>; 2] =
            [spawn(async { panic!("child") }).into(), ends_in(50).into()];
        let failed = gather(children).await.unwrap().unwrap_err();
        assert!(failed.is_panic());
        assert!(turn() < 10, "it did not wait for the other one");
    });
}

#[test]
fn co_007_gather_all_waits_for_all_and_gives_failures_their_place() {
    on_a_loop(async {
        let cancelled = create_future::<u64>();
        cancelled.cancel();
        let children: [Awaitable<u64>; 4] = [
            spawn(async { panic!("child") }).into(),
            ends_in(5).into(),
            cancelled.into(),
            ends_in(2).into(),
        ];
        let outcomes = gather_all(children).await.unwrap().unwrap();
        assert!(outcomes[0].as_ref().is_err_and(|error| error.is_panic()));
        assert_eq!(*outcomes[1].as_ref().unwrap() + 2, turn());
        assert!(outcomes[2].as_ref().is_err_and(|error| error.is_cancelled()));
        assert!(outcomes[3].is_ok());
    });
}

#[test]
fn co_012_what_is_given_twice_runs_once_and_stands_twice() {
    on_a_loop(async {
        let child: Awaitable<u64> = ends_in(2).into();
        let ended = gather([&child, &child, &ends_in(1).into(), &child]).await.unwrap().unwrap();
        assert_eq!((ended[0], ended[0]), (ended[1], ended[3]));
        assert!(ended[2] < ended[0]);
        assert_eq!(turn(), ended[0] + 2);
    });
}

/// asyncio refuses that. Here futures of all loops of a thread work together (FU-017).
#[test]
fn co_013_children_of_two_loops_are_gathered_all_the_same() {
    let (on, other) = (manual(), manual());
    let (mine, theirs) = (on.create_future(), other.create_future());
    let gathered = gather([mine.clone(), theirs.clone()]);
    theirs.set_result("theirs").unwrap();
    mine.set_result("mine").unwrap();
    tick(&on);
    assert!(!gathered.done());
    tick(&other);
    assert_eq!(gathered.result().unwrap().unwrap(), ["mine", "theirs"]);
}
