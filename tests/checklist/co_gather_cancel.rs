//! CO: gather: cancelled children, and a gather that is cancelled.

use crate::diary::Diary;
use crate::loops::{manual, on_a_loop, tick, ticks, turn};
use oneloop::{Future, Task, catch_cancel, create_future, gather, sleep, spawn, try_gather};
use oneloop::{LoopHandle, yield_now};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

/// Two tasks that wait for ever, and stamp when they are cancelled.
fn waiters(on: &LoopHandle, diary: &Diary) -> [Rc<Task<()>>; 2] {
    ["first", "second"].map(|name| {
        let diary = diary.clone();
        let body = async move {
            let Err(cancelled) = catch_cancel(pending::<()>()).await else { return };
            diary.stamp(name);
            match cancelled.resume().await {}
        };
        Rc::new(on.spawn(body).unwrap())
    })
}

#[test]
fn co_006_a_gather_that_has_failed_cannot_be_cancelled_and_cancels_nobody() {
    on_a_loop(async {
        let slow = Rc::new(spawn(async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, &str>("slow")
        }));
        let gathered = try_gather([slow.clone(), Rc::new(spawn(async { Err("fails") }))]);
        assert!(gathered.clone().await.unwrap().is_err());
        assert!(!gathered.cancel());
        assert_eq!(slow.cancelling(), 0);
        assert_eq!((&*slow).await.unwrap(), Ok("slow"));
    });
}

#[test]
fn co_008_a_cancelled_child_fails_the_gather_which_is_not_cancelled_itself() {
    let on = manual();
    let (one, other) = (on.create_future::<()>(), on.create_future());
    let gathered = gather([one.clone(), other.clone()]);
    one.cancel();
    tick(&on);
    assert!(gathered.result().unwrap().unwrap_err().is_cancelled());
    assert!(!gathered.cancelled() && !other.done());
}

#[test]
fn co_009_a_cancelled_gather_asks_all_children_at_once_and_is_done_when_they_are() {
    let on = manual();
    let diary = Diary::default();
    let children = waiters(&on, &diary);
    let gathered = gather(children.clone());
    let (outer, notes) = (gathered.clone(), diary.clone());
    let awaits = async move {
        let ended = outer.await;
        notes.stamp(if ended.unwrap().is_err() { "cancelled" } else { "done" });
    };
    let awaits = on.spawn(awaits).unwrap();
    tick(&on);
    assert!(gathered.cancel()); // k is 1
    assert!(children.iter().all(|child| child.cancelling() == 1));
    assert!(!gathered.done());
    tick(&on);
    assert!(!gathered.done());
    tick(&on);
    assert!(gathered.done() && !gathered.cancelled());
    tick(&on);
    assert_eq!(diary.read(), ["first@2", "second@2", "cancelled@4"]);
    assert!(awaits.done() && !awaits.cancelled());
}

#[test]
fn co_009_cancelling_leaves_children_that_are_done_alone() {
    let on = manual();
    let (done, open) = (on.create_future(), on.create_future());
    done.set_result(1).unwrap();
    let gathered = gather([done.clone(), open.clone()]);
    assert!(gathered.cancel());
    assert!(open.cancelled() && !done.cancelled());
}

#[test]
fn co_010_a_cancel_of_the_awaiting_task_goes_through_the_gather_to_the_children() {
    let on = manual();
    let diary = Diary::default();
    let children = waiters(&on, &diary);
    let (gathered, notes) = (gather(children.clone()), diary.clone());
    let task = on.spawn(async move {
        let Err(cancelled) = catch_cancel(gathered).await else { return };
        notes.stamp("task");
        match cancelled.resume().await {}
    });
    let task = task.unwrap();
    tick(&on);
    task.cancel();
    ticks(&on, 4);
    assert_eq!(diary.read(), ["first@2", "second@2", "task@4"]);
    assert!(task.cancelled() && children.iter().all(|child| child.cancelled()));
}

#[test]
fn co_010_children_that_clean_up_are_waited_for() {
    on_a_loop(async {
        let cleans = Rc::new(spawn(async {
            let _ = catch_cancel(pending::<()>()).await;
            sleep(Duration::from_secs(1)).await;
        }));
        let children = cleans.clone();
        let task = spawn(async move { gather([children]).await });
        yield_now().await;
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(cleans.done() && !cleans.cancelled());
    });
}

#[test]
fn co_011_a_gather_whose_children_are_done_refuses_and_loses_no_result() {
    let on = manual();
    let child = on.create_future();
    let gathered = gather([child.clone()]);
    child.set_result("kept").unwrap();
    assert!(!gathered.cancel());
    tick(&on);
    assert_eq!(gathered.result().unwrap().unwrap(), ["kept"]);
}

/// The task keeps the request, and hears of it when the gather wakes it.
#[test]
fn co_011_a_cancel_of_the_task_that_awaits_such_a_gather_is_not_lost() {
    on_a_loop(async {
        let child: Future<()> = create_future();
        let (inner, ended) = (child.clone(), create_future());
        let at = ended.clone();
        let task = spawn(async move {
            let caught = catch_cancel(gather([inner])).await.is_err();
            at.set_result((caught, turn())).unwrap();
        });
        yield_now().await;
        child.set_result(()).unwrap();
        task.cancel();
        let before = turn();
        assert_eq!(ended.await.unwrap(), (true, before + 2));
    });
}
