//! A channel for many values.

use crate::{Diary, jumping, run, tick};
use oneloop::sync::mpsc::{SendError, TryRecvError, TrySendError, channel, unbounded};
use oneloop::{spawn, yield_now};
use std::rc::Rc;

#[test]
fn values_are_received_in_the_order_in_which_they_were_sent_and_then_the_end() {
    run(async {
        let (sender, mut receiver) = unbounded();
        (0..3).for_each(|value| sender.clone().send(value).unwrap());
        assert_eq!((receiver.len(), receiver.is_empty()), (3, false));
        drop(sender);
        for value in 0..3 {
            assert_eq!(receiver.recv().await, Some(value));
        }
        assert_eq!(receiver.recv().await, None);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn the_receiver_goes_on_in_the_turn_after_a_value_was_sent_or_the_last_sender_went() {
    let (on, diary) = (jumping(), Diary::default());
    let (sender, mut receiver) = channel(3);
    let notes = diary.clone();
    drop(on.spawn(async move {
        while let Some(value) = receiver.recv().await {
            notes.stamp(value);
        }
        notes.stamp("end");
    }));
    tick(&on);
    sender.try_send("a").unwrap();
    sender.try_send("b").unwrap();
    tick(&on);
    drop(sender);
    tick(&on);
    assert_eq!(diary.read(), ["a@2", "b@2", "end@3"]);
}

#[test]
fn senders_wait_for_room_in_their_order_and_nobody_passes() {
    let (on, diary) = (jumping(), Diary::default());
    let (sender, mut receiver) = channel(1);
    sender.try_send("first").unwrap();
    for value in ["second", "third"] {
        let (sender, notes) = (sender.clone(), diary.clone());
        drop(on.spawn(async move {
            sender.send(value).await.unwrap();
            notes.stamp(value);
        }));
    }
    tick(&on);
    assert_eq!(receiver.try_recv(), Ok("first"));
    // The free place is the second's already.
    assert!(sender.try_send("passes") == Err(TrySendError::Full("passes")));
    tick(&on);
    assert_eq!(receiver.try_recv(), Ok("second"));
    tick(&on);
    assert_eq!(receiver.try_recv(), Ok("third"));
    assert_eq!(diary.read(), ["second@2", "third@3"]);
}

#[test]
fn a_receiver_that_goes_gives_waiting_senders_their_values_back() {
    run(async {
        let (sender, receiver) = channel(1);
        let value = Rc::new(());
        sender.try_send(value.clone()).unwrap();
        let (ours, second) = (sender.clone(), value.clone());
        let task = spawn(async move { ours.send(second).await });
        yield_now().await;
        drop(receiver);
        let SendError(_back) = task.await.unwrap().unwrap_err();
        assert_eq!(Rc::strong_count(&value), 2, "what was in the channel is gone");
        assert!(sender.is_closed());
        assert!(matches!(sender.try_send(value), Err(TrySendError::Closed(_))));
        sender.closed().await;
    });
}

#[test]
fn a_receiver_that_closes_still_gets_what_was_sent() {
    run(async {
        let (sender, mut receiver) = channel(2);
        sender.send(1).await.unwrap();
        let place = sender.reserve().await.unwrap();
        receiver.close();
        assert!(place.send(2) == Err(SendError(2)));
        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn a_reserved_place_is_kept_and_goes_back_if_it_is_not_used() {
    run(async {
        let (sender, mut receiver) = channel(1);
        let place = sender.reserve().await.unwrap();
        assert_eq!(sender.try_send(1).unwrap_err().into_inner(), 1);
        drop(place);
        sender.try_send(2).unwrap();
        assert_eq!(receiver.recv().await, Some(2));
        sender.reserve().await.unwrap().send(3).unwrap();
        assert_eq!(receiver.recv().await, Some(3));
        assert_eq!(format!("{sender:?}"), "Sender(0 values, 0 sending)");
    });
}

#[test]
#[should_panic(expected = "a channel holds at least one value")]
fn a_channel_for_nothing_is_refused() {
    drop(channel::<u32>(0));
}
