//! SY: queues and channels: whoever is cancelled, no item is lost and nobody is left
//! waiting.

use crate::support::{bump, counter, within};
use crate::sync_support::{Body, Scene, at_every_point};
use oneloop::sync::{Queue, broadcast, mpsc, oneshot, watch};
use oneloop::yield_now;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

fn boxed(body: impl Future<Output = ()> + 'static) -> Body {
    Box::pin(body)
}

/// Calls `last` when the last of its clones goes.
#[derive(Clone)]
struct Last(#[allow(dead_code, reason = "held, not read")] Rc<OnLast>);
struct OnLast(Box<dyn Fn()>);

impl Last {
    fn new(last: impl Fn() + 'static) -> Self {
        Last(Rc::new(OnLast(Box::new(last))))
    }
}

impl Drop for OnLast {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Producers and consumers of a queue for one; cancelled are the first `victims`.
fn workers(queue: &Queue<u32>, put: &Rc<Cell<usize>>, got: &Rc<RefCell<Vec<u32>>>) -> Vec<Body> {
    let end = queue.clone();
    let last = Last::new(move || end.shutdown(false));
    let producer = |i: u32| {
        let (queue, put, last) = (queue.clone(), put.clone(), last.clone());
        boxed(async move {
            let _last = last;
            for item in 0..3 {
                queue.put(10 * i + item).await.expect("it is open");
                bump(&put);
            }
        })
    };
    let consumer = |_| {
        let (queue, got) = (queue.clone(), got.clone());
        boxed(async move {
            while let Ok(item) = queue.get().await {
                got.borrow_mut().push(item);
                queue.task_done().expect("one was got");
            }
        })
    };
    let mut tasks: Vec<_> = (0..2).map(producer).collect();
    tasks.extend((0..2).map(consumer));
    let joins = queue.clone();
    tasks.push(boxed(async move { joins.join().await }));
    tasks
}

#[test]
fn sy_001_what_was_put_is_got_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (queue, put) = (Queue::new(1), counter());
            let got = Rc::new(RefCell::new(Vec::new()));
            let tasks = workers(&queue, &put, &got);
            let check = move |left| {
                assert_eq!(left, 0, "{queue:?}");
                assert_eq!(got.borrow().len(), put.get());
                // Each producer's items come in their order.
                let of = |i| got.borrow().iter().copied().filter(|n| n / 10 == i).is_sorted();
                assert!(of(0) && of(1), "{got:?}");
                let text = format!("{queue:?}");
                assert!(text.contains("0 items"), "{text}");
                assert!(text.contains("0 getting, 0 putting, 0 joining"), "{text}");
            };
            Scene { tasks, victims: 4, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_002_a_place_in_a_queue_is_not_lost_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (queue, done) = (Queue::new(1), counter());
            queue.put_nowait(0).expect("there is room");
            let putter = |i| {
                let (queue, done) = (queue.clone(), done.clone());
                boxed(async move {
                    queue.put(i).await.expect("it is open");
                    bump(&done);
                })
            };
            let mut tasks: Vec<_> = (1..=3).map(putter).collect();
            let taker = queue.clone();
            tasks.push(boxed(async move {
                for _ in 0..4 {
                    yield_now().await;
                    yield_now().await;
                    let _ = taker.get_nowait();
                }
            }));
            let check = move |left| {
                assert_eq!(left, 0, "{queue:?}");
                assert!(done.get() >= 2);
            };
            Scene { tasks, victims: 3, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_007_what_was_sent_is_received_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (sender, receiver) = mpsc::channel(1);
            let receiver = Rc::new(RefCell::new(Some(receiver)));
            let (sent, got) = (counter(), counter());
            let send = |_| {
                let (sender, sent) = (sender.clone(), sent.clone());
                boxed(async move {
                    for item in 0..3 {
                        sender.send(item).await.expect("it is open");
                        bump(&sent);
                    }
                })
            };
            let mut tasks: Vec<_> = (0..3).map(send).collect();
            drop(sender);
            let (ours, count) = (receiver.clone(), got.clone());
            tasks.push(boxed(async move {
                let mut receiver = ours.take().expect("it is there");
                while receiver.recv().await.is_some() {
                    bump(&count);
                }
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(sent.get(), got.get());
            };
            Scene { tasks, victims: 3, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_007_a_receiver_that_is_cancelled_lets_the_senders_go_and_takes_nothing_with_it() {
    within(|| {
        at_every_point(|| {
            let (sender, mut receiver) = mpsc::channel(1);
            let taken = counter();
            let (held, count) = (Rc::new(()), taken.clone());
            let mut tasks = vec![boxed(async move {
                while receiver.recv().await.is_some() {
                    bump(&count);
                }
            })];
            for _ in 0..2 {
                let (sender, held) = (sender.clone(), held.clone());
                tasks.push(boxed(async move {
                    for _ in 0..3 {
                        if sender.send(held.clone()).await.is_err() {
                            assert!(sender.is_closed());
                            sender.closed().await;
                        }
                    }
                }));
            }
            tasks.push(boxed(async move {
                for _ in 0..10 {
                    yield_now().await;
                }
                drop(sender);
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert_eq!(Rc::strong_count(&held), 1, "after {} were received", taken.get());
            };
            Scene { tasks, victims: 1, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_007_a_broadcast_reaches_the_others_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (sender, first) = broadcast::channel(2);
            let mut receivers = vec![first];
            receivers.extend((0..2).map(|_| sender.subscribe()));
            let (held, got) = (Rc::new(()), counter());
            let mut tasks = Vec::new();
            for mut receiver in receivers {
                let got = got.clone();
                tasks.push(boxed(async move {
                    while receiver.recv().await.is_ok() {
                        bump(&got);
                    }
                }));
            }
            let item = held.clone();
            tasks.push(boxed(async move {
                for _ in 0..4 {
                    yield_now().await;
                    sender.send(item.clone()).expect("two are there");
                }
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert!((8..=12).contains(&got.get()), "{}", got.get());
                assert_eq!(Rc::strong_count(&held), 1);
            };
            Scene { tasks, victims: 3, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_007_watchers_see_the_last_value_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (sender, receiver) = watch::channel(0);
            let seen = counter();
            let watcher = |_| {
                let (mut receiver, seen) = (receiver.clone(), seen.clone());
                boxed(async move {
                    receiver.wait_for(|value| *value == 3).await.expect("it comes to that");
                    bump(&seen);
                })
            };
            let mut tasks: Vec<_> = (0..3).map(watcher).collect();
            drop(receiver);
            tasks.push(boxed(async move {
                for value in 1..=3 {
                    yield_now().await;
                    sender.send(value).expect("some are there");
                }
                sender.closed().await;
            }));
            let check = move |left| {
                assert_eq!(left, 0);
                assert!(seen.get() >= 2);
            };
            Scene { tasks, victims: 3, check: Box::new(check) }
        });
    });
}

#[test]
fn sy_007_one_value_is_received_or_comes_back_whoever_is_cancelled() {
    within(|| {
        at_every_point(|| {
            let (sender, receiver) = oneshot::channel();
            let held = Rc::new(());
            let (item, got) = (held.clone(), counter());
            let (count, back) = (got.clone(), got.clone());
            let tasks = vec![
                boxed(async move {
                    receiver.await.expect("it is sent");
                    bump(&count);
                }),
                boxed(async move {
                    yield_now().await;
                    yield_now().await;
                    if sender.send(item).is_err() {
                        bump(&back);
                    }
                }),
            ];
            let check = move |left| {
                assert_eq!(left, 0);
                assert!(got.get() <= 1);
                assert_eq!(Rc::strong_count(&held), 1);
            };
            Scene { tasks, victims: 1, check: Box::new(check) }
        });
    });
}
