//! oneloop itself, used as its docs say.
use crate::outcome::Outcome;
use crate::rt::{ECHO_BUF, Mode, Rt, RtBlocking, RtNet, RtSync, RtTime, SINK_BUF};
use oneloop::net::{TcpListener, TcpStream};
use oneloop::{EventLoop, Task, TaskGroup, sync};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

struct Oneloop;

/// The task's value: nobody cancels here, and a panic is the workload's failure.
pub struct Join<T>(Task<T>);

impl<T: 'static> Future for Join<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|r| r.unwrap())
    }
}

impl Rt for Oneloop {
    type Join<T: 'static> = Join<T>;

    fn block_on<F: Future + 'static>(f: F) -> F::Output
    where
        F::Output: 'static,
    {
        let event_loop = EventLoop::builder().max_workers(4).build().unwrap();
        event_loop.run_until_complete(f).unwrap()
    }

    #[inline]
    fn spawn<F: Future + 'static>(f: F) -> Join<F::Output>
    where
        F::Output: 'static,
    {
        Join(oneloop::spawn(f))
    }

    #[inline]
    fn detach<F: Future<Output = ()> + 'static>(f: F) {
        drop(oneloop::spawn(f));
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        oneloop::yield_now()
    }

    #[inline]
    fn call_soon<F: FnOnce() + 'static>(f: F) {
        let _ = oneloop::call_soon(f);
    }
}

impl RtTime for Oneloop {
    fn sleep(d: Duration) -> impl Future<Output = ()> + 'static {
        oneloop::sleep(d)
    }
}

impl RtBlocking for Oneloop {
    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        let job = oneloop::run_blocking(f);
        async move { job.await.unwrap() }
    }
}

impl RtNet for Oneloop {
    async fn serve(l: std::net::TcpListener, mode: Mode) {
        l.set_nonblocking(true).unwrap();
        let l = TcpListener::from_std(l).unwrap();
        loop {
            let (s, _) = l.accept().await.unwrap();
            Self::detach(connection(s, mode));
        }
    }
}

async fn connection(s: TcpStream, mode: Mode) {
    match mode {
        Mode::Accept => {}
        Mode::Echo => {
            s.set_nodelay(true).unwrap();
            let mut buf = vec![0u8; ECHO_BUF];
            while let Ok(k @ 1..) = s.read(&mut buf).await {
                s.write_all(&buf[..k]).await.unwrap();
            }
        }
        Mode::Sink => {
            let mut buf = vec![0u8; SINK_BUF];
            let mut total = 0u64;
            while let Ok(k @ 1..) = s.read(&mut buf).await {
                total += k as u64;
            }
            s.write_all(&total.to_le_bytes()).await.unwrap();
        }
    }
}

impl RtSync for Oneloop {
    type Lock = sync::Lock;
    type Semaphore = sync::Semaphore;
    type Event = sync::Event;
    type Sender = sync::Queue<u64>;
    type Receiver = sync::Queue<u64>;

    fn lock() -> sync::Lock {
        sync::Lock::new()
    }

    async fn hold(lock: &sync::Lock) -> impl Sized {
        lock.acquire().await
    }

    fn semaphore(permits: usize) -> sync::Semaphore {
        sync::Semaphore::new(permits)
    }

    async fn permit(semaphore: &sync::Semaphore) -> impl Sized {
        semaphore.acquire().await
    }

    fn event() -> sync::Event {
        sync::Event::new()
    }

    async fn listen(event: &sync::Event) {
        event.wait().await
    }

    fn wake_all(event: &sync::Event) {
        event.set();
        event.clear();
    }

    fn channel(places: usize) -> (sync::Queue<u64>, sync::Queue<u64>) {
        let queue = sync::Queue::new(places);
        (queue.clone(), queue)
    }

    async fn send(to: &sync::Queue<u64>, value: u64) {
        to.put(value).await.unwrap();
    }

    async fn receive(from: &mut sync::Queue<u64>) -> u64 {
        from.get().await.unwrap()
    }

    async fn gather(tasks: Vec<Join<u64>>) -> u64 {
        let tasks = tasks.into_iter().map(|join| join.0);
        oneloop::gather(tasks).await.unwrap().unwrap().into_iter().sum()
    }

    async fn group(count: u64) -> u64 {
        let group = TaskGroup::<()>::new();
        let sum = Rc::new(Cell::new(0));
        let body = async {
            for i in 0..count {
                let sum = sum.clone();
                let task = async move {
                    sum.set(sum.get() + i);
                    Ok(())
                };
                group.spawn(task).unwrap();
            }
            Ok(())
        };
        group.run(body).await.unwrap();
        sum.get()
    }

    async fn timeout<F: Future>(limit: Duration, body: F) -> bool {
        oneloop::timeout(limit, body).await.is_ok()
    }
}

pub fn run(name: &str, n: u64) -> Option<Outcome> {
    crate::workloads::all::<Oneloop>(name, n).or_else(|| crate::workloads::sync::<Oneloop>(name, n))
}
