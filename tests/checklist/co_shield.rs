//! CO: shield: what is cancelled outside, and goes on inside.

use crate::diary::Diary;
use crate::loops::{manual, on_a_loop, tick, ticks, turn};
use crate::reports::Reports;
use oneloop::{Awaitable, create_future, gather, shield, sleep, spawn, try_gather, yield_now};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn co_032_a_shield_takes_over_the_outcome() {
    let on = manual();
    let (value, panics) = (on.create_future(), on.spawn(async { panic!("inner") }).unwrap());
    let (of_value, of_panic) = (shield(value.clone()), shield::<()>(panics));
    value.set_result(5).unwrap();
    assert!(!of_value.done());
    ticks(&on, 2);
    assert_eq!(of_value.result().unwrap().unwrap(), 5);
    assert!(of_panic.result().unwrap().unwrap_err().is_panic());
}

#[test]
fn co_033_who_awaits_the_shield_goes_on_two_turns_after_the_end() {
    on_a_loop(async {
        let ended = shield(spawn(async {
            yield_now().await;
            turn()
        }));
        assert_eq!(ended.await.unwrap() + 2, turn());
    });
}

#[test]
fn co_034_a_cancel_of_the_awaiting_task_stops_at_the_shield() {
    let on = manual();
    let diary = Diary::default();
    let notes = diary.clone();
    let inner = Rc::new(on.spawn(async move {
        sleep(Duration::from_secs(1)).await;
        notes.note("inner");
    }));
    let inner = Rc::new(Rc::try_unwrap(inner).unwrap().unwrap());
    let outer = shield(inner.clone());
    let awaits = outer.clone();
    let task = on.spawn(async move { awaits.await }).unwrap();
    tick(&on);
    task.cancel();
    assert!(outer.cancelled(), "at once");
    tick(&on);
    assert!(task.cancelled() && !inner.done() && inner.cancelling() == 0);
    on.advance(Duration::from_secs(1));
    ticks(&on, 2);
    assert_eq!(diary.read(), ["inner"]);
}

#[test]
fn co_035_a_cancelled_inner_cancels_the_shield() {
    let on = manual();
    let inner = on.create_future::<()>();
    let outer = shield(inner.clone());
    inner.cancel();
    tick(&on);
    assert!(outer.cancelled());
}

#[test]
fn co_036_a_cancelled_shield_leaves_nothing_on_what_it_shielded() {
    let on = manual();
    let inner = on.create_future::<()>();
    let outer = shield(inner.clone());
    assert_eq!(format!("{inner:?}"), "Future(pending, 1 waiting)");
    outer.cancel();
    tick(&on);
    assert_eq!(format!("{inner:?}"), "Future(pending, 0 waiting)");
}

#[test]
fn co_036_a_failure_behind_a_cancelled_shield_is_reported() {
    let on = manual();
    let reports = Reports::of(&on);
    let inner = on.create_future::<Result<(), &str>>();
    let outer = shield(inner.clone());
    outer.cancel();
    tick(&on);
    inner.set_exception("nobody looks").unwrap();
    ticks(&on, 2);
    drop((outer, inner));
    assert_eq!(reports.only().message, "Future exception was never retrieved");
}

#[test]
fn co_036_a_panic_behind_a_cancelled_shield_is_reported() {
    let on = manual();
    let reports = Reports::of(&on);
    let inner = on.spawn(async {
        yield_now().await;
        yield_now().await;
        panic!("nobody looks")
    });
    let outer = shield::<()>(inner.unwrap());
    tick(&on);
    outer.cancel();
    ticks(&on, 3);
    drop(outer);
    tick(&on);
    assert_eq!(reports.only().message, "Task exception was never retrieved");
}

#[test]
fn co_037_a_shield_around_a_gather_keeps_it_and_its_children() {
    let on = manual();
    let children = [on.create_future(), on.create_future()];
    let gathered = gather(children.clone());
    let outer = shield(gathered.clone());
    assert!(outer.cancel());
    tick(&on);
    for (child, value) in children.iter().zip(1..) {
        child.set_result(value).unwrap();
    }
    tick(&on);
    assert!(outer.cancelled());
    assert_eq!(gathered.result().unwrap().unwrap(), [1, 2]);
}

#[test]
fn co_038_a_gather_of_shields_cancels_the_shields_only() {
    let on = manual();
    let inner = [on.create_future::<()>(), on.create_future()];
    let shields = inner.clone().map(shield);
    let gathered = gather(shields.clone());
    assert!(gathered.cancel());
    ticks(&on, 2);
    assert!(shields.iter().all(Awaitable::cancelled));
    assert!(inner.iter().all(|inner| !inner.done()));
    assert!(gathered.result().unwrap().unwrap_err().is_cancelled());
    assert!(!gathered.cancelled());
}

#[test]
fn what_is_done_is_its_own_shield() {
    on_a_loop(async {
        let done = create_future();
        done.set_result(Ok::<_, ()>(3)).unwrap();
        let (before, outer) = (turn(), shield(done.clone()));
        assert_eq!(outer, Awaitable::from(done));
        assert_eq!(try_gather([outer]).await.unwrap().unwrap(), [3]);
        assert_eq!(turn(), before);
        drop(pending::<()>());
    });
}
