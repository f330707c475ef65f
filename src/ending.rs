//! The end of a run: what is left over is cancelled and awaited, then the pool shuts down.
//!
//! The one ending of `run`, of `EventLoop::run` and of a `Runner`. The loop is closed by
//! its owner after that, which drops what did not end, each reported by its name.

use crate::cancel::cancel_each;
use crate::concurrent::ShutdownTimeout;
use crate::error::{JoinFailure, Payload, RunError, panic_message};
use crate::kernel::{Phase, Target};
use crate::running::outcome;
use crate::{EventLoop, Future, LoopHandle, TaskRef};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// How long tasks get that were cancelled, and then jobs on other threads, unless the
/// user says otherwise.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// Cancels all tasks that are left, in the order in which they were made, and runs until
/// they are done or `grace` is over; then shuts the pool down, with as much grace again.
///
/// A task that is spawned meanwhile is neither cancelled nor awaited, as in asyncio.
pub(crate) fn end(owner: &EventLoop, grace: Duration) -> Result<(), RunError> {
    owner.may_run()?;
    let left = owner.all_tasks();
    let over = owner.create_future::<()>();
    count_down(&left, &over);
    over.stands_for(left.iter().map(|task| Some(Target::Task(task.key))));
    cancel_each(&left);
    let handle = owner.handle();
    let last = owner.spawn_named("the end of the run", async move {
        if !left.is_empty() {
            until(&handle, over, grace).await;
        }
        handle.shutdown_default_executor(grace).await
    });
    let last = last.map_err(|_| RunError::Closed)?;
    owner.run_until_done(&last).inspect_err(|_| drop(owner.state.forget(last.key)))?;
    let shutdown = outcome(&last)?;
    if let Err(error @ ShutdownTimeout { .. }) = shutdown {
        log::warn!("at the end of the run, {error}");
    }
    Ok(())
}

/// Sets `over` when all of `tasks` are done, and reports the panics among them, but for one
/// that its awaiter has taken by then.
fn count_down(tasks: &[TaskRef], over: &Future<()>) {
    let left = Rc::new(Cell::new(tasks.len()));
    for task in tasks {
        let (left, over) = (left.clone(), over.clone());
        task.add_done_callback(move |task| {
            report_panic(task);
            left.set(left.get() - 1);
            if left.get() == 0 {
                let _ = over.set_result(()); // or the grace was over before
            }
        });
    }
}

/// Waits for `over`, for `grace` at most. Dropped, it leaves the timer.
async fn until(on: &LoopHandle, over: Future<()>, grace: Duration) {
    let late = over.clone();
    let timer = on.call_later(grace, move || {
        let _ = late.set_result(());
    });
    let _ = over.await;
    if let Ok(timer) = timer {
        timer.cancel();
    }
}

/// What a task panicked with stays its result, for who may still ask; the report has the
/// message.
fn report_panic(task: &TaskRef) {
    let state = &task.handle.state;
    if task.phase() != Some(Phase::Panicked) {
        return;
    }
    state.see_panic(task.key);
    let body = state.tasks.borrow_mut().get_mut(task.key).and_then(|entry| entry.body.take());
    let Some(mut body) = body else { return };
    let panic = body.as_mut().take_panic().map(|payload| {
        let text: Payload = Box::new(panic_message(&*payload).to_owned());
        body.as_mut().fail(JoinFailure::Panicked(payload.into()));
        text
    });
    if let Some(entry) = state.tasks.borrow_mut().get_mut(task.key) {
        entry.body = Some(body);
    }
    state.reports.report("Unhandled panic at the end of the run", &task.name(), None, panic);
}
