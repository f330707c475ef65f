//! PN, re-entrancy and depth: calls that come from where they should not, wakes under a
//! borrow of the user's, tasks that wait for themselves, and chains of any length.

use crate::support::{
    OnDrop, bump, counter, in_child, new_loop, nth, rounds, virtual_loop, within,
};
use oneloop::{EventLoop, LoopHandle, RunError, Task, TaskRef};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Runs `inner` in a callback of a loop, and then the loop to its end.
fn inside(inner: impl FnOnce(&LoopHandle) + 'static) {
    let event_loop = virtual_loop();
    let (handle, reports) = (event_loop.handle(), crate::support::reports(&event_loop));
    event_loop.call_soon(move || inner(&handle)).expect("the loop is open");
    event_loop.run_until_complete(async { oneloop::sleep(HOUR).await }).expect("it is unharmed");
    assert_eq!(*reports.borrow(), Vec::<String>::new());
}

#[test]
fn pn_005_a_loop_refuses_to_run_inside_itself() {
    inside(|handle| {
        assert!(matches!(handle.run_forever(), Err(RunError::AlreadyRunning)));
        assert!(matches!(handle.turn(None), Err(RunError::AlreadyRunning)));
        let run = handle.run_until_complete(async {});
        assert!(matches!(run, Err(RunError::AlreadyRunning)));
        assert!(handle.close().is_err() && !handle.is_closed());
    });
}

#[test]
fn pn_005_another_loop_refuses_to_run_inside_a_loop() {
    inside(|_| {
        let other = virtual_loop();
        assert!(matches!(other.run_forever(), Err(RunError::OtherLoopRunning)));
        assert!(matches!(other.turn(None), Err(RunError::OtherLoopRunning)));
        assert!(matches!(oneloop::run(async {}), Err(RunError::OtherLoopRunning)));
        assert!(!other.is_running());
    });
}

/// asyncio looks first, and only then makes a task.
#[test]
fn pn_005_a_run_that_is_refused_never_starts_its_future() {
    let polls = counter();
    let count = polls.clone();
    inside(move |handle| {
        let run = handle.run_until_complete(async move { bump(&count) });
        assert!(matches!(run, Err(RunError::AlreadyRunning)));
    });
    assert_eq!(polls.get(), 0);
}

/// A loop is told to stop, and then something inside of it tries to run it: how many steps
/// a task of it still gets, of a hundred.
fn steps_after_a_stop(refused: impl FnOnce(&LoopHandle) -> bool + 'static) -> usize {
    let event_loop = virtual_loop();
    let (handle, steps) = (event_loop.handle(), counter());
    let stop = move || {
        handle.stop();
        assert!(refused(&handle));
    };
    event_loop.call_soon(stop).expect("the loop is open");
    let (count, handle) = (steps.clone(), event_loop.handle());
    drop(event_loop.spawn(async move {
        while nth(&count) < 100 {
            oneloop::yield_now().await;
        }
        handle.stop();
    }));
    event_loop.run_forever().expect("it was stopped");
    steps.get()
}

#[test]
fn pn_005_a_run_that_is_refused_does_not_undo_a_stop() {
    assert_eq!(steps_after_a_stop(|handle| handle.run_forever().is_err()), 1);
    assert_eq!(steps_after_a_stop(|handle| handle.run_until_complete(async {}).is_err()), 1);
}

#[test]
fn pn_005_a_turn_that_is_refused_does_not_undo_a_stop() {
    assert_eq!(steps_after_a_stop(|handle| handle.turn(None).is_err()), 1);
}

