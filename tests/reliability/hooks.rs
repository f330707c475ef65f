//! A waker whose every function is the test's: cloning, waking and dropping it may do
//! anything, such as panic, or call back into the loop.

#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{RawWaker, RawWakerVTable, Waker};

/// What a waker is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Clone,
    Wake,
    Drop,
}

/// What the wakers of one test share.
pub(crate) struct Hooks {
    armed: AtomicBool,
    wakes: AtomicUsize,
    hook: Box<dyn Fn(Call) + Send + Sync>,
}

impl Hooks {
    /// A waker that does nothing until the hooks are armed.
    pub(crate) fn new(hook: impl Fn(Call) + Send + Sync + 'static) -> (Arc<Hooks>, Waker) {
        let hooks = Arc::new(Hooks {
            armed: AtomicBool::new(false),
            wakes: AtomicUsize::new(0),
            hook: Box::new(hook),
        });
        // SAFETY: `raw` gives the waker a count of the `Arc`, and the functions of the vtable
        // keep that up: clone adds one, wake and drop use one up, wake by reference none.
        let waker = unsafe { Waker::from_raw(raw(hooks.clone())) };
        (hooks, waker)
    }

    /// From now on, or not any more, calls reach the hook.
    pub(crate) fn arm(&self, on: bool) {
        self.armed.store(on, Ordering::SeqCst);
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }

    fn call(&self, call: Call) {
        if call == Call::Wake {
            self.wakes.fetch_add(1, Ordering::SeqCst);
        }
        if self.armed.load(Ordering::SeqCst) {
            (self.hook)(call);
        }
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

fn raw(hooks: Arc<Hooks>) -> RawWaker {
    RawWaker::new(Arc::into_raw(hooks).cast(), &VTABLE)
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned holds a count of this `Arc`.
    let hooks = unsafe { &*data.cast::<Hooks>() };
    hooks.call(Call::Clone);
    // SAFETY: as above; the new count is the clone's.
    unsafe { Arc::increment_strong_count(data.cast::<Hooks>()) };
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker is used up, and its count becomes this `Arc`'s.
    let hooks = unsafe { Arc::from_raw(data.cast::<Hooks>()) };
    hooks.call(Call::Wake);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker that is lent holds a count of this `Arc`.
    let hooks = unsafe { &*data.cast::<Hooks>() };
    hooks.call(Call::Wake);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker goes, and its count becomes this `Arc`'s.
    let hooks = unsafe { Arc::from_raw(data.cast::<Hooks>()) };
    hooks.call(Call::Drop);
}
