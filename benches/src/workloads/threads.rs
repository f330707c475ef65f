//! Threads: wakes that come from another one, and work that is sent to some.
use super::BATCH;
use crate::machine::pin_to;
use crate::rt::RtBlocking;
use futures::task::AtomicWaker;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;

/// One op: unpark a thread on `core`, which wakes us.
pub async fn round_trips(n: u64, core: usize) {
    #[derive(Default)]
    struct Shared {
        go: AtomicU64,
        done: AtomicU64,
        stop: AtomicBool,
        waker: AtomicWaker,
    }
    let sh = Arc::new(Shared::default());
    let thread = {
        let sh = sh.clone();
        std::thread::spawn(move || {
            pin_to(core);
            let mut last = 0;
            loop {
                while sh.go.load(Ordering::Acquire) == last {
                    if sh.stop.load(Ordering::Acquire) {
                        return last;
                    }
                    std::thread::park();
                }
                last += 1;
                sh.done.store(last, Ordering::Release);
                sh.waker.wake();
            }
        })
    };
    for i in 1..=n {
        sh.go.store(i, Ordering::Release);
        thread.thread().unpark();
        poll_fn(|cx| {
            let done = || sh.done.load(Ordering::Acquire) == i;
            if done() {
                return Poll::Ready(());
            }
            sh.waker.register(cx.waker());
            if done() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    sh.stop.store(true, Ordering::Release);
    thread.thread().unpark();
    assert_eq!(thread.join().unwrap(), n);
}

/// One op: a blocking job of nothing, one at a time.
pub async fn blocking_rtt<R: RtBlocking>(n: u64) {
    let mut sum = 0;
    for i in 0..n {
        sum += R::spawn_blocking(move || i).await;
    }
    assert_eq!(sum, n * (n - 1) / 2);
}

/// One op: a blocking job of nothing, 1000 submitted at once.
pub async fn blocking_tput<R: RtBlocking>(n: u64) {
    let mut sum = 0;
    let mut jobs = Vec::with_capacity(BATCH as usize);
    for b in 0..n / BATCH {
        for i in 0..BATCH {
            let v = b * BATCH + i;
            jobs.push(R::spawn_blocking(move || v));
        }
        for j in jobs.drain(..) {
            sum += j.await;
        }
    }
    assert_eq!(sum, n * (n - 1) / 2);
}