/// A wake only queues: what the caller has borrowed stays the caller's.
#[test]
fn pn_007_a_wake_or_cancel_drops_and_polls_nothing_inline() {
    let event_loop = virtual_loop();
    let shared = Rc::new(RefCell::new(0));
    let (borrows, slot) = (shared.clone(), Rc::new(RefCell::new(None::<Waker>)));
    let own = slot.clone();
    let drops = shared.clone();
    let held = OnDrop(move || *drops.borrow_mut() += 100);
    let task = event_loop.spawn(poll_fn(move |cx| {
        let _held = &held;
        *borrows.borrow_mut() += 1;
        *own.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    }));
    let task = task.expect("the loop is open");
    turn(&event_loop);
    let (waker, borrowed) = (slot.take().expect("it was polled"), shared.clone());
    let wake = move || {
        let _borrowed = borrowed.borrow_mut();
        waker.wake_by_ref();
        task.cancel();
        waker.wake();
        drop(task);
    };
    event_loop.call_soon(wake).expect("the loop is open");
    (0..3).for_each(|_| turn(&event_loop));
    assert_eq!(*shared.borrow(), 101, "one poll, one drop, and no panic");
}

/// No name, key or value of the user's is converted, cloned or dropped under a borrow.
#[test]
fn pn_007_what_the_user_converts_into_a_name_may_call_back_in() {
    struct Name(TaskRef);

    impl From<Name> for String {
        fn from(name: Name) -> String {
            name.0.cancel();
            format!("after {}", name.0.name())
        }
    }

    let event_loop = virtual_loop();
    let task = event_loop.spawn(pending::<()>()).expect("the loop is open");
    task.set_name(Name(task.clone()));
    assert_eq!(task.name(), "after Task-1");
}

#[test]
fn pn_007_a_result_that_calls_back_in_as_it_is_cloned_is_given() {
    struct Curious(LoopHandle, Rc<RefCell<Vec<Task<Curious>>>>);

    impl Clone for Curious {
        fn clone(&self) -> Curious {
            drop(self.0.spawn(async {}).expect("the loop is open"));
            self.1.borrow_mut().clear(); // the task's own handle
            Curious(self.0.clone(), self.1.clone())
        }
    }

    let event_loop = virtual_loop();
    let tasks = Rc::new(RefCell::new(Vec::new()));
    let value = Curious(event_loop.handle(), tasks.clone());
    let task = event_loop.spawn(async move { value }).expect("the loop is open");
    turn(&event_loop);
    assert!(task.result().expect("it is done").is_ok());
    let future = event_loop.create_future();
    assert!(future.set_result(Curious(event_loop.handle(), tasks)).is_ok());
    assert!(future.result().is_ok());
}

#[test]
fn pn_009_a_task_that_awaits_itself_is_told_so() {
    let event_loop = virtual_loop();
    let own: Rc<RefCell<Option<Task<bool>>>> = Rc::default();
    let mine = own.clone();
    let task = event_loop.spawn(async move {
        let itself = mine.take().expect("it was put there");
        itself.await.is_err_and(|error| error.is_self_await())
    });
    let (done, task) = (event_loop.create_future(), task.expect("the loop is open"));
    let set = done.clone();
    task.add_done_callback(move |task| set.set_result(task.cancelled()).expect("once"));
    *own.borrow_mut() = Some(task);
    let cancelled = event_loop.run_until_complete(done).expect("it ends");
    assert_eq!(cancelled, Ok(false));
}

/// `count` tasks, each of which awaits the next, and the last the first.
fn circle(event_loop: &EventLoop, count: usize) -> Vec<TaskRef> {
    let first: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let slot = first.clone();
    let mut next: Task<()> = event_loop
        .spawn(async move {
            oneloop::yield_now().await;
            let task = slot.take();
            if let Some(task) = task {
                drop(task.await);
            }
        })
        .expect("the loop is open");
    let mut names = vec![next.clone()];
    for _ in 1..count {
        let awaited = next;
        let waits = async move {
            let _ = awaited.await;
        };
        next = event_loop.spawn(waits).expect("the loop is open");
        names.push(next.clone());
    }
    *first.borrow_mut() = Some(next);
    names
}

