//! Timers: those that fire, those that are cancelled, and none at all.
use super::BATCH;
use crate::machine::voluntary_switches;
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::parts::{Rng, Slot, raw_yield};
use crate::rt::RtTime;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// What the sleepers of `fire` report to.
struct Wake {
    left: Cell<u64>,
    done: Slot<()>,
    sampled: Cell<u64>,
    late_sum_us: Cell<f64>,
    late_max_us: Cell<f64>,
}

impl Wake {
    fn late(&self, by: Duration) {
        let us = by.as_nanos() as f64 / 1e3;
        self.sampled.set(self.sampled.get() + 1);
        self.late_sum_us.set(self.late_sum_us.get() + us);
        self.late_max_us.set(self.late_max_us.get().max(us));
    }
}

/// One op: a task with a sleep that fires. Deadlines are pseudo-random over a
/// window that keeps the density at 667 per ms; CPU time is what counts. Every
/// 64th sleeper checks how late it is, and that it is never early.
pub async fn fire<R: RtTime>(n: u64) -> Outcome {
    let window_us = n * 2;
    let w = Rc::new(Wake {
        left: Cell::new(n),
        done: Slot::new(),
        sampled: Cell::new(0),
        late_sum_us: Cell::new(0.0),
        late_max_us: Cell::new(0.0),
    });
    let mut rng = Rng::new();
    let m = Meter::start();
    for i in 0..n {
        let us = window_us / 4 + rng.get() % (window_us * 3 / 4);
        let w = w.clone();
        R::detach(async move {
            let d = Duration::from_micros(us);
            if i % 64 == 0 {
                let t = Instant::now();
                R::sleep(d).await;
                let elapsed = t.elapsed();
                assert!(elapsed >= d, "timer fired early: {elapsed:?} < {d:?}");
                w.late(elapsed - d);
            } else {
                R::sleep(d).await;
            }
            w.left.set(w.left.get() - 1);
            if w.left.get() == 0 {
                w.done.put(());
            }
        });
    }
    w.done.get().await;
    let o = m.stop(n);
    assert_eq!(w.left.get(), 0);
    o.with("late_mean_us", w.late_sum_us.get() / w.sampled.get() as f64)
        .with("late_max_us", w.late_max_us.get())
}

/// One op: arm and drop one of 1000 sleeps of about 30 s. `live` further timers
/// stay armed meanwhile; with `tick`, so does one of 10 s that the driver already
/// waits for (some runtimes wake their driver, by a system call, for every timer
/// that is earlier than all it knows of).
pub fn cancel<R: RtTime>(n: u64, live: u64, tick: bool) -> Outcome {
    R::block_on(R::unconstrained(arm_and_cancel::<R>(n, live, tick)))
}

async fn arm_and_cancel<R: RtTime>(n: u64, live: u64, tick: bool) -> Outcome {
    let mut rng = Rng::new();
    let mut early = Box::pin(R::sleep(Duration::from_secs(10)));
    if tick {
        arm(early.as_mut()).await;
        R::sleep(Duration::from_millis(2)).await;
        R::sleep(Duration::from_millis(2)).await;
    }
    let mut others = Vec::with_capacity(live as usize);
    for _ in 0..live {
        others.push(R::sleep(Duration::from_millis(60_000 + rng.get() % 60_000)));
    }
    for chunk in others.chunks_mut(BATCH as usize) {
        poll_fn(|cx| {
            for s in chunk.iter_mut() {
                // SAFETY: nothing is pushed to or taken from `others` after the
                // first poll, so its items stay in place until it is dropped.
                let s = unsafe { Pin::new_unchecked(s) };
                assert!(s.poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        raw_yield().await;
    }
    let mut slots: Vec<Option<_>> = (0..BATCH).map(|_| None).collect();
    let mut armed = 0u64;
    let mut meter = None;
    let warm_up = n / 10 / BATCH;
    for batch in 0..warm_up + n / BATCH {
        if batch == warm_up {
            meter = Some(Meter::start());
            armed = 0;
        }
        poll_fn(|cx| {
            for s in slots.iter_mut() {
                // SAFETY: `slots` keeps its length, so its items stay in place;
                // they are only replaced through the pin, which drops first.
                let mut s = unsafe { Pin::new_unchecked(s) };
                let ms = 30_000 + (rng.get() & 1023);
                s.set(Some(R::sleep(Duration::from_millis(ms))));
                armed += s.as_pin_mut().unwrap().poll(cx).is_pending() as u64;
            }
            Poll::Ready(())
        })
        .await;
        for s in slots.iter_mut() {
            // SAFETY: as above.
            unsafe { Pin::new_unchecked(s) }.set(None);
        }
        raw_yield().await;
    }
    let o = meter.expect("n is a batch or more").stop(n);
    assert_eq!(armed, n);
    if live > 0 {
        o.report(); // skip tearing down the live ones
    }
    o
}

/// Polls a sleep once.
async fn arm(mut sleep: Pin<&mut impl Future<Output = ()>>) {
    poll_fn(|cx| {
        assert!(sleep.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await
}

/// One op: the common use, a timeout around something that takes one turn of the loop.
pub async fn timeout_yield<R: RtTime>(n: u64) {
    let mut in_time = 0u64;
    for _ in 0..n {
        let mut sleep = pin!(R::sleep(Duration::from_secs(30)));
        let mut work = pin!(raw_yield());
        let won = poll_fn(|cx| {
            if work.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            sleep.as_mut().poll(cx).map(|()| false)
        })
        .await;
        in_time += won as u64;
    }
    assert_eq!(in_time, n);
}

/// One op: one sleep of a second. How often does the process wake?
pub async fn idle<R: RtTime>(n: u64) -> Outcome {
    R::sleep(Duration::from_millis(50)).await;
    let before = voluntary_switches();
    let m = Meter::start();
    for _ in 0..n {
        R::sleep(Duration::from_secs(1)).await;
    }
    let o = m.stop(n);
    let per_s = (voluntary_switches() - before) as f64 / (o.wall_ns / 1e9);
    o.with("wakeups_per_s", per_s)
}
