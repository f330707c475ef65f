//! `Pool`: the loop's threads for blocking work.
//!
//! Two locks, so that who submits and who works seldom wait for each other: jobs arrive in
//! the queue; workers take them, one at a time, from the line, and move the whole queue
//! there when the line is empty. So jobs start in the order in which they came, none waits
//! for another while a worker is free, and none waits to be told as done.
//!
//! One worker at a time is called, however many jobs arrive: when it has taken one and
//! more are left, it calls the next before it begins. The promise behind that: **while a
//! job waits and another worker could be had, one has been called and has not yet looked.**
//! Whoever goes to sleep does so under both locks, with nothing left.

use super::blocking::{self, Blocking, Job, lock};
use crate::io::Pause;
use crate::lowlevel::Mailbox;
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
    /// What workers take next. Locked before the queue, by those who lock both.
    line: Apart<Mutex<Jobs>>,
    queue: Apart<Mutex<Queue>>,
    call: Condvar,
    mailbox: Mailbox,
    max_workers: usize,
    idle: Duration,
}

/// Cache lines of its own: or two locks side by side would be as slow as one.
#[derive(Default)]
#[repr(align(128))]
struct Apart<T>(T);

type Jobs = VecDeque<Arc<dyn Job>>;

#[derive(Default)]
struct Queue {
    /// What arrived; it comes after what is in the line.
    jobs: Jobs,
    workers: usize,
    /// Workers that sleep and have not been called.
    idle: usize,
    /// A sleeping worker has been called and has not woken up yet.
    called: bool,
    /// A worker has been called, or started, and has not looked for a job yet.
    coming: bool,
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
            let shared = Shared {
                line: Apart::default(),
                queue: Apart::default(),
                call: Condvar::new(),
                mailbox: handle.mailbox(),
                max_workers: max,
                idle,
            };
            Pool { shared: Arc::new(shared) }
        })
    }

    /// A pool that nobody used is shut down without starting a thread.
    pub(crate) fn never_used(handle: &LoopHandle) -> Result<(), ShutdownTimeout> {
        lock(&Pool::of(handle).shared.queue.0).shut_down = true;
        Ok(())
    }

    pub(crate) fn submit<T, F>(&self, handle: &LoopHandle, f: F) -> Blocking<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (job, blocking) = blocking::new(f);
        handle.job_started();
        self.shared.submit(job);
        blocking
    }

    pub(crate) async fn shutdown(
        &self,
        handle: &LoopHandle,
        grace: Duration,
    ) -> Result<(), ShutdownTimeout> {
        self.shared.close();
        // The workers that still leave hold virtual time as a job does.
        let leaving = InFlight::new();
        let pausing = leaving.0.as_ref().and_then(|here| Pause::on(here).ok());
        let mut deadline = std::pin::pin!(async {
            match &pausing {
                Some(pausing) => pausing.lasting(grace).await,
                None => crate::sleep(grace).await,
            }
        });
        let busy = std::future::poll_fn(|cx| match self.shared.workers_left(cx.waker()) {
            (0, _) => Poll::Ready(0),
            (_, busy) => deadline.as_mut().poll(cx).map(|()| busy),
        });
        let busy = busy.await;
        drop(leaving);
        // A worker that has told of its job, and is on its way out, runs none.
        match busy.min(handle.jobs_in_flight()) {
            0 => Ok(()),
            running => Err(ShutdownTimeout { running }),
        }
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
    fn submit(self: &Arc<Self>, job: Arc<dyn Job>) {
        let mut queue = lock(&self.queue.0);
        if queue.shut_down {
            drop(queue);
            return job.refuse("the pool is shut down", &self.mailbox);
        }
        queue.jobs.push_back(job);
        if !queue.coming {
            self.call_one(queue);
        }
    }

    /// Has one more worker come, if there may be one more.
    fn call_one(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        if queue.idle > 0 {
            queue.idle -= 1;
            (queue.coming, queue.called) = (true, true);
            drop(queue);
            self.call.notify_one();
        } else if queue.workers < self.max_workers {
            queue.workers += 1;
            queue.started += 1;
            queue.coming = true;
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
            let mut queue = lock(&self.queue.0);
            queue.workers -= 1;
            queue.coming = false;
            if queue.idle > 0 {
                // Who fell asleep meanwhile takes the place.
                return self.call_one(queue);
            }
            let none_left = queue.workers == 0;
            drop(queue);
            if none_left {
                self.refuse_all("no worker thread could be started");
            }
        }
    }

    /// A worker's life.
    fn work(self: &Arc<Self>) {
        let mut called = true;
        while let Some(job) = self.next_job(called) {
            job.run(&self.mailbox);
            called = false;
        }
    }

    /// The next job; `None`: there was none for long enough, or the pool is shut down.
    fn next_job(self: &Arc<Self>, mut called: bool) -> Option<Arc<dyn Job>> {
        loop {
            let mut line = lock(&self.line.0);
            if !called && !line.is_empty() {
                return line.pop_front();
            }
            let mut queue = lock(&self.queue.0);
            if line.is_empty() {
                std::mem::swap(&mut *line, &mut queue.jobs);
            }
            let job = line.pop_front();
            let more = !line.is_empty() || !queue.jobs.is_empty();
            drop(line);
            if called {
                queue.coming = false;
            }
            if job.is_some() {
                if called && more {
                    self.call_one(queue);
                }
                return job;
            }
            if !self.sleep(queue) {
                return None;
            }
            called = true;
        }
    }

    /// Sleeps until called. False: was not, for long enough, or the pool is shut down; the
    /// worker is counted as gone.
    fn sleep(&self, mut queue: MutexGuard<'_, Queue>) -> bool {
        let mut timed_out = false;
        while !queue.shut_down && !timed_out {
            queue.idle += 1;
            let (woken, timeout) =
                self.call.wait_timeout(queue, self.idle).unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            if std::mem::take(&mut queue.called) {
                return true;
            }
            queue.idle -= 1;
            timed_out = timeout.timed_out();
        }
        let last = queue.leave();
        drop(queue);
        if let Some(waker) = last {
            waker.wake();
        }
        false
    }

    /// Takes no more jobs, refuses those that wait, sends the workers home.
    fn close(&self) {
        lock(&self.queue.0).shut_down = true;
        self.call.notify_all();
        self.refuse_all("the pool is shut down");
    }

    fn refuse_all(&self, why: &'static str) {
        let mut line = lock(&self.line.0);
        let waiting = std::mem::take(&mut *line);
        let arrived = std::mem::take(&mut lock(&self.queue.0).jobs);
        drop(line);
        waiting.into_iter().chain(arrived).for_each(|job| job.refuse(why, &self.mailbox));
    }

    /// How many there still are, and how many of them have, or had just now, a job.
    fn workers_left(&self, waker: &Waker) -> (usize, usize) {
        // Wakers are user code, and kept out of the lock.
        let waker = Some(waker.clone());
        let mut queue = lock(&self.queue.0);
        let old = std::mem::replace(&mut queue.waker, waker);
        let left = (queue.workers, queue.busy());
        drop(queue);
        drop(old);
        left
    }
}

impl Queue {
    /// Workers that neither sleep nor are on their way to look for a job.
    fn busy(&self) -> usize {
        self.workers.saturating_sub(self.idle + usize::from(self.coming))
    }

    /// A worker goes. The last one wakes whoever waits for that.
    fn leave(&mut self) -> Option<Waker> {
        self.workers -= 1;
        self.waker.take_if(|_| self.workers == 0)
    }
}
