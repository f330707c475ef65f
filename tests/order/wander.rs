//! A program that does a little of everything, and the trace that it leaves.

use oneloop::{Clock, Event, EventLoop, Future, Moment, Observer, all_tasks, call_later};
use oneloop::{call_soon, create_future, sleep, spawn, yield_now};
use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// The trace of twenty tasks that sleep, yield, set what others wait for, and cancel each
/// other, as numbers have it that depend on who asked for one before.
pub(crate) fn traced_run() -> String {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build().unwrap();
    let tape = Rc::new(Tape::default());
    event_loop.set_observer(Some(tape.clone()));
    let program = async {
        let number = Rc::new(Cell::new(1_u32));
        let board: Vec<_> = (0..40).map(|_| create_future::<usize>()).collect();
        let tasks = (0..20).map(|me| spawn(wander(me, number.clone(), board.clone())));
        for task in tasks.collect::<Vec<_>>() {
            let _ = task.await;
        }
    };
    event_loop.run(program).unwrap();
    tape.0.take()
}

async fn wander(me: usize, number: Rc<Cell<u32>>, board: Vec<Future<usize>>) {
    let own_waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    for _ in 0..20 {
        number.set(number.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let any = (number.get() >> 8) as usize;
        match number.get() >> 29 {
            0 | 1 => yield_now().await,
            2 | 3 => sleep(Duration::from_millis(any as u64 % 5)).await,
            4 => drop(board[any % board.len()].set_result(me)),
            5 => {
                let wait = pin!(sleep(Duration::from_millis(3)));
                futures::future::select(board[any % board.len()].clone(), wait).await;
            }
            6 => {
                let waker = own_waker.clone();
                call_later(Duration::from_millis(any as u64 % 50), move || waker.wake());
            }
            _ if any % 8 == 0 => cancel_one(any),
            _ => drop(call_soon(|| {})),
        }
    }
}

/// Asks one of the tasks to end, but not the main task, which is the first.
fn cancel_one(any: usize) {
    let tasks = all_tasks();
    tasks[1 + any % (tasks.len() - 1)].cancel();
}

/// Writes down all that it is told.
#[derive(Default)]
struct Tape(RefCell<String>);

impl Observer for Tape {
    fn event(&self, at: Moment, event: &Event<'_>) {
        writeln!(self.0.borrow_mut(), "{at:?} {event:?}").unwrap();
    }
}
