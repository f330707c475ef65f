//! WK-6: what refers to each other, and to its loop, goes when the loop goes.
//!
//! A loop's memory is counted by a token in it, its descriptors in a process of its own.

use crate::support::{OnDrop, bump, counter, in_child, new_loop, open_descriptors, virtual_loop};
use oneloop::{EventLoop, LoopHandle, Task};
use std::cell::RefCell;
use std::rc::Rc;

/// Makes a loop, has `tie` tie a knot that holds the token, drops the loop, and looks
/// whether the token is held still.
#[track_caller]
fn goes_with_its_loop(tie: impl FnOnce(&EventLoop, Rc<()>)) {
    let token = Rc::new(());
    let event_loop = virtual_loop();
    tie(&event_loop, token.clone());
    drop(event_loop);
    assert_eq!(Rc::strong_count(&token), 1, "it is held for ever");
}

#[test]
fn wk_006_two_tasks_that_await_each_other_go_with_their_loop() {
    goes_with_its_loop(|event_loop, token| {
        let other: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let (mine, held) = (other.clone(), token.clone());
        let first = event_loop.spawn(async move {
            let (_held, task) = (held, mine.take());
            if let Some(task) = task {
                drop(task.await);
            }
        });
        let first = first.expect("the loop is open");
        let second = event_loop.spawn(async move {
            let _held = token;
            drop(first.await);
        });
        *other.borrow_mut() = Some(second.expect("the loop is open"));
        assert!(event_loop.run_forever().is_err(), "it is a deadlock");
    });
}

#[test]
fn wk_006_a_callback_that_holds_its_own_handle_goes_with_its_loop() {
    goes_with_its_loop(|event_loop, token| {
        let (soon, later) = (Rc::new(RefCell::new(None)), Rc::new(RefCell::new(None)));
        let (own_soon, own_later, held) = (soon.clone(), later.clone(), token.clone());
        let handle = event_loop.call_soon(move || drop((own_soon, held)));
        *soon.borrow_mut() = Some(handle.expect("the loop is open"));
        let hour = std::time::Duration::from_secs(3600);
        let timer = event_loop.call_later(hour, move || drop((own_later, token)));
        *later.borrow_mut() = Some(timer.expect("the loop is open"));
    });
}

#[test]
fn wk_006_a_done_callback_that_holds_its_task_goes_with_its_loop() {
    goes_with_its_loop(|event_loop, token| {
        let task = event_loop.spawn(std::future::pending::<()>()).expect("the loop is open");
        let own = task.clone();
        task.add_done_callback(move |_| drop((own, token)));
    });
}

#[test]
fn wk_006_an_exception_handler_that_holds_its_loop_goes_with_it() {
    goes_with_its_loop(|event_loop, token| {
        let handle = event_loop.handle();
        event_loop.set_exception_handler(move |_| {
            let _kept = &token;
            handle.stop();
        });
    });
}

#[test]
fn wk_006_an_observer_that_holds_its_loop_goes_with_it() {
    goes_with_its_loop(|event_loop, token| {
        let handle = event_loop.handle();
        crate::support::watch(event_loop, move |_| {
            let _kept = (&token, handle.time());
        });
    });
}

#[test]
fn wk_006_a_done_callback_of_a_future_that_is_never_set_goes_with_its_loop() {
    goes_with_its_loop(|event_loop, token| {
        let future = event_loop.create_future::<()>();
        future.add_done_callback(move |_| drop(token));
    });
}

/// The loop is closed: nothing will ever run what is given to it now.
#[track_caller]
fn is_not_kept_by_a_closed_loop(give: impl FnOnce(&LoopHandle, Rc<()>)) {
    goes_with_its_loop(|event_loop, token| {
        event_loop.close().expect("it does not run");
        give(event_loop, token);
    });
}

#[test]
fn wk_006_a_done_callback_added_to_a_task_of_a_closed_loop_is_not_kept() {
    let token = Rc::new(());
    let event_loop = virtual_loop();
    let task = event_loop.spawn(std::future::pending::<()>()).expect("the loop is open");
    drop(event_loop);
    let held = token.clone();
    task.add_done_callback(move |_| drop(held));
    drop(task);
    assert_eq!(Rc::strong_count(&token), 1, "it is held for ever");
}

