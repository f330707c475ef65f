//! Counters near their end: a loop that has run for ever goes on.

use crate::{Clock, EventLoop, TaskGroup, TaskRef, gather, sleep, spawn, yield_now};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A loop that has made nearly 2^32 tasks, and nearly as many of all that is counted in 64
/// bits: those do not come to an end, but nothing may cut them to 32.
fn old_loop() -> EventLoop {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build().unwrap();
    let near = u32::MAX - 10;
    event_loop.state.next_task.set(near);
    event_loop.state.next_waiter.set(near.into());
    event_loop.state.turns.set(near.into());
    event_loop.state.steps.set(near.into());
    event_loop
}

#[test]
fn me_004_a_loop_whose_counters_come_to_their_end_goes_on() {
    let event_loop = old_loop();
    let sum = event_loop.run_until_complete(async {
        let mut sum = 0;
        for turn in 0..100 {
            let tasks = (0..3).map(|n| {
                spawn(async move {
                    yield_now().await;
                    sleep(Duration::from_secs(1)).await;
                    turn + n
                })
            });
            sum += gather(tasks).await.unwrap().unwrap().into_iter().sum::<u32>();
        }
        sum
    });
    assert_eq!(sum.unwrap(), (0..100).map(|turn| 3 * turn + 3).sum::<u32>());
}

#[test]
fn me_004_tasks_are_listed_in_their_order_also_where_their_numbers_begin_again() {
    let event_loop = old_loop();
    let made: Vec<TaskRef> = (0..20)
        .map(|_| TaskRef::clone(&event_loop.spawn(std::future::pending::<()>()).unwrap()))
        .collect();
    assert!(made[0].id() > made[19].id());
    assert_eq!(event_loop.all_tasks(), made);
}

#[test]
fn me_004_a_group_cancels_its_tasks_in_their_order_also_where_their_numbers_begin_again() {
    let event_loop = old_loop();
    let order: Rc<RefCell<Vec<u32>>> = Rc::default();
    let notes = order.clone();
    let ended = event_loop.run_until_complete(async move {
        let group = TaskGroup::<()>::new();
        let body = async {
            for n in 0..20 {
                let notes = notes.clone();
                let waits = async move {
                    let ended = crate::catch_cancel(std::future::pending::<()>()).await;
                    notes.borrow_mut().push(n);
                    ended.map_err(|_| ())
                };
                group.spawn(waits).unwrap();
            }
            yield_now().await;
            Err::<(), ()>(())
        };
        group.run(body).await.is_err()
    });
    assert!(ended.unwrap());
    assert_eq!(*order.borrow(), (0..20).collect::<Vec<_>>());
}

/// After 2^32 others, a task has the number of one that lives still.
#[test]
fn me_004_a_group_waits_for_two_tasks_of_one_number() {
    let event_loop = old_loop();
    let handle = event_loop.handle();
    let ended = event_loop.run_until_complete(async move {
        let group = TaskGroup::<()>::new();
        let done = Rc::new(RefCell::new(Vec::new()));
        let body = async {
            for seconds in [5, 1] {
                handle.state.next_task.set(7);
                let done = done.clone();
                let child = async move {
                    sleep(Duration::from_secs(seconds)).await;
                    done.borrow_mut().push(seconds);
                    Ok(())
                };
                group.spawn(child).unwrap();
            }
            Ok(())
        };
        group.run(body).await.unwrap();
        done.take()
    });
    assert_eq!(ended.unwrap(), [1, 5]);
}

#[test]
fn me_004_a_task_that_was_asked_to_cancel_too_often_is_still_asked() {
    let event_loop = old_loop();
    let task = event_loop.spawn(std::future::pending::<()>()).unwrap();
    event_loop.state.infos.borrow_mut().entry(task.key).or_default().cancelling = u32::MAX - 1;
    let waits = event_loop.spawn(task).unwrap();
    for _ in 0..4 {
        let inner = event_loop.all_tasks().remove(0);
        assert!(inner.cancel());
        assert!(waits.cancel());
    }
    event_loop.run_until_complete(yield_now()).unwrap();
    assert!(waits.done());
}
