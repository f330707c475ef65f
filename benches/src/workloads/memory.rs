//! Memory: heap bytes that a million waiting tasks hold.
use super::BATCH;
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::parts::Tally;
use crate::rt::{Rt, RtTime};
use crate::{alloc, machine};
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

thread_local!(static PARKED: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) });

pub fn parked<R: Rt>(n: u64) -> Outcome {
    PARKED.set(Vec::with_capacity(n as usize));
    R::block_on(bytes_per_task::<R, _>(n, park))
}

pub fn sleeping<R: RtTime>(n: u64) -> Outcome {
    let hour = || R::sleep(Duration::from_secs(3600));
    R::block_on(bytes_per_task::<R, _>(n, hour))
}

/// Waits forever; its waker is kept (in a vector made beforehand), or a runtime
/// that counts references would rightly drop the task.
async fn park() {
    poll_fn(|cx| {
        PARKED.with_borrow_mut(|p| p.push(cx.waker().clone()));
        Poll::<()>::Pending
    })
    .await
}

async fn bytes_per_task<R: Rt, F: Future<Output = ()> + 'static>(
    n: u64,
    wait: fn() -> F,
) -> Outcome {
    alloc::enable();
    let polled = Rc::new(Tally::default());
    let before = alloc::live();
    let m = Meter::start();
    for b in 1..=n / BATCH {
        for _ in 0..BATCH {
            let polled = polled.clone();
            R::detach(async move {
                polled.add();
                wait().await;
            });
        }
        polled.reach(b * BATCH).await;
    }
    let bytes = (alloc::live() - before) as f64 / n as f64;
    let peak_mb = machine::peak_rss_kib() as f64 / 1024.0;
    let o = m.stop(n);
    o.with("bytes_per_task", bytes).with("peak_rss_mb", peak_mb).report()
}
