//! The workloads, written once and generic over the runtime.
//!
//! Each checks its own result, so a runtime that loses or doubles work fails
//! and does not win. An operation is whatever the workload repeats `n` times:
//! a task, a yield, a round trip.
mod callbacks;
mod memory;
mod server;
mod sync;
mod tasks;
mod threads;
mod timers;
mod wakes;

use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::rt::{Rt, RtBlocking, RtNet, RtSync, RtTime};

pub use server::listen;

/// Work comes in batches of this many.
pub const BATCH: u64 = 1000;

/// Everything that a full runtime is asked for.
pub fn all<R: RtTime + RtBlocking + RtNet>(name: &str, n: u64) -> Option<Outcome> {
    core::<R>(name, n)
        .or_else(|| time::<R>(name, n))
        .or_else(|| blocking::<R>(name, n))
        .or_else(|| net::<R>(name))
}

pub fn core<R: Rt>(name: &str, n: u64) -> Option<Outcome> {
    Some(match name {
        "spawn_join" => warmed::<R>(n, tasks::spawn_join::<R>),
        "spawn_detached" => warmed::<R>(n, tasks::spawn_detached::<R>),
        "yield_one" => warmed::<R>(n, tasks::yield_one::<R>),
        "yield_many" => warmed::<R>(n, async |n| tasks::yield_many::<R>(n, false).await),
        "yield_many_raw" => warmed::<R>(n, async |n| tasks::yield_many::<R>(n, true).await),
        "pingpong" => warmed::<R>(n, wakes::pingpong::<R>),
        "pingpong_local" => warmed::<R>(n, wakes::pingpong_local::<R>),
        "oneshot_chain" => warmed::<R>(n, wakes::oneshot_chain::<R>),
        "fanout_event" => warmed::<R>(n, wakes::fanout_event::<R>),
        "fanout_local" => warmed::<R>(n, wakes::fanout_local::<R>),
        "callbacks" => warmed::<R>(n, callbacks::callbacks::<R>),
        "xthread_cross" => warmed::<R>(n, async |n| threads::round_trips(n, 1).await),
        "xthread_same" => warmed::<R>(n, async |n| threads::round_trips(n, 0).await),
        "mem_parked" => memory::parked::<R>(n),
        _ => return None,
    })
}

pub fn time<R: RtTime>(name: &str, n: u64) -> Option<Outcome> {
    Some(match name {
        "timers_fire" => R::block_on(timers::fire::<R>(n)),
        "timers_cancel" => timers::cancel::<R>(n, 0, false),
        "timers_cancel_tick" => timers::cancel::<R>(n, 0, true),
        "timers_live1m" => timers::cancel::<R>(n, 1_000_000, false),
        "timeout_yield" => warmed::<R>(n, timers::timeout_yield::<R>),
        "idle" => R::block_on(timers::idle::<R>(n)),
        "mem_sleep" => memory::sleeping::<R>(n),
        _ => return None,
    })
}

pub fn blocking<R: RtBlocking>(name: &str, n: u64) -> Option<Outcome> {
    Some(match name {
        "blocking_rtt" => warmed::<R>(n, threads::blocking_rtt::<R>),
        "blocking_tput" => warmed::<R>(n, threads::blocking_tput::<R>),
        _ => return None,
    })
}

pub fn net<R: RtNet>(name: &str) -> Option<Outcome> {
    let mode = server::mode_of(name)?;
    server::serve::<R>(mode)
}

pub fn sync<R: RtSync>(name: &str, n: u64) -> Option<Outcome> {
    Some(match name {
        "lock_handover" => warmed::<R>(n, sync::lock::<R>),
        "semaphore_handover" => warmed::<R>(n, sync::semaphore::<R>),
        "queue_1" => warmed::<R>(n, async |n| sync::queue::<R>(n, 1).await),
        "queue_100" => warmed::<R>(n, async |n| sync::queue::<R>(n, 100).await),
        "broadcast_1000" => warmed::<R>(n, sync::broadcast::<R>),
        "gather_1000" => warmed::<R>(n, sync::gather::<R>),
        "group_1000" => warmed::<R>(n, sync::group::<R>),
        "timeout_ready" => warmed::<R>(n, sync::timeout_ready::<R>),
        "timeout_pending" => warmed::<R>(n, sync::timeout_pending::<R>),
        _ => return None,
    })
}

/// Warms up with a tenth, then measures; both inside one spawned task.
fn warmed<R: Rt>(n: u64, work: impl AsyncFn(u64) + 'static) -> Outcome {
    R::block_on(async move {
        R::spawn(async move {
            work((n / 10).next_multiple_of(BATCH)).await;
            let m = Meter::start();
            work(n).await;
            m.stop(n)
        })
        .await
    })
}
