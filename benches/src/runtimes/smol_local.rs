//! smol's parts on one thread: async-executor's LocalExecutor (and its leaked,
//! faster StaticLocalExecutor) driven by async_io::block_on; async-net; blocking.
use crate::outcome::Outcome;
use crate::rt::{ECHO_BUF, Mode, Rt, RtBlocking, RtNet, RtSync, RtTime, SINK_BUF};
use async_executor::{LocalExecutor, StaticLocalExecutor, Task};
use async_net::{TcpListener, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

thread_local! {
    static LOCAL: Cell<Option<&'static LocalExecutor<'static>>> = const { Cell::new(None) };
    static STATIC: Cell<Option<&'static StaticLocalExecutor>> = const { Cell::new(None) };
}

macro_rules! flavour {
    ($name:ident, $current:ident, $make:expr, $run:ident) => {
        struct $name;

        impl Rt for $name {
            type Join<T: 'static> = Task<T>;

            fn block_on<F: Future + 'static>(f: F) -> F::Output
            where
                F::Output: 'static,
            {
                let ex = $make;
                $current.set(Some(ex));
                async_io::block_on(ex.run(f))
            }

            #[inline]
            fn spawn<F: Future + 'static>(f: F) -> Task<F::Output>
            where
                F::Output: 'static,
            {
                $current.get().unwrap().spawn(f)
            }

            #[inline]
            fn detach<F: Future<Output = ()> + 'static>(f: F) {
                $current.get().unwrap().spawn(f).detach()
            }

            fn yield_now() -> impl Future<Output = ()> + 'static {
                futures_lite::future::yield_now()
            }
        }

        impl RtTime for $name {
            fn sleep(d: Duration) -> impl Future<Output = ()> + 'static {
                Sleep(async_io::Timer::after(d))
            }
        }

        impl RtBlocking for $name {
            fn spawn_blocking<T: Send + 'static>(
                f: impl FnOnce() -> T + Send + 'static,
            ) -> impl Future<Output = T> + 'static {
                blocking::unblock(f)
            }
        }

        impl RtSync for $name {
            type Lock = async_lock::Mutex<()>;
            type Semaphore = async_lock::Semaphore;
            type Event = event_listener::Event;
            type Sender = async_channel::Sender<u64>;
            type Receiver = async_channel::Receiver<u64>;

            fn lock() -> async_lock::Mutex<()> {
                async_lock::Mutex::new(())
            }

            async fn hold(lock: &async_lock::Mutex<()>) -> impl Sized {
                lock.lock().await
            }

            fn semaphore(permits: usize) -> async_lock::Semaphore {
                async_lock::Semaphore::new(permits)
            }

            async fn permit(semaphore: &async_lock::Semaphore) -> impl Sized {
                semaphore.acquire().await
            }

            fn event() -> event_listener::Event {
                event_listener::Event::new()
            }

            async fn listen(event: &event_listener::Event) {
                event.listen().await
            }

            fn wake_all(event: &event_listener::Event) {
                event.notify(usize::MAX);
            }

            fn channel(
                places: usize,
            ) -> (async_channel::Sender<u64>, async_channel::Receiver<u64>) {
                async_channel::bounded(places)
            }

            async fn send(to: &async_channel::Sender<u64>, value: u64) {
                to.send(value).await.unwrap();
            }

            async fn receive(from: &mut async_channel::Receiver<u64>) -> u64 {
                from.recv().await.unwrap()
            }

            async fn gather(tasks: Vec<Task<u64>>) -> u64 {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await;
                }
                sum
            }

            /// smol has no group; the tasks of a vector are the nearest.
            async fn group(count: u64) -> u64 {
                let tasks: Vec<_> = (0..count).map(|i| Self::spawn(async move { i })).collect();
                Self::gather(tasks).await
            }

            async fn timeout<F: Future>(limit: Duration, body: F) -> bool {
                let late = async {
                    async_io::Timer::after(limit).await;
                    false
                };
                let body = async {
                    body.await;
                    true
                };
                futures_lite::future::or(body, late).await
            }
        }

        impl RtNet for $name {
            async fn serve(l: std::net::TcpListener, mode: Mode) {
                let l = TcpListener::try_from(l).unwrap();
                loop {
                    let (s, _) = l.accept().await.unwrap();
                    Self::detach(connection(s, mode));
                }
            }
        }

        pub fn $run(name: &str, n: u64) -> Option<Outcome> {
            crate::workloads::all::<$name>(name, n)
                .or_else(|| crate::workloads::sync::<$name>(name, n))
        }
    };
}

flavour!(Smol, LOCAL, &*Box::leak(Box::new(LocalExecutor::new())), run);
flavour!(SmolStatic, STATIC, LocalExecutor::new().leak(), run_static);

struct Sleep(async_io::Timer);

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

super::connection::borrowing!(TcpStream);
