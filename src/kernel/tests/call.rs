//! `Call`: a closure of any size and alignment runs once or is dropped once.
//!
//! It is one of the two files with unsafe code, so `.ci/asan` looks on.

use crate::call::Call;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Counts what happens to a closure that holds it.
struct Fate {
    runs: Rc<Cell<u32>>,
    drops: Rc<Cell<u32>>,
}

impl Drop for Fate {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
    }
}

#[repr(align(64))]
#[derive(Clone, Copy)]
struct Aligned<const N: usize>([u8; N]);

/// Runs, drops, and replaces calls that hold `load` beside their fate.
fn one_fate<T: Copy + PartialEq + std::fmt::Debug + 'static>(load: T) {
    let (runs, drops) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let expected = load;
    let make = || {
        let fate = Fate { runs: runs.clone(), drops: drops.clone() };
        Call::new(move || {
            assert_eq!(load, expected);
            fate.runs.set(fate.runs.get() + 1);
        })
    };
    let mut call = make();
    assert!(!call.is_empty());
    call.run();
    assert!(call.is_empty());
    call.run();
    assert_eq!((runs.get(), drops.get()), (1, 1));
    drop(call);
    drop(make());
    assert_eq!((runs.get(), drops.get()), (1, 2));
    let mut moved = Vec::from_iter((0..10).map(|_| make()));
    moved.swap(0, 9);
    let taken = std::mem::replace(&mut moved[5], Call::empty());
    assert!(moved[5].is_empty() && !taken.is_empty());
    moved.iter_mut().for_each(Call::run);
    drop((moved, taken));
    assert_eq!((runs.get(), drops.get()), (10, 12));
}

impl<const N: usize> PartialEq for Aligned<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<const N: usize> std::fmt::Debug for Aligned<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[test]
fn a_closure_of_any_size_runs_once_or_is_dropped_once() {
    one_fate(());
    one_fate(1_u8);
    one_fate([1_u8; 7]);
    one_fate([1_u8; 8]);
    one_fate([1_u8; 9]);
    one_fate([1_u64; 100]);
    one_fate(Aligned([1; 64]));
    one_fate(1_u128);
}

#[test]
fn a_closure_that_panics_is_dropped_once() {
    let (runs, drops) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let fate = Fate { runs, drops: drops.clone() };
    let mut call = Call::new(move || panic!("{}", fate.runs.get()));
    assert!(catch_unwind(AssertUnwindSafe(|| call.run())).is_err());
    assert!(call.is_empty());
    drop(call);
    assert_eq!(drops.get(), 1);
}

#[test]
fn a_call_knows_the_name_of_its_closure() {
    fn named() {}
    assert!(Call::new(named).name().ends_with("named"));
    assert_eq!(Call::empty().name(), "(cancelled)");
}
