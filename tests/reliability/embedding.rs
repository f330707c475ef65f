//! LW, embedded: another program's loop drives this one, and watches its descriptor.

use crate::support::{new_loop, watch};
use oneloop::{Event, EventLoop};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::time::Duration;

/// Whether somebody who watches the loop's descriptor sees that there is something to do.
fn is_seen(event_loop: &EventLoop) -> bool {
    let mut fds = [PollFd::new(event_loop, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&Timespec::default())).expect("it can be polled") == 1
}

/// A loop at rest whose task has just begun to wait for the future that comes with it.
fn at_rest() -> (EventLoop, oneloop::Future<()>) {
    let event_loop = new_loop();
    let future = event_loop.create_future::<()>();
    let waits = future.clone();
    drop(
        event_loop
            .spawn(async move {
                let _ = waits.await;
            })
            .expect("the loop is open"),
    );
    event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    assert!(!is_seen(&event_loop), "there is nothing to do");
    (event_loop, future)
}

#[test]
fn lw_001_what_a_thread_sends_to_a_loop_at_rest_is_seen_by_who_watches_it() {
    let (event_loop, _future) = at_rest();
    let remote = event_loop.remote();
    let send = move || remote.call_soon_threadsafe(|| {}).expect("the loop is open");
    std::thread::spawn(send).join().expect("no panic");
    assert!(is_seen(&event_loop));
    assert_eq!(event_loop.turn(Some(Duration::ZERO)).expect("the loop is open").ran, 1);
    assert!(!is_seen(&event_loop));
}

/// The same of what the loop's own thread makes ready, however it does.
#[test]
fn lw_001_what_is_made_ready_between_turns_is_seen_by_who_watches_the_loop() {
    type Make = fn(&EventLoop, &oneloop::Future<()>);
    let ways: [Make; 6] = [
        |at, _| drop(at.call_soon(|| {}).expect("the loop is open")),
        |at, _| drop(at.spawn(async {}).expect("the loop is open")),
        |at, _| at.call_soon_threadsafe(|| {}).expect("the loop is open"),
        |at, _| assert!(at.all_tasks()[0].cancel()),
        |_, future| future.set_result(()).expect("it is set once"),
        |_, future| {
            future.add_done_callback(|_| {});
            assert!(future.cancel());
        },
    ];
    for (number, make) in ways.into_iter().enumerate() {
        for watched in [false, true] {
            let (event_loop, future) = at_rest();
            if watched {
                watch(&event_loop, |_| {});
            }
            make(&event_loop, &future);
            assert!(is_seen(&event_loop), "way {number}");
            while event_loop.turn(Some(Duration::ZERO)).expect("the loop is open").ready > 0 {}
            assert!(!is_seen(&event_loop), "way {number}");
        }
    }
}

#[test]
fn lw_001_what_a_turn_left_ready_is_seen_by_who_watches_the_loop() {
    let event_loop = new_loop();
    assert!(!is_seen(&event_loop));
    let handle = event_loop.handle();
    let again = move || drop(handle.call_soon(|| {}).expect("the loop is open"));
    event_loop.call_soon(again).expect("the loop is open");
    for ready in [1, 0] {
        assert!(is_seen(&event_loop));
        let turn = event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
        assert_eq!((turn.ran, turn.ready), (1, ready));
    }
    assert!(!is_seen(&event_loop));
}

/// One ring is enough: the second entry finds the descriptor readable.
#[test]
fn lw_001_what_an_observer_makes_ready_between_turns_is_seen() {
    let (event_loop, _future) = at_rest();
    let handle = event_loop.handle();
    watch(&event_loop, move |event| {
        if matches!(event, Event::TimerSet { .. }) {
            drop(handle.call_soon(|| {}).expect("the loop is open"));
        }
    });
    let later = event_loop.call_later(Duration::from_secs(3600), || {});
    assert!(is_seen(&event_loop));
    later.expect("the loop is open").cancel();
}
