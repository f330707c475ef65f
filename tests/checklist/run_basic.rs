//! RU: `run`, and `Runner`: several runs on one loop, and their end.

use crate::diary::Diary;
use crate::loops::{Tracer, jumping};
use crate::reports::Reports;
use oneloop::{Clock, EventLoop, RunError, Runner};
use oneloop::{catch_cancel, sleep, spawn, spawn_named, yield_now};
use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn virtual_runner() -> Runner {
    Runner::with(EventLoop::builder().clock(Clock::AutoJump))
}

/// Waits for ever; when it is cancelled, runs `clean_up`.
async fn until_cancelled(clean_up: impl AsyncFnOnce()) {
    let cancelled = catch_cancel(pending::<()>()).await.unwrap_err();
    clean_up().await;
    match cancelled.resume().await {}
}

#[test]
fn ru_001_a_run_gives_what_its_future_gives() {
    assert_eq!(oneloop::run(async { 6 * 7 }).unwrap(), 42);
    let mut runner = Runner::new();
    assert_eq!(runner.run(async { "value" }).unwrap(), "value");
    let main = || runner.run(async { panic!("from main") });
    let payload = catch_unwind(AssertUnwindSafe(main)).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"from main"));
    assert_eq!(runner.run(async { "well again" }).unwrap(), "well again");
}

#[test]
fn ru_001_a_main_task_that_is_cancelled_is_an_error() {
    let mut runner = Runner::new();
    let ended = runner.run(async {
        oneloop::current_task().unwrap().cancel();
        yield_now().await;
    });
    assert!(matches!(ended, Err(RunError::Cancelled)));
}

#[test]
fn ru_002_a_run_inside_of_a_run_fails_and_its_future_is_never_polled() {
    oneloop::run(async {
        let tracer = Tracer::default();
        for nth in 1..3 {
            let held = tracer.hold();
            let main = async move {
                let _held = held;
                panic!("never polled");
            };
            let ended = match nth {
                1 => oneloop::run(main),
                _ => Runner::new().run(main),
            };
            assert!(matches!(ended, Err(RunError::OtherLoopRunning)));
            assert_eq!(tracer.dropped(), nth);
        }
    })
    .unwrap();
}

#[test]
fn ru_003_debug_mode_is_the_builders() {
    for debug in [true, false] {
        let mut runner = Runner::with(EventLoop::builder().debug(debug));
        assert_eq!(runner.run(async { oneloop::running_loop().unwrap().debug() }).unwrap(), debug);
    }
}

#[test]
fn ru_004_a_leftover_that_panics_is_reported_and_changes_no_result() {
    let mut runner = virtual_runner();
    let on = runner.handle().unwrap();
    let reports = Reports::of(&on);
    let kept = runner.run(async {
        drop(spawn_named("careless", until_cancelled(async || panic!("in the clean-up"))));
        yield_now().await;
        42
    });
    assert_eq!(kept.unwrap(), 42);
    assert_eq!(reports.count(), 0, "it goes on between runs");
    runner.close().unwrap();
    let report = reports.only();
    assert_eq!(report.message, "Unhandled panic at the end of the run");
    assert_eq!(report.source, "careless");
    assert_eq!(report.panic.as_deref(), Some("in the clean-up"));
}

#[test]
#[allow(clippy::async_yields_async)] // the task is for the next run
fn ru_004_the_panic_of_a_leftover_stays_the_result_of_its_handle() {
    let mut runner = virtual_runner();
    let reports = Reports::of(&runner.handle().unwrap());
    let task = runner.run(async {
        let task = spawn(until_cancelled(async || panic!("kept")));
        yield_now().await;
        task
    });
    let (task, diary) = (task.unwrap(), Diary::default());
    let inner = diary.clone();
    drop(runner.handle().unwrap().spawn(async move {
        let _ = catch_cancel(pending::<()>()).await;
        yield_now().await;
        yield_now().await;
        let payload = task.await.unwrap_err().try_into_panic().unwrap();
        inner.note(payload.downcast_ref::<&str>().unwrap());
    }));
    runner.run(yield_now()).unwrap();
    runner.close().unwrap();
    assert_eq!(diary.read(), ["kept"]);
    assert_eq!(reports.only().panic.as_deref(), Some("kept"), "and reported once");
}

#[test]
fn ru_005_a_task_spawned_in_the_clean_up_is_reported_by_name_and_dropped() {
    let on = jumping();
    let (reports, tracer, diary) = (Reports::of(&on), Tracer::default(), Diary::default());
    let (held, inner) = (tracer.hold(), diary.clone());
    on.run(async move {
        drop(spawn(until_cancelled(async move || {
            drop(spawn_named("late", async move {
                let _held = held;
                inner.note("late begins");
                pending::<()>().await;
            }));
            yield_now().await;
            yield_now().await;
        })));
        yield_now().await;
    })
    .unwrap();
    assert_eq!(reports.only().message, "Task was destroyed but it is pending!");
    assert_eq!((reports.only().source.as_str(), tracer.dropped()), ("late", 1));
    assert_eq!(diary.read(), ["late begins"], "it was run, but not cancelled");
}

