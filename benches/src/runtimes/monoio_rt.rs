//! monoio, legacy (epoll through mio) and io_uring drivers. Built with its `sync`
//! feature, without which a wake from another thread panics.
use crate::outcome::Outcome;
use crate::rt::{ECHO_BUF, Mode, Rt, RtBlocking, RtNet, RtTime, SINK_BUF};
use monoio::blocking::DefaultThreadPool;
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use monoio::task::JoinHandle;
use monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};
use std::future::Future;
use std::time::Duration;

macro_rules! flavour {
    ($name:ident, $driver:ty, $nonblocking:expr, $run:ident) => {
        struct $name;

        impl Rt for $name {
            type Join<T: 'static> = JoinHandle<T>;

            fn block_on<F: Future + 'static>(f: F) -> F::Output
            where
                F::Output: 'static,
            {
                RuntimeBuilder::<$driver>::new()
                    .enable_timer()
                    .attach_thread_pool(Box::new(DefaultThreadPool::new(4)))
                    .build()
                    .unwrap()
                    .block_on(f)
            }

            #[inline]
            fn spawn<F: Future + 'static>(f: F) -> JoinHandle<F::Output>
            where
                F::Output: 'static,
            {
                monoio::spawn(f)
            }

            #[inline]
            fn detach<F: Future<Output = ()> + 'static>(f: F) {
                drop(monoio::spawn(f));
            }
        }

        impl RtTime for $name {
            fn sleep(d: Duration) -> impl Future<Output = ()> + 'static {
                monoio::time::sleep(d)
            }
        }

        impl RtBlocking for $name {
            fn spawn_blocking<T: Send + 'static>(
                f: impl FnOnce() -> T + Send + 'static,
            ) -> impl Future<Output = T> + 'static {
                let job = monoio::spawn_blocking(f);
                async move { job.await.ok().unwrap() }
            }
        }

        impl RtNet for $name {
            async fn serve(l: std::net::TcpListener, mode: Mode) {
                l.set_nonblocking($nonblocking).unwrap();
                let l = TcpListener::from_std(l).unwrap();
                loop {
                    let (s, _) = l.accept().await.unwrap();
                    Self::detach(connection(s, mode));
                }
            }
        }

        pub fn $run(name: &str, n: u64) -> Option<Outcome> {
            crate::workloads::all::<$name>(name, n)
        }
    };
}

flavour!(MonoioLegacy, LegacyDriver, true, run_legacy);
flavour!(MonoioUring, IoUringDriver, false, run_uring);

super::connection::owning!(TcpStream, |result, buf| (result, buf));
