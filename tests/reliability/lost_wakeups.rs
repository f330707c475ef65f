//! LW: no wake is lost. What another thread sends runs, whenever it comes.

use crate::support::{Wakes, bump, counter, new_loop, virtual_loop, watch, within};
use futures::future::{join3, select};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use oneloop::io::AsyncFd;
use oneloop::{Event, RemoteHandle, RunError};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Starts `threads` threads, each of which sends `each` items; the last item of all
/// stops the loop.
fn flood(remote: &RemoteHandle, threads: usize, each: usize, came: &Arc<AtomicUsize>) {
    for _ in 0..threads {
        let (remote, came) = (remote.clone(), came.clone());
        std::thread::spawn(move || {
            for _ in 0..each {
                let (came, stop) = (came.clone(), remote.clone());
                let item = move || {
                    if came.fetch_add(1, Ordering::Relaxed) + 1 == threads * each {
                        stop.stop().expect("the loop is open");
                    }
                };
                remote.call_soon_threadsafe(item).expect("the loop is open");
            }
        });
    }
}

#[test]
fn lw_001_a_million_items_from_four_threads_all_run() {
    within(|| {
        let (event_loop, came) = (new_loop(), Arc::new(AtomicUsize::new(0)));
        flood(&event_loop.remote(), 4, 250_000, &came);
        event_loop.run_forever().expect("stopped by the last item");
        assert_eq!(came.load(Ordering::Relaxed), 1_000_000);
    });
}

/// Each sender waits until its item ran, so the loop falls asleep again and again at the
/// very moment at which the next item comes.
#[test]
fn lw_001_items_that_come_as_the_loop_falls_asleep_run() {
    within(|| {
        let event_loop = new_loop();
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let remote = event_loop.remote();
                std::thread::spawn(move || {
                    for _ in 0..10_000 {
                        let (ran, wait) = mpsc::channel();
                        let item = move || ran.send(()).expect("the sender waits");
                        remote.call_soon_threadsafe(item).expect("the loop is open");
                        wait.recv().expect("the item runs");
                    }
                })
            })
            .collect();
        let remote = event_loop.remote();
        let last = std::thread::spawn(move || {
            let well = senders.into_iter().all(|sender| sender.join().is_ok());
            remote.stop().expect("the loop is open");
            well
        });
        event_loop.run_forever().expect("stopped by the last sender");
        assert!(last.join().expect("no panic"), "a sender's item never ran");
    });
}

/// An item that is taken in injects another, and then a thread injects: both run, and no
/// timer or descriptor helps.
#[test]
fn lw_002_an_item_injected_by_an_item_and_one_by_a_thread_run() {
    within(|| {
        let event_loop = new_loop();
        let remote = event_loop.remote();
        let (outer, inner) = (remote.clone(), remote.clone());
        let first = move || {
            let second = move || {
                std::thread::spawn(move || inner.stop().expect("the loop is open"));
            };
            outer.call_soon_threadsafe(second).expect("the loop is open");
        };
        std::thread::spawn(move || remote.call_soon_threadsafe(first).expect("it is open"));
        event_loop.run_forever().expect("stopped by the thread");
    });
}

/// On virtual time a loop waits for who has a remote handle; also for the end of that.
#[test]
fn lw_001_a_loop_that_sleeps_for_a_remote_handle_hears_that_it_is_dropped() {
    within(|| {
        for _ in 0..20 {
            let event_loop = virtual_loop();
            let (sleeps, asleep) = mpsc::channel();
            watch(&event_loop, move |event| {
                if matches!(event, Event::Sleeps { .. }) {
                    let _ = sleeps.send(());
                }
            });
            let handles = [event_loop.remote(), event_loop.remote().clone()];
            let drops = std::thread::spawn(move || {
                asleep.recv().expect("it has nothing to do");
                for handle in handles {
                    std::thread::spawn(move || drop(handle));
                }
            });
            let ran = event_loop.run_until_complete(pending::<()>());
            assert!(matches!(ran, Err(RunError::Deadlock(_))), "{ran:?}");
            drops.join().expect("no panic");
        }
    });
}

