//! TP: every job is run or refused, and its awaiter is told.

use crate::support::{OnDrop, Rng, in_child, new_loop, rounds, within};
use oneloop::{EventLoop, JoinError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

/// A pool of `workers` that go as soon as they have nothing to do.
fn hasty(workers: usize) -> EventLoop {
    let builder = EventLoop::builder().max_workers(workers).worker_idle(Duration::ZERO);
    builder.build().expect("a loop can be made")
}

/// The worker is about to go each time the next job comes.
#[test]
fn tp_001_no_job_is_left_behind_by_a_worker_that_goes() {
    within(|| {
        let main = async {
            for number in 0..rounds(5_000, 100_000) {
                let job = oneloop::run_blocking(move || number);
                assert_eq!(job.await.expect("it runs"), number);
            }
        };
        hasty(1).run(main).expect("it ends");
    });
}

#[test]
fn tp_001_many_jobs_for_one_worker_all_run_in_their_order() {
    within(|| {
        let main = async {
            let order = Arc::new(Mutex::new(Vec::new()));
            let submit = |number: usize| {
                let order = order.clone();
                oneloop::run_blocking(move || order.lock().expect("no panic").push(number))
            };
            let jobs: Vec<_> = (0..rounds(50_000, 1_000_000)).map(submit).collect();
            for job in jobs {
                job.await.expect("it runs");
            }
            order.lock().expect("no panic").is_sorted()
        };
        assert!(hasty(1).run(main).expect("it ends"));
    });
}

/// Bursts of any size, some jobs short and some not, workers that go and come: whoever is
/// called, and whoever takes the job before him, no job is left.
#[test]
fn tp_001_bursts_of_any_size_all_run() {
    within(|| {
        for seed in 0..rounds(20, 1_000) as u64 {
            let mut rng = Rng::new(seed);
            let (workers, bursts) = (1 + rng.below(4) as usize, 1 + rng.below(100));
            let main = async move {
                for _ in 0..bursts {
                    let size = 1 + rng.below(8);
                    let submit = |_| {
                        let spins = rng.below(3) * rng.below(2_000);
                        oneloop::run_blocking(move || {
                            (0..spins).for_each(|_| std::hint::spin_loop())
                        })
                    };
                    let jobs: Vec<_> = (0..size).map(submit).collect();
                    for job in jobs {
                        job.await.expect("it runs");
                    }
                }
            };
            hasty(workers).run(main).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    });
}

/// Shut down at any moment: each job has run, or its awaiter is told that it never will.
#[test]
fn tp_002_at_a_shutdown_each_job_is_run_or_refused() {
    within(|| {
        for round in 0..rounds(200, 10_000) {
            let ran = Arc::new(AtomicUsize::new(0));
            let count = ran.clone();
            let main = async move {
                let handle = oneloop::running_loop().expect("it runs");
                let submit = |_| {
                    let count = count.clone();
                    oneloop::run_blocking(move || count.fetch_add(1, Ordering::SeqCst))
                };
                let jobs: Vec<_> = (0..20).map(submit).collect();
                for _ in 0..round % 8 {
                    oneloop::yield_now().await;
                }
                let over = handle.shutdown_default_executor(Duration::MAX).await;
                over.expect("there is time without end");
                let late = oneloop::run_blocking(|| 0).await;
                assert!(late.is_err_and(|error| error.is_refused()));
                let mut told = 0;
                for job in jobs {
                    match job.await {
                        Ok(_) => told += 1,
                        Err(error) => assert!(error.is_refused(), "{error}"),
                    }
                }
                told
            };
            let told = hasty(1 + round % 4).run(main).expect("it ends");
            assert_eq!(ran.load(Ordering::SeqCst), told);
        }
    });
}

/// Jobs that wait for each other need all workers at once: when they are started, and when
/// they are idle and all submitted before any of them wakes.
#[test]
fn tp_003_as_many_workers_work_as_there_are_jobs() {
    within(|| {
        let builder = EventLoop::builder().max_workers(4).worker_idle(Duration::MAX);
        let main = async {
            for _ in 0..rounds(200, 5_000) {
                let barrier = Arc::new(Barrier::new(4));
                let submit = |_| {
                    let barrier = barrier.clone();
                    oneloop::run_blocking(move || barrier.wait().is_leader())
                };
                let jobs: Vec<_> = (0..4).map(submit).collect();
                let mut leaders = 0;
                for job in jobs {
                    leaders += usize::from(job.await.expect("it runs"));
                }
                assert_eq!(leaders, 1);
            }
        };
        builder.build().expect("a loop can be made").run(main).expect("it ends");
    });
}

/// No address space is left for the stack of a thread. A limit on memory means nothing
/// under a sanitizer, which says so.
#[test]
fn tp_004_without_any_worker_thread_a_job_is_refused() {
    if std::env::var_os("ONELOOP_SANITIZED").is_some() {
        return eprintln!("SKIPPED: a sanitizer needs all the address space there is");
    }
    in_child(tp_004_without_any_worker_thread_a_job_is_refused, || {
        let event_loop = new_loop();
        let main = async {
            let first = oneloop::run_blocking(|| 7).await;
            assert!(first.is_err_and(|error| error.is_refused()));
            setrlimit(Resource::As, Rlimit { current: None, maximum: None }).expect("as before");
            oneloop::run_blocking(|| 7).await.expect("there is room for a thread again")
        };
        let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
        let pages: u64 = pages.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
        let current = Some(pages * 4096 + 512 * 1024);
        let limit = Rlimit { current, ..getrlimit(Resource::As) };
        setrlimit(Resource::As, limit).expect("it may be lowered");
        assert_eq!(event_loop.run(main).expect("it ends"), 7);
    });
}

#[test]
fn tp_005_a_job_that_panics_gives_its_payload_and_costs_no_worker() {
    within(|| {
        let builder = EventLoop::builder().max_workers(2).worker_idle(Duration::MAX);
        let threads = Arc::new(Mutex::new(HashSet::new()));
        let seen = threads.clone();
        let main = async move {
            for number in 0..rounds(1_000, 10_000) {
                let seen = seen.clone();
                let job = oneloop::run_blocking(move || {
                    seen.lock().expect("no panic here").insert(std::thread::current().id());
                    std::panic::panic_any(number);
                });
                let error: JoinError = job.await.expect_err("it panics");
                let payload = error.try_into_panic().expect("it is a panic");
                assert_eq!(payload.downcast_ref(), Some(&number));
            }
        };
        builder.build().expect("a loop can be made").run(main).expect("it ends");
        assert!(threads.lock().expect("no panic here").len() <= 2);
    });
}

/// A job ends just as its loop is dropped. Its result is dropped, once, by somebody.
#[test]
fn tp_006_a_job_that_ends_as_its_loop_is_dropped_harms_nobody() {
    within(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (rounds, (over, wait)) = (rounds(500, 10_000), mpsc::channel());
        for round in 0..rounds {
            let event_loop = new_loop();
            let (count, over) = (drops.clone(), over.clone());
            let job = event_loop.run_in_executor(move || {
                for _ in 0..round % 50 {
                    std::thread::yield_now();
                }
                OnDrop(move || {
                    count.fetch_add(1, Ordering::SeqCst);
                    over.send(()).expect("the test waits");
                })
            });
            let job = job.expect("the loop is open");
            for _ in 0..round % 3 {
                event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
            }
            drop(event_loop);
            drop(job);
        }
        drop(over);
        // Jobs that were refused drop no result: all senders are gone then, too.
        let dropped = wait.iter().count();
        assert_eq!(drops.load(Ordering::SeqCst), dropped);
        assert!(dropped <= rounds);
    });
}

/// A job that waits for another of a pool of one would wait for ever; one that leaves a
/// task to wait for it does not.
#[test]
fn tp_009_a_job_may_have_another_one_made() {
    within(|| {
        let event_loop = EventLoop::builder().max_workers(1).build().expect("a loop");
        let remote = event_loop.remote();
        let main = async move {
            let nested = oneloop::run_blocking(move || {
                remote.spawn(|| async { oneloop::run_blocking(|| 7).await }).expect("it is open")
            });
            let task = nested.await.expect("it runs");
            while !task.done() {
                oneloop::sleep(Duration::from_millis(1)).await;
            }
            task.wait().expect("it was not cancelled").expect("it runs")
        };
        assert_eq!(event_loop.run(main).expect("it ends"), 7);
    });
}

#[test]
fn tp_009_a_job_that_submits_by_itself_is_told_that_no_loop_runs_there() {
    within(|| {
        let main = async {
            let job = oneloop::run_blocking(|| drop(oneloop::run_blocking(|| ())));
            job.await.expect_err("no loop is running on a worker's thread").to_string()
        };
        let text = oneloop::run(main).expect("it ends");
        assert!(text.contains("no event loop is running"), "{text}");
    });
}

#[test]
fn tp_011_a_worker_keeps_nothing_of_the_job_it_ended() {
    within(|| {
        let main = async {
            for _ in 0..rounds(1_000, 10_000) {
                let token = Arc::new(());
                let (held, given) = (token.clone(), token.clone());
                let job = oneloop::run_blocking(move || {
                    let _held = held;
                    given
                });
                drop(job.await.expect("it runs"));
                assert_eq!(Arc::strong_count(&token), 1);
            }
        };
        oneloop::run(main).expect("it ends");
    });
}
