//! QU: the end of a queue's work: joining, and shutting down.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::LoopHandle;
use oneloop::sync::{GetError, PutError, Queue, QueueShutDown};

fn joiner(on: &LoopHandle, queue: &Queue<u32>, diary: &Diary) {
    let (queue, diary) = (queue.clone(), diary.clone());
    drop(on.spawn(async move {
        queue.join().await;
        diary.stamp("joined");
    }));
}

fn getter(on: &LoopHandle, queue: &Queue<u32>, diary: &Diary) {
    let (queue, diary) = (queue.clone(), diary.clone());
    drop(on.spawn(async move { diary.stamp(&format!("got {:?}", queue.get().await)) }));
}

fn putter(on: &LoopHandle, queue: &Queue<u32>, item: u32, diary: &Diary) {
    let (queue, diary) = (queue.clone(), diary.clone());
    drop(on.spawn(async move {
        match queue.put(item).await {
            Ok(()) => diary.stamp(&format!("put {item}")),
            Err(QueueShutDown(item)) => diary.stamp(&format!("{item} came back")),
        }
    }));
}

#[test]
fn qu_013_join_waits_until_each_item_is_dealt_with() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    joiner(&on, &queue, &diary);
    tick(&on);
    assert_eq!(diary.read(), ["joined@1"], "nothing was put yet");
    (0..3).for_each(|item| queue.put_nowait(item).unwrap());
    joiner(&on, &queue, &diary);
    for _ in 0..3 {
        tick(&on);
        assert_eq!(diary.read().len(), 1);
        queue.get_nowait().unwrap();
        tick(&on);
        queue.task_done().unwrap();
    }
    assert!(queue.task_done().is_err());
    tick(&on);
    assert_eq!(diary.read().len(), 2);
}

#[test]
fn qu_014_a_joiner_goes_on_in_the_turn_after_the_last_task_done() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    queue.put_nowait(1).unwrap();
    joiner(&on, &queue, &diary);
    ticks(&on, 2);
    queue.task_done().unwrap();
    queue.put_nowait(2).unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["joined@3"], "what was put since does not hold it");
}

#[test]
fn qu_015_a_getter_of_an_empty_queue_that_is_shut_down_fails_in_the_next_turn() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    getter(&on, &queue, &diary);
    tick(&on);
    queue.shutdown(false);
    tick(&on);
    getter(&on, &queue, &diary);
    putter(&on, &queue, 7, &diary);
    tick(&on);
    let expected = ["got Err(QueueShutDown)@2", "got Err(QueueShutDown)@3", "7 came back@3"];
    assert_eq!(diary.read(), expected);
    assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
    assert!(queue.put_nowait(8) == Err(PutError::ShutDown(8)));
}

#[test]
fn qu_016_a_queue_that_is_shut_down_still_gives_what_is_in_it() {
    let on = manual();
    let (queue, diary) = (Queue::new(1), Diary::default());
    queue.put_nowait(1).unwrap();
    putter(&on, &queue, 2, &diary);
    tick(&on);
    queue.shutdown(false);
    getter(&on, &queue, &diary);
    getter(&on, &queue, &diary);
    tick(&on);
    // CPython's order: the putter was woken first and finds the queue full.
    assert_eq!(diary.read(), ["2 came back@2", "got Ok(1)@2", "got Err(QueueShutDown)@2"]);
}

#[test]
fn qu_017_an_immediate_shutdown_empties_the_queue_and_ends_joining() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    (0..3).for_each(|item| queue.put_nowait(item).unwrap());
    joiner(&on, &queue, &diary);
    tick(&on);
    queue.shutdown(true);
    assert!(queue.is_empty());
    tick(&on);
    assert_eq!(diary.read(), ["joined@2"]);
    assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
}

#[test]
fn qu_017_items_that_were_got_before_still_hold_the_joiner() {
    let on = manual();
    let (queue, diary) = (Queue::new(0), Diary::default());
    (0..3).for_each(|item| queue.put_nowait(item).unwrap());
    queue.get_nowait().unwrap();
    joiner(&on, &queue, &diary);
    queue.shutdown(true);
    ticks(&on, 2);
    assert!(diary.read().is_empty());
    queue.task_done().unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["joined@3"]);
}
