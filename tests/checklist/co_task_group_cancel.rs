//! CO: task groups that somebody cancels, and groups in groups.

use crate::diary::Diary;
use crate::loops::{manual, on_a_loop, tick, ticks};
use oneloop::error::GroupError;
use oneloop::{TaskGroup, catch_cancel, current_task, sleep, yield_now};
use std::future::{Future, pending};
use std::time::Duration;

type Group = TaskGroup<&'static str>;
type Ended = Result<(), GroupError<&'static str>>;

fn cancelling() -> u32 {
    current_task().unwrap().cancelling()
}

fn told(ended: &Ended) -> String {
    ended.as_ref().map_or_else(ToString::to_string, |()| "ended well".to_owned())
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

/// Runs `main` as a task, cancels it after its first wait, and reads the diary.
fn cancelled_after_a_turn(main: impl Future<Output = ()> + 'static, diary: &Diary) -> Vec<String> {
    let on = manual();
    let task = on.spawn(main).unwrap();
    ticks(&on, 2);
    task.cancel();
    on.run_until_complete(async move {
        let ended = task.await;
        sleep(Duration::ZERO).await;
        ended
    })
    .unwrap()
    .ok();
    diary.read()
}

#[test]
fn co_067_a_cancel_of_the_parent_in_the_body_cancels_all_waits_and_goes_on() {
    let diary = Diary::default();
    let notes = diary.clone();
    let main = async move {
        let group = Group::new();
        let body = async {
            group.spawn(waits(&notes, "first")).unwrap();
            group.spawn(waits(&notes, "second")).unwrap();
            waits(&notes, "body").await
        };
        let cancelled = catch_cancel(group.run(body)).await.unwrap_err();
        notes.stamp("parent");
        assert_eq!(cancelling(), 1);
        match cancelled.resume().await {}
    };
    let seen = cancelled_after_a_turn(main, &diary);
    assert_eq!(seen, ["body@3", "first@4", "second@4", "parent@6"]);
}

#[test]
fn co_067_a_cancel_of_the_parent_in_the_groups_end_does_the_same() {
    let diary = Diary::default();
    let notes = diary.clone();
    let main = async move {
        let group = Group::new();
        let body = async {
            group.spawn(waits(&notes, "child")).unwrap();
            Ok(())
        };
        assert!(catch_cancel(group.run(body)).await.is_err());
        notes.stamp("parent");
    };
    assert_eq!(cancelled_after_a_turn(main, &diary), ["child@4", "parent@6"]);
}

#[test]
fn co_067_a_second_cancel_cuts_no_child_short() {
    let on = manual();
    let (diary, second) = (Diary::default(), Duration::from_secs(1));
    let notes = diary.clone();
    let task = on.spawn(async move {
        let group = Group::new();
        let body = async {
            let cleans = async move {
                let _ = catch_cancel(pending::<()>()).await;
                sleep(second).await;
                notes.note("cleaned up");
                Ok::<(), &str>(())
            };
            group.spawn(cleans).unwrap();
            Ok(())
        };
        group.run(body).await
    });
    let task = task.unwrap();
    ticks(&on, 2);
    task.cancel();
    ticks(&on, 2);
    task.cancel();
    ticks(&on, 2);
    assert!(!task.done());
    on.advance(second);
    ticks(&on, 4);
    assert!(task.cancelled());
    assert_eq!((diary.read(), task.cancelling()), (vec!["cleaned up".to_owned()], 2));
}

#[test]
fn co_068_children_that_fail_while_they_are_cancelled_are_told_instead() {
    let diary = Diary::default();
    let notes = diary.clone();
    let main = async move {
        let group = Group::new();
        let body = async {
            let fails = async {
                let _ = catch_cancel(pending::<()>()).await;
                Err::<(), _>("clean-up failed")
            };
            group.spawn(fails).unwrap();
            pending().await
        };
        let ended: Ended = group.run(body).await;
        notes.note(&told(&ended));
        notes.note(&format!("{}", cancelling()));
        // The request is not lost: the next await hears of it.
        notes.note(&format!("{:?}", catch_cancel(yield_now()).await.is_err()));
    };
    let seen = cancelled_after_a_turn(main, &diary);
    assert_eq!(seen, ["1 of the group's tasks failed; clean-up failed", "1", "true"]);
}

#[test]
fn co_069_a_failure_beside_a_cancel_from_outside_leaves_that_for_the_next_await() {
    let on = manual();
    let diary = Diary::default();
    let (notes, fail) = (diary.clone(), on.create_future());
    let failing = fail.clone();
    let task = on.spawn(async move {
        let group = Group::new();
        let body = async {
            let fails = async { Err::<(), _>(failing.await.unwrap()) };
            group.spawn(fails).unwrap();
            pending().await
        };
        let ended: Ended = group.run(body).await;
        notes.note(&told(&ended));
        assert_eq!(cancelling(), 1);
        assert!(catch_cancel(pending::<()>()).await.is_err());
        notes.note("cancelled in the next await");
        assert_eq!(cancelling(), 1);
    });
    let task = task.unwrap();
    ticks(&on, 2);
    fail.set_result("failure").unwrap();
    ticks(&on, 2); // the failure is there, and has asked the parent to cancel
    task.cancel();
    ticks(&on, 4);
    let expected = ["1 of the group's tasks failed; failure", "cancelled in the next await"];
    assert_eq!(diary.read(), expected);
    assert!(task.done() && !task.cancelled());
}

#[test]
fn co_070_a_failure_in_the_outer_group_ends_the_inner_one_which_tells_nothing() {
    let diary = Diary::default();
    let notes = diary.clone();
    on_a_loop(async move {
        let (outer, inner) = (Group::new(), Group::new());
        let body = async {
            let fails = async {
                yield_now().await;
                Err::<(), _>("outer failure")
            };
            outer.spawn(fails).unwrap();
            let body = async {
                inner.spawn(waits(&notes, "inner child")).unwrap();
                pending().await
            };
            let ended: Ended = inner.run(body).await;
            notes.note(&format!("never: {ended:?}"));
            Ok(())
        };
        notes.note(&told(&outer.run(body).await));
        assert_eq!(cancelling(), 0);
    });
    // The failure in turn 3, its callback in 4, the body's scope in 5, the child in 6.
    let expected = ["inner child@6", "1 of the group's tasks failed; outer failure"];
    assert_eq!(diary.read(), expected);
}

#[test]
fn co_071_groups_in_groups_that_fail_in_one_turn_both_tell_their_own() {
    let diary = Diary::default();
    let notes = diary.clone();
    on_a_loop(async move {
        let (outer, inner) = (Group::new(), Group::new());
        let body = async {
            outer.spawn(async { Err::<(), _>("outer") }).unwrap();
            let body = async {
                inner.spawn(async { Err::<(), _>("inner") }).unwrap();
                pending().await
            };
            let ended: Ended = inner.run(body).await;
            notes.note(&told(&ended));
            assert_eq!(cancelling(), 1);
            notes.note(&format!("{:?}", catch_cancel(pending::<()>()).await.is_err()));
            Ok(())
        };
        notes.note(&told(&outer.run(body).await));
        assert_eq!(cancelling(), 0);
    });
    let (inner, outer) =
        ("1 of the group's tasks failed; inner", "1 of the group's tasks failed; outer");
    assert_eq!(diary.read(), [inner, "true", outer]);
}

/// It cannot wait for its tasks then: it cancels them.
#[test]
fn a_group_that_is_dropped_cancels_its_tasks() {
    let on = manual();
    let diary = Diary::default();
    let notes = diary.clone();
    let task = on.spawn(async move {
        let group = Group::new();
        let mut running = Box::pin(group.run(async {
            group.spawn(waits(&notes, "child")).unwrap();
            pending::<Result<(), _>>().await
        }));
        futures::future::select(&mut running, Box::pin(yield_now())).await;
    });
    ticks(&on, 2);
    tick(&on);
    assert!(task.unwrap().done());
    tick(&on);
    assert_eq!(diary.read(), ["child@3"]);
}
