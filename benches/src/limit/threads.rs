//! Threads: a futex one way and an eventfd back; and a pool behind one lock.
use super::epoll::{self, Epoll};
use crate::machine::pin_to;
use rustix::event::{EventfdFlags, eventfd};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::Thread;

/// Unpark a thread (on `core`), which writes to the eventfd that we wait for.
pub fn round_trips(n: u64, core: Option<usize>) {
    let go = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK).unwrap());
    let epoll = Epoll::new();
    epoll.add_readable(&bell, 0);
    let thread = {
        let (go, stop, bell) = (go.clone(), stop.clone(), bell.clone());
        std::thread::spawn(move || {
            if let Some(core) = core {
                pin_to(core);
            }
            let mut last = 0;
            loop {
                while go.load(Ordering::Acquire) == last {
                    if stop.load(Ordering::Acquire) {
                        return last;
                    }
                    std::thread::park();
                }
                last += 1;
                rustix::io::write(&bell, &1u64.to_ne_bytes()).unwrap();
            }
        })
    };
    let mut events = epoll::events(8);
    for i in 1..=n {
        go.store(i, Ordering::Release);
        thread.thread().unpark();
        while epoll.wait(&mut events, None) == 0 {}
        let mut rung = [0; 8];
        rustix::io::read(&bell, &mut rung).unwrap();
        assert_eq!(u64::from_ne_bytes(rung), 1);
    }
    stop.store(true, Ordering::Release);
    thread.thread().unpark();
    assert_eq!(thread.join().unwrap(), n);
}

type Job = Box<dyn FnOnce() -> u64 + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    asleep: usize,
    stop: bool,
}

struct Pool {
    queue: Mutex<Queue>,
    not_empty: Condvar,
    sum: AtomicU64,
    left: AtomicU64,
    main: Thread,
}

impl Pool {
    fn submit(&self, job: Job, ring: bool) {
        let mut q = self.queue.lock().unwrap();
        q.jobs.push_back(job);
        let wake = q.asleep > 0 && ring;
        drop(q);
        if wake {
            self.not_empty.notify_one();
        }
    }

    /// Takes up to 64 jobs per lock; the last completion unparks the main thread.
    fn work(&self) {
        let mut mine: Vec<Job> = Vec::with_capacity(64);
        loop {
            let mut q = self.queue.lock().unwrap();
            while q.jobs.is_empty() {
                if q.stop {
                    return;
                }
                q.asleep += 1;
                q = self.not_empty.wait(q).unwrap();
                q.asleep -= 1;
            }
            let k = q.jobs.len().min(64);
            mine.extend(q.jobs.drain(..k));
            drop(q);
            let sum: u64 = mine.drain(..).map(|job| job()).sum();
            self.sum.fetch_add(sum, Ordering::Relaxed);
            if self.left.fetch_sub(k as u64, Ordering::AcqRel) == k as u64 {
                self.main.unpark();
            }
        }
    }
}

/// Batches of 1000 jobs for 4 workers; completions are only counted.
pub fn blocking_tput(n: u64) {
    let pool = Arc::new(Pool {
        queue: Mutex::default(),
        not_empty: Condvar::new(),
        sum: AtomicU64::new(0),
        left: AtomicU64::new(0),
        main: std::thread::current(),
    });
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            std::thread::spawn(move || pool.work())
        })
        .collect();
    for b in 0..n / 1000 {
        pool.left.store(1000, Ordering::Release);
        for i in 0..1000 {
            let v = b * 1000 + i;
            pool.submit(Box::new(move || v), i % 64 == 0);
        }
        pool.not_empty.notify_one();
        while pool.left.load(Ordering::Acquire) > 0 {
            std::thread::park();
        }
    }
    pool.queue.lock().unwrap().stop = true;
    pool.not_empty.notify_all();
    for w in workers {
        w.join().unwrap();
    }
    assert_eq!(pool.sum.load(Ordering::Relaxed), n * (n - 1) / 2);
}
