//! TA: sleeping: a bare reschedule, and what a cancelled sleep leaves behind.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use std::time::Duration;

/// What a task does that waits by `wait` between two stamps, beside callbacks.
fn beside_callbacks(wait: impl Future<Output = ()> + 'static, on: &oneloop::LoopHandle) -> Diary {
    let diary = Diary::default();
    let inner = diary.clone();
    drop(on.spawn(async move {
        oneloop::call_soon(inner.to_stamp("queued before"));
        wait.await;
        inner.stamp("goes on");
    }));
    ticks(on, 2);
    diary
}

#[test]
fn ta_032_a_sleep_of_no_time_goes_on_in_the_next_turn_without_a_timer() {
    let on = manual();
    let expected = ["queued before@2", "goes on@2"];
    let sleep = async { oneloop::sleep(Duration::ZERO).await };
    assert_eq!(beside_callbacks(sleep, &on).read(), expected);
    let on = manual();
    assert_eq!(beside_callbacks(oneloop::yield_now(), &on).read(), expected);
    assert_eq!(on.next_deadline(), None);
}

#[test]
fn ta_032_a_sleep_of_no_time_sets_no_timer() {
    let on = manual();
    drop(on.spawn(async { oneloop::sleep(Duration::ZERO).await }).unwrap());
    tick(&on);
    assert_eq!(on.next_deadline(), None);
}

#[test]
fn ta_033_a_cancelled_sleep_leaves_no_timer() {
    let on = manual();
    let task = on.spawn(async { oneloop::sleep(Duration::from_secs(3600)).await }).unwrap();
    tick(&on);
    assert_eq!(on.next_deadline(), Some(Duration::from_secs(3600)));
    task.cancel();
    tick(&on);
    assert!(task.cancelled());
    assert_eq!(on.next_deadline(), None);
    assert!(format!("{on:?}").contains("timers: 0"), "{on:?}");
}
