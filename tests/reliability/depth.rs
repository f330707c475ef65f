//! PN, depth: tasks that wait for themselves or each other, chains of any length, and
//! stacks that are small.

use crate::support::{in_child, new_loop, rounds, virtual_loop, within};
use oneloop::{EventLoop, LoopHandle, RunError, Task, TaskRef};
use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
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
