//! A channel for one value.

use crate::{Diary, jumping, run, tick};
use oneloop::sync::oneshot::{RecvError, TryRecvError, channel};
use oneloop::{spawn, yield_now};

#[test]
fn the_receiver_goes_on_in_the_turn_after_the_value_was_sent() {
    let (on, diary) = (jumping(), Diary::default());
    let (sender, receiver) = channel();
    let notes = diary.clone();
    drop(on.spawn(async move { notes.stamp(receiver.await.unwrap()) }));
    tick(&on);
    sender.send("value").unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["value@2"]);
}

#[test]
fn a_value_that_is_there_is_received_without_a_turn_or_a_loop() {
    let (sender, mut receiver) = channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_sender_that_goes_tells_the_receiver() {
    run(async {
        let (sender, receiver) = channel::<u32>();
        let task = spawn(receiver);
        yield_now().await;
        drop(sender);
        let error: RecvError = task.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "nobody is left to send");
    });
}

#[test]
fn a_value_for_nobody_comes_back() {
    let (sender, receiver) = channel();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send("value"), Err("value"));
    let (sender, mut receiver) = channel();
    receiver.close();
    assert_eq!(sender.send("value"), Err("value"));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn the_sender_can_wait_for_the_receiver_to_go() {
    run(async {
        let (sender, receiver) = channel::<u32>();
        let task = spawn(async move { sender.closed().await });
        yield_now().await;
        assert!(!task.done());
        drop(receiver);
        task.await.unwrap();
    });
}

#[test]
fn a_receiver_that_was_polled_and_kept_can_be_awaited_again() {
    run(async {
        let (sender, mut receiver) = channel();
        assert!(futures::poll!(&mut receiver).is_pending());
        sender.send(1).unwrap();
        assert_eq!((&mut receiver).await, Ok(1));
        assert!(receiver.await.is_err());
    });
}

#[test]
fn a_receiver_whose_cancellation_was_caught_outside_of_it_still_receives() {
    run(async {
        let (sender, mut receiver) = channel();
        let task = spawn(async move {
            assert!(oneloop::catch_cancel(&mut receiver).await.is_err());
            receiver.await
        });
        yield_now().await;
        task.cancel();
        yield_now().await;
        sender.send(1).unwrap();
        assert_eq!(task.await.unwrap(), Ok(1));
    });
}
