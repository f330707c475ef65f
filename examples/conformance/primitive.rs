//! `Primitive`: a lock, event, barrier or queue of a scenario, held and released by hand.

use crate::scenario::Kind;
use crate::value::Exc;
use oneloop::sync::{Barrier, BoundedSemaphore, Condition, Event, GetError, LifoQueue, Lock};
use oneloop::sync::{PriorityQueue, PutError, Queue, Semaphore};

#[derive(Clone, Debug)]
pub(crate) enum Primitive {
    Lock(Lock),
    Semaphore(Semaphore),
    BoundedSemaphore(BoundedSemaphore),
    Event(Event),
    Condition(Condition),
    Barrier(Barrier),
    Queue(Queue<i64>),
    LifoQueue(LifoQueue<i64>),
    PriorityQueue(PriorityQueue<i64>),
}

/// Does the same to a queue of whichever kind.
macro_rules! with_queue {
    ($this:expr, $by:literal, $queue:ident => $do:expr) => {
        match $this {
            Primitive::Queue($queue) => $do,
            Primitive::LifoQueue($queue) => $do,
            Primitive::PriorityQueue($queue) => $do,
            other => other.misused($by),
        }
    };
}

impl Primitive {
    /// `None`: it is something else.
    pub(crate) fn new(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Future => return None,
            Kind::Lock => Primitive::Lock(Lock::new()),
            Kind::Semaphore(permits) => Primitive::Semaphore(Semaphore::new(*permits)),
            Kind::BoundedSemaphore(permits) => {
                Primitive::BoundedSemaphore(BoundedSemaphore::new(*permits))
            }
            Kind::Event => Primitive::Event(Event::new()),
            Kind::Condition => Primitive::Condition(Condition::new()),
            Kind::Barrier(parties) => Primitive::Barrier(Barrier::new(*parties)),
            Kind::Queue(size) => Primitive::Queue(Queue::new(*size)),
            Kind::LifoQueue(size) => Primitive::LifoQueue(LifoQueue::new(*size)),
            Kind::PriorityQueue(size) => Primitive::PriorityQueue(PriorityQueue::new(*size)),
        })
    }

    // -- what never waits ---------------------------------------------------

    pub(crate) fn release(&self) -> Result<(), Exc> {
        match self {
            Primitive::Lock(lock) => lock.release().map_err(|_| Exc::RUNTIME),
            Primitive::Condition(condition) => condition.lock().release().map_err(|_| Exc::RUNTIME),
            Primitive::BoundedSemaphore(semaphore) => semaphore.release().map_err(|_| Exc::VALUE),
            Primitive::Semaphore(semaphore) => {
                semaphore.release();
                Ok(())
            }
            other => other.misused("release"),
        }
    }

    pub(crate) fn set(&self) {
        match self {
            Primitive::Event(event) => event.set(),
            other => other.misused("set"),
        }
    }

    pub(crate) fn clear(&self) {
        match self {
            Primitive::Event(event) => event.clear(),
            other => other.misused("clear"),
        }
    }

    pub(crate) fn notify(&self, count: usize) -> Result<(), Exc> {
        match self {
            Primitive::Condition(condition) => condition.notify(count).map_err(|_| Exc::RUNTIME),
            other => other.misused("notify"),
        }
    }

    pub(crate) fn put_nowait(&self, item: i64) -> Result<(), Exc> {
        let put = with_queue!(self, "put_nowait", queue => queue.put_nowait(item));
        put.map_err(|error| match error {
            PutError::Full(_) => Exc::QUEUE_FULL,
            PutError::ShutDown(_) => Exc::QUEUE_SHUT_DOWN,
        })
    }

    pub(crate) fn get_nowait(&self) -> Result<i64, Exc> {
        let got = with_queue!(self, "get_nowait", queue => queue.get_nowait());
        got.map_err(|error| match error {
            GetError::Empty => Exc::QUEUE_EMPTY,
            GetError::ShutDown => Exc::QUEUE_SHUT_DOWN,
        })
    }

    pub(crate) fn task_done(&self) -> Result<(), Exc> {
        with_queue!(self, "task_done", queue => queue.task_done()).map_err(|_| Exc::VALUE)
    }

    pub(crate) fn shutdown(&self, immediate: bool) {
        with_queue!(self, "shutdown", queue => queue.shutdown(immediate));
    }

    // -- what may wait ------------------------------------------------------

    /// Takes it, for somebody to [`release`](Self::release): maybe somebody else, as
    /// asyncio allows.
    pub(crate) async fn acquire(&self) {
        match self {
            Primitive::Lock(lock) => lock.acquire().await.forget(),
            Primitive::Semaphore(semaphore) => semaphore.acquire().await.forget(),
            Primitive::BoundedSemaphore(semaphore) => semaphore.acquire().await.forget(),
            Primitive::Condition(condition) => condition.acquire().await.forget(),
            other => other.misused("acquire"),
        }
    }

    pub(crate) async fn wait_event(&self) {
        match self {
            Primitive::Event(event) => event.wait().await,
            other => other.misused("wait_event"),
        }
    }

    pub(crate) async fn wait_condition(&self) -> Result<(), Exc> {
        match self {
            Primitive::Condition(condition) => condition.wait().await.map_err(|_| Exc::RUNTIME),
            other => other.misused("wait_condition"),
        }
    }

    pub(crate) async fn wait_barrier(&self) -> Result<usize, Exc> {
        match self {
            Primitive::Barrier(barrier) => barrier.wait().await.map_err(|_| Exc::BROKEN_BARRIER),
            other => other.misused("wait_barrier"),
        }
    }

    pub(crate) async fn put(&self, item: i64) -> Result<(), Exc> {
        let put = with_queue!(self, "put", queue => queue.put(item).await);
        put.map_err(|_| Exc::QUEUE_SHUT_DOWN)
    }

    pub(crate) async fn get(&self) -> Result<i64, Exc> {
        let got = with_queue!(self, "get", queue => queue.get().await);
        got.map_err(|_| Exc::QUEUE_SHUT_DOWN)
    }

    pub(crate) async fn join(&self) {
        with_queue!(self, "join", queue => queue.join().await);
    }

    fn misused(&self, by: &str) -> ! {
        panic!("{by} is not for {self:?}")
    }
}
