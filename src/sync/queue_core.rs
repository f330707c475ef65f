//! `Core`: a queue, whatever its order; and the orders.

use super::error::{GetError, PutError, QueueShutDown, TooManyTaskDone};
use super::wait_queue::WaitQueue;
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

/// Where the items are: it decides which one comes next.
pub(super) trait Store: Default {
    type Item;

    fn put(&mut self, item: Self::Item);
    fn take(&mut self) -> Option<Self::Item>;
    fn len(&self) -> usize;
}

pub(super) struct Core<S> {
    /// 0: no limit.
    maxsize: usize,
    items: RefCell<S>,
    /// Items that were put and not dealt with.
    unfinished: Cell<usize>,
    shut_down: Cell<bool>,
    getters: WaitQueue,
    putters: WaitQueue,
    joiners: WaitQueue,
}

impl<S: Store> Core<S> {
    pub(super) fn new(maxsize: usize) -> Self {
        Core {
            maxsize,
            items: RefCell::default(),
            unfinished: Cell::new(0),
            shut_down: Cell::new(false),
            getters: WaitQueue::default(),
            putters: WaitQueue::default(),
            joiners: WaitQueue::default(),
        }
    }

    pub(super) async fn put(&self, mut item: S::Item) -> Result<(), QueueShutDown<S::Item>> {
        loop {
            match self.put_nowait(item) {
                Ok(()) => return Ok(()),
                Err(PutError::ShutDown(item)) => return Err(QueueShutDown(item)),
                Err(PutError::Full(back)) => item = back,
            }
            // A place that was freed for one who went is for the next.
            let gone = |woken| {
                if woken && !self.is_full() {
                    self.putters.wake_next();
                }
            };
            self.putters.wait(gone).await;
        }
    }

    pub(super) fn put_nowait(&self, item: S::Item) -> Result<(), PutError<S::Item>> {
        if self.shut_down.get() {
            return Err(PutError::ShutDown(item));
        }
        if self.is_full() {
            return Err(PutError::Full(item));
        }
        let _counts = Putting { core: self, before: self.len() };
        self.items.borrow_mut().put(item);
        Ok(())
    }

    pub(super) async fn get(&self) -> Result<S::Item, QueueShutDown> {
        loop {
            match self.get_nowait() {
                Ok(item) => return Ok(item),
                Err(GetError::ShutDown) => return Err(QueueShutDown(())),
                Err(GetError::Empty) => {}
            }
            // An item that came for one who went is for the next.
            let gone = |woken| {
                if woken && self.len() > 0 {
                    self.getters.wake_next();
                }
            };
            self.getters.wait(gone).await;
        }
    }

    pub(super) fn get_nowait(&self) -> Result<S::Item, GetError> {
        let taken = self.items.borrow_mut().take();
        match taken {
            Some(item) => {
                self.putters.wake_next();
                Ok(item)
            }
            None if self.shut_down.get() => Err(GetError::ShutDown),
            None => Err(GetError::Empty),
        }
    }

    pub(super) fn task_done(&self) -> Result<(), TooManyTaskDone> {
        if self.unfinished.get() == 0 {
            return Err(TooManyTaskDone(()));
        }
        self.finish(1);
        Ok(())
    }

    fn finish(&self, count: usize) {
        self.unfinished.set(self.unfinished.get().saturating_sub(count));
        if self.unfinished.get() == 0 {
            self.joiners.wake_all();
        }
    }

    pub(super) async fn join(&self) {
        while self.unfinished.get() > 0 {
            if self.joiners.wait(|_| ()).await {
                return;
            }
        }
    }

    pub(super) fn shutdown(&self, immediate: bool) {
        self.shut_down.set(true);
        let dropped = immediate.then(|| self.items.take());
        if let Some(dropped) = &dropped {
            self.finish(dropped.len());
        }
        self.getters.wake_all();
        self.putters.wake_all();
        // Last, because what items do when they are dropped is not ours.
        drop(dropped);
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.get()
    }

    pub(super) fn len(&self) -> usize {
        self.items.borrow().len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.maxsize > 0 && self.len() >= self.maxsize
    }

    pub(super) fn maxsize(&self) -> usize {
        self.maxsize
    }

    pub(super) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (getters, putters) = (self.getters.len(), self.putters.len());
        write!(f, "{name}({} items, ", self.len())?;
        if self.maxsize > 0 {
            write!(f, "room for {}, ", self.maxsize)?;
        }
        write!(f, "{} unfinished, {getters} getting, {putters} putting, ", self.unfinished.get())?;
        write!(f, "{} joining", self.joiners.len())?;
        f.write_str(if self.is_shut_down() { ", shut down)" } else { ")" })
    }
}

/// An item is being put: it is counted also if a comparison panicked, and it is in all the same.
struct Putting<'a, S: Store> {
    core: &'a Core<S>,
    before: usize,
}

impl<S: Store> Drop for Putting<'_, S> {
    fn drop(&mut self) {
        if self.core.len() > self.before {
            self.core.unfinished.set(self.core.unfinished.get() + 1);
            self.core.getters.wake_next();
        }
    }
}

impl<T> Store for VecDeque<T> {
    type Item = T;

    fn put(&mut self, item: T) {
        self.push_back(item);
    }

    fn take(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// The newest first.
pub(super) struct Stack<T>(Vec<T>);

impl<T> Default for Stack<T> {
    fn default() -> Self {
        Stack(Vec::new())
    }
}

impl<T> Store for Stack<T> {
    type Item = T;

    fn put(&mut self, item: T) {
        self.0.push(item);
    }

    fn take(&mut self) -> Option<T> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The least first; of equal ones the oldest.
pub(super) struct Heap<T> {
    entries: BinaryHeap<Reverse<Entry<T>>>,
    next: u64,
}

struct Entry<T> {
    item: T,
    number: u64,
}

impl<T: Ord> Default for Heap<T> {
    fn default() -> Self {
        Heap { entries: BinaryHeap::new(), next: 0 }
    }
}

impl<T: Ord> Store for Heap<T> {
    type Item = T;

    fn put(&mut self, item: T) {
        let number = self.next;
        self.next += 1;
        self.entries.push(Reverse(Entry { item, number }));
    }

    fn take(&mut self) -> Option<T> {
        self.entries.pop().map(|Reverse(entry)| entry.item)
    }

    fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<T: Ord> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.item.cmp(&other.item).then(self.number.cmp(&other.number))
    }
}

impl<T: Ord> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Ord> Eq for Entry<T> {}
