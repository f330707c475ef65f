//! Tasks that wake each other. One op is one round trip, hop or woken task.
use super::BATCH;
use crate::parts::{Slot, Tally};
use crate::rt::Rt;
use event_listener::Event;
use futures::channel::oneshot;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Two tasks and two async-channels of one place each.
pub async fn pingpong<R: Rt>(n: u64) {
    let (tx1, rx1) = async_channel::bounded::<u64>(1);
    let (tx2, rx2) = async_channel::bounded::<u64>(1);
    let echo = R::spawn(async move {
        while let Ok(v) = rx1.recv().await {
            tx2.send(v + 1).await.unwrap();
        }
    });
    let mut v = 0;
    for _ in 0..n {
        tx1.send(v).await.unwrap();
        v = rx2.recv().await.unwrap();
    }
    assert_eq!(v, n);
    drop(tx1);
    echo.await;
}

/// The same over bare slots: what remains is the runtime.
pub async fn pingpong_local<R: Rt>(n: u64) {
    let (a, b) = (Rc::new(Slot::<u64>::new()), Rc::new(Slot::<u64>::new()));
    let echo = {
        let (a, b) = (a.clone(), b.clone());
        R::spawn(async move {
            loop {
                let v = a.get().await;
                if v == u64::MAX {
                    break;
                }
                b.put(v + 1);
            }
        })
    };
    let mut v = 0;
    for _ in 0..n {
        a.put(v);
        v = b.get().await;
    }
    assert_eq!(v, n);
    a.put(u64::MAX);
    echo.await;
}

/// 1000 tasks, each waiting for a oneshot of the one before; then the first is sent.
pub async fn oneshot_chain<R: Rt>(n: u64) {
    let started = Rc::new(Tally::default());
    for b in 1..=n / BATCH {
        let (first, mut rx) = oneshot::channel::<u64>();
        for _ in 0..BATCH {
            let (tx, next) = oneshot::channel();
            let previous = std::mem::replace(&mut rx, next);
            let started = started.clone();
            R::detach(async move {
                started.add();
                let v = previous.await.unwrap();
                tx.send(v + 1).unwrap();
            });
        }
        // every link now waits (the last one after its add)
        started.reach(b * BATCH).await;
        first.send(0).unwrap();
        assert_eq!(rx.await.unwrap(), BATCH);
    }
}

/// 1000 tasks that wait on one event-listener Event.
pub async fn fanout_event<R: Rt>(n: u64) {
    #[derive(Default)]
    struct Shared {
        event: Event,
        waiting: Tally,
        woken: Tally,
    }
    let rounds = n / BATCH;
    let st = Rc::new(Shared::default());
    for _ in 0..BATCH {
        let st = st.clone();
        R::detach(async move {
            for _ in 0..rounds {
                let listener = st.event.listen();
                st.waiting.add();
                listener.await;
                st.woken.add();
            }
        });
    }
    for r in 1..=rounds {
        st.waiting.reach(r * BATCH).await;
        st.event.notify(usize::MAX);
    }
    st.woken.reach(n).await;
    assert_eq!((st.waiting.get(), st.woken.get()), (n, n));
}

/// 1000 tasks that wait on a bare vector of wakers.
pub async fn fanout_local<R: Rt>(n: u64) {
    struct Shared {
        epoch: Cell<u64>,
        wakers: RefCell<Vec<Waker>>,
        waiting: Tally,
        woken: Tally,
    }
    let rounds = n / BATCH;
    let st = Rc::new(Shared {
        epoch: Cell::new(0),
        wakers: RefCell::new(Vec::with_capacity(BATCH as usize)),
        waiting: Tally::default(),
        woken: Tally::default(),
    });
    for _ in 0..BATCH {
        let st = st.clone();
        R::detach(async move {
            for r in 1..=rounds {
                poll_fn(|cx| {
                    if st.epoch.get() >= r {
                        return Poll::Ready(());
                    }
                    st.wakers.borrow_mut().push(cx.waker().clone());
                    st.waiting.add();
                    Poll::Pending
                })
                .await;
                st.woken.add();
            }
        });
    }
    for r in 1..=rounds {
        st.waiting.reach(r * BATCH).await;
        st.epoch.set(r);
        let mut wakers = std::mem::take(&mut *st.wakers.borrow_mut());
        assert_eq!(wakers.len(), BATCH as usize);
        for w in wakers.drain(..) {
            w.wake();
        }
        st.wakers.replace(wakers);
    }
    st.woken.reach(n).await;
    assert_eq!(st.woken.get(), n);
}
