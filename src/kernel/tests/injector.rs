//! `Injector` with a bell that is under our control: it may fail, and it may look.

use super::super::context;
use super::super::injector::{Injector, Refused};
use super::super::slots::Key;
use super::super::state::Injected;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

fn broken<T>() -> Injector<T> {
    Injector::new(Arc::new(|| Err(io::ErrorKind::PermissionDenied.into())))
}

fn taken<T>(injector: &Injector<T>) -> Vec<T> {
    injector.take().collect()
}

/// The injector whose bell it is that asks.
fn the_one(place: &OnceLock<Weak<Injector<u8>>>) -> Arc<Injector<u8>> {
    let there = place.get().and_then(Weak::upgrade);
    there.expect("it was put there before the first push")
}

#[test]
fn lw_002_the_bell_rings_once_a_sleep() {
    let rings = Arc::new(AtomicUsize::new(0));
    let bell = rings.clone();
    let injector = Injector::new(Arc::new(move || {
        bell.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }));
    for sleep in 1..=3 {
        assert!(injector.fall_asleep());
        (0..10).for_each(|item| injector.push(item).expect("it is open"));
        assert_eq!(rings.load(Ordering::SeqCst), sleep);
        assert!(!injector.fall_asleep(), "there is something to take");
        assert_eq!(taken(&injector).len(), 10);
    }
}

#[test]
fn lw_002_what_is_pushed_while_the_loop_drains_is_for_the_next_drain() {
    let injector = Injector::new(Arc::new(|| Ok(())));
    injector.push(1).expect("it is open");
    let first = taken(&injector);
    injector.push(2).expect("it is open");
    assert!(injector.is_filled() && !injector.fall_asleep());
    assert_eq!((first, taken(&injector)), (vec![1], vec![2]));
    assert!(!injector.is_filled());
}

#[test]
fn lw_005_the_item_is_there_when_the_bell_rings() {
    let found = Arc::new(Mutex::new(Vec::new()));
    let (seen, injector) = (found.clone(), Arc::new(OnceLock::<Weak<Injector<u8>>>::new()));
    let look = injector.clone();
    let made = Arc::new(Injector::new(Arc::new(move || {
        seen.lock().expect("no panic here").extend(taken(&the_one(&look)));
        Ok(())
    })));
    injector.set(Arc::downgrade(&made)).ok();
    assert!(made.fall_asleep());
    made.push(7).expect("the bell works");
    assert_eq!(*found.lock().expect("no panic here"), [7]);
}

#[test]
fn lw_006_an_item_whose_bell_failed_comes_back() {
    let injector = broken();
    assert!(injector.fall_asleep());
    let Err(Refused::Bell(item, error)) = injector.push("item") else { panic!("the bell failed") };
    assert_eq!((item, error.kind()), ("item", io::ErrorKind::PermissionDenied));
    assert_eq!(taken(&injector), Vec::<&str>::new());
}

#[test]
fn lw_006_each_push_to_a_sleeping_loop_tries_the_bell_again() {
    let injector = broken();
    assert!(injector.fall_asleep());
    for _ in 0..3 {
        assert!(matches!(injector.push(()), Err(Refused::Bell(..))));
    }
}

#[test]
fn lw_006_an_item_that_was_taken_although_the_bell_failed_is_accepted() {
    let injector = Arc::new(OnceLock::<Weak<Injector<u8>>>::new());
    let look = injector.clone();
    let made = Arc::new(Injector::new(Arc::new(move || {
        assert_eq!(taken(&the_one(&look)), [7]);
        Err(io::ErrorKind::PermissionDenied.into())
    })));
    injector.set(Arc::downgrade(&made)).ok();
    assert!(made.fall_asleep());
    assert!(made.push(7).is_ok());
}

/// The bell fails once, and meanwhile a second thread's push counts on it.
#[test]
fn lw_006_a_push_that_counted_on_a_bell_that_failed_is_not_stranded() {
    let injector = Arc::new(OnceLock::<Weak<Injector<u8>>>::new());
    let (look, rings) = (injector.clone(), Arc::new(AtomicUsize::new(0)));
    let rung = rings.clone();
    let made = Arc::new(Injector::new(Arc::new(move || {
        if rung.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        the_one(&look).push(2).expect("to the second it looks as if the bell had been rung");
        Err(io::ErrorKind::PermissionDenied.into())
    })));
    injector.set(Arc::downgrade(&made)).ok();
    assert!(made.fall_asleep());
    let first = made.push(1);
    let stranded = rings.load(Ordering::SeqCst) == 1 && !taken(&made).is_empty();
    assert!(!stranded, "2 was accepted, nobody rang for it; the first got {first:?}");
}

/// There is nobody to give a wake back to: it must not get lost.
#[test]
fn lw_006_a_wake_whose_bell_failed_stays_for_the_next_turn() {
    let (injector, key) = (Arc::new(broken()), Key::from_bits(7));
    let (loop_id, floor) = context::register(&injector).expect("there is room");
    assert!(injector.fall_asleep());
    context::wake(loop_id, key);
    context::unregister(loop_id, floor);
    let found = taken(&injector);
    assert!(matches!(found[..], [Injected::Wake(found)] if found == key), "{} items", found.len());
}

#[test]
fn lw_002_at_rest_each_burst_rings_also_what_came_before() {
    let rings = Arc::new(AtomicUsize::new(0));
    let bell = rings.clone();
    let injector = Injector::new(Arc::new(move || {
        bell.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }));
    injector.wake_up();
    injector.push(1).expect("it is open");
    assert_eq!(rings.load(Ordering::SeqCst), 0, "the loop runs, and will look");
    assert!(!injector.fall_asleep(), "something came before");
    injector.ring();
    assert_eq!(rings.load(Ordering::SeqCst), 1);
    assert_eq!(taken(&injector), [1]);
    assert!(injector.fall_asleep());
    injector.push(2).expect("it is open");
    assert_eq!(rings.load(Ordering::SeqCst), 2);
}

#[test]
fn wk_004_a_closed_injector_gives_back_what_was_not_taken_and_refuses_the_rest() {
    let injector = Injector::new(Arc::new(|| Ok(())));
    injector.push(1).expect("it is open");
    assert_eq!(injector.close().collect::<Vec<_>>(), [1]);
    assert!(matches!(injector.push(2), Err(Refused::Closed(2))));
    assert_eq!(injector.close().count(), 0);
}
