//! FU: awaiting a future: when its tasks go on, in which order, on which loop.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::{Future, LoopHandle};

/// A task that awaits `future`, and stamps `what` when it goes on.
fn awaiting(on: &LoopHandle, future: &Future<u32>, diary: &Diary, what: &'static str) {
    let (future, diary) = (future.clone(), diary.clone());
    drop(on.spawn(async move {
        future.await.unwrap();
        diary.stamp(what);
    }));
}

#[test]
fn fu_014_a_task_goes_on_in_the_turn_after_the_result() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    awaiting(&on, &future, &diary, "goes on");
    tick(&on);
    let (set, inner) = (future.clone(), diary.clone());
    on.call_soon(move || {
        set.set_result(1).unwrap();
        inner.stamp("set");
    })
    .unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["set@2", "goes on@3"]);
}

#[test]
fn fu_015_tasks_and_callbacks_are_served_in_the_order_they_came() {
    let on = manual();
    let (future, diary) = (on.create_future(), Diary::default());
    let callback = |what| {
        let diary = diary.clone();
        future.add_done_callback(move |_| diary.stamp(what))
    };
    callback("1 callback");
    awaiting(&on, &future, &diary, "2 task");
    tick(&on);
    callback("3 callback");
    awaiting(&on, &future, &diary, "4 task");
    awaiting(&on, &future, &diary, "5 task");
    tick(&on);
    callback("6 callback");
    future.set_result(1).unwrap();
    tick(&on);
    let expected =
        ["1 callback@3", "2 task@3", "3 callback@3", "4 task@3", "5 task@3", "6 callback@3"];
    assert_eq!(diary.read(), expected);
}

#[test]
fn fu_016_awaiting_a_cancelled_future_says_cancelled() {
    let on = manual();
    let future = on.create_future::<u32>();
    future.cancel();
    let answer = on.run_until_complete(future).unwrap();
    assert_eq!(answer.unwrap_err().to_string(), "what was awaited has been cancelled");
}

/// Two of these fit a type that is `Send`, so that naming one of them is an error: this
/// compiles for types that are not.
macro_rules! assert_not_send {
    ($($kind:ty),+) => {{
        trait IsSend<Marker> { fn of() {} }
        impl<T: ?Sized> IsSend<()> for T {}
        impl<T: ?Sized + Send> IsSend<u8> for T {}
        $(<$kind as IsSend<_>>::of();)+
    }};
}

#[test]
fn fu_017_futures_and_loops_do_not_leave_their_thread() {
    assert_not_send!(oneloop::Future<u32>, oneloop::Task<u32>, oneloop::TaskRef);
    assert_not_send!(oneloop::EventLoop, LoopHandle, oneloop::Handle, oneloop::TimerHandle);
}

#[test]
fn fu_017_a_future_of_another_loop_of_the_thread_wakes_the_task_on_its_own_loop() {
    let (one, other) = (manual(), manual());
    let (future, diary) = (one.create_future(), Diary::default());
    awaiting(&other, &future, &diary, "on its own loop");
    tick(&other);
    future.set_result(1).unwrap();
    ticks(&one, 5);
    assert!(diary.read().is_empty());
    tick(&other);
    assert_eq!(diary.read(), ["on its own loop@2"]);
}
