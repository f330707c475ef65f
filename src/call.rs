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
use std::mem::{MaybeUninit, align_of, size_of};

const WORDS: usize = 3;
type Storage = [MaybeUninit<usize>; WORDS];

// SAFETY: what both functions ask of their caller is that the storage holds the closure
// they were made for, and that nobody uses it after: `Call` keeps the two together.
struct VTable {
    run: unsafe fn(*mut Storage),
    discard: unsafe fn(*mut Storage),
    name: fn() -> &'static str,
}

/// A closure to run once, or none.
pub(crate) struct Call {
    data: Storage,
    /// Whose closure `data` holds; `None`: it has run, or was never there.
    vtable: Option<&'static VTable>,
    /// The closure may hold anything of this thread: a `Call` stays on it.
    not_send: PhantomData<*const ()>,
}

struct Inline<F, N>(PhantomData<(F, N)>);

impl<F: FnOnce(), N> Inline<F, N> {
    const VTABLE: VTable = VTable {
        // SAFETY: only called with the storage of a `Call` that holds an `F`, which is
        // marked empty before: so this is the only use of the closure.
        run: |data| unsafe { data.cast::<F>().read() }(),
        // SAFETY: as above.
        discard: |data| unsafe { data.cast::<F>().drop_in_place() },
        name: std::any::type_name::<N>,
    };
}

impl Call {
    #[inline(always)]
    pub(crate) fn new<F: FnOnce() + 'static>(f: F) -> Self {
        let mut call = Call::empty();
        call.set(f);
        call
    }

    #[inline(always)]
    pub(crate) fn empty() -> Self {
        Call { data: [MaybeUninit::uninit(); WORDS], vtable: None, not_send: PhantomData }
    }

    /// Puts a closure in, where there is none. In place: a closure that is written word
    /// by word and then copied as a whole stalls the processor, for as long as all the
    /// rest of `call_soon` takes.
    #[inline(always)]
    pub(crate) fn set<F: FnOnce() + 'static>(&mut self, f: F) {
        if size_of::<F>() <= size_of::<Storage>() && align_of::<F>() <= align_of::<Storage>() {
            self.store::<F, F>(f);
        } else {
            self.store::<Box<F>, F>(Box::new(f));
        }
    }

    /// Stores `f`, which fits, under the name of `N`.
    #[inline(always)]
    fn store<F: FnOnce() + 'static, N: 'static>(&mut self, f: F) {
        assert!(self.vtable.is_none(), "one closure at a time");
        assert!(size_of::<F>() <= size_of::<Storage>() && align_of::<F>() <= align_of::<Storage>());
        // SAFETY: the assertion above says that an `F` fits `data` in size and alignment.
        unsafe { self.data.as_mut_ptr().cast::<F>().write(f) };
        self.vtable = Some(&Inline::<F, N>::VTABLE);
    }

    /// Runs the closure, if there is one; then there is none.
    #[inline]
    pub(crate) fn run(&mut self) {
        if let Some(vtable) = self.vtable.take() {
            // SAFETY: a vtable is there if and only if `data` holds its closure, and now
            // it is not there any more.
            unsafe { (vtable.run)(&mut self.data) }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.vtable.is_none()
    }

    /// The type name of the closure or function.
    pub(crate) fn name(&self) -> &'static str {
        self.namer()()
    }

    /// As [`name`](Self::name), for later.
    #[inline]
    pub(crate) fn namer(&self) -> fn() -> &'static str {
        self.vtable.map_or(|| "(cancelled)", |vtable| vtable.name)
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if let Some(vtable) = self.vtable.take() {
            // SAFETY: as in `run`.
            unsafe { (vtable.discard)(&mut self.data) }
        }
    }
}

/// `f`, run at the latest when it is dropped.
pub(crate) fn surely<F: FnOnce()>(f: F) -> impl FnOnce() {
    struct Surely<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Surely<F> {
        fn drop(&mut self) {
            if let Some(f) = self.0.take() {
                f();
            }
        }
    }
    let f = Surely(Some(f));
    move || drop(f)
}
