//! The global allocator: malloc, and a count when switched on.
//!
//! `--count` and the memory workloads switch it on. Off, it costs one relaxed
//! load, the same for every runtime.
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static ALLOCS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

pub fn enable() {
    ON.store(true, Relaxed);
}

pub fn enabled() -> bool {
    ON.load(Relaxed)
}

/// Allocations since it was switched on.
pub fn allocs() -> u64 {
    ALLOCS.load(Relaxed)
}

/// Bytes asked for since it was switched on.
pub fn bytes() -> u64 {
    BYTES.load(Relaxed)
}

/// Bytes asked for and not given back since it was switched on.
pub fn live() -> i64 {
    LIVE.load(Relaxed)
}

#[cold]
fn add(size: usize) {
    ALLOCS.fetch_add(1, Relaxed);
    BYTES.fetch_add(size as u64, Relaxed);
    LIVE.fetch_add(size as i64, Relaxed);
}

#[cold]
fn sub(size: usize) {
    LIVE.fetch_sub(size as i64, Relaxed);
}

// SAFETY: every call goes to `System` with the caller's own arguments; the
// counters are atomics and never allocate.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if enabled() {
            add(layout.size());
        }
        // SAFETY: the caller keeps the contract of `alloc`, which is System's.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if enabled() {
            add(layout.size());
        }
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if enabled() {
            sub(layout.size());
        }
        // SAFETY: `ptr` came from System, since all our memory does.
        unsafe { System.dealloc(ptr, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if enabled() {
            add(new_size);
            sub(layout.size());
        }
        // SAFETY: as in `dealloc`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
