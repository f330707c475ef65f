//! QU: what a queue holds, in which order, and what does not wait.

use crate::diary::Diary;
use crate::loops::{manual, tick};
use oneloop::sync::{GetError, LifoQueue, PriorityQueue, PutError, Queue, QueueShutDown};
use std::cell::Cell;
use std::rc::Rc;

#[test]
fn qu_001_items_come_out_in_the_order_in_which_they_were_put() {
    let queue = Queue::new(0);
    (0..5).for_each(|item| queue.put_nowait(item).unwrap());
    assert_eq!((0..5).map(|_| queue.get_nowait().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn qu_002_a_lifo_queue_gives_the_newest_first() {
    let queue = LifoQueue::new(0);
    [1, 3, 2].into_iter().for_each(|item| queue.put_nowait(item).unwrap());
    assert_eq!([(); 3].map(|()| queue.get_nowait().unwrap()), [2, 3, 1]);
}

#[test]
fn qu_002_a_priority_queue_gives_the_least_first_and_of_equals_the_oldest() {
    #[derive(PartialEq, Eq, Debug)]
    struct Job(u32, &'static str);
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    let queue = PriorityQueue::new(0);
    let jobs = [Job(2, "a"), Job(1, "b"), Job(2, "c"), Job(1, "d"), Job(1, "e")];
    jobs.into_iter().for_each(|job| queue.put_nowait(job).unwrap());
    let order = [(); 5].map(|()| queue.get_nowait().unwrap().1);
    assert_eq!(order, ["b", "d", "e", "a", "c"]);
}

#[test]
fn qu_003_a_queue_tells_the_truth_about_itself() {
    let queue = Queue::new(2);
    assert_eq!((queue.maxsize(), queue.len()), (2, 0));
    assert!(queue.is_empty() && !queue.is_full());
    queue.put_nowait('a').unwrap();
    assert!(!queue.is_empty() && !queue.is_full());
    queue.put_nowait('b').unwrap();
    assert_eq!(queue.len(), 2);
    assert!(queue.is_full());
    let endless = Queue::new(0);
    (0..1000).for_each(|item| endless.put_nowait(item).unwrap());
    assert!(!endless.is_full());
}

#[test]
fn qu_004_what_does_not_wait_fails_and_gives_the_item_back() {
    let queue = Queue::new(1);
    assert_eq!(queue.get_nowait(), Err(GetError::Empty));
    queue.put_nowait("first").unwrap();
    let error = queue.put_nowait("second").unwrap_err();
    assert_eq!(error.to_string(), "the queue is full");
    assert_eq!(error.into_inner(), "second");
    queue.shutdown(false);
    assert!(queue.put_nowait("third") == Err(PutError::ShutDown("third")));
}

#[test]
fn qu_005_what_need_not_wait_does_not_suspend() {
    let on = manual();
    let (queue, diary) = (Queue::new(1), Diary::default());
    let (ours, notes) = (queue.clone(), diary.clone());
    drop(on.spawn(async move {
        ours.put("item").await.unwrap();
        notes.stamp(ours.get().await.unwrap());
        ours.task_done().unwrap();
        ours.join().await;
        notes.stamp("joined");
    }));
    tick(&on);
    assert_eq!(diary.read(), ["item@1", "joined@1"]);
}

#[test]
fn qu_018_the_other_kinds_shut_down_alike() {
    let (lifo, least) = (LifoQueue::new(0), PriorityQueue::new(0));
    for item in [1, 2] {
        lifo.put_nowait(item).unwrap();
        least.put_nowait(item).unwrap();
    }
    for _ in 0..2 {
        lifo.shutdown(false);
        least.shutdown(false);
    }
    assert_eq!((lifo.get_nowait(), least.get_nowait()), (Ok(2), Ok(1)));
    lifo.shutdown(true);
    least.shutdown(true);
    assert_eq!(lifo.get_nowait(), Err(GetError::ShutDown));
    assert_eq!(least.get_nowait(), Err(GetError::ShutDown));
    assert!(lifo.is_shutdown() && least.is_shutdown());
}

#[test]
fn qu_018_dropped_items_may_use_the_queue_that_drops_them() {
    struct Item(Queue<Option<Item>>, Rc<Cell<bool>>);
    impl Drop for Item {
        fn drop(&mut self) {
            assert!(matches!(self.0.put_nowait(None), Err(PutError::ShutDown(_))));
            self.1.set(self.0.is_empty());
        }
    }
    let (queue, asked) = (Queue::new(0), Rc::new(Cell::new(false)));
    queue.put_nowait(Some(Item(queue.clone(), asked.clone()))).ok().unwrap();
    queue.shutdown(true);
    assert!(asked.get());
    assert_eq!(QueueShutDown(()).to_string(), "the queue was shut down");
}
