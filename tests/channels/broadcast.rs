//! A channel to all.

use crate::{Diary, jumping, run, tick};
use oneloop::sync::broadcast::{RecvError, SendError, channel};
use std::cell::Cell;
use std::rc::Rc;

#[test]
fn each_receiver_gets_each_message_since_it_subscribed() {
    run(async {
        let (sender, mut first) = channel(4);
        assert_eq!(sender.send(1), Ok(1));
        let mut second = sender.subscribe();
        assert_eq!(sender.send(2), Ok(2));
        drop(sender);
        assert_eq!((first.len(), second.len()), (2, 1));
        assert_eq!((first.recv().await, first.recv().await), (Ok(1), Ok(2)));
        assert_eq!(second.recv().await, Ok(2));
        assert_eq!(first.recv().await, Err(RecvError::Closed));
        assert_eq!(second.recv().await, Err(RecvError::Closed));
    });
}

#[test]
fn all_who_wait_go_on_in_the_next_turn_in_their_order() {
    let (on, diary) = (jumping(), Diary::default());
    let (sender, first) = channel(1);
    for (i, mut receiver) in [first, sender.subscribe()].into_iter().enumerate() {
        let notes = diary.clone();
        drop(
            on.spawn(async move { notes.stamp(format!("{i} {}", receiver.recv().await.unwrap())) }),
        );
    }
    tick(&on);
    assert_eq!(sender.send("news"), Ok(2));
    tick(&on);
    assert_eq!(diary.read(), ["0 news@2", "1 news@2"]);
}

#[test]
fn who_is_too_far_behind_learns_how_far_and_goes_on_with_the_oldest() {
    let (sender, mut slow) = channel(2);
    let mut fast = sender.subscribe();
    for message in 0..5 {
        assert_eq!(sender.send(message), Ok(2));
        assert_eq!(fast.try_recv(), Ok(Some(message)));
    }
    assert_eq!(slow.try_recv(), Err(RecvError::Lagged(3)));
    assert_eq!(slow.try_recv(), Ok(Some(3)));
    assert_eq!(slow.try_recv(), Ok(Some(4)));
    assert_eq!(slow.try_recv(), Ok(None));
    assert_eq!(RecvError::Lagged(3).to_string(), "3 messages were missed");
}

#[test]
fn a_message_for_nobody_comes_back() {
    let (sender, receiver) = channel(2);
    drop(receiver);
    assert!(sender.send("news") == Err(SendError("news")));
    assert_eq!(sender.receiver_count(), 0);
    let mut late = sender.subscribe();
    assert_eq!(late.try_recv(), Ok(None));
}

#[test]
fn a_message_goes_when_all_have_it_and_the_last_gets_it_uncloned() {
    struct Counted(Rc<Cell<usize>>);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            self.0.set(self.0.get() + 1);
            Counted(self.0.clone())
        }
    }
    let (sender, mut first) = channel(8);
    let (mut second, third) = (sender.subscribe(), sender.subscribe());
    let clones = Rc::new(Cell::new(0));
    for _ in 0..2 {
        assert!(sender.send(Counted(clones.clone())).is_ok());
    }
    assert!(first.try_recv().is_ok());
    drop(third);
    assert!(second.try_recv().is_ok());
    assert_eq!(clones.get(), 1);
    assert_eq!(Rc::strong_count(&clones), 2, "the second message is there once");
    drop((first, second));
    assert_eq!(Rc::strong_count(&clones), 1);
    assert_eq!(format!("{sender:?}"), "Sender(0 messages, 0 receivers, 0 waiting)");
}

#[test]
fn a_message_may_use_the_channel_when_it_is_cloned() {
    struct Nosy(oneloop::sync::broadcast::Sender<Nosy>);
    impl Clone for Nosy {
        fn clone(&self) -> Self {
            assert_eq!(self.0.receiver_count(), 2);
            drop(self.0.subscribe());
            Nosy(self.0.clone())
        }
    }
    let (sender, mut first) = channel(1);
    let mut second = sender.subscribe();
    assert!(sender.send(Nosy(sender.clone())).is_ok());
    assert!(first.try_recv().is_ok_and(|message| message.is_some()));
    assert!(second.try_recv().is_ok_and(|message| message.is_some()));
}
