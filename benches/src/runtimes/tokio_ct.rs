//! tokio on one thread, three ways: `spawn` on current_thread, `LocalRuntime`,
//! and `LocalSet` on current_thread.
use crate::outcome::Outcome;
use crate::rt::{ECHO_BUF, Mode, Rt, RtBlocking, RtNet, RtSync, RtTime, SINK_BUF};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet, LocalSet};

/// `tokio::spawn` asks for Send, which the workloads' Rc's are not.
struct SendFuture<F>(F);

// SAFETY: all three runtimes here poll and drop every task on the one thread
// that calls `block_on`, so the future never reaches another.
unsafe impl<F> Send for SendFuture<F> {}

impl<F: Future> Future for SendFuture<F> {
    type Output = SendOutput<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: a projection to the only field, which is never moved out.
        let inner = unsafe { self.map_unchecked_mut(|s| &mut s.0) };
        inner.poll(cx).map(SendOutput)
    }
}

struct SendOutput<T>(T);

// SAFETY: as for the future: made, taken and dropped on the one thread.
unsafe impl<T> Send for SendOutput<T> {}

pub struct Join<T>(JoinHandle<SendOutput<T>>);

impl<T> Future for Join<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|r| r.unwrap().0)
    }
}

fn builder() -> Builder {
    let mut b = Builder::new_current_thread();
    b.enable_all().max_blocking_threads(4);
    b
}

macro_rules! flavour {
    ($name:ident, $block_on:expr, $spawn:path, $run:ident) => {
        struct $name;

        impl Rt for $name {
            type Join<T: 'static> = Join<T>;

            fn block_on<F: Future + 'static>(f: F) -> F::Output
            where
                F::Output: 'static,
            {
                $block_on(f)
            }

            #[inline]
            fn spawn<F: Future + 'static>(f: F) -> Join<F::Output>
            where
                F::Output: 'static,
            {
                Join($spawn(SendFuture(f)))
            }

            #[inline]
            fn detach<F: Future<Output = ()> + 'static>(f: F) {
                drop($spawn(SendFuture(f)));
            }

            fn yield_now() -> impl Future<Output = ()> + 'static {
                tokio::task::yield_now()
            }

            fn unconstrained<F: Future + 'static>(
                f: F,
            ) -> impl Future<Output = F::Output> + 'static {
                tokio::task::coop::unconstrained(f)
            }
        }

        impl RtTime for $name {
            fn sleep(d: Duration) -> impl Future<Output = ()> + 'static {
                tokio::time::sleep(d)
            }
        }

        impl RtBlocking for $name {
            fn spawn_blocking<T: Send + 'static>(
                f: impl FnOnce() -> T + Send + 'static,
            ) -> impl Future<Output = T> + 'static {
                let job = tokio::task::spawn_blocking(f);
                async move { job.await.unwrap() }
            }
        }

        impl RtNet for $name {
            async fn serve(l: std::net::TcpListener, mode: Mode) {
                l.set_nonblocking(true).unwrap();
                let l = TcpListener::from_std(l).unwrap();
                loop {
                    let (s, _) = l.accept().await.unwrap();
                    Self::detach(connection(s, mode));
                }
            }
        }

        impl RtSync for $name {
            type Lock = Mutex<()>;
            type Semaphore = Semaphore;
            type Event = Notify;
            type Sender = mpsc::Sender<u64>;
            type Receiver = mpsc::Receiver<u64>;

            fn lock() -> Mutex<()> {
                Mutex::new(())
            }

            async fn hold(lock: &Mutex<()>) -> impl Sized {
                lock.lock().await
            }

            fn semaphore(permits: usize) -> Semaphore {
                Semaphore::new(permits)
            }

            async fn permit(semaphore: &Semaphore) -> impl Sized {
                semaphore.acquire().await.unwrap()
            }

            fn event() -> Notify {
                Notify::new()
            }

            async fn listen(event: &Notify) {
                event.notified().await
            }

            fn wake_all(event: &Notify) {
                event.notify_waiters()
            }

            fn channel(places: usize) -> (mpsc::Sender<u64>, mpsc::Receiver<u64>) {
                mpsc::channel(places)
            }

            async fn send(to: &mpsc::Sender<u64>, value: u64) {
                to.send(value).await.unwrap();
            }

            async fn receive(from: &mut mpsc::Receiver<u64>) -> u64 {
                from.recv().await.unwrap()
            }

            /// tokio has no gather of handles: one after the other is its cheapest way.
            async fn gather(tasks: Vec<Join<u64>>) -> u64 {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await;
                }
                sum
            }

            async fn group(count: u64) -> u64 {
                let mut set = JoinSet::new();
                for i in 0..count {
                    set.spawn(async move { i });
                }
                let mut sum = 0;
                while let Some(one) = set.join_next().await {
                    sum += one.unwrap();
                }
                sum
            }

            async fn timeout<F: Future>(limit: Duration, body: F) -> bool {
                tokio::time::timeout(limit, body).await.is_ok()
            }
        }

        pub fn $run(name: &str, n: u64) -> Option<Outcome> {
            crate::workloads::all::<$name>(name, n)
                .or_else(|| crate::workloads::sync::<$name>(name, n))
        }
    };
}

flavour!(TokioCt, |f| builder().build().unwrap().block_on(f), tokio::spawn, run_ct);
flavour!(
    TokioLocal,
    |f| {
        let options = LocalOptions::default();
        builder().build_local(options).unwrap().block_on(f)
    },
    tokio::task::spawn_local,
    run_local
);
flavour!(
    TokioLocalSet,
    |f| LocalSet::new().block_on(&builder().build().unwrap(), f),
    tokio::task::spawn_local,
    run_localset
);

super::connection::borrowing!(TcpStream);
