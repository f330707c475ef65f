//! Callbacks, first in first out, in batches of 1000 of which the last makes the next.
use super::BATCH;
use crate::parts::Slot;
use crate::rt::Rt;
use std::cell::Cell;
use std::rc::Rc;

struct Shared {
    n: u64,
    count: Cell<u64>,
    done: Slot<()>,
}

/// One op: schedule a callback and run it.
pub async fn callbacks<R: Rt>(n: u64) {
    let st = Rc::new(Shared { n, count: Cell::new(0), done: Slot::new() });
    batch::<R>(st.clone());
    st.done.get().await;
    assert_eq!(st.count.get(), n);
}

fn batch<R: Rt>(st: Rc<Shared>) {
    for _ in 1..BATCH {
        let st = st.clone();
        R::call_soon(move || st.count.set(st.count.get() + 1));
    }
    R::call_soon(move || {
        st.count.set(st.count.get() + 1);
        if st.count.get() < st.n { batch::<R>(st) } else { st.done.put(()) }
    });
}
