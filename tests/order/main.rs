//! The rules of order: one canonical test for each, which bears its number.
//!
//! Each is a program and what it says, line for line, with the turn in which it says it.
//! A comment at each line tells why it is there. All run on virtual time.

mod log;
mod wander;

use log::{OnDrop, check, check_loop, ms, note, say, say_time, spawn_never_done};
use oneloop::sync::Lock;
use oneloop::{EventLoop, call_at, call_later, call_soon, create_future, running_loop};
use oneloop::{sleep, sleep_until, spawn, yield_now};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;
use wander::traced_run;

#[test]
fn rule_01_ready_entries_run_in_the_order_in_which_they_became_ready() {
    let program = async {
        let future = create_future();
        let awaited = future.clone();
        spawn(async move {
            awaited.await.unwrap();
            say("the task that waited");
        });
        yield_now().await;

        call_soon(|| say("a callback"));
        future.set_result(()).unwrap();
        spawn(async { say("a new task") });
        call_soon(|| say("another callback"));
        yield_now().await;
        say("main");
    };
    check(
        program,
        &[
            "turn 3: a callback",           // it was scheduled first
            "turn 3: the task that waited", // then its future was set
            "turn 3: a new task",           // then it was made: a task is an entry as any other
            "turn 3: another callback",     // callbacks do not overtake tasks
            "turn 3: main",                 // it yielded last
        ],
    );
}

#[test]
fn rule_02_what_becomes_ready_during_a_batch_runs_in_the_next_one() {
    let program = async {
        call_soon(|| {
            say("first");
            call_soon(|| {
                say("third");
                call_soon(|| say("fourth"));
            });
        });
        call_soon(|| say("second"));
        yield_now().await;
        say("main yields again");
        yield_now().await;
        yield_now().await;
    };
    check(
        program,
        &[
            "turn 2: first",             // it was ready when the batch began
            "turn 2: second",            // so was this one
            "turn 2: main yields again", // and main: all before what the first one scheduled
            "turn 3: third",             // scheduled during turn 2
            "turn 4: fourth",            // scheduled during turn 3: no batch ever grows
        ],
    );
}

#[test]
fn rule_03_timers_fire_by_deadline_and_creation_never_early_against_one_reading_of_the_clock() {
    let program = async {
        let doomed = call_at(ms(10), || say("never"));
        call_at(ms(30), || say_time("set first"));
        call_at(ms(10), || say_time("set second"));
        spawn(async {
            sleep(ms(10)).await;
            say_time("the task that slept");
        });
        yield_now().await;
        doomed.cancel(); // the next timer may have its slot, but not its place
        call_at(ms(10), || {
            say_time("set last, and takes 10 ms");
            running_loop().unwrap().advance(ms(10));
        });
        call_at(ms(20), || say_time("due at 20 ms"));
        sleep_until(ms(40)).await;
    };
    check(
        program,
        &[
            "turn 3: 10ms: set second", // the earliest deadline, the first of its three
            "turn 3: 10ms: set last, and takes 10 ms", // same deadline, set after the sleep began
            "turn 4: 20ms: the task that slept", // its timer fired in turn 3, between these two
            "turn 4: 20ms: due at 20 ms", // came due during turn 3, whose clock said 10
            "turn 5: 30ms: set first",  // the latest deadline, though set first
        ],
    );
}

#[test]
fn rule_04_in_one_turn_other_threads_come_first_then_io_then_timers() {
    let program = async {
        let here = running_loop().unwrap();
        let over = create_future();
        let timer = over.clone();
        call_later(Duration::ZERO, move || {
            say("a timer");
            timer.set_result(()).unwrap();
        });

        let (mut reads, mut writes) = UnixStream::pair().unwrap();
        writes.write_all(b"!").unwrap();
        let watched = reads.try_clone().unwrap();
        here.add_reader(&watched, move || {
            let count = reads.read(&mut [0]).unwrap();
            say(format_args!("{count} byte to read"));
        })
        .unwrap();

        let remote = here.remote();
        let send = move || remote.call_soon_threadsafe(|| say("another thread")).unwrap();
        std::thread::spawn(send).join().unwrap();

        over.await.unwrap();
        here.remove_reader(&watched);
    };
    check(
        program,
        &[
            "turn 2: another thread", // it came last, and step 3 comes first
            "turn 2: 1 byte to read", // step 4
            "turn 2: a timer",        // step 5, though it was set first
        ],
    );
}

