//! FA: nobody waits for ever behind somebody who is always ready.
//!
//! Waits are counted in turns. While anything is ready the loop asks the system once in 64
//! entries, and a turn has an entry at least: so a timer that is due and a byte that is
//! there are noticed within 64 turns, and those who wait for them run in the next few.

use crate::support::{bump, counter, logged, new_loop, rounds, virtual_loop, within};
use oneloop::io::AsyncFd;
use oneloop::{EventLoop, Future as Promise, LoopHandle, RemoteHandle};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

const PATIENCE: u64 = 64 + 4;

/// A timer that is due at once: how many turns until it has run?
async fn turns_of_a_timer(handle: &LoopHandle) -> u64 {
    let fired = handle.create_future::<()>();
    let (set, begun) = (fired.clone(), handle.turns());
    let fire = move || set.set_result(()).expect("it is set once");
    handle.call_later(Duration::ZERO, fire).expect("the loop is open");
    fired.await.expect("nobody cancels it");
    handle.turns() - begun
}

/// A byte that is sent at once: how many turns until it has been read?
async fn turns_of_a_byte(
    handle: &LoopHandle,
    near: &mut UnixStream,
    far: &AsyncFd<UnixStream>,
) -> u64 {
    let read = oneloop::spawn({
        let far = far.get_ref().try_clone().expect("a descriptor is left");
        async move {
            let far = AsyncFd::new(far).expect("a loop is running");
            far.read_with(|mut fd| fd.read(&mut [0])).await
        }
    });
    oneloop::yield_now().await;
    oneloop::yield_now().await;
    let begun = handle.turns();
    near.write_all(b"x").expect("there is room");
    assert_eq!(read.await.expect("no panic").expect("a byte is there"), 1);
    handle.turns() - begun
}

/// Measures timers and I/O beside what `make_busy` keeps the loop busy with.
fn progress_beside(make_busy: impl FnOnce(&LoopHandle)) {
    let event_loop = new_loop();
    make_busy(&event_loop);
    let handle = event_loop.handle();
    let worst = event_loop.run_until_complete(async move {
        let (mut near, far) = UnixStream::pair().expect("a socket pair");
        far.set_nonblocking(true).expect("it can be");
        let far = AsyncFd::new(far).expect("a loop is running");
        let mut worst = 0;
        for _ in 0..100 {
            worst = worst.max(turns_of_a_timer(&handle).await);
            worst = worst.max(turns_of_a_byte(&handle, &mut near, &far).await);
        }
        worst
    });
    let worst = worst.expect("it ends");
    assert!(worst <= PATIENCE, "somebody waited for {worst} turns");
}

#[test]
fn fa_001_tasks_that_yield_for_ever_keep_neither_io_nor_timers_waiting() {
    within(|| {
        progress_beside(|handle| {
            for _ in 0..3 {
                let yields = async {
                    loop {
                        oneloop::yield_now().await;
                    }
                };
                drop(handle.spawn(yields).expect("the loop is open"));
            }
        });
    });
}

fn repost(handle: LoopHandle) {
    let again = handle.clone();
    handle.call_soon(move || repost(again)).expect("the loop is open");
}

#[test]
fn fa_002_a_callback_that_schedules_itself_keeps_nobody_waiting() {
    within(|| progress_beside(|handle| repost(handle.clone())));
}

fn repost_remotely(remote: RemoteHandle) {
    let again = remote.clone();
    let _ = remote.call_soon_threadsafe(move || repost_remotely(again));
}

#[test]
fn fa_002_a_callback_that_injects_itself_keeps_nobody_waiting() {
    within(|| progress_beside(|handle| repost_remotely(handle.remote())));
}

fn repost_when_done(handle: LoopHandle) {
    let future: Promise<()> = handle.create_future();
    let again = handle.clone();
    future.add_done_callback(move |_| repost_when_done(again));
    future.set_result(()).expect("it is set once");
}

#[test]
fn fa_002_a_done_callback_that_makes_another_keeps_nobody_waiting() {
    within(|| progress_beside(|handle| repost_when_done(handle.clone())));
}

#[test]
fn fa_002_a_chain_of_tasks_that_make_tasks_keeps_nobody_waiting() {
    fn chain() -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async { drop(oneloop::spawn(chain())) })
    }
    within(|| progress_beside(|handle| drop(handle.spawn(chain()).expect("the loop is open"))));
}

#[test]
fn fa_003_two_that_yield_alternate() {
    let event_loop = virtual_loop();
    let trace = Rc::new(RefCell::new(String::new()));
    let yields = |name: char| {
        let trace = trace.clone();
        async move {
            for _ in 0..100 {
                trace.borrow_mut().push(name);
                oneloop::yield_now().await;
            }
        }
    };
    drop(event_loop.spawn(yields('a')).expect("the loop is open"));
    event_loop.run_until_complete(yields('b')).expect("it ends");
    assert_eq!(*trace.borrow(), "ab".repeat(100));
}

