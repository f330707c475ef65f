//! Wakers are keys: one 64-bit word that names a loop and a task of it.
//!
//! So cloning and dropping a waker does nothing, and nothing a foreign thread holds
//! can keep a task, or a loop, alive. A wake looks for the loop among those of its
//! own thread and there pushes onto the ready queue without an atomic operation;
//! failing that it goes through the injector of the loop that has the number, if
//! there still is one. A word is never used twice (`slots.rs` for the task,
//! `context.rs` for the loop), so a stale waker is harmless by construction, for
//! ever, on any thread, also while a thread ends.

#![allow(unsafe_code)]

use super::context::{self, LOOP_BITS};
use super::slots::{KEY_BITS, Key};
use std::task::{RawWaker, RawWakerVTable, Waker};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("oneloop's wakers are 64-bit words: 32-bit targets would have to box them");

const _: () = assert!(LOOP_BITS + KEY_BITS == 64);

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |word| RawWaker::new(word, &VTABLE),
    |word| wake(word.addr()),
    |word| wake(word.addr()),
    |_| {},
);

/// The waker of task `key` of loop `loop_id`.
#[inline]
pub(crate) fn of(loop_id: u16, key: Key) -> Waker {
    let raw = RawWaker::new(std::ptr::without_provenance(word(loop_id, key)), &VTABLE);
    // SAFETY: the word is plain data that owns nothing; the functions of the vtable
    // are safe for every word, from every thread, at any time, any number of times.
    unsafe { Waker::from_raw(raw) }
}

/// Whether `waker` is the one of task `key` of loop `loop_id`.
#[inline]
pub(crate) fn is_of(waker: &Waker, loop_id: u16, key: Key) -> bool {
    waker.data().addr() == word(loop_id, key) && std::ptr::eq(waker.vtable(), &VTABLE)
}

#[inline]
fn word(loop_id: u16, key: Key) -> usize {
    (u64::from(loop_id) << KEY_BITS | key.to_bits()) as usize
}

#[inline]
fn wake(word: usize) {
    context::wake((word >> KEY_BITS) as u16, Key::from_bits(word as u64));
}
