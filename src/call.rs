//! `Call`: a closure that runs once, stored without an allocation when it is small.
//!
//! The ready queue holds one of these per callback. Three words inline take nearly
//! every closure that schedules something; larger ones are boxed. That is what the
//! `callbacks` row of the benchmarks pays for: a `Box<dyn FnOnce()>` in its place
//! costs an allocation and a free per callback, which is more than all the rest.
//!
//! A `Call` also knows the name of its closure's type, for reports.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, align_of, size_of};

const WORDS: usize = 3;
type Storage = [MaybeUninit<usize>; WORDS];

struct VTable {
    run: unsafe fn(*mut Storage),
    discard: unsafe fn(*mut Storage),
    name: fn() -> &'static str,
}

pub(crate) struct Call {
    data: Storage,
    vtable: &'static VTable,
    /// The closure may hold anything of this thread: a `Call` stays on it.
    not_send: PhantomData<*const ()>,
}

struct Inline<F, N>(PhantomData<(F, N)>);

impl<F: FnOnce(), N> Inline<F, N> {
    const VTABLE: VTable = VTable {
        // SAFETY: `Call::store` wrote an `F` here and `Call` runs or discards it once.
        run: |data| unsafe { data.cast::<F>().read() }(),
        // SAFETY: as above.
        discard: |data| unsafe { data.cast::<F>().drop_in_place() },
        name: std::any::type_name::<N>,
    };
}

impl Call {
    #[inline]
    pub(crate) fn new<F: FnOnce() + 'static>(f: F) -> Self {
        if size_of::<F>() <= size_of::<Storage>() && align_of::<F>() <= align_of::<Storage>() {
            Call::store::<F, F>(f)
        } else {
            Call::store::<Box<F>, F>(Box::new(f))
        }
    }

    /// Stores `f`, which fits, under the name of `N`.
    #[inline]
    fn store<F: FnOnce() + 'static, N: 'static>(f: F) -> Self {
        const { assert!(size_of::<Box<F>>() <= size_of::<Storage>()) };
        assert!(size_of::<F>() <= size_of::<Storage>() && align_of::<F>() <= align_of::<Storage>());
        let mut data = [MaybeUninit::uninit(); WORDS];
        // SAFETY: the assertion above says that an `F` fits `data` in size and alignment.
        unsafe { data.as_mut_ptr().cast::<F>().write(f) };
        Call { data, vtable: &Inline::<F, N>::VTABLE, not_send: PhantomData }
    }

    #[inline]
    pub(crate) fn run(self) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so this is the only use of the closure.
        unsafe { (this.vtable.run)(&mut this.data) }
    }

    /// The type name of the closure or function.
    pub(crate) fn name(&self) -> &'static str {
        (self.vtable.name)()
    }

    /// As [`name`](Self::name), for later.
    #[inline]
    pub(crate) fn namer(&self) -> fn() -> &'static str {
        self.vtable.name
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // SAFETY: `run` forgets the call, so a call that is dropped still holds its closure.
        unsafe { (self.vtable.discard)(&mut self.data) }
    }
}
