//! `Ready` against a `VecDeque` of what was pushed.

use super::super::call::Call;
use super::super::ready::{Entry, Ready};
use super::thousand_seeds;
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
                    ready.push(Entry::Timer(step, 0));
                    model.push_back(Pushed::Timer(step));
                }
                1 | 2 => {
                    let (ran, name) = (ran.clone(), numbers.len() as u64);
                    let number =
                        ready.push_call(Call::new(move || ran.borrow_mut().push(name)), None);
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
                    assert_eq!(ready.take_call(chosen).is_some(), there == Some(true));
                }
                _ => pop(&mut ready, &mut model, &ran),
            }
            assert_eq!(ready.len(), model.len());
        }
        assert_eq!(
            ready.drain().len(),
            model.iter().filter(|p| !matches!(p, Pushed::Timer(_))).count()
        );
        assert_eq!((ready.len(), Rc::strong_count(&ran)), (0, 1));
    });
}

fn pop(ready: &mut Ready, model: &mut VecDeque<Pushed>, ran: &RefCell<Vec<u64>>) {
    match (ready.pop(), model.pop_front()) {
        (None, None) => {}
        (Some(Entry::Timer(name, _)), Some(Pushed::Timer(expected))) => assert_eq!(name, expected),
        (Some(Entry::Call), Some(Pushed::Call { number, cancelled })) => {
            assert_eq!(ready.first_call(), number);
            let (found, pending) = ready.pop_call().expect("a call is at the front");
            assert_eq!((found, pending.call.is_none()), (number, cancelled));
            if let Some(call) = pending.call {
                call.run();
                assert_eq!(ran.borrow().last(), Some(&number));
            }
        }
        other => panic!("the queue and its model differ: {other:?}"),
    }
}

#[test]
fn numbers_go_on_after_a_drain() {
    let mut ready = Ready::new();
    assert_eq!(ready.push_call(Call::new(|| {}), None), 0);
    ready.drain();
    assert_eq!(ready.push_call(Call::new(|| {}), None), 1);
    assert!(ready.take_call(0).is_none());
    assert!(ready.take_call(1).is_some());
}
