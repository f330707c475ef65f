//! PN-13: who waits, elsewhere, for something of a loop that closes, is told.
//!
//! The waiter is a task of another loop of the same thread. It must end: nothing else would
//! ever wake it.

use crate::support::{OnDrop, bump, counter, loop_on, new_loop, within};
use oneloop::io::AsyncFd;
use oneloop::{Clock, EventLoop, LoopHandle, Task};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Has a task of one loop wait for `what`, made on another, which then closes. Gives what
/// the wait came to.
fn outlives<F>(what: impl FnOnce(&EventLoop) -> F + Send + 'static, check: fn(F::Output))
where
    F: Future + 'static,
{
    within(move || {
        let (here, there) = (new_loop(), loop_on(Clock::Manual));
        let waits = what(&there);
        let task = here.spawn(waits).expect("the loop is open");
        turn(&here);
        turn(&here);
        assert!(!task.done(), "it waits");
        drop(there);
        check(here.run_until_complete(task).expect("the loop runs").expect("it is told"));
    });
}

#[test]
fn pn_013_who_awaits_a_task_of_a_loop_that_closes_gets_that_it_was_cancelled() {
    outlives(
        |there| there.spawn(pending::<u8>()).expect("the loop is open"),
        |ended| assert!(ended.expect_err("it never ended").is_cancelled()),
    );
}

#[test]
fn pn_013_who_awaits_a_task_by_reference_gets_that_it_was_cancelled() {
    outlives(
        |there| {
            let task = there.spawn(pending::<u8>()).expect("the loop is open");
            async move {
                let first = (&task).await.map_err(|error| error.is_cancelled());
                (first, task.cancelled(), task.result().expect("it is done").is_err())
            }
        },
        |ended| assert_eq!(ended, (Err(true), true, true)),
    );
}

#[test]
fn pn_013_who_awaits_a_future_of_a_loop_that_closes_gets_that_it_was_cancelled() {
    outlives(|there| there.create_future::<u8>(), |ended| assert!(ended.is_err(), "nobody set it"));
}

/// Also who comes when the loop is closed already.
#[test]
fn pn_013_a_future_of_a_closed_loop_is_cancelled_for_who_awaits_it_then() {
    let (here, there) = (loop_on(Clock::Manual), loop_on(Clock::Manual));
    let future = there.create_future::<u8>();
    let set = there.create_future::<u8>();
    drop(there);
    set.set_result(7).expect("a value can still be kept in it");
    let ended = here.run_until_complete(async move { (future.await, set.await) });
    let (pending, set) = ended.expect("nothing waits");
    assert!(pending.is_err());
    assert_eq!(set, Ok(7));
}

#[test]
fn pn_013_who_waits_for_a_descriptor_of_a_loop_that_closes_gets_that_it_is_closed() {
    outlives(
        |there| {
            let (near, far) = UnixStream::pair().expect("a socket pair");
            near.set_nonblocking(true).expect("it can be");
            let near = AsyncFd::on(there, near);
            async move {
                let _far = far;
                near.readable().await
            }
        },
        |ended| {
            let text = ended.expect_err("its loop is gone").to_string();
            assert_eq!(text, "the event loop is closed");
        },
    );
}

/// A sleep that was begun on a loop ends with it, if it is another's by then.
#[test]
fn pn_013_a_sleep_of_a_loop_that_closes_ends() {
    outlives(
        |there| {
            let begun = async {
                let mut sleep = Box::pin(oneloop::sleep(HOUR));
                let begin = poll_fn(|cx| {
                    assert!(sleep.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                });
                begin.await;
                Some(sleep)
            };
            there.run_until_complete(begun).ok().flatten().expect("it is one step")
        },
        |()| {},
    );
}

/// The job is queued behind another, and is refused as the loop closes.
#[test]
fn pn_013_who_awaits_a_job_that_never_began_gets_that_it_was_refused() {
    within(|| {
        let here = new_loop();
        let there = EventLoop::builder().max_workers(1).build().expect("there is room");
        let (go, gate) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let running = there.run_in_executor(move || {
            begun.send(()).expect("the test waits for that");
            gate.recv().is_ok()
        });
        let running = running.expect("it is open");
        begins.recv().expect("it begins");
        let queued = there.run_in_executor(|| 7).expect("it is open");
        let tasks = (here.spawn(running).expect("open"), here.spawn(queued).expect("open"));
        turn(&here);
        drop(there);
        let queued = here.run_until_complete(tasks.1).expect("it runs").expect("it is told");
        assert!(queued.expect_err("it never began").is_refused());
        // And the one that runs is heard of when it ends, from its own thread.
        go.send(()).expect("it waits");
        let running = here.run_until_complete(tasks.0).expect("it runs").expect("it is told");
        assert!(running.expect("it ended well"));
    });
}

/// It had ended, and the loop had not been told yet.
#[test]
fn pn_013_who_awaits_a_job_that_ended_before_the_loop_closed_gets_its_result() {
    within(|| {
        let (here, there) = (new_loop(), new_loop());
        let (ended, ends) = mpsc::channel::<()>();
        let job = there.run_in_executor(move || {
            let _ended = ended;
            7
        });
        let task = here.spawn(job.expect("it is open")).expect("it is open");
        turn(&here);
        assert!(ends.recv().is_err(), "it has ended");
        drop(there);
        let result = here.run_until_complete(task).expect("it runs").expect("it is told");
        assert_eq!(result.expect("it ended well"), 7);
    });
}

/// A waiter on another thread than the loop's.
#[test]
fn pn_013_who_awaits_on_another_thread_is_woken() {
    within(|| {
        let there = new_loop();
        let (waker, wakers) = mpsc::channel();
        let waits = std::thread::spawn(move || {
            oneloop::run(poll_fn(move |cx| match waker.send(cx.waker().clone()) {
                Ok(()) => Poll::Pending,
                Err(_) => Poll::Ready(()),
            }))
        });
        let future = there.create_future::<()>();
        let mut future = Box::pin(future);
        let waker = wakers.recv().expect("it is polled");
        let mut cx = Context::from_waker(&waker);
        assert!(future.as_mut().poll(&mut cx).is_pending());
        drop(wakers);
        drop(there);
        waits.join().expect("it does not panic").expect("it ends");
    });
}

/// What a task's destructor sees of the task: it is not done yet, and then it is.
#[test]
fn pn_013_a_task_that_closing_drops_is_done_when_it_is_dropped() {
    let event_loop = loop_on(Clock::Manual);
    let count = counter();
    let own: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let (mine, seen) = (own.clone(), count.clone());
    let held = OnDrop(move || {
        let mine = mine.take().expect("it was put there");
        assert!(!mine.done());
        assert!(mine.cancel());
        mine.set_name("gone");
        drop(mine); // and with it the last handle
        bump(&seen);
    });
    let task = event_loop.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    *own.borrow_mut() = Some(task.expect("the loop is open"));
    turn(&event_loop);
    let handle = event_loop.handle();
    drop(event_loop);
    assert_eq!(count.get(), 1);
    assert!(handle.all_tasks().is_empty());
    assert!(format!("{handle:?}").contains("tasks: 0"), "{handle:?}");
}
