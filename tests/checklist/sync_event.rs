//! SY: events: all who wait go on together, in their order.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::sync::Event;
use oneloop::{LoopHandle, Task};

fn waiter(on: &LoopHandle, event: &Event, diary: &Diary, name: &'static str) -> Task<()> {
    let (event, diary) = (event.clone(), diary.clone());
    let task = on.spawn(async move {
        event.wait().await;
        diary.stamp(name);
    });
    task.unwrap()
}

#[test]
fn sy_008_all_who_wait_go_on_in_the_next_turn_in_the_order_of_arrival() {
    let on = manual();
    let (event, diary) = (Event::new(), Diary::default());
    drop(waiter(&on, &event, &diary, "first"));
    drop(waiter(&on, &event, &diary, "second"));
    tick(&on);
    drop(waiter(&on, &event, &diary, "spawned before set"));
    event.set();
    drop(waiter(&on, &event, &diary, "spawned after set"));
    tick(&on);
    let expected = ["spawned before set@2", "first@2", "second@2", "spawned after set@2"];
    assert_eq!(diary.read(), expected);
}

#[test]
fn sy_009_waiting_for_an_event_that_is_set_does_not_suspend() {
    let on = manual();
    let (event, diary) = (Event::new(), Diary::default());
    event.set();
    drop(waiter(&on, &event, &diary, "goes on"));
    tick(&on);
    assert_eq!(diary.read(), ["goes on@1"]);
}

#[test]
fn sy_010_setting_it_twice_wakes_once() {
    let on = manual();
    let (event, diary) = (Event::new(), Diary::default());
    drop(waiter(&on, &event, &diary, "goes on"));
    tick(&on);
    event.set();
    event.set();
    ticks(&on, 3);
    assert_eq!(diary.read(), ["goes on@2"]);
}

#[test]
fn sy_010_who_waited_when_it_was_set_goes_on_though_it_is_cleared_at_once() {
    let on = manual();
    let (event, diary) = (Event::new(), Diary::default());
    drop(waiter(&on, &event, &diary, "goes on"));
    tick(&on);
    event.set();
    event.clear();
    drop(waiter(&on, &event, &diary, "waits"));
    ticks(&on, 3);
    assert_eq!(diary.read(), ["goes on@2"]);
    assert_eq!(format!("{event:?}"), "Event(unset, 1 waiting)");
}

#[test]
fn sy_011_a_cleared_event_can_be_used_again() {
    let on = manual();
    let (event, diary) = (Event::new(), Diary::default());
    event.set();
    event.clear();
    assert!(!event.is_set());
    drop(waiter(&on, &event, &diary, "goes on"));
    tick(&on);
    assert!(diary.read().is_empty());
    event.set();
    assert!(event.is_set());
    tick(&on);
    assert_eq!(diary.read(), ["goes on@2"]);
}

#[test]
fn sy_012_a_cancelled_wait_leaves_nothing() {
    let on = manual();
    let (event, diary) = (Event::new(), Diary::default());
    let task = waiter(&on, &event, &diary, "never");
    tick(&on);
    assert_eq!(format!("{event:?}"), "Event(unset, 1 waiting)");
    task.cancel();
    tick(&on);
    assert_eq!(format!("{event:?}"), "Event(unset, 0 waiting)");
}
