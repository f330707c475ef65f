//! Small parts that the workloads share, so that the work around a runtime is
//! the same for all and costs next to nothing: no atomics, no allocation.
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// xorshift64*: the same pseudo-random deadlines for everyone.
pub struct Rng(u64);

impl Rng {
    pub fn new() -> Rng {
        Rng(0x9E37_79B9_7F4A_7C15)
    }

    #[inline]
    pub fn get(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

/// Wake by reference, return Pending once: the plainest yield there is.
pub struct RawYield {
    yielded: bool,
}

pub fn raw_yield() -> RawYield {
    RawYield { yielded: false }
}

impl Future for RawYield {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A mailbox for one value: what is left to pay is the runtime's own
/// clone of a waker, wake and poll.
pub struct Slot<T> {
    value: Cell<Option<T>>,
    waker: Cell<Option<Waker>>,
}

impl<T> Slot<T> {
    pub fn new() -> Self {
        Slot { value: Cell::new(None), waker: Cell::new(None) }
    }

    #[inline]
    pub fn put(&self, value: T) {
        self.value.set(Some(value));
        if let Some(w) = self.waker.take() {
            w.wake();
        }
    }

    #[inline]
    pub async fn get(&self) -> T {
        poll_fn(|cx| match self.value.take() {
            Some(v) => Poll::Ready(v),
            None => {
                self.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

/// A counter that one task can wait on.
#[derive(Default)]
pub struct Tally {
    count: Cell<u64>,
    wanted: Cell<u64>,
    waker: Cell<Option<Waker>>,
}

impl Tally {
    #[inline]
    pub fn get(&self) -> u64 {
        self.count.get()
    }

    #[inline]
    pub fn add(&self) {
        self.count.set(self.count.get() + 1);
        if self.count.get() == self.wanted.get()
            && let Some(w) = self.waker.take()
        {
            w.wake();
        }
    }

    pub async fn reach(&self, wanted: u64) {
        poll_fn(|cx| {
            if self.count.get() >= wanted {
                return Poll::Ready(());
            }
            self.wanted.set(wanted);
            self.waker.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await
    }
}