/// A thread writes and wakes, writes and wakes, while the task is queued most of the time.
/// The last wake must bring a poll that sees the last value.
#[test]
fn lw_003_the_last_value_written_before_a_wake_is_seen() {
    const LAST: usize = 100_000;
    within(|| {
        let value = Arc::new(AtomicUsize::new(0));
        let mut writer = Some(value.clone());
        let seen = oneloop::run(poll_fn(move |cx| {
            if let Some(value) = writer.take() {
                let waker = cx.waker().clone();
                std::thread::spawn(move || {
                    for next in 1..=LAST {
                        value.store(next, Ordering::Relaxed);
                        waker.wake_by_ref();
                    }
                });
            }
            match value.load(Ordering::Relaxed) {
                LAST => Poll::Ready(LAST),
                _ => Poll::Pending,
            }
        }));
        assert_eq!(seen.expect("it ends"), LAST);
    });
}

/// A task that wakes itself in every turn, and a hook before each turn that wakes it too.
#[test]
fn lw_004_work_made_by_a_hook_in_every_turn_does_not_stop_timers() {
    within(|| {
        let event_loop = new_loop();
        let handle = event_loop.handle();
        watch(&event_loop, move |event| {
            if matches!(event, Event::Turn { .. }) {
                handle.call_soon(|| {}).expect("the loop is open");
            }
        });
        event_loop
            .run_until_complete(oneloop::sleep_until(Duration::from_millis(10)))
            .expect("the timer fires");
        event_loop.set_observer(None);
    });
}

#[test]
fn lw_004_what_a_hook_makes_ready_as_the_loop_falls_asleep_runs() {
    within(|| {
        let event_loop = new_loop();
        let handle = event_loop.handle();
        watch(&event_loop, move |event| {
            if matches!(event, Event::Sleeps { .. }) {
                let stop = handle.clone();
                handle.call_soon(move || stop.stop()).expect("the loop is open");
            }
        });
        event_loop.run_forever().expect("stopped by what the hook scheduled");
        event_loop.set_observer(None);
    });
}

/// On virtual time a loop that slept instead would report a deadlock.
#[test]
fn lw_007_a_main_future_woken_in_the_turn_in_which_it_waited_is_polled_again() {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let slot: Rc<RefCell<Option<Waker>>> = Rc::default();
    let mut polls = 0;
    let result = event_loop.run_until_complete(poll_fn(move |cx| {
        polls += 1;
        *slot.borrow_mut() = Some(cx.waker().clone());
        let waker = slot.clone();
        if polls < 3 {
            let wake = move || waker.take().expect("it was set").wake();
            handle.call_soon(wake).expect("the loop is open");
            return Poll::Pending;
        }
        Poll::Ready(polls)
    }));
    assert_eq!(result.expect("it ends"), 3);
}

