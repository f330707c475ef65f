//! A channel for the latest value.

use crate::{Diary, jumping, run, tick};
use oneloop::sync::watch::{SendError, channel};
use oneloop::{spawn, yield_now};
use std::rc::Rc;

#[test]
fn watchers_go_on_in_the_turn_after_a_change_and_see_the_latest() {
    let (on, diary) = (jumping(), Diary::default());
    let (sender, receiver) = channel(0);
    for _ in 0..2 {
        let (mut receiver, notes) = (receiver.clone(), diary.clone());
        drop(on.spawn(async move {
            while receiver.changed().await.is_ok() {
                notes.stamp(receiver.get());
            }
            notes.stamp("end");
        }));
    }
    tick(&on);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    tick(&on);
    drop(sender);
    tick(&on);
    assert_eq!(diary.read(), ["2@2", "2@2", "end@3", "end@3"]);
}

#[test]
fn the_first_value_counts_as_seen_and_a_later_one_when_it_was() {
    let (sender, mut receiver) = channel("first");
    assert!(!receiver.has_changed());
    sender.send("second").unwrap();
    let late = sender.subscribe();
    assert!(!late.has_changed());
    assert_eq!(*receiver.get(), "second");
    assert!(receiver.has_changed(), "only looked at");
    assert_eq!(*receiver.see(), "second");
    assert!(!receiver.has_changed());
}

#[test]
fn a_change_that_was_not_seen_is_there_after_the_last_sender_went() {
    run(async {
        let (sender, mut receiver) = channel(0);
        sender.send(1).unwrap();
        drop(sender);
        assert_eq!(receiver.changed().await, Ok(()));
        assert!(receiver.changed().await.is_err());
        assert_eq!(receiver.wait_for(|value| *value == 1).await, Ok(Rc::new(1)));
        assert!(receiver.wait_for(|value| *value == 2).await.is_err());
    });
}

#[test]
fn who_looks_at_a_value_keeps_nobody_from_changing_it() {
    let (sender, receiver) = channel(0);
    let looked = receiver.get();
    sender.send(1).unwrap();
    assert_eq!((*looked, *receiver.get(), *sender.get()), (0, 1, 1));
    assert_eq!(*sender.replace(2), 1);
}

#[test]
fn a_value_for_nobody_comes_back() {
    let (sender, receiver) = channel(0);
    drop(receiver);
    assert!(sender.is_closed());
    assert!(sender.send(1) == Err(SendError(1)));
    assert_eq!(*sender.get(), 0);
    sender.replace(2);
    assert_eq!(*sender.subscribe().get(), 2);
}

#[test]
fn the_sender_can_wait_for_all_receivers_to_go() {
    run(async {
        let (sender, receiver) = channel(0);
        let task = spawn(async move { sender.closed().await });
        let other = receiver.clone();
        drop(receiver);
        yield_now().await;
        assert!(!task.done());
        drop(other);
        task.await.unwrap();
    });
}