#[test]
fn rule_05_any_number_of_wakes_before_a_poll_make_one_poll() {
    let program = async {
        let waker = spawn_never_done("polled");
        yield_now().await;
        let waker = waker.take().unwrap();
        for _ in 0..3 {
            waker.wake_by_ref();
        }
        let from_afar = waker.clone();
        std::thread::spawn(move || from_afar.wake()).join().unwrap();
        say("four wakes, one from another thread");
        yield_now().await;
        yield_now().await;
        waker.wake();
        say("a fifth wake");
        yield_now().await;
    };
    check(
        program,
        &[
            "turn 2: polled",                              // because it was made
            "turn 2: four wakes, one from another thread", // no wake polls by itself
            "turn 3: polled",                              // once, for all four
            "turn 4: a fifth wake",                        // nothing was left for turn 4
            "turn 5: polled",                              // a wake after the poll counts anew
        ],
    );
}

#[test]
fn rule_06_a_wake_for_a_task_that_is_done_or_for_a_slot_used_again_does_nothing() {
    let program = async {
        let own_waker = || spawn(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        let kept = own_waker();
        let of_one_done = (&kept).await.unwrap();
        let of_one_gone = own_waker().await.unwrap();
        spawn_never_done("the next task in that slot is polled");
        for waker in [&of_one_done, &of_one_gone] {
            waker.wake_by_ref();
            let from_afar = waker.clone();
            std::thread::spawn(move || from_afar.wake()).join().unwrap();
        }
        say("four stale wakes");
        yield_now().await;
        of_one_gone.wake();
        say("and one more");
        yield_now().await;
        yield_now().await;
        assert!(kept.done());
    };
    check(
        program,
        &[
            "turn 5: four stale wakes", // two turns for each task that ended
            "turn 6: the next task in that slot is polled", // because it was made, and only once
            "turn 6: and one more",     // which wakes nobody either
        ],
    );
}

#[test]
fn rule_07_spawn_never_polls_inline_and_a_done_callback_never_runs_inline() {
    let program = async {
        let task = spawn(async { say("first step of the task") });
        say("spawn is back");
        task.add_done_callback(|_| say("done callback of the task"));

        let future = create_future();
        future.add_done_callback(|_| say("done callback of the future"));
        future.set_result(()).unwrap();
        say("set_result is back");
        future.add_done_callback(|_| say("done callback that came late"));
        say("add_done_callback is back");
        yield_now().await;
        yield_now().await;
    };
    check(
        program,
        &[
            "turn 1: spawn is back",                // nothing of what was made ready
            "turn 1: set_result is back",           // runs inside of the call
            "turn 1: add_done_callback is back",    // that makes it ready
            "turn 2: first step of the task",       // all of it runs in the next turn,
            "turn 2: done callback of the future",  // in the order of rule 1
            "turn 2: done callback that came late", // also when the future was done before
            "turn 3: done callback of the task",    // not inline in the step that ended it
        ],
    );
}

#[test]
fn rule_08_callbacks_and_waiting_tasks_become_ready_in_the_order_in_which_they_came() {
    let program = async {
        let future = create_future::<()>();
        let waker = Rc::new(RefCell::new(None::<Waker>));
        let (mut awaited, kept) = (future.clone(), waker.clone());
        spawn(async move {
            poll_fn(|cx| {
                say("the first task looks");
                kept.replace(Some(cx.waker().clone()));
                pin!(&mut awaited).poll(cx)
            })
            .await
            .unwrap();
        });
        yield_now().await;
        future.add_done_callback(|_| say("a callback came second"));
        let awaited = future.clone();
        spawn(async move {
            awaited.await.unwrap();
            say("a task came third");
        });
        yield_now().await;
        waker.take().unwrap().wake();
        yield_now().await;
        future.add_done_callback(|_| say("a callback came last"));
        future.set_result(()).unwrap();
        yield_now().await;
    };
    check(
        program,
        &[
            "turn 2: the first task looks",   // it came first
            "turn 4: the first task looks",   // a stray wake: its place stays
            "turn 5: the first task looks",   // so it is first when the future is done,
            "turn 5: a callback came second", // and tasks and callbacks
            "turn 5: a task came third",      // are one list
            "turn 5: a callback came last",
        ],
    );
}

#[test]
fn rule_09_waiters_are_served_first_come_first_served_and_a_cancelled_one_passes_its_turn_on() {
    async fn use_it(lock: Lock, name: &'static str) {
        let _goodbye = OnDrop(name);
        let _guard = lock.acquire().await;
        say(format_args!("{name} has it"));
        yield_now().await;
    }

    let program = async {
        let lock = Lock::new();
        let guard = lock.acquire().await;
        let tasks = ["a", "b", "c", "d"].map(|name| spawn(use_it(lock.clone(), name)));
        yield_now().await;
        tasks[2].cancel();
        yield_now().await;
        drop(guard);
        tasks[0].cancel();
        say(lock.try_acquire().is_none());
        for task in tasks {
            let _ = task.await;
        }
    };
    check(
        program,
        &[
            "turn 3: c is dropped", // it was cancelled while it waited: nobody else notices
            "turn 3: true",         // the lock is free, and yet not for a newcomer: it is a's
            "turn 4: a is dropped", // its turn had come, but it was cancelled: it is b's now
            "turn 5: b has it",
            "turn 6: b is dropped",
            "turn 7: d has it", // second in line, and fourth to come
            "turn 8: d is dropped",
        ],
    );
}

#[test]
fn rule_10_a_cancel_request_is_delivered_in_the_next_turn_at_the_await_where_the_task_stands() {
    let program = async {
        let task = spawn(async {
            yield_now().await;
            say("the task is past its first await");
            let _goodbye = OnDrop("what the second await holds");
            sleep(Duration::MAX).await;
            say("never");
        });
        yield_now().await;
        yield_now().await;
        call_soon(|| say("scheduled before the request"));
        task.cancel();
        call_soon(|| say("scheduled after the request"));
        say("asked");
        assert!(task.await.unwrap_err().is_cancelled());
        say("who asked is told");
    };
    check(
        program,
        &[
            "turn 3: the task is past its first await",
            "turn 3: asked",                        // the request itself runs nothing
            "turn 4: scheduled before the request", // the task became ready after this
            "turn 4: what the second await holds is dropped", // delivered, where it stands
            "turn 4: scheduled after the request",  // and before this
            "turn 5: who asked is told",            // its end is a turn for who awaits it
        ],
    );
}

#[test]
fn rule_11_stop_ends_the_loop_after_the_batch_that_is_running() {
    let program = |event_loop: &EventLoop| {
        let stop = || running_loop().unwrap().stop();
        let first = move || {
            say("stop");
            stop();
            call_soon(move || {
                say("scheduled after the stop");
                stop();
            });
        };
        event_loop.call_soon(first).unwrap();
        event_loop.call_soon(|| say("the rest of the batch")).unwrap();
        event_loop.run_forever().unwrap();
        note("the loop has ended");
        event_loop.run_forever().unwrap();
        note("it has ended again");
    };
    check_loop(
        program,
        &[
            "turn 1: stop",
            "turn 1: the rest of the batch", // it was ready, so it runs
            "the loop has ended",            // before the next batch
            "turn 2: scheduled after the stop", // nothing is lost: the next run has it
            "it has ended again",            // the first stop did not count twice
        ],
    );
}

#[test]
fn rule_12_the_same_program_on_virtual_time_leaves_the_same_trace_byte_for_byte() {
    let first = traced_run();
    // Another thread, another loop number, slots that have been used before.
    let _other = EventLoop::new().unwrap();
    let second = std::thread::spawn(traced_run).join().unwrap();

    for (line, (first, second)) in first.lines().zip(second.lines()).enumerate() {
        assert_eq!(first, second, "the first difference, in line {line}");
    }
    assert_eq!(first.len(), second.len());
    for kind in ["Spawned", "Jumps", "TimerSet", "Ready", "CancelRequested", "StaleWake", "Ran"] {
        assert!(first.contains(kind), "the program was to show {kind} events, too");
    }
}
