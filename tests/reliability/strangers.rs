//! PN-14: things of another thread, or of another loop.

use crate::reentrancy::{HOUR, turn};
use crate::support::virtual_loop;
use oneloop::{EventLoop, LoopHandle, Task, TaskRef};
use std::future::Future;
use std::task::{Context, Waker};

/// Fails to compile, for an ambiguity, if one of the types may be sent to another thread.
#[test]
fn pn_014_what_belongs_to_a_thread_cannot_leave_it() {
    trait NotSend<Marker> {
        fn named() -> &'static str {
            std::any::type_name::<Self>()
        }
    }
    struct IsSend;
    impl<T: ?Sized> NotSend<()> for T {}
    impl<T: ?Sized + Send> NotSend<IsSend> for T {}
    let names = [
        <EventLoop as NotSend<_>>::named(),
        <LoopHandle as NotSend<_>>::named(),
        <Task<()> as NotSend<_>>::named(),
        <TaskRef as NotSend<_>>::named(),
        <oneloop::Future<()> as NotSend<_>>::named(),
        <oneloop::Handle as NotSend<_>>::named(),
        <oneloop::TimerHandle as NotSend<_>>::named(),
        <oneloop::Sleep as NotSend<_>>::named(),
    ];
    assert_eq!(names.len(), 8);
    fn send<T: Send + Sync>() {}
    send::<oneloop::RemoteHandle>();
}

/// A future of another loop on the same thread can be awaited: its waker finds the way.
#[test]
fn pn_014_a_future_of_another_loop_wakes_the_task_that_awaits_it() {
    let (here, there) = (virtual_loop(), virtual_loop());
    let future = there.create_future::<u8>();
    let awaits = future.clone();
    let task = here.spawn(awaits).expect("the loop is open");
    turn(&here);
    there.call_soon(move || future.set_result(7).expect("once")).expect("the loop is open");
    turn(&there);
    here.run_until_done(&task).expect("it ends");
    assert_eq!(task.result().expect("it is done").expect("it was not cancelled"), Ok(7));
}

#[test]
fn pn_014_a_cancel_does_not_reach_through_to_another_loop() {
    let (here, there) = (virtual_loop(), virtual_loop());
    let future = there.create_future::<u8>();
    let task = here.spawn(future.clone()).expect("the loop is open");
    turn(&here);
    assert!(task.cancel());
    here.run_until_done(&task).expect("it ends");
    assert!(task.cancelled());
    assert!(future.set_result(7).is_ok(), "it is the other loop's");
}

/// The task of another loop is never done while this one runs.
#[test]
fn pn_014_a_loop_does_not_wait_for_a_task_of_another_loop_for_ever() {
    let (here, there) = (virtual_loop(), virtual_loop());
    let task = there.spawn(async { 7 }).expect("the loop is open");
    assert!(here.run_until_done(&task).is_err());
    there.run_until_done(&task).expect("it is its own");
}

/// A poll by hand, outside of any loop, is an error that names itself, or waits.
#[test]
fn pn_014_a_sleep_outside_of_a_loop_says_what_is_missing() {
    let poll = || {
        let mut sleep = std::pin::pin!(oneloop::sleep_until(HOUR));
        sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    };
    let payload = std::panic::catch_unwind(poll).expect_err("it panics as documented");
    let text = oneloop::error::panic_message(&*payload);
    assert!(text.contains("no event loop is running"), "{text}");
}
