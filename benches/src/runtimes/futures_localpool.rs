//! futures::executor::LocalPool: an executor only, no timers and no I/O.
use crate::outcome::Outcome;
use crate::rt::Rt;
use futures::executor::{LocalPool, LocalSpawner};
use futures::future::RemoteHandle;
use futures::task::LocalSpawnExt;
use std::cell::RefCell;
use std::future::Future;

thread_local!(static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) });

struct FuturesLocalPool;

impl Rt for FuturesLocalPool {
    type Join<T: 'static> = RemoteHandle<T>;

    fn block_on<F: Future + 'static>(f: F) -> F::Output
    where
        F::Output: 'static,
    {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        pool.run_until(f)
    }

    #[inline]
    fn spawn<F: Future + 'static>(f: F) -> RemoteHandle<F::Output>
    where
        F::Output: 'static,
    {
        SPAWNER.with_borrow(|s| s.as_ref().unwrap().spawn_local_with_handle(f).unwrap())
    }

    #[inline]
    fn detach<F: Future<Output = ()> + 'static>(f: F) {
        SPAWNER.with_borrow(|s| s.as_ref().unwrap().spawn_local(f).unwrap())
    }
}

pub fn run(name: &str, n: u64) -> Option<Outcome> {
    crate::workloads::core::<FuturesLocalPool>(name, n)
}
