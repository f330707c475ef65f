//! EV: `shutdown_default_executor`: what it waits for, and for how long.

use crate::loops::{jumping, manual, real};
use oneloop::concurrent::ShutdownTimeout;
use oneloop::{Clock, EventLoop, LoopHandle};
use std::sync::mpsc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Counts three timers, then lets the job go.
fn count_down(left: usize, release: mpsc::Sender<()>) {
    if left == 0 {
        return release.send(()).unwrap();
    }
    oneloop::call_later(Duration::from_millis(1), move || count_down(left - 1, release));
}

#[test]
fn ev_055_a_shutdown_waits_for_running_jobs_while_the_loop_goes_on() {
    let on = real();
    let (release, gate) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    on.run_until_complete(async move {
        let here = oneloop::running_loop().unwrap();
        let running = oneloop::run_blocking(move || {
            begun.send(()).unwrap();
            gate.recv().unwrap();
            "ended"
        });
        begins.recv().unwrap();
        count_down(3, release);
        here.shutdown_default_executor(LONG).await.unwrap();
        assert_eq!(running.await.unwrap(), "ended");
        let refused = oneloop::run_blocking(|| ()).await.unwrap_err();
        assert!(refused.is_refused());
        let refused = here.run_in_executor(|| ()).unwrap().await.unwrap_err();
        assert_eq!(refused.to_string(), "the job was refused: the pool is shut down");
    })
    .unwrap();
}

#[test]
fn ev_055_a_shutdown_refuses_the_jobs_that_wait() {
    let on = EventLoop::builder().max_workers(1).build().unwrap();
    let (release, gate) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    on.run_until_complete(async move {
        let here = oneloop::running_loop().unwrap();
        let running = oneloop::run_blocking(move || {
            begun.send(()).unwrap();
            gate.recv().unwrap();
        });
        begins.recv().unwrap();
        let waiting = oneloop::run_blocking(|| "ran");
        oneloop::call_soon(move || release.send(()).unwrap());
        here.shutdown_default_executor(LONG).await.unwrap();
        assert!(waiting.await.unwrap_err().is_refused());
        running.await.unwrap();
    })
    .unwrap();
}

#[test]
fn ev_055_a_shutdown_on_virtual_time_waits_for_the_workers_too() {
    for _ in 0..20 {
        let on = EventLoop::builder().clock(Clock::AutoJump).max_workers(1).build().unwrap();
        let answer = on.run_until_complete(async {
            oneloop::run_blocking(|| ()).await.unwrap();
            oneloop::running_loop().unwrap().shutdown_default_executor(LONG).await
        });
        assert_eq!(answer.unwrap(), Ok(()));
        assert_eq!(on.time(), Duration::ZERO, "nothing here takes time");
    }
}

#[test]
fn ev_056_a_shutdown_gives_up_on_a_job_that_outlasts_the_grace() {
    let on = manual();
    let (release, gate) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let job = on
        .run_in_executor(move || {
            begun.send(()).unwrap();
            let _ = gate.recv();
        })
        .unwrap();
    begins.recv().unwrap();
    let late = on.run_until_complete(async {
        let here = oneloop::running_loop().unwrap();
        let clock = here.clone();
        oneloop::call_soon(move || clock.advance(LONG));
        here.shutdown_default_executor(LONG).await
    });
    let late = late.unwrap().unwrap_err();
    assert_eq!(late, ShutdownTimeout { running: 1 });
    assert_eq!(late.to_string(), "1 jobs did not end in time and are left to themselves");
    release.send(()).unwrap();
    drop(job);
}

#[test]
fn ev_056_without_grace_a_worker_that_has_no_job_does_not_count() {
    for _ in 0..50 {
        let on = EventLoop::builder().max_workers(2).build().unwrap();
        let ended = on.run_until_complete(async {
            oneloop::run_blocking(|| ()).await.unwrap();
            oneloop::running_loop().unwrap().shutdown_default_executor(Duration::ZERO).await
        });
        assert_eq!(ended.unwrap(), Ok(()));
    }
}

#[test]
fn ev_056_without_grace_a_job_that_runs_counts() {
    let on = real();
    let (release, gate) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let job = on.run_in_executor(move || {
        begun.send(()).unwrap();
        let _ = gate.recv_timeout(LONG);
    });
    begins.recv().unwrap();
    let shutdown =
        async { oneloop::running_loop().unwrap().shutdown_default_executor(Duration::ZERO).await };
    let late = on.run_until_complete(shutdown).unwrap();
    assert_eq!(late, Err(ShutdownTimeout { running: 1 }));
    release.send(()).unwrap();
    drop(job);
}

/// Virtual time waits for the job, and so cannot measure how long that may be.
#[test]
fn ev_056_the_grace_passes_also_where_time_jumps_and_the_job_holds_it() {
    let on = jumping();
    let (release, gate) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let job = on
        .run_in_executor(move || {
            begun.send(()).unwrap();
            let _ = gate.recv_timeout(LONG);
        })
        .unwrap();
    begins.recv().unwrap();
    let late = on.run_until_complete(async {
        let here = oneloop::running_loop().unwrap();
        here.shutdown_default_executor(Duration::from_millis(20)).await
    });
    assert_eq!(late.unwrap(), Err(ShutdownTimeout { running: 1 }));
    assert_eq!(on.time(), Duration::ZERO, "the job may still need it");
    release.send(()).unwrap();
    drop(job);
}

fn shut_down(on: &LoopHandle) {
    on.run_until_complete(async {
        let here = oneloop::running_loop().unwrap();
        here.shutdown_default_executor(LONG).await.unwrap();
        let refused = oneloop::run_blocking(|| ()).await.unwrap_err();
        assert!(refused.is_refused());
    })
    .unwrap();
}

#[test]
fn ev_057_a_pool_that_nobody_used_is_shut_down_at_once() {
    let on = jumping();
    shut_down(&on);
    assert_eq!(on.time(), Duration::ZERO);
    shut_down(&on);
}
