//! `Waiters`: who wants to know when something is done, in the order in which they came.
//!
//! Tasks that await and callbacks that were added are one list (rule 8). A waiter has a
//! number, by which it is found to be given a new waker (its place stays) or taken out when
//! it goes away; numbers rise along the list and are never used twice. Adding is O(1),
//! finding O(log n); gaps left by those who went are closed when they are more than half.
//!
//! One word when nobody waits. Does not know what is waited for.

use crate::call::Call;
use crate::observe::Site;
use std::task::Waker;

pub(crate) enum Waiter {
    Waker(Waker),
    Call(Call, Site),
}

#[derive(Default)]
pub(crate) struct Waiters(pub(crate) Option<Box<List>>);

#[derive(Default)]
pub(crate) struct List {
    pub(crate) entries: Vec<(u64, Option<Waiter>)>,
    gaps: usize,
}

impl Waiters {
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |list| list.entries.len() - list.gaps)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds a waiter at the end; `number` is higher than any before.
    pub(crate) fn push(&mut self, number: u64, waiter: Waiter) {
        self.0.get_or_insert_default().entries.push((number, Some(waiter)));
    }

    /// Gives a waiting task its newest waker; the old one is for the caller to drop.
    ///
    /// # Errors
    /// When nobody waits under that number; the waker comes back.
    pub(crate) fn update(&mut self, number: u64, waker: Waker) -> Result<Waker, Waker> {
        let place = self.find(number).and_then(|(list, i)| list.entries[i].1.as_mut());
        match place {
            Some(Waiter::Waker(old)) => Ok(std::mem::replace(old, waker)),
            _ => Err(waker),
        }
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Waiter> {
        let (list, i) = self.find(number)?;
        let waiter = list.entries[i].1.take()?;
        list.gaps += 1;
        if list.gaps * 2 > list.entries.len() {
            list.entries.retain(|(_, waiter)| waiter.is_some());
            list.gaps = 0;
        }
        if list.entries.is_empty() {
            self.0 = None;
        }
        Some(waiter)
    }

    /// Takes all, in order; the list is empty then.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waiter> + use<> {
        let entries = self.0.take().map(|list| list.entries).unwrap_or_default();
        entries.into_iter().filter_map(|(_, waiter)| waiter)
    }

    fn find(&mut self, number: u64) -> Option<(&mut List, usize)> {
        let list = self.0.as_mut()?;
        let i = list.entries.binary_search_by_key(&number, |(n, _)| *n).ok()?;
        Some((list, i))
    }
}
