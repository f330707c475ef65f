//! compio, polling and io_uring drivers.
use crate::outcome::Outcome;
use crate::rt::{ECHO_BUF, Mode, Rt, RtBlocking, RtNet, RtTime, SINK_BUF};
use compio::BufResult;
use compio::driver::{DriverType, ProactorBuilder};
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::{JoinHandle, Runtime};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

pub struct Join<T>(JoinHandle<T>);

impl<T> Future for Join<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|r| match r {
            Ok(v) => v,
            Err(_) => panic!("task failed"),
        })
    }
}

macro_rules! flavour {
    ($name:ident, $driver:expr, $run:ident) => {
        struct $name;

        impl Rt for $name {
            type Join<T: 'static> = Join<T>;

            fn block_on<F: Future + 'static>(f: F) -> F::Output
            where
                F::Output: 'static,
            {
                let mut p = ProactorBuilder::new();
                p.driver_type($driver).thread_pool_limit(4);
                let rt = Runtime::builder().with_proactor(p).build().unwrap();
                assert_eq!(rt.driver_type(), $driver);
                rt.block_on(f)
            }

            #[inline]
            fn spawn<F: Future + 'static>(f: F) -> Join<F::Output>
            where
                F::Output: 'static,
            {
                Join(compio::runtime::spawn(f))
            }

            #[inline]
            fn detach<F: Future<Output = ()> + 'static>(f: F) {
                compio::runtime::spawn(f).detach()
            }
        }

        impl RtTime for $name {
            fn sleep(d: Duration) -> impl Future<Output = ()> + 'static {
                compio::runtime::time::sleep(d)
            }
        }

        impl RtBlocking for $name {
            fn spawn_blocking<T: Send + 'static>(
                f: impl FnOnce() -> T + Send + 'static,
            ) -> impl Future<Output = T> + 'static {
                Join(compio::runtime::spawn_blocking(f))
            }
        }

        impl RtNet for $name {
            async fn serve(l: std::net::TcpListener, mode: Mode) {
                l.set_nonblocking($driver == DriverType::Poll).unwrap();
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

flavour!(CompioPoll, DriverType::Poll, run_poll);
flavour!(CompioUring, DriverType::IoUring, run_uring);

super::connection::owning!(TcpStream, |result, buf| BufResult(result, buf));