/// Two that wake each other go to the back of the queue as everybody does.
#[test]
fn fa_003_two_that_wake_each_other_leave_room_for_a_third() {
    let event_loop = virtual_loop();
    let third = counter();
    let (ball, count) = (Rc::new(RefCell::new(event_loop.create_future::<()>())), third.clone());
    for _ in 0..2 {
        let (ball, handle) = (ball.clone(), event_loop.handle());
        let play = async move {
            loop {
                let mine = ball.replace(handle.create_future());
                let _ = mine.set_result(());
                let next = ball.borrow().clone();
                let _ = next.await;
            }
        };
        drop(event_loop.spawn(play).expect("the loop is open"));
    }
    let main = async move {
        for _ in 0..100 {
            oneloop::yield_now().await;
            bump(&count);
        }
    };
    let handle = event_loop.handle();
    let begun = handle.turns();
    event_loop.run_until_complete(main).expect("it ends");
    assert!(handle.turns() - begun <= 102);
    assert_eq!(third.get(), 100);
}

/// Two threads inject as fast as they can; a timer that is always due runs all the same.
#[test]
fn fa_005_a_flood_from_other_threads_keeps_timers_running() {
    within(|| {
        let event_loop = new_loop();
        let (over, came) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (remote, over, came) = (event_loop.remote(), over.clone(), came.clone());
                std::thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let came = came.clone();
                        let item = move || {
                            came.fetch_add(1, Ordering::Relaxed);
                        };
                        remote.call_soon_threadsafe(item).expect("the loop is open");
                    }
                })
            })
            .collect();
        let (handle, seen) = (event_loop.handle(), came.clone());
        let enough = rounds(200_000, 1_000_000);
        let worst = event_loop.run_until_complete(async move {
            let mut worst = 0;
            while seen.load(Ordering::Relaxed) < enough {
                worst = worst.max(turns_of_a_timer(&handle).await);
            }
            worst
        });
        over.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        let worst = worst.expect("it ends");
        assert!(worst <= PATIENCE, "a timer waited for {worst} turns");
    });
}

/// What is injected while a turn takes in is for the next: no turn is without end.
#[test]
fn fa_005_a_turn_takes_in_what_was_there_when_it_began() {
    let event_loop = virtual_loop();
    let ran = counter();
    for _ in 0..10 {
        let remote = event_loop.remote();
        std::thread::spawn(move || {
            let again = remote.clone();
            let item = move || drop(again.call_soon_threadsafe(|| {}));
            remote.call_soon_threadsafe(item).expect("the loop is open");
        })
        .join()
        .expect("no panic");
    }
    for _ in 0..2 {
        let turn = event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
        ran.set(ran.get() + turn.ran);
        assert_eq!(turn.ran, 10);
    }
    assert_eq!(ran.get(), 20);
}

/// The one that is always ready gives up after a while: what starves would never end.
#[test]
fn fa_006_a_thousand_joined_of_which_one_is_always_ready_all_finish() {
    let event_loop = virtual_loop();
    let (over, mut patience) = (Rc::new(Cell::new(false)), 10_000);
    let seen = over.clone();
    let always_ready = std::future::poll_fn(move |cx| {
        cx.waker().wake_by_ref();
        patience -= 1;
        if seen.get() || patience == 0 { Poll::Ready(seen.get()) } else { Poll::Pending }
    });
    let others = (0..999).map(|number| async move {
        for _ in 0..number % 10 {
            oneloop::yield_now().await;
        }
    });
    let joined = async move {
        let others = async {
            futures::future::join_all(others).await;
            over.set(true);
        };
        let others = std::pin::pin!(others);
        let first = futures::future::select(others, always_ready).await;
        matches!(first, futures::future::Either::Left(_))
    };
    assert!(event_loop.run_until_complete(joined).expect("it ends"), "the others starve");
}

fn slow_warnings(from: Duration, debug: bool) -> Vec<String> {
    fn culprit() {}
    logged(|| {
        let event_loop: EventLoop =
            EventLoop::builder().debug(debug).slow_callback(from).build().expect("a loop");
        event_loop.call_soon(culprit).expect("the loop is open");
        event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    })
}

/// With a limit of no time everything is slow; with a limit of a year nothing is.
#[test]
fn fa_008_a_slow_callback_is_reported_once_with_its_name_and_place() {
    let lines = slow_warnings(Duration::ZERO, true);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["WARN", "culprit", file!(), "took"] {
        assert!(lines[0].contains(part), "{part} is missing in {lines:?}");
    }
}

#[test]
fn fa_008_what_is_not_slow_is_not_reported() {
    assert_eq!(slow_warnings(Duration::from_secs(31_536_000), true), Vec::<String>::new());
    assert_eq!(slow_warnings(Duration::ZERO, false), Vec::<String>::new());
}
