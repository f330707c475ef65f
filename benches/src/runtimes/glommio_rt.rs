//! glommio (io_uring, thread per core).
use crate::outcome::{Outcome, decline, listening};
use crate::rt::{ECHO_BUF, Mode, Rt, RtBlocking, RtNet, RtTime, SINK_BUF};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::net::{TcpListener, TcpStream};
use glommio::timer::Timer;
use glommio::{LocalExecutorBuilder, Placement, Task};
use std::future::Future;
use std::time::Duration;

struct Glommio;

impl Rt for Glommio {
    type Join<T: 'static> = Task<T>;

    fn block_on<F: Future + 'static>(f: F) -> F::Output
    where
        F::Output: 'static,
    {
        let builder = LocalExecutorBuilder::new(Placement::Unbound);
        builder.make().unwrap().run(f)
    }

    #[inline]
    fn spawn<F: Future + 'static>(f: F) -> Task<F::Output>
    where
        F::Output: 'static,
    {
        glommio::spawn_local(f)
    }

    #[inline]
    fn detach<F: Future<Output = ()> + 'static>(f: F) {
        glommio::spawn_local(f).detach();
    }

    async fn yield_now() {
        glommio::executor().yield_now().await
    }
}

impl RtTime for Glommio {
    async fn sleep(d: Duration) {
        Timer::new(d).await;
    }
}

impl RtBlocking for Glommio {
    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        // lazy by itself: a task makes it start at once, as the others do
        glommio::spawn_local(async move { glommio::executor().spawn_blocking(f).await })
    }
}

impl RtNet for Glommio {
    const BINDS_ITSELF: bool = true;

    async fn serve(l: std::net::TcpListener, mode: Mode) {
        let address = l.local_addr().unwrap();
        drop(l);
        let l = TcpListener::bind(address).unwrap();
        listening(address.port());
        loop {
            let s = l.accept().await.unwrap();
            Self::detach(connection(s, mode));
        }
    }
}

super::connection::borrowing!(TcpStream);

pub fn run(name: &str, n: u64) -> Option<Outcome> {
    if name == "timers_live1m" {
        decline("it counts a task's references in 16 bits");
    }
    crate::workloads::all::<Glommio>(name, n)
}
