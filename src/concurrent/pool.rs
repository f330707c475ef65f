//! `Pool`: the loop's threads for blocking work.
//!
//! One lock, one condition variable, one queue. Whoever submits claims an idle worker
//! under the lock, or starts a thread if there may be another; a worker decides under the
//! same lock that it has nothing to do. So no job is left behind by a worker that was
//! about to go, and no two jobs count on the same worker.

use super::blocking::{self, Blocking, Job};
use crate::{Builder, LoopHandle};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    max_workers: usize,
    idle: Duration,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Arc<dyn Job>>,
    workers: usize,
    /// Workers that sleep and that no job counts on.
    idle: usize,
    /// Sleeping workers that were claimed and have not woken up yet.
    claimed: usize,
    started: usize,
    shut_down: bool,
    /// Who waits for the last worker to go.
    waker: Option<Waker>,
}

/// Jobs were still running when the grace for a shutdown was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownTimeout {
    /// How many.
    pub running: usize,
}

impl fmt::Display for ShutdownTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} jobs did not end in time and are left to themselves", self.running)
    }
}

impl std::error::Error for ShutdownTimeout {}

impl Pool {
    /// The pool of a loop.
    pub(crate) fn of(handle: &LoopHandle) -> std::rc::Rc<Pool> {
        handle.extension(|| {
            let settings = handle.find_extension::<Builder>();
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let max = settings.as_ref().and_then(|s| s.max_workers).unwrap_or((cores + 4).min(32));
            let idle = settings.map_or(Duration::from_secs(10), |s| s.worker_idle);
            let shared =
                Shared { queue: Mutex::default(), work: Condvar::new(), max_workers: max, idle };
            Pool { shared: Arc::new(shared) }
        })
    }

    /// A pool that nobody used is shut down without starting a thread.
    pub(crate) fn never_used(handle: &LoopHandle) -> Result<(), ShutdownTimeout> {
        Pool::of(handle).shared.lock().shut_down = true;
        Ok(())
    }

    pub(crate) fn submit<T, F>(&self, handle: &LoopHandle, f: F) -> Blocking<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (job, blocking) = blocking::new(handle, f);
        handle.job_started();
        self.shared.submit(job);
        blocking
    }

    pub(crate) async fn shutdown(&self, grace: Duration) -> Result<(), ShutdownTimeout> {
        self.shared.close();
        // The workers that still leave hold virtual time as a job does.
        let _leaving = InFlight::new();
        let mut deadline = std::pin::pin!(crate::sleep(grace));
        std::future::poll_fn(|cx| {
            let running = self.shared.workers_left(cx.waker());
            if running == 0 {
                return Poll::Ready(Ok(()));
            }
            deadline.as_mut().poll(cx).map(|()| Err(ShutdownTimeout { running }))
        })
        .await
    }
}

/// Something on other threads that virtual time must wait for.
struct InFlight(Option<LoopHandle>);

impl InFlight {
    fn new() -> Self {
        let here = LoopHandle::current().ok();
        here.iter().for_each(LoopHandle::job_started);
        InFlight(here)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.iter().for_each(LoopHandle::job_ended);
    }
}

/// The loop closes: what waits is refused, what runs is left to itself.
impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(self: &Arc<Self>, job: Arc<dyn Job>) {
        let mut queue = self.lock();
        if queue.shut_down {
            drop(queue);
            return job.refuse("the pool is shut down");
        }
        queue.jobs.push_back(job);
        if queue.idle > 0 {
            queue.idle -= 1;
            queue.claimed += 1;
            drop(queue);
            self.work.notify_one();
        } else if queue.workers < self.max_workers {
            queue.workers += 1;
            queue.started += 1;
            let name = format!("oneloop-worker-{}", queue.started);
            drop(queue);
            self.start(name);
        }
    }

    /// Starts a worker. If the system refuses, the others do the work; with none, the
    /// jobs are refused.
    fn start(self: &Arc<Self>, name: String) {
        let shared = self.clone();
        let started = std::thread::Builder::new().name(name).spawn(move || shared.work());
        if let Err(error) = started {
            log::warn!("cannot start a worker thread: {error}");
            let mut queue = self.lock();
            queue.workers -= 1;
            let stranded =
                if queue.workers == 0 { std::mem::take(&mut queue.jobs) } else { VecDeque::new() };
            drop(queue);
            stranded.into_iter().for_each(|job| job.refuse("no worker thread could be started"));
        }
    }

    /// A worker's life.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            job.run();
        }
    }

    /// The next job; `None`: there was none for long enough, or the pool is shut down.
    fn next_job(&self) -> Option<Arc<dyn Job>> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.shut_down {
                return queue.leave();
            }
            queue.idle += 1;
            let (woken, timeout) =
                self.work.wait_timeout(queue, self.idle).unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            if queue.claimed > 0 {
                queue.claimed -= 1;
            } else {
                queue.idle -= 1;
                if timeout.timed_out() && queue.jobs.is_empty() {
                    return queue.leave();
                }
            }
        }
    }

    /// Takes no more jobs, refuses those that wait, sends the workers home.
    fn close(&self) {
        let mut queue = self.lock();
        queue.shut_down = true;
        let refused = std::mem::take(&mut queue.jobs);
        drop(queue);
        self.work.notify_all();
        refused.into_iter().for_each(|job| job.refuse("the pool is shut down"));
    }

    fn workers_left(&self, waker: &Waker) -> usize {
        let mut queue = self.lock();
        queue.waker = Some(waker.clone());
        queue.workers
    }
}

impl Queue {
    /// A worker goes.
    fn leave(&mut self) -> Option<Arc<dyn Job>> {
        self.workers -= 1;
        if self.workers == 0 {
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
        None
    }
}
