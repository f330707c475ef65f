//! `Buffer`: bytes that came and were not asked for yet. Empty, it is no allocation.

use super::memory::Memory;
use std::rc::Rc;

pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// What is before was taken.
    start: usize,
    memory: Rc<Memory>,
}

impl Buffer {
    pub(super) fn new(memory: Rc<Memory>) -> Self {
        Buffer { bytes: Vec::new(), start: 0, memory }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        // What was taken is moved over only when that is most of it: O(1) per byte.
        if self.start > self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
        self.memory.add(bytes.len());
    }

    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = match (count >= self.len(), self.start) {
            (true, 0) => {
                let taken = std::mem::take(&mut self.bytes);
                self.memory.sub(taken.len());
                return taken;
            }
            (true, _) => self.bytes().to_vec(),
            (false, _) => self.bytes()[..count].to_vec(),
        };
        self.discard(taken.len());
        taken
    }

    /// Drops the first `count`, or all.
    pub(super) fn discard(&mut self, count: usize) {
        let count = count.min(self.len());
        self.start += count;
        if self.is_empty() {
            (self.bytes, self.start) = (Vec::new(), 0);
        }
        self.memory.sub(count);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.memory.sub(self.len());
    }
}