#[test]
fn ru_005_a_leftover_that_does_not_end_within_the_grace_is_reported_and_dropped() {
    let mut runner = virtual_runner().grace(Duration::from_secs(60));
    let on = runner.handle().unwrap();
    let reports = Reports::of(&on);
    runner
        .run(async {
            drop(spawn_named("slow", until_cancelled(async || sleep(HOUR / 61).await)));
            drop(spawn_named("stubborn", until_cancelled(async || sleep(HOUR).await)));
            yield_now().await;
        })
        .unwrap();
    runner.close().unwrap();
    assert_eq!(reports.only().source, "stubborn");
    assert_eq!(on.time(), Duration::from_secs(60));
}

#[test]
fn ru_006_a_panic_of_main_wins_over_those_of_leftovers() {
    let on = jumping();
    let reports = Reports::of(&on);
    let main = || {
        on.run(async {
            drop(spawn(until_cancelled(async || panic!("the second"))));
            yield_now().await;
            panic!("the first");
        })
    };
    let payload = catch_unwind(AssertUnwindSafe(main)).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the first"));
    assert_eq!(reports.only().panic.as_deref(), Some("the second"));
}

#[test]
fn ru_007_the_loop_is_the_builders_and_is_closed_at_the_end() {
    let mut runner = virtual_runner();
    let on = runner.handle().unwrap();
    runner.run(async { sleep(HOUR).await }).unwrap();
    assert_eq!(on.time(), HOUR);
    assert!(!on.is_closed());
    drop(runner);
    assert!(on.is_closed());
}

#[test]
fn ru_008_all_runs_use_one_loop_and_what_they_leave_goes_on() {
    let mut runner = virtual_runner();
    let count = Rc::new(Cell::new(0));
    let inner = count.clone();
    runner
        .run(async move {
            drop(spawn(async move {
                loop {
                    sleep(Duration::from_secs(1)).await;
                    inner.set(inner.get() + 1);
                }
            }));
        })
        .unwrap();
    assert_eq!(count.get(), 0);
    runner.run(async { sleep(Duration::from_millis(2500)).await }).unwrap();
    assert_eq!(count.get(), 2);
    let time = runner.run(async { oneloop::running_loop().unwrap().time() }).unwrap();
    assert_eq!(time, Duration::from_millis(2500));
}

#[test]
fn ru_009_a_loop_is_made_once_when_it_is_needed() {
    let mut runner = Runner::new();
    assert_eq!(format!("{runner:?}"), "Runner(not begun)");
    let on = runner.handle().unwrap();
    let here = runner.run(async { oneloop::running_loop().unwrap() }).unwrap();
    assert_eq!(format!("{on:?}"), format!("{here:?}"));
}

#[test]
fn ru_010_closing_twice_or_without_a_run_does_nothing() {
    Runner::new().close().unwrap();
    let mut runner = Runner::new();
    runner.run(async {}).unwrap();
    runner.close().unwrap();
    runner.close().unwrap();
    assert!(matches!(runner.handle(), Err(RunError::Closed)));
    assert!(matches!(runner.run(async {}), Err(RunError::Closed)));
    let mut runner = Runner::new();
    runner.handle().unwrap().close().unwrap();
    runner.close().unwrap();
}

/// Notes where tasks are spawned.
struct Sites(Diary);

impl oneloop::Observer for Sites {
    fn event(&self, _: oneloop::Moment, event: &oneloop::Event<'_>) {
        if let oneloop::Event::Spawned { task: 1, at, .. } = event {
            self.0.note(at.file());
        }
    }
}

#[test]
fn the_main_task_is_spawned_where_the_run_was_called() {
    let (on, diary, mut runner) = (jumping(), Diary::default(), virtual_runner());
    on.set_observer(Some(Rc::new(Sites(diary.clone()))));
    runner.handle().unwrap().set_observer(Some(Rc::new(Sites(diary.clone()))));
    on.run(async {}).unwrap();
    runner.run(async {}).unwrap();
    assert_eq!(diary.read(), [file!(), file!()]);
}

#[test]
fn leftovers_are_cancelled_in_the_order_in_which_they_were_made() {
    let on = jumping();
    let diary = Diary::default();
    let inner = diary.clone();
    on.run(async move {
        for name in ["a", "b", "c"] {
            let diary = inner.clone();
            drop(spawn(until_cancelled(async move || diary.note(name))));
        }
        yield_now().await;
    })
    .unwrap();
    assert_eq!(diary.read(), ["a", "b", "c"]);
}

/// A chain of tasks, each awaiting the next; the last tells how often it was asked to end.
fn asked_at_the_end_of_a_chain(length: usize, join: fn(oneloop::Task<()>) -> Boxed) -> u32 {
    let on = jumping();
    let asked = Rc::new(Cell::new(0));
    let inner = asked.clone();
    on.run(async move {
        let mut next = spawn(until_cancelled(async move || {
            inner.set(oneloop::current_task().unwrap().cancelling());
        }));
        for _ in 1..length {
            next = spawn(join(next));
        }
        drop(next);
        yield_now().await;
        yield_now().await;
    })
    .unwrap();
    asked.get()
}

type Boxed = std::pin::Pin<Box<dyn Future<Output = ()>>>;

#[test]
fn a_chain_of_tasks_is_cancelled_at_a_cost_of_its_length() {
    let by_await: fn(oneloop::Task<()>) -> Boxed = |next| Box::pin(async { drop(next.await) });
    let by_gather: fn(oneloop::Task<()>) -> Boxed =
        |next| Box::pin(async { drop(oneloop::gather([next]).await) });
    for join in [by_await, by_gather] {
        let asked = asked_at_the_end_of_a_chain(10_000, join);
        assert!((1..=2).contains(&asked), "by itself, and by who awaits it: {asked}");
    }
}
