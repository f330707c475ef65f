//! QU: waiting to get and to put: who goes on, and when; and no item or place is lost.

use crate::diary::Diary;
use crate::loops::{Tracer, manual, tick, ticks};
use oneloop::sync::Queue;
use oneloop::{LoopHandle, Task};

type Names = Queue<&'static str>;

fn getter(on: &LoopHandle, queue: &Names, diary: &Diary, name: &'static str) -> Task<()> {
    let (queue, diary) = (queue.clone(), diary.clone());
    let task = on.spawn(async move {
        let item = queue.get().await.unwrap();
        diary.stamp(&format!("{name} got {item}"));
    });
    task.unwrap()
}

fn putter(on: &LoopHandle, queue: &Names, diary: &Diary, item: &'static str) -> Task<()> {
    let (queue, diary) = (queue.clone(), diary.clone());
    let task = on.spawn(async move {
        queue.put(item).await.unwrap();
        diary.stamp(item);
    });
    task.unwrap()
}

/// A queue with room for one, and one in it.
fn full() -> Names {
    let queue = Queue::new(1);
    queue.put_nowait("first").unwrap();
    queue
}

#[test]
fn qu_006_a_getter_goes_on_in_the_turn_after_an_item_was_put() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    drop(getter(&on, &queue, &diary, "getter"));
    ticks(&on, 2);
    queue.put_nowait("item").unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["getter got item@3"]);
}

#[test]
fn qu_007_a_woken_getter_whose_item_is_gone_waits_again_behind_the_others() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    drop(getter(&on, &queue, &diary, "first"));
    drop(getter(&on, &queue, &diary, "second"));
    tick(&on);
    queue.put_nowait("stolen").unwrap();
    assert_eq!(queue.get_nowait(), Ok("stolen"));
    tick(&on);
    assert!(diary.read().is_empty());
    queue.put_nowait("a").unwrap();
    queue.put_nowait("b").unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["second got a@3", "first got b@3"]);
}

#[test]
fn qu_008_an_item_goes_past_a_cancelled_getter() {
    for put_first in [true, false] {
        let on = manual();
        let (queue, diary) = (Queue::new(0), Diary::default());
        let first = getter(&on, &queue, &diary, "first");
        drop(getter(&on, &queue, &diary, "second"));
        tick(&on);
        if put_first {
            queue.put_nowait("item").unwrap();
            first.cancel();
        } else {
            first.cancel();
            queue.put_nowait("item").unwrap();
        }
        ticks(&on, 2);
        // Woken and then cancelled, it wakes the next one when it ends.
        let turn = if put_first { 3 } else { 2 };
        assert_eq!(diary.read(), [format!("second got item@{turn}")]);
    }
}

#[test]
fn qu_009_a_cancelled_getter_leaves_nothing() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    let task = getter(&on, &queue, &diary, "never");
    tick(&on);
    assert!(format!("{queue:?}").contains("1 getting"), "{queue:?}");
    task.cancel();
    tick(&on);
    assert!(format!("{queue:?}").contains("0 getting"), "{queue:?}");
}

#[test]
fn qu_010_putters_go_on_in_their_order_one_for_each_free_place() {
    let on = manual();
    let (queue, diary) = (full(), Diary::default());
    for item in ["second", "third", "fourth"] {
        drop(putter(&on, &queue, &diary, item));
    }
    tick(&on);
    for expected in ["first", "second", "third", "fourth"] {
        assert_eq!(queue.get_nowait(), Ok(expected));
        tick(&on);
    }
    assert_eq!(diary.read(), ["second@2", "third@3", "fourth@4"]);
    assert!(format!("{queue:?}").contains("0 putting"), "{queue:?}");
}

#[test]
fn qu_011_a_cancelled_putter_puts_nothing_and_leaves_nothing() {
    let on = manual();
    let tracer = Tracer::default();
    let queue = Queue::new(1);
    queue.put_nowait(tracer.hold()).unwrap();
    let (ours, item) = (queue.clone(), tracer.hold());
    let task = on.spawn(async move { ours.put(item).await.is_ok() }).unwrap();
    tick(&on);
    task.cancel();
    tick(&on);
    assert_eq!((queue.len(), tracer.dropped()), (1, 1));
    assert!(format!("{queue:?}").contains("0 putting"), "{queue:?}");
    drop(queue.get_nowait());
    tick(&on);
    assert!(queue.is_empty());
}

#[test]
fn qu_012_a_place_of_a_cancelled_putter_is_the_next_ones() {
    let on = manual();
    let (queue, diary) = (full(), Diary::default());
    let second = putter(&on, &queue, &diary, "second");
    drop(putter(&on, &queue, &diary, "third"));
    tick(&on);
    assert_eq!(queue.get_nowait(), Ok("first"));
    second.cancel();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["third@3"]);
    assert_eq!(queue.get_nowait(), Ok("third"));
}

#[test]
fn qu_019_a_woken_putter_whose_place_is_gone_waits_again_behind_the_others() {
    let on = manual();
    let (queue, diary) = (full(), Diary::default());
    drop(putter(&on, &queue, &diary, "second"));
    drop(putter(&on, &queue, &diary, "third"));
    tick(&on);
    queue.get_nowait().unwrap();
    queue.put_nowait("passes").unwrap();
    tick(&on);
    assert!(diary.read().is_empty());
    queue.get_nowait().unwrap();
    tick(&on);
    queue.get_nowait().unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["third@3", "second@4"]);
}
