//! CO: wait: what ends it, when, and that it cancels nothing.

use crate::loops::{manual, on_a_loop, tick, ticks, turn};
use oneloop::ReturnWhen::{AllCompleted, FirstCompleted, FirstException};
use oneloop::{Awaitable, Future, create_future, running_loop, sleep, spawn, wait, yield_now};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A task that ends after this many seconds.
fn after(seconds: u32) -> Awaitable<u32> {
    spawn(async move {
        sleep(SECOND * seconds).await;
        seconds
    })
    .into()
}

fn timers() -> bool {
    running_loop().unwrap().next_deadline().is_some()
}

#[test]
fn co_014_the_waiter_goes_on_two_turns_after_the_end() {
    on_a_loop(async {
        let task = Rc::new(spawn(async {
            yield_now().await;
            turn()
        }));
        let ended = wait([task.clone()], None, AllCompleted).await.unwrap();
        assert_eq!(turn(), task.result().unwrap().unwrap() + 2);
        assert_eq!((ended.done.len(), ended.pending.len()), (1, 0));
    });
}

#[test]
fn co_015_what_is_done_already_takes_two_turns_too() {
    on_a_loop(async {
        let done = create_future();
        done.set_result(()).unwrap();
        let before = turn();
        wait([done], None, AllCompleted).await.unwrap();
        assert_eq!(turn(), before + 2);
    });
}

#[test]
fn co_016_first_completed_leaves_the_rest_running() {
    on_a_loop(async {
        let (slow, quick) = (after(2), after(1));
        let ended = wait([&slow, &quick], None, FirstCompleted).await.unwrap();
        assert_eq!((ended.done, ended.pending), (vec![quick], vec![slow.clone()]));
        assert_eq!(slow.await.unwrap(), 2);
    });
}

fn fails_after(seconds: u32) -> Awaitable<Result<(), &'static str>> {
    let task = spawn(async move {
        sleep(SECOND * seconds).await;
        Err("failed")
    });
    Awaitable::from(task).fallible()
}

#[test]
fn co_017_first_exception_ends_with_the_first_failure_and_does_not_raise_it() {
    on_a_loop(async {
        let slow = Awaitable::from(spawn(async {
            sleep(SECOND * 9).await;
            Ok(())
        }));
        for before in [false, true] {
            let fails = fails_after(1);
            if before {
                sleep(SECOND * 2).await;
            }
            let ended = wait([&slow, &fails], None, FirstException).await.unwrap();
            assert_eq!((ended.done, ended.pending), (vec![fails], vec![slow.clone()]));
        }
    });
}

#[test]
fn co_017_a_panic_is_an_exception() {
    on_a_loop(async {
        let (slow, panics) = (after(9), Awaitable::from(spawn(async { panic!("child") })));
        let ended = wait([&slow, &panics], None, FirstException).await.unwrap();
        assert_eq!(ended.pending, [slow]);
        assert!(panics.result().unwrap().unwrap_err().is_panic());
    });
}

#[test]
fn co_018_a_cancelled_one_is_no_exception() {
    on_a_loop(async {
        let (cancelled, slow) = (after(9), after(2));
        spawn({
            let cancelled = cancelled.clone();
            async move {
                sleep(SECOND).await;
                cancelled.cancel();
            }
        });
        let ended = wait([&cancelled, &slow], None, FirstException).await.unwrap();
        assert_eq!((ended.done.len(), running_loop().unwrap().time()), (2, SECOND * 2));
        assert!(cancelled.cancelled());
    });
}

#[test]
fn co_019_failures_stay_in_their_tasks() {
    on_a_loop(async {
        let ended = wait([fails_after(1), fails_after(2)], None, AllCompleted).await.unwrap();
        for one in ended.done {
            assert_eq!(one.await.unwrap(), Err("failed"));
        }
    });
}

#[test]
fn co_020_a_timeout_is_no_error_and_cancels_nothing() {
    on_a_loop(async {
        let (quick, slow) = (after(1), after(3));
        let ended = wait([&slow, &quick], Some(SECOND * 2), AllCompleted).await.unwrap();
        assert_eq!(running_loop().unwrap().time(), SECOND * 2);
        assert_eq!((ended.done, ended.pending), (vec![quick], vec![slow.clone()]));
        assert_eq!(slow.await.unwrap(), 3);
    });
}

#[test]
fn co_021_who_is_done_is_looked_at_when_the_waiter_goes_on() {
    on_a_loop(async {
        let future: Future<()> = create_future();
        let inner = future.clone();
        // Set before the wait's own timer: in the same turn, behind it.
        let set = move || inner.set_result(()).unwrap();
        let handle = running_loop().unwrap();
        let waiting = spawn(async move { wait([future], Some(SECOND), AllCompleted).await });
        yield_now().await;
        handle.call_at(SECOND, set).unwrap();
        let ended = waiting.await.unwrap().unwrap();
        assert_eq!((ended.done.len(), ended.pending.len()), (1, 0));
    });
}

#[test]
fn co_022_the_timer_is_gone_when_all_have_ended_in_time() {
    on_a_loop(async {
        wait([after(1)], Some(SECOND * 9), AllCompleted).await.unwrap();
        assert!(!timers());
    });
}

#[test]
fn co_023_a_wait_for_nothing_is_refused() {
    on_a_loop(async {
        assert!(wait(Vec::<Future<()>>::new(), None, AllCompleted).await.is_err());
    });
}

#[test]
fn co_024_an_iterator_will_do_and_is_used_once() {
    on_a_loop(async {
        let made = Rc::new(std::cell::Cell::new(0));
        let count = made.clone();
        let tasks = (1..4).map(move |seconds| {
            count.set(count.get() + 1);
            after(seconds)
        });
        let ended = wait(tasks, None, AllCompleted).await.unwrap();
        assert_eq!((ended.done.len(), made.get()), (3, 3));
    });
}

#[test]
fn co_025_a_cancelled_wait_cancels_nothing_and_leaves_no_callback() {
    let on = manual();
    let future = on.create_future::<()>();
    let never = Rc::new(on.spawn(pending::<()>()).unwrap());
    let both: [Awaitable<()>; 2] = [future.clone().into(), never.clone().into()];
    let task = on.spawn(async move { wait(both, Some(SECOND), AllCompleted).await });
    let task = task.unwrap();
    tick(&on);
    assert_eq!(format!("{future:?}"), "Future(pending, 1 waiting)");
    task.cancel();
    ticks(&on, 2);
    assert!(task.cancelled() && !never.done() && never.cancelling() == 0);
    assert_eq!(format!("{future:?}"), "Future(pending, 0 waiting)");
    assert_eq!(on.next_deadline(), None);
}