#[test]
fn pn_009_tasks_that_await_each_other_are_named_by_the_deadlock() {
    let event_loop = virtual_loop();
    circle(&event_loop, 2);
    let Err(RunError::Deadlock(deadlock)) = event_loop.run_forever() else {
        panic!("it is a deadlock")
    };
    let waiting = deadlock.waiting();
    let all: Vec<_> = waiting.iter().map(|w| format!("{} {}", w.task, w.waits_for)).collect();
    assert_eq!(all, ["Task-1 the task Task-2", "Task-2 the task Task-1"]);
}

/// A task that a thread had made waits for ever, and nobody who could call in is left.
#[test]
fn pn_009_a_deadlock_of_a_task_from_another_thread_is_told() {
    within(|| {
        let event_loop = virtual_loop();
        let remote = event_loop.remote();
        let spawn = move || drop(remote.spawn(pending::<()>).expect("the loop is open"));
        std::thread::spawn(spawn).join().expect("no panic");
        assert!(matches!(event_loop.run_forever(), Err(RunError::Deadlock(_))));
    });
}

#[test]
fn pn_009_a_circle_of_tasks_ends_when_one_is_cancelled() {
    on_a_small_stack(|| {
        let event_loop = virtual_loop();
        let names = circle(&event_loop, 2_000);
        assert!(event_loop.run_forever().is_err(), "it is a deadlock");
        assert!(names[1_000].cancel());
        assert!(event_loop.run_forever().is_err(), "nothing is left to do");
        assert!(names.iter().all(TaskRef::done));
    });
}

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    within(|| {
        let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(body);
        thread.expect("a thread can be started").join().expect("no panic");
    });
}

/// A chain of tasks, each of which awaits the one before; the first waits for `end`.
fn chain(event_loop: &EventLoop, count: usize) -> (oneloop::Future<()>, Task<()>) {
    let end = event_loop.create_future::<()>();
    let first = end.clone();
    let first = async move {
        let _ = first.await;
    };
    let mut last = event_loop.spawn(first).expect("the loop is open");
    for _ in 1..count {
        let before = last;
        let next = async move {
            let _ = before.await;
        };
        last = event_loop.spawn(next).expect("the loop is open");
    }
    (end, last)
}

#[test]
fn pn_010_a_chain_of_100_000_tasks_ends() {
    on_a_small_stack(|| {
        let event_loop = virtual_loop();
        let (end, last) = chain(&event_loop, 100_000);
        turn(&event_loop);
        end.set_result(()).expect("it is set once");
        event_loop.run_until_done(&last).expect("it ends");
    });
}

#[test]
fn pn_010_a_chain_of_100_000_tasks_is_dropped_with_its_loop() {
    on_a_small_stack(|| {
        let event_loop = virtual_loop();
        let chain = chain(&event_loop, 100_000);
        turn(&event_loop);
        event_loop.set_exception_handler(|_| {});
        drop(event_loop);
        drop(chain);
    });
}

/// Cancelling the last of a chain goes down to the first, and up again.
#[test]
fn pn_010_a_long_chain_of_tasks_is_cancelled() {
    on_a_small_stack(|| {
        let event_loop = virtual_loop();
        let (end, last) = chain(&event_loop, rounds(5_000, 100_000));
        turn(&event_loop);
        assert!(last.cancel());
        event_loop.run_until_done(&last).expect("it ends");
        assert!(last.cancelled());
        assert!(end.cancelled());
    });
}

#[test]
fn pn_010_a_chain_of_100_000_done_callbacks_runs() {
    on_a_small_stack(|| {
        let event_loop = virtual_loop();
        let futures: Vec<_> = (0..100_001).map(|_| event_loop.create_future::<()>()).collect();
        for pair in futures.windows(2) {
            let next = pair[1].clone();
            pair[0].add_done_callback(move |_| next.set_result(()).expect("it is set once"));
        }
        futures[0].set_result(()).expect("it is set once");
        event_loop.run_until_complete(futures[100_000].clone()).expect("it ends").expect("set");
    });
}