/// Polls `future` under two wakers, has it completed, and says how often each was woken.
fn polled_twice<F: Future>(mut future: Pin<&mut F>, complete: impl FnOnce()) -> (usize, usize) {
    let ((a, first), (b, second)) = (Wakes::new(), Wakes::new());
    for waker in [&first, &second] {
        assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    complete();
    (a.count(), b.count())
}

#[test]
fn lw_008_a_future_wakes_the_waker_of_the_last_poll() {
    let event_loop = virtual_loop();
    let future = event_loop.create_future::<()>();
    let set = future.clone();
    let woken = polled_twice(std::pin::pin!(future), || set.set_result(()).expect("once"));
    assert_eq!(woken, (0, 1));
}

#[test]
fn lw_008_a_task_wakes_the_waker_of_the_last_poll() {
    let event_loop = virtual_loop();
    let task = event_loop.spawn(async {}).expect("the loop is open");
    let finish = || {
        event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    };
    assert_eq!(polled_twice(std::pin::pin!(task), finish), (0, 1));
}

#[test]
fn lw_008_a_sleep_wakes_the_waker_of_the_last_poll() {
    let event_loop = virtual_loop();
    let woken = Rc::new(Cell::new((0, 0)));
    let (result, handle) = (woken.clone(), event_loop.handle());
    let outer = handle.clone();
    let run = async move {
        let mut sleep = Box::pin(oneloop::sleep(Duration::from_secs(1)));
        let ((a, first), (b, second)) = (Wakes::new(), Wakes::new());
        for waker in [&first, &second] {
            assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        oneloop::sleep(Duration::from_secs(2)).await;
        result.set((a.count(), b.count()));
    };
    outer.run_until_complete(run).expect("it ends");
    assert_eq!(woken.get(), (0, 1));
}

#[test]
fn lw_008_a_descriptor_wakes_the_waker_of_the_last_poll() {
    within(|| {
        let woken = oneloop::run(async {
            let (mut near, far) = UnixStream::pair().expect("a socket pair");
            far.set_nonblocking(true).expect("it can be");
            let far = AsyncFd::new(far).expect("a loop is running");
            let read = |mut fd: &UnixStream| std::io::Read::read(&mut fd, &mut [0]);
            let mut future = std::pin::pin!(far.read_with(read));
            let ((a, first), (b, second)) = (Wakes::new(), Wakes::new());
            for waker in [&first, &second] {
                assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
            }
            std::io::Write::write_all(&mut near, b"x").expect("there is room");
            while b.count() == 0 {
                oneloop::yield_now().await;
            }
            (a.count(), b.count())
        });
        assert_eq!(woken.expect("it ends"), (0, 1));
    });
}

#[test]
fn lw_008_a_job_wakes_the_waker_of_the_last_poll() {
    within(|| {
        let event_loop = new_loop();
        let (go, wait) = mpsc::channel::<()>();
        let job = event_loop.run_in_executor(move || wait.recv()).expect("the loop is open");
        let mut job = std::pin::pin!(job);
        let ((a, first), (b, second)) = (Wakes::new(), Wakes::new());
        for waker in [&first, &second] {
            assert!(job.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        go.send(()).expect("the job waits");
        while b.count() == 0 {
            event_loop.turn(None).expect("the job's result comes");
        }
        assert_eq!((a.count(), b.count()), (0, 1));
    });
}

#[test]
fn lw_009_yields_in_a_join_resume_in_the_next_turn() {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let turns = event_loop.run_until_complete(async move {
        let begun = handle.turns();
        join3(oneloop::yield_now(), oneloop::yield_now(), oneloop::yield_now()).await;
        handle.turns() - begun
    });
    assert_eq!(turns.expect("it ends"), 1);
}

#[test]
fn lw_009_a_yield_in_a_select_resumes_in_the_next_turn() {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let turns = event_loop.run_until_complete(async move {
        let begun = handle.turns();
        select(pending::<()>(), oneloop::yield_now()).await;
        handle.turns() - begun
    });
    assert_eq!(turns.expect("it ends"), 1);
}

/// A combinator that polls a child only when the child's own waker was woken, and at once
/// a second time if it was: the second poll must not lose the yield.
#[test]
fn lw_009_a_yield_polled_twice_in_one_step_resumes() {
    let event_loop = virtual_loop();
    let yields = counter();
    let done = yields.clone();
    let result = event_loop.run_until_complete(async move {
        let mut children = FuturesUnordered::new();
        let first = async move {
            for _ in 0..10 {
                oneloop::yield_now().await;
                bump(&done);
            }
        };
        children.push(first.boxed_local());
        (0..3).for_each(|_| children.push(pending().boxed_local()));
        children.next().await;
    });
    assert_eq!((result.map_err(|error| error.to_string()), yields.get()), (Ok(()), 10));
}
