//! ME: memory that does not grow, counters that come to their end, callbacks and observers
//! that change what they are called from.

use crate::exhaustive::assert_empty;
use crate::reentrancy::turn;
use crate::support::{
    OnDrop, bump, counter, in_child, loop_on, new_loop, nth, open_descriptors, rounds,
    virtual_loop, watch, within,
};
use futures::future::select;
use oneloop::ReturnWhen::FirstCompleted;
use oneloop::{Awaitable, CallbackId, Clock, Event, Future, as_completed, gather, sleep, spawn};
use oneloop::{shield, timeout, wait, wait_for, yield_now};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// One race against `immortal`, which loses nothing and keeps nothing.
async fn race(immortal: &Future<()>, number: usize) {
    match number % 6 {
        0 => drop(select(immortal.clone(), yield_now()).await),
        1 => drop(timeout(Duration::ZERO, shield(immortal.clone()).into_future()).await),
        2 => {
            let quick = spawn(async {});
            let both: [Awaitable<()>; 2] = [immortal.clone().into(), quick.into()];
            let ended = wait(both, None, FirstCompleted).await.expect("two to wait for");
            assert_eq!(ended.pending.len(), 1);
        }
        3 => {
            let ended = wait([immortal.clone()], Some(Duration::ZERO), FirstCompleted).await;
            assert_eq!(ended.expect("one to wait for").pending.len(), 1);
        }
        4 => drop(select(pin!(gather([immortal.clone()])), yield_now()).await),
        _ => {
            let mut ended = as_completed([immortal.clone()], Some(Duration::ZERO));
            assert!(ended.next().await.is_some_and(|late| late.is_err()));
        }
    }
}

/// 100,000 of them here, and a million in the release run.
#[test]
fn me_001_races_against_an_immortal_future_leave_nothing_on_it() {
    within(|| {
        let event_loop = virtual_loop();
        let immortal = event_loop.create_future();
        let racing = immortal.clone();
        let races = event_loop.run_until_complete(async move {
            for number in 0..rounds(100_000, 1_000_000) {
                race(&racing, number).await;
            }
        });
        races.expect("they end");
        assert_eq!(format!("{immortal:?}"), "Future(pending, 0 waiting)");
        assert_empty(&event_loop, "after the races");
    });
}

/// The same, of a task, which `wait_for` would cancel.
#[test]
fn me_001_races_against_an_immortal_task_leave_nothing_on_it() {
    within(|| {
        let event_loop = virtual_loop();
        let token = Rc::new(());
        let held = token.clone();
        let run = event_loop.run_until_complete(async move {
            let immortal = Awaitable::from(spawn(std::future::pending::<()>()));
            for number in 0..20_000 {
                let token = held.clone();
                let id = immortal.add_done_callback(move |_| drop(token));
                match number % 3 {
                    0 => drop(select(immortal.clone().into_future(), yield_now()).await),
                    1 => drop(wait([&immortal], Some(Duration::ZERO), FirstCompleted).await),
                    _ => {
                        let shielded = shield(immortal.clone());
                        assert!(wait_for(shielded, Some(Duration::ZERO)).await.is_err());
                    }
                }
                assert!(immortal.remove_done_callback(id));
            }
            immortal.cancel();
        });
        run.expect("they end");
        assert_eq!(Rc::strong_count(&token), 1);
    });
}

/// A figure in /proc/self/status.
fn status(of: &str) -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = text.lines().find(|line| line.starts_with(of)).expect("it has that");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("it is a number")
}

/// What a process takes from the system means nothing where a sanitizer keeps what is freed.
fn is_sanitized() -> bool {
    let sanitized = std::env::var_os("ONELOOP_SANITIZED").is_some();
    if sanitized {
        eprintln!("SKIPPED: a sanitizer keeps memory that was freed");
    }
    sanitized
}

#[test]
fn me_002_a_thousand_loops_leave_no_descriptor_no_thread_and_no_memory() {
    if is_sanitized() {
        return;
    }
    in_child(me_002_a_thousand_loops_leave_no_descriptor_no_thread_and_no_memory, || {
        let rounds = |count| {
            for _ in 0..count {
                let event_loop = new_loop();
                let run = event_loop.run(async {
                    let tasks = (0..10).map(|_| spawn(yield_now()));
                    gather(tasks).await.map(|all| all.is_ok())
                });
                assert!(run.is_ok_and(|all| all == Ok(true)));
            }
        };
        rounds(100);
        let before = (open_descriptors(), status("Threads:"));
        let memory = status("VmRSS:");
        rounds(1_000);
        assert_eq!((open_descriptors(), status("Threads:")), before);
        let grown = status("VmRSS:").saturating_sub(memory);
        assert!(grown <= 1024, "{grown} KiB more");
    });
}