#[test]
fn pn_010_a_million_callbacks_that_are_never_run_are_dropped() {
    on_a_small_stack(|| {
        let event_loop = virtual_loop();
        for _ in 0..1_000_000 {
            event_loop.call_soon(|| {}).expect("the loop is open");
        }
    });
}

#[test]
fn pn_011_a_loop_and_a_big_task_fit_a_stack_of_256_kib() {
    in_child(pn_011_a_loop_and_a_big_task_fit_a_stack_of_256_kib, || {
        let run = || {
            let event_loop = new_loop();
            let big = async {
                let block = [1_u8; 16 * 1024];
                oneloop::yield_now().await;
                block.iter().map(|byte| usize::from(*byte)).sum::<usize>()
            };
            assert_eq!(event_loop.run_until_complete(big).expect("it ends"), 16 * 1024);
        };
        let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(run);
        thread.expect("a thread can be started").join().expect("no panic");
    });
}

/// Fails to compile, for an ambiguity, if one of the types may be sent to another thread.
#[test]
fn pn_014_what_belongs_to_a_thread_cannot_leave_it() {
    trait NotSend<Marker> {
        fn named() -> &'static str {
            std::any::type_name::<Self>()
        }
    }
    struct IsSend;
    impl<T: ?Sized> NotSend<()> for T {}
    impl<T: ?Sized + Send> NotSend<IsSend> for T {}
    let names = [
        <EventLoop as NotSend<_>>::named(),
        <LoopHandle as NotSend<_>>::named(),
        <Task<()> as NotSend<_>>::named(),
        <TaskRef as NotSend<_>>::named(),
        <oneloop::Future<()> as NotSend<_>>::named(),
        <oneloop::Handle as NotSend<_>>::named(),
        <oneloop::TimerHandle as NotSend<_>>::named(),
        <oneloop::Sleep as NotSend<_>>::named(),
    ];
    assert_eq!(names.len(), 8);
    fn send<T: Send + Sync>() {}
    send::<oneloop::RemoteHandle>();
}

/// A future of another loop on the same thread can be awaited: its waker finds the way.
#[test]
fn pn_014_a_future_of_another_loop_wakes_the_task_that_awaits_it() {
    let (here, there) = (virtual_loop(), virtual_loop());
    let future = there.create_future::<u8>();
    let awaits = future.clone();
    let task = here.spawn(awaits).expect("the loop is open");
    turn(&here);
    there.call_soon(move || future.set_result(7).expect("once")).expect("the loop is open");
    turn(&there);
    here.run_until_done(&task).expect("it ends");
    assert_eq!(task.result().expect("it is done").expect("it was not cancelled"), Ok(7));
}

#[test]
fn pn_014_a_cancel_does_not_reach_through_to_another_loop() {
    let (here, there) = (virtual_loop(), virtual_loop());
    let future = there.create_future::<u8>();
    let task = here.spawn(future.clone()).expect("the loop is open");
    turn(&here);
    assert!(task.cancel());
    here.run_until_done(&task).expect("it ends");
    assert!(task.cancelled());
    assert!(future.set_result(7).is_ok(), "it is the other loop's");
}

/// The task of another loop is never done while this one runs.
#[test]
fn pn_014_a_loop_does_not_wait_for_a_task_of_another_loop_for_ever() {
    let (here, there) = (virtual_loop(), virtual_loop());
    let task = there.spawn(async { 7 }).expect("the loop is open");
    assert!(here.run_until_done(&task).is_err());
    there.run_until_done(&task).expect("it is its own");
}

/// A poll by hand, outside of any loop, is an error that names itself, or waits.
#[test]
fn pn_014_a_sleep_outside_of_a_loop_says_what_is_missing() {
    let poll = || {
        let mut sleep = std::pin::pin!(oneloop::sleep_until(HOUR));
        sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    };
    let payload = std::panic::catch_unwind(poll).expect_err("it panics as documented");
    let text = oneloop::error::panic_message(&*payload);
    assert!(text.contains("no event loop is running"), "{text}");
}
