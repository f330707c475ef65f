//! `Waiters` against a `Vec` of numbers.

use super::super::waiters::{Waiter, Waiters};
use super::{Rng, thousand_seeds};
use crate::call::Call;
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

/// A waiter that tells its number when it is called.
fn waiter(number: u64, told: &Rc<RefCell<Vec<u64>>>) -> Waiter {
    let told = told.clone();
    Waiter::Call(Call::new(move || told.borrow_mut().push(number)), Location::caller())
}

fn tell_all(list: &mut Waiters) {
    for waiter in list.take() {
        match waiter {
            Waiter::Call(mut call, _) => call.run(),
            Waiter::Waker(_) => panic!("nobody waits by waker here"),
        }
    }
}

fn remove_one(list: &mut Waiters, model: &mut Vec<u64>, rng: &mut Rng, next: u64) {
    let number = rng.below(next as usize + 1) as u64;
    let place = model.iter().position(|n| *n == number);
    assert_eq!(list.remove(number).is_some(), place.is_some());
    if let Some(place) = place {
        model.remove(place);
    }
}

#[test]
fn waiters_agree_with_a_list() {
    thousand_seeds(|rng| {
        let (mut list, mut model) = (Waiters::default(), Vec::new());
        let told = Rc::new(RefCell::new(Vec::new()));
        let mut next = 0;
        for _ in 0..300 {
            match rng.below(20) {
                0..10 => {
                    list.push(next, waiter(next, &told));
                    model.push(next);
                    next += 1;
                }
                10..19 => remove_one(&mut list, &mut model, rng, next),
                _ => {
                    tell_all(&mut list);
                    assert_eq!(told.take(), std::mem::take(&mut model));
                }
            }
            assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
        }
        tell_all(&mut list);
        assert_eq!((told.take(), list.len()), (model, 0));
    });
}

#[test]
fn lw_008_a_newer_waker_takes_the_place_of_the_old_one() {
    let (old, new) = (Waker::from(Arc::new(Nobody)), Waker::from(Arc::new(Nobody)));
    let mut list = Waiters::default();
    list.push(3, Waiter::Waker(old.clone()));
    let replaced = list.update(3, new.clone()).expect("somebody waits as 3");
    assert!(replaced.will_wake(&old));
    let left: Vec<_> = list.take().collect();
    assert!(matches!(&left[..], [Waiter::Waker(waker)] if waker.will_wake(&new)));
    assert!(list.update(3, old).is_err());
}

#[test]
fn a_list_from_which_all_have_gone_holds_nothing() {
    let mut list = Waiters::default();
    for number in 0..100_000 {
        list.push(number, Waiter::Call(Call::new(|| {}), Location::caller()));
        list.remove(number);
    }
    assert_eq!(std::mem::size_of_val(&list), std::mem::size_of::<usize>());
    assert_eq!((list.len(), list.take().count()), (0, 0));
}
