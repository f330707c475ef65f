//! FU: done callbacks: when they run, in which order, and what they may do.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use crate::reports::Reports;
use oneloop::{CallbackId, Future};
use std::cell::Cell;
use std::rc::Rc;

fn noting(future: &Future<u32>, diary: &Diary, what: &'static str) -> CallbackId {
    let diary = diary.clone();
    future.add_done_callback(move |_| diary.stamp(what))
}

#[test]
fn fu_007_setting_a_result_runs_callbacks_in_the_next_turn() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    noting(&future, &diary, "callback");
    let set = future.clone();
    on.call_soon(move || set.set_result(1).unwrap()).unwrap();
    tick(&on);
    assert!(diary.read().is_empty());
    tick(&on);
    assert_eq!(diary.read(), ["callback@2"]);
}

#[test]
fn fu_008_a_callback_for_a_future_that_is_done_runs_in_the_next_turn() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    future.set_result(1).unwrap();
    let inner = diary.clone();
    on.call_soon(move || {
        oneloop::call_soon(inner.to_stamp("before"));
        noting(&future, &inner, "callback");
        oneloop::call_soon(inner.to_stamp("after"));
        inner.stamp("adding it");
    })
    .unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["adding it@1", "before@2", "callback@2", "after@2"]);
}

#[test]
fn fu_009_cancelling_runs_callbacks_as_a_result_does() {
    let on = manual();
    let (future, diary) = (on.create_future::<u32>(), Diary::default());
    let inner = diary.clone();
    future.add_done_callback(move |future| {
        inner.stamp(if future.cancelled() { "cancelled" } else { "not cancelled" });
    });
    future.cancel();
    assert!(diary.read().is_empty());
    tick(&on);
    assert_eq!(diary.read(), ["cancelled@1"]);
}

#[test]
fn fu_010_a_callback_that_is_on_its_way_cannot_be_removed() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    let early = noting(&future, &diary, "early");
    future.set_result(1).unwrap();
    let late = noting(&future, &diary, "late");
    assert!(!future.remove_done_callback(early));
    assert!(!future.remove_done_callback(late));
    tick(&on);
    assert_eq!(diary.read(), ["early@1", "late@1"]);
}

#[test]
fn fu_011_callbacks_that_are_not_removed_keep_their_order() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    let names = ["1", "2", "3", "4", "5"];
    let ids: Vec<_> = names.iter().map(|name| noting(&future, &diary, name)).collect();
    assert!(future.remove_done_callback(ids[0]));
    assert!(future.remove_done_callback(ids[2]));
    assert!(!future.remove_done_callback(ids[2]), "it is gone already");
    future.set_result(1).unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["2@1", "4@1", "5@1"]);
}

#[test]
fn fu_012_a_callback_may_add_and_remove_callbacks() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    let second = Rc::new(Cell::new(None));
    let (inner, victim) = (diary.clone(), second.clone());
    future.add_done_callback(move |future| {
        let removed = victim.get().is_some_and(|id| future.remove_done_callback(id));
        inner.stamp(if removed { "removed" } else { "too late to remove" });
        noting(future, &inner, "added");
    });
    second.set(Some(noting(&future, &diary, "second")));
    noting(&future, &diary, "third");
    future.set_result(1).unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["too late to remove@1", "second@1", "third@1", "added@2"]);
}

/// Uses the future when it is dropped, as a destructor may.
struct Meddler(Future<u32>, Diary);

impl Drop for Meddler {
    fn drop(&mut self) {
        self.1.note(&format!("{:?}", self.0));
        let id = self.0.add_done_callback(|_| ());
        self.0.remove_done_callback(id);
        self.0.cancel();
    }
}

#[test]
fn fu_012_what_a_removed_callback_held_may_use_the_future() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    noting(&future, &diary, "kept");
    let meddler = Meddler(future.clone(), diary.clone());
    let id = future.add_done_callback(move |_| drop(meddler));
    assert!(future.remove_done_callback(id));
    assert!(future.cancelled());
    tick(&on);
    assert_eq!(diary.read(), ["Future(pending, 1 waiting)", "kept@1"]);
}

#[test]
fn fu_012_a_waker_may_use_the_future_that_wakes_it() {
    struct Meddling(Cell<Option<Future<u32>>>, Diary);
    // A `Waker` is `Send`, which neither of the two is; so the meddling is found by a
    // thread-local, and the waker itself holds nothing.
    thread_local! { static HERE: Meddling = Meddling(Cell::default(), Diary::default()); }
    struct Wakes;
    impl std::task::Wake for Wakes {
        fn wake(self: std::sync::Arc<Self>) {
            HERE.with(|Meddling(future, diary)| {
                let future = future.take().expect("woken once");
                noting(&future, diary, "added while it wakes");
                diary.note(if future.cancel() { "cancelled" } else { "done" });
            });
        }
    }
    let on = manual();
    let future = on.create_future();
    let mut awaited = Box::pin(future.clone());
    let waker = std::sync::Arc::new(Wakes).into();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(awaited.as_mut().poll(&mut context).is_pending());
    let diary = HERE.with(|here| {
        here.0.set(Some(future.clone()));
        here.1.clone()
    });
    noting(&future, &diary, "behind it");
    future.set_result(1).unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["done", "added while it wakes@1", "behind it@1"]);
}

#[test]
fn fu_013_a_callback_that_panics_is_reported_and_the_others_run() {
    let on = manual();
    let (future, diary, reports) = (on.create_future(), Diary::default(), Reports::of(&on));
    future.add_done_callback(|_| panic!("ouch"));
    noting(&future, &diary, "next");
    future.set_result(1).unwrap();
    tick(&on);
    let report = reports.only();
    assert!(report.message.starts_with("Exception in callback"), "{report:?}");
    assert_eq!(report.panic.as_deref(), Some("ouch"));
    assert_eq!(diary.read(), ["next@1"]);
}
