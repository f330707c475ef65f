//! EV: the pool behind `run_blocking`: who runs which job, and when it is told as done.

use oneloop::{Blocking, EventLoop};
use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Runs on a loop with that many workers, which go when they had nothing to do for `idle`.
fn on_workers(count: usize, idle: Duration, what: impl Future<Output = ()> + 'static) {
    let on = EventLoop::builder().max_workers(count).worker_idle(idle).build().unwrap();
    on.run_until_complete(what).unwrap();
}

async fn all<T>(jobs: Vec<Blocking<T>>) -> Vec<T> {
    let mut results = Vec::with_capacity(jobs.len());
    for job in jobs {
        results.push(job.await.unwrap());
    }
    results
}

/// A job that goes on until it is released, how to do that, and how to see it begin.
fn long_job() -> (Blocking<()>, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (release, gate) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let job = oneloop::run_blocking(move || {
        let _ = begun.send(()); // where nobody asks
        gate.recv().unwrap();
    });
    (job, release, begins)
}

#[test]
fn ev_059_as_many_jobs_as_workers_run_at_once_and_then_as_many_again() {
    on_workers(4, LONG, async {
        for _ in 0..50 {
            let barrier = Arc::new(Barrier::new(4));
            let meet = |_| {
                let barrier = barrier.clone();
                oneloop::run_blocking(move || barrier.wait().is_leader())
            };
            let leaders = all((0..8).map(meet).collect()).await;
            assert_eq!(leaders.into_iter().filter(|leads| *leads).count(), 2);
        }
    });
}

#[test]
fn ev_059_a_long_job_holds_up_no_other_while_a_worker_is_free() {
    on_workers(4, LONG, async {
        for long in [1, 2, 3].repeat(10) {
            let mut jobs = Vec::new();
            let mut held = Vec::new();
            for i in 0..200 {
                jobs.push(oneloop::run_blocking(move || i));
                if i % 70 == 0 && held.len() < long {
                    held.push(long_job());
                }
            }
            assert_eq!(all(jobs).await, (0..200).collect::<Vec<_>>());
            for (job, release, _) in held {
                release.send(()).unwrap();
                job.await.unwrap();
            }
        }
    });
}

#[test]
fn ev_059_a_job_that_has_ended_is_told_of_while_the_next_one_runs() {
    on_workers(1, LONG, async {
        for _ in 0..20 {
            let (first, gate, _) = long_job(); // so that all are there when it ends
            let ended: Vec<_> = (0..10).map(|i| oneloop::run_blocking(move || i)).collect();
            let (running, release, _) = long_job();
            gate.send(()).unwrap();
            first.await.unwrap();
            assert_eq!(all(ended).await, (0..10).collect::<Vec<_>>());
            release.send(()).unwrap();
            running.await.unwrap();
        }
    });
}

#[test]
fn ev_059_one_worker_runs_jobs_in_the_order_in_which_they_came() {
    on_workers(1, LONG, async {
        let (ran, runs) = mpsc::channel();
        let note = |i| {
            let ran = ran.clone();
            oneloop::run_blocking(move || ran.send(i).unwrap())
        };
        all((0..1000).map(note).collect()).await;
        assert!(runs.try_iter().eq(0..1000));
    });
}

#[test]
fn ev_053_there_are_no_more_workers_than_allowed() {
    on_workers(3, LONG, async {
        let running = Arc::new(AtomicUsize::new(0));
        let job = |_| {
            let running = running.clone();
            oneloop::run_blocking(move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                (now, thread::current().id())
            })
        };
        for _ in 0..100 {
            let most = all((0..20).map(job).collect()).await;
            assert!(most.iter().all(|(now, _)| *now <= 3));
        }
        let threads = all((0..100).map(job).collect()).await;
        assert!(threads.into_iter().map(|(_, id)| id).collect::<HashSet<_>>().len() <= 3);
    });
}

#[test]
fn ev_053_no_job_is_left_behind_by_workers_that_are_about_to_go() {
    on_workers(2, Duration::ZERO, async {
        for round in 0..3000 {
            let some = 1 + round % 5;
            let done = all((0..some).map(|i| oneloop::run_blocking(move || i)).collect()).await;
            assert_eq!(done.len(), some);
        }
    });
}

#[test]
fn ev_053_a_worker_that_has_nothing_to_do_ends() {
    /// Tells when its thread ends.
    struct Ends(mpsc::Sender<()>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    thread_local!(static ENDS: std::cell::OnceCell<Ends> = const { std::cell::OnceCell::new() });
    on_workers(1, Duration::from_millis(1), async {
        let (end, ended) = mpsc::channel();
        oneloop::run_blocking(move || ENDS.with(|ends| drop(ends.set(Ends(end))))).await.unwrap();
        ended.recv().unwrap();
        let name = || thread::current().name().map(str::to_owned);
        let next = oneloop::run_blocking(name).await.unwrap();
        assert_eq!(next.as_deref(), Some("oneloop-worker-2"));
    });
}

#[test]
fn ev_055_a_shutdown_refuses_all_that_waits_however_long_it_has_waited() {
    on_workers(1, LONG, async {
        let (first, gate, begins) = long_job();
        begins.recv().unwrap();
        let (running, release, begins) = long_job();
        let mut waiting: Vec<_> = (0..5).map(|_| oneloop::run_blocking(|| ())).collect();
        gate.send(()).unwrap();
        first.await.unwrap();
        begins.recv().unwrap(); // so those five were there when a worker last looked
        waiting.extend((0..5).map(|_| oneloop::run_blocking(|| ())));
        oneloop::call_soon(move || release.send(()).unwrap());
        let here = oneloop::running_loop().unwrap();
        here.shutdown_default_executor(LONG).await.unwrap();
        running.await.unwrap();
        for job in waiting {
            assert!(job.await.unwrap_err().is_refused());
        }
    });
}

#[test]
fn ev_054_of_many_jobs_that_wait_only_those_that_were_not_cancelled_run() {
    on_workers(2, LONG, async {
        let held = [long_job(), long_job()];
        held.iter().for_each(|(_, _, begins)| begins.recv().unwrap());
        let (ran, runs) = mpsc::channel();
        let queue = |i| {
            let ran = ran.clone();
            oneloop::spawn(oneloop::run_blocking(move || ran.send(i).unwrap()))
        };
        let jobs: Vec<_> = (0..20).map(queue).collect();
        oneloop::yield_now().await;
        jobs.iter().step_by(2).for_each(|job| assert!(job.cancel()));
        oneloop::yield_now().await;
        for (job, release, _) in held {
            release.send(()).unwrap();
            job.await.unwrap();
        }
        for job in jobs {
            let _ = job.await;
        }
        let ran: HashSet<i32> = runs.try_iter().collect();
        assert_eq!(ran, (0..20).skip(1).step_by(2).collect());
    });
}
