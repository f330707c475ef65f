//! `Memory`: what the streams of a loop have buffered, all together, and its bound.

use crate::LoopHandle;
use crate::sync::Event;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The bound for all streams of a loop, unless it is set otherwise.
const MAX_BUFFERED: usize = 256 << 20;
/// The most that one read takes from a connection.
pub(super) const CHUNK: usize = 64 << 10;

/// The count, and one place to read into for all: a connection at which nothing arrives
/// needs none of its own.
pub(super) struct Memory {
    buffered: Cell<usize>,
    max: Cell<usize>,
    /// Set while there is room.
    room: Event,
    scratch: RefCell<Vec<u8>>,
}

impl Memory {
    pub(super) fn of(handle: &LoopHandle) -> Rc<Memory> {
        handle.extension(|| {
            let room = Event::new();
            room.set();
            let (buffered, max) = (Cell::new(0), Cell::new(MAX_BUFFERED));
            Memory { buffered, max, room, scratch: RefCell::default() }
        })
    }

    pub(super) fn add(&self, count: usize) {
        self.set(self.buffered.get() + count);
    }

    pub(super) fn sub(&self, count: usize) {
        self.set(self.buffered.get().saturating_sub(count));
    }

    fn set(&self, buffered: usize) {
        self.buffered.set(buffered);
        match buffered < self.max.get() {
            true => self.room.set(),
            false => self.room.clear(),
        }
    }

    /// Waits until the others have left some room for one that has `own` bytes.
    pub(super) async fn room(&self, own: usize) {
        while !self.has_room(own) {
            self.room.wait().await;
        }
    }

    /// Whether the others leave room for one that has `own` bytes.
    pub(super) fn has_room(&self, own: usize) -> bool {
        self.buffered.get().saturating_sub(own) < self.max.get()
    }

    /// The common place to read into. It is taken, not borrowed: who reads may be read by.
    pub(super) fn take_scratch(&self) -> Vec<u8> {
        let mut scratch = self.scratch.take();
        scratch.resize(CHUNK, 0);
        scratch
    }

    pub(super) fn put_back(&self, scratch: Vec<u8>) {
        self.scratch.replace(scratch);
    }
}

impl LoopHandle {
    /// How many bytes the streams of this loop have buffered, to be read and to be sent.
    pub fn stream_bytes_buffered(&self) -> usize {
        Memory::of(self).buffered.get()
    }

    /// Bounds what the streams of this loop buffer all together; at first, 256 MiB. When
    /// it is reached, reads wait until others have given some back. A stream that nobody
    /// else leaves no room for does not wait for itself, and
    /// [`read_to_end`](crate::streams::StreamReader::read_to_end) does not wait at all.
    pub fn set_max_stream_bytes_buffered(&self, max: usize) {
        let memory = Memory::of(self);
        memory.max.set(max.max(1));
        memory.add(0);
    }
}