#[test]
fn wk_006_a_done_callback_of_a_future_set_after_its_loop_closed_is_not_kept() {
    is_not_kept_by_a_closed_loop(|handle, token| {
        let future = handle.create_future::<()>();
        future.add_done_callback(move |_| drop(token));
        future.set_result(()).expect("it is set once");
    });
}

#[test]
fn wk_006_what_is_scheduled_on_a_closed_loop_is_not_kept() {
    is_not_kept_by_a_closed_loop(|handle, token| {
        let (a, b, c, d) = (token.clone(), token.clone(), token.clone(), token);
        assert!(handle.call_soon(move || drop(a)).is_err());
        let second = std::time::Duration::from_secs(1);
        assert!(handle.call_later(second, move || drop(b)).is_err());
        assert!(handle.spawn(async move { drop(c) }).is_err());
        let reader = std::os::unix::net::UnixStream::pair().expect("a socket pair").0;
        assert!(handle.add_reader(&reader, move || drop(d.clone())).is_err());
    });
}

#[test]
fn wk_006_a_loop_that_is_gone_has_closed_its_descriptors() {
    in_child(wk_006_a_loop_that_is_gone_has_closed_its_descriptors, || {
        let before = open_descriptors();
        for _ in 0..100 {
            let event_loop = new_loop();
            event_loop.run_until_complete(oneloop::yield_now()).expect("it ends");
        }
        assert_eq!(open_descriptors(), before);
    });
}

/// Handles are harmless when their loop is closed; they should not keep the system's
/// resources either.
#[test]
fn wk_006_handles_of_a_loop_that_is_gone_keep_no_descriptor() {
    in_child(wk_006_handles_of_a_loop_that_is_gone_keep_no_descriptor, || {
        let before = open_descriptors();
        let event_loop = new_loop();
        let kept = (event_loop.handle(), event_loop.create_future::<()>());
        drop(event_loop);
        assert_eq!(open_descriptors(), before);
        drop(kept);
    });
}

/// `main` panics, and the loop is still closed and gives back what it had.
#[test]
fn wk_006_a_run_that_panics_closes_its_descriptors() {
    in_child(wk_006_a_run_that_panics_closes_its_descriptors, || {
        let before = open_descriptors();
        let run = || drop(oneloop::run(async { panic!("main panics") }));
        assert!(std::panic::catch_unwind(run).is_err());
        assert_eq!(open_descriptors(), before);
    });
}

/// A cycle that nobody but the loop can break: it knows the future by its callback.
#[test]
fn wk_006_a_pending_future_whose_own_callback_holds_it_goes_with_its_loop() {
    let (event_loop, token) = (new_loop(), Rc::new(()));
    let future = event_loop.create_future::<Rc<()>>();
    let (own, held) = (future.clone(), token.clone());
    future.add_done_callback(move |_| drop((own, held)));
    drop(future);
    assert_eq!(Rc::strong_count(&token), 2);
    drop(event_loop);
    assert_eq!(Rc::strong_count(&token), 1);
}

/// Many that came and went do not pile up in what the loop knows.
#[test]
fn wk_006_a_loop_that_closes_after_many_futures_with_callbacks_tells_those_that_are_left() {
    let (event_loop, told) = (new_loop(), counter());
    let mut kept = Vec::new();
    for number in 0..1000 {
        let (future, count) = (event_loop.create_future::<()>(), told.clone());
        let goes = OnDrop(move || bump(&count));
        future.add_done_callback(move |_| drop(goes));
        if number % 100 == 0 {
            kept.push(future);
        }
    }
    assert_eq!(told.get(), 990);
    drop(event_loop);
    assert_eq!(told.get(), 1000);
    assert!(kept.iter().all(oneloop::Future::cancelled));
}

#[test]
fn wk_006_what_an_upper_layer_makes_while_the_loop_closes_is_not_kept() {
    struct Kept(#[expect(dead_code, reason = "it is held")] (LoopHandle, Rc<()>));
    let (event_loop, token) = (new_loop(), Rc::new(()));
    let (handle, held) = (event_loop.handle(), token.clone());
    let makes = OnDrop(move || {
        handle.extension(|| Kept((handle.clone(), held.clone())));
    });
    event_loop.call_soon(move || drop(makes)).expect("the loop is open");
    drop(event_loop);
    assert_eq!(Rc::strong_count(&token), 1);
}