#[test]
fn me_003_the_memory_of_100_000_tasks_serves_the_next_100_000() {
    if is_sanitized() {
        return;
    }
    in_child(me_003_the_memory_of_100_000_tasks_serves_the_next_100_000, || {
        let event_loop = virtual_loop();
        let peak = || {
            let run = event_loop.run_until_complete(async {
                let tasks: Vec<_> = (0..100_000)
                    .map(|_| {
                        spawn(async {
                            sleep(Duration::from_secs(1)).await;
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.expect("it ends");
                }
            });
            run.expect("it ends");
            status("VmHWM:")
        };
        let (first, second) = (peak(), peak());
        assert!(second * 100 <= first * 105, "{first} KiB, and then {second}");
    });
}

#[test]
fn me_005_callbacks_may_be_added_and_removed_while_they_run() {
    let event_loop = loop_on(Clock::Manual);
    let future = event_loop.create_future::<()>();
    let order: Rc<RefCell<Vec<&str>>> = Rc::default();
    let second: Rc<Cell<Option<CallbackId>>> = Rc::default();
    let (notes, other) = (order.clone(), second.clone());
    future.add_done_callback(move |future| {
        notes.borrow_mut().push("first");
        let late = notes.clone();
        future.add_done_callback(move |_| late.borrow_mut().push("added"));
        // It is on its way already.
        assert!(!future.remove_done_callback(other.take().expect("it was added")));
    });
    let notes = order.clone();
    let id = future.add_done_callback(move |_| notes.borrow_mut().push("second"));
    second.set(Some(id));
    let notes = order.clone();
    let removed = future.add_done_callback(move |_| notes.borrow_mut().push("removed"));
    assert!(future.remove_done_callback(removed));
    future.set_result(()).expect("it is set once");
    turn(&event_loop);
    assert_eq!(*order.borrow(), ["first", "second"]);
    turn(&event_loop);
    assert_eq!(*order.borrow(), ["first", "second", "added"]);
}

#[test]
fn me_005_a_callback_that_goes_may_change_the_list_that_it_was_in() {
    let event_loop = loop_on(Clock::Manual);
    let future = event_loop.create_future::<()>();
    let ran = counter();
    let other = {
        let ran = ran.clone();
        future.add_done_callback(move |_| bump(&ran))
    };
    let (same, late) = (future.clone(), ran.clone());
    let changes = OnDrop(move || {
        assert!(same.remove_done_callback(other));
        for _ in 0..100 {
            let late = late.clone();
            same.add_done_callback(move |_| bump(&late));
        }
    });
    let id = future.add_done_callback(move |_| drop(changes));
    assert!(future.remove_done_callback(id));
    assert_eq!(format!("{future:?}"), "Future(pending, 100 waiting)");
    future.set_result(()).expect("it is set once");
    turn(&event_loop);
    assert_eq!(ran.get(), 100);
}

/// Every event has it call back into the loop; it is not told of what it does itself.
#[test]
fn me_006_an_observer_may_spawn_wake_cancel_and_schedule() {
    let event_loop = virtual_loop();
    let (handle, events) = (event_loop.handle(), counter());
    let ran = counter();
    let (count, runs) = (events.clone(), ran.clone());
    watch(&event_loop, move |event| {
        if nth(&count) > 100 {
            return;
        }
        let runs = runs.clone();
        let task = handle.spawn(async move { bump(&runs) }).expect("the loop is open");
        let cancelled = handle.spawn(sleep_for_ever()).expect("the loop is open");
        assert!(cancelled.cancel() && !task.done());
        handle.call_soon(|| {}).expect("the loop is open");
        handle.call_later(Duration::from_secs(1), || {}).expect("the loop is open");
        drop((format!("{handle:?} {event:?}"), handle.all_tasks()));
    });
    let run = event_loop.run_until_complete(async {
        for _ in 0..200 {
            yield_now().await;
        }
        sleep(Duration::from_secs(2)).await;
    });
    run.expect("it ends");
    assert!(events.get() > 100);
    assert_eq!(ran.get(), 100, "one for each event");
    event_loop.set_observer(None);
    assert_empty(&event_loop, "after the observer");
}

async fn sleep_for_ever() {
    sleep(Duration::MAX).await;
}

#[test]
fn me_006_an_observer_that_panics_in_any_event_is_taken_off_and_the_loop_lives() {
    for at in 1..30 {
        let event_loop = virtual_loop();
        event_loop.set_exception_handler(|_| {});
        let events = counter();
        let count = events.clone();
        watch(&event_loop, move |_: &Event<'_>| {
            assert!(nth(&count) != at, "the observer");
        });
        let run = event_loop.run_until_complete(async {
            let task = spawn(sleep(Duration::from_secs(1)));
            drop(timeout(Duration::from_millis(1), task).await);
            gather((0..3).map(|_| spawn(yield_now()))).await
        });
        assert!(run.is_ok());
        assert_eq!(events.get(), at, "it hears no more");
        assert_empty(&event_loop, "after the observer");
    }
}
