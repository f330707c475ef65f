//! Callbacks: boxed closures through a VecDeque.
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

thread_local! {
    static QUEUE: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

pub fn callbacks(n: u64) {
    let count = Rc::new(Cell::new(0u64));
    for _ in 0..n / 1000 {
        for _ in 0..1000 {
            let count = count.clone();
            let f = Box::new(move || count.set(count.get() + 1));
            QUEUE.with_borrow_mut(|q| q.push_back(f));
        }
        while let Some(f) = QUEUE.with_borrow_mut(|q| q.pop_front()) {
            f();
        }
    }
    assert_eq!(count.get(), n);
}
