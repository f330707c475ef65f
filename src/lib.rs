//! asyncio's event loop as a Rust library: one process, one thread, a promised order, and
//! a run that can be seen.
//!
//! ```
//! use std::time::Duration;
//!
//! oneloop::run(async {
//!     let tick = oneloop::spawn(async {
//!         for _ in 0..3 {
//!             oneloop::sleep(Duration::from_millis(1)).await;
//!         }
//!         "three ticks"
//!     });
//!     oneloop::call_soon(|| println!("a callback runs in the next turn"));
//!     println!("{}", tick.await.unwrap());
//! })
//! .unwrap();
//! ```
//!
//! # Coming from elsewhere
//!
//! [`guide::from_asyncio`] and [`guide::from_tokio`] say what each thing is called here, and
//! what is different.
//!
//! # What it is not
//!
//! It is no work-stealing runtime: a loop and all its tasks stay on one thread, so tasks
//! need not be `Send`, and what needs more than a core runs more than one loop. It is not a
//! re-entrant loop: a callback cannot run the loop it runs on. It runs on Linux.
//!
//! # Why not …
//!
//! *a random order, as some runtimes have, so that nobody relies on it?* Because people do
//! rely on order, and a test of it must be able to fail for one reason only.
//!
//! *`Send` tasks?* Because `Rc` and `Cell` are what single-threaded programs are made of.
//!
//! *a float clock, as asyncio has?* Because after half a year of uptime it can no longer
//! tell microseconds apart.

#![warn(clippy::wildcard_imports)]

mod awaitable;
mod awaiting;
mod call;
mod callback;
mod cancel;
mod catch_cancel;
mod clock;
mod closing;
mod combinators;
pub mod concurrent;
mod ctrl_c;
mod debug;
mod ending;
pub mod error;
mod event_loop;
mod exception;
pub mod fs;
mod future;
mod future_cell;
pub mod guide;
pub mod io;
mod kernel;
mod leaf;
pub mod lowlevel;
pub mod net;
mod observe;
pub mod process;
mod remote;
mod run;
mod runner;
mod running;
pub mod signal;
mod stage;
#[cfg(feature = "stream")]
mod stream;
pub mod streams;
pub mod sync;
mod task;
mod task_ref;
mod task_tree;
pub mod time;
mod virtual_time;
mod watch;

pub use awaitable::{Awaitable, Joining};
pub use callback::{Handle, TimerHandle};
pub use catch_cancel::{CatchCancel, Resume, catch_cancel};
pub use clock::Clock;
pub use combinators::{AsCompleted, Limited, ReturnWhen, TaskGroup, Timeout, Waited, as_completed};
pub use combinators::{gather, gather_all, shield};
pub use combinators::{timeout, timeout_at, try_gather, wait, wait_for};
pub use concurrent::{Blocking, run_blocking};
pub use error::{Cancelled, Closed, Deadlock, FutureError, InjectError, InvalidState, JoinError};
pub use error::{NoRunningLoop, RunError};
pub use event_loop::{Builder, EventLoop};
pub use exception::ExceptionContext;
pub use future::{CallbackId, Future};
pub use kernel::LoopHandle;
pub use observe::{Actor, Cause, Event, Moment, Observer, Outcome, Rule};
pub use remote::{RemoteHandle, RemoteTask};
pub use run::{all_tasks, call_at, call_later, call_soon, create_future, current_task, run};
pub use run::{running_loop, spawn, spawn_named};
pub use runner::Runner;
pub use running::Turn;
pub use task::{Join, Task};
pub use task_ref::TaskRef;
pub use task_tree::{TaskNode, TaskState, TaskTree};
pub use time::{Interval, MissedTick, Sleep, YieldNow, interval, sleep, sleep_until, yield_now};

/// The README's code is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
