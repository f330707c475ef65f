//! EV: `run_in_executor` and `run_blocking`: work on other threads, and its results.

use crate::diary::Diary;
use crate::loops::{jumping, real, turn};
use oneloop::{Cause, Event, EventLoop, Moment, Observer};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

fn workers(count: usize) -> EventLoop {
    EventLoop::builder().max_workers(count).build().unwrap()
}

#[test]
fn ev_050_a_job_runs_on_another_thread_and_answers_on_the_loops_own() {
    let on = real();
    let job = on.run_in_executor(|| (thread::current().id(), 42)).unwrap();
    let here = thread::current().id();
    let (there, answer) = on
        .run_until_complete(async move {
            let result = job.await.unwrap();
            assert_eq!(thread::current().id(), here);
            result
        })
        .unwrap();
    assert_ne!(there, here);
    assert_eq!(answer, 42);
}

#[test]
fn ev_051_a_job_that_panics_fails_its_await_and_its_worker_lives() {
    let on = workers(1);
    on.run_until_complete(async {
        let failed = oneloop::run_blocking(|| {
            panic!("no luck, {}", thread::current().name().unwrap());
        });
        let error = failed.await.unwrap_err();
        assert!(error.is_panic());
        assert_eq!(error.to_string(), "the task panicked: no luck, oneloop-worker-1");
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "no luck, oneloop-worker-1");
        let name = || thread::current().name().map(str::to_owned);
        let next = oneloop::run_blocking(name).await.unwrap();
        assert_eq!(next.as_deref(), Some("oneloop-worker-1"));
    })
    .unwrap();
}

/// The turns in which something arrived from another thread.
#[derive(Default)]
struct Arrivals(RefCell<Vec<u64>>);

impl Observer for Arrivals {
    fn event(&self, at: Moment, event: &Event<'_>) {
        if matches!(event, Event::Ready { cause: Cause::OtherThread, .. }) {
            self.0.borrow_mut().push(at.turn);
        }
    }
}

#[test]
fn ev_052_a_result_that_arrives_in_a_turn_is_there_for_its_task_in_the_next() {
    let on = real();
    let arrivals = Rc::new(Arrivals::default());
    on.set_observer(Some(arrivals.clone()));
    let resumed = on
        .run_until_complete(async {
            oneloop::run_blocking(|| ()).await.unwrap();
            turn()
        })
        .unwrap();
    assert_eq!(arrivals.0.take(), [resumed - 1]);
}

#[test]
fn ev_053_workers_start_when_they_are_needed_have_names_and_work_again() {
    let on = workers(2);
    let names = on
        .run_until_complete(async {
            let mut names = Vec::new();
            for _ in 0..20 {
                let name = || thread::current().name().unwrap().to_owned();
                names.push(oneloop::run_blocking(name).await.unwrap());
            }
            names
        })
        .unwrap();
    assert_eq!(names[0], "oneloop-worker-1");
    let different: HashSet<_> = names.into_iter().collect();
    assert!(different.len() <= 2, "{different:?}");
}

#[test]
fn ev_054_a_job_whose_await_is_cancelled_in_time_never_runs() {
    let on = workers(1);
    let (release, gate) = mpsc::channel::<()>();
    let (ran, runs) = mpsc::channel();
    on.run_until_complete(async move {
        let busy = oneloop::run_blocking(move || gate.recv().unwrap());
        let queued = oneloop::spawn(oneloop::run_blocking(move || ran.send(()).unwrap()));
        oneloop::yield_now().await;
        assert!(queued.cancel());
        assert!(queued.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        busy.await.unwrap();
        let here = oneloop::running_loop().unwrap();
        here.shutdown_default_executor(Duration::from_secs(60)).await.unwrap();
    })
    .unwrap();
    assert_eq!(runs.recv(), Err(mpsc::RecvError), "the job was dropped, and did not run");
    on.close().unwrap();
}

#[test]
fn ev_058_a_job_runs_once_and_gives_its_value() {
    let diary = jumping()
        .run_until_complete(async {
            let diary = Diary::default();
            let once = String::from("moved there and back");
            diary.note(&oneloop::run_blocking(move || once).await.unwrap());
            diary
        })
        .unwrap();
    assert_eq!(diary.read(), ["moved there and back"]);
}

#[test]
fn ev_059_jobs_run_at_the_same_time_on_workers_of_their_own() {
    let on = workers(3);
    let names = on
        .run_until_complete(async {
            let barrier = Arc::new(Barrier::new(3));
            let jobs: Vec<_> = (0..3)
                .map(|_| {
                    let barrier = barrier.clone();
                    oneloop::run_blocking(move || {
                        barrier.wait(); // nobody passes alone
                        thread::current().id()
                    })
                })
                .collect();
            let mut names = HashSet::new();
            for job in jobs {
                names.insert(job.await.unwrap());
            }
            names
        })
        .unwrap();
    assert_eq!(names.len(), 3);
}
