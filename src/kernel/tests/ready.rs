//! `Ready` against a `VecDeque` of what was pushed.

use super::super::ready::{Entry, Kind, Ready};
use super::thousand_seeds;
use crate::call::Call;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// An entry as it was pushed: a timer, or a callback with its number.
#[derive(Debug, PartialEq)]
enum Pushed {
    Timer(u32),
    Call { number: u64, cancelled: bool },
}

#[test]
fn the_queue_agrees_with_a_ring_and_each_call_runs_or_is_dropped_once() {
    thousand_seeds(|rng| {
        let (mut ready, mut model) = (Ready::new(), VecDeque::new());
        let ran = Rc::new(RefCell::new(Vec::new()));
        let mut numbers = Vec::new();
        for step in 0..200_u32 {
            match rng.below(6) {
                0 => {
                    ready.push(Entry::timer(step));
                    model.push_back(Pushed::Timer(step));
                }
                1 | 2 => {
                    let (ran, name) = (ran.clone(), numbers.len() as u64);
                    let number =
                        ready.push_call(|place| place.set(move || ran.borrow_mut().push(name)));
                    assert_eq!(number, name);
                    numbers.push(number);
                    model.push_back(Pushed::Call { number, cancelled: false });
                }
                3 if !numbers.is_empty() => {
                    let chosen = numbers[rng.below(numbers.len())];
                    let there = model.iter_mut().find_map(|pushed| match pushed {
                        Pushed::Call { number, cancelled } if *number == chosen => {
                            Some(!std::mem::replace(cancelled, true))
                        }
                        _ => None,
                    });
                    assert_eq!(cancel(&mut ready, chosen), there == Some(true));
                }
                _ => pop(&mut ready, &mut model, &ran),
            }
            assert_eq!(ready.len(), model.len());
        }
        assert_eq!(
            ready.drain().count(),
            model.iter().filter(|p| !matches!(p, Pushed::Timer(_))).count()
        );
        assert_eq!((ready.len(), Rc::strong_count(&ran)), (0, 1));
    });
}

/// As a handle does it: takes the closure away, and leaves its turn.
fn cancel(ready: &mut Ready, number: u64) -> bool {
    let call = ready.call_mut(number).map(|call| std::mem::replace(call, Call::empty()));
    call.is_some_and(|call| !call.is_empty())
}

fn pop(ready: &mut Ready, model: &mut VecDeque<Pushed>, ran: &RefCell<Vec<u64>>) {
    match (ready.pop().map(Entry::kind), model.pop_front()) {
        (None, None) => {}
        (Some(Kind::Timer(name)), Some(Pushed::Timer(expected))) => assert_eq!(name, expected),
        (Some(Kind::Calls(1)), Some(Pushed::Call { number, cancelled })) => {
            assert_eq!(ready.first_call(), number);
            let mut call = ready.pop_call();
            assert_eq!(call.is_empty(), cancelled);
            call.run();
            assert_eq!(ran.borrow().last() == Some(&number), !cancelled);
        }
        other => panic!("the queue and its model differ: {other:?}"),
    }
}

#[test]
fn numbers_go_on_after_a_drain() {
    let mut ready = Ready::new();
    assert_eq!(ready.push_call(|place| place.set(|| {})), 0);
    assert_eq!(ready.drain().count(), 1);
    assert_eq!(ready.push_call(|place| place.set(|| {})), 1);
    assert!(!cancel(&mut ready, 0));
    assert!(cancel(&mut ready, 1));
    assert!(!cancel(&mut ready, 1));
}

/// Callbacks in a row are one entry; what comes between them must stay between them.
#[test]
fn a_row_of_callbacks_ends_where_something_else_comes() {
    let mut ready = Ready::new();
    let call = |ready: &mut Ready| ready.push_call(|place| place.set(|| {}));
    assert_eq!((call(&mut ready), call(&mut ready), call(&mut ready)), (0, 1, 2));
    assert_eq!(ready.pop().map(Entry::kind), Some(Kind::Calls(1)));
    ready.push(Entry::timer(0));
    call(&mut ready);
    ready.push(Entry::timer(u32::MAX));
    let kinds: Vec<_> = std::iter::from_fn(|| ready.pop().map(Entry::kind)).collect();
    let (calls, timer) = (Kind::Calls(1), Kind::Timer);
    assert_eq!(kinds, [calls, calls, timer(0), calls, timer(u32::MAX)]);
}
