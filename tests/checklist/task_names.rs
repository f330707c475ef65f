//! TA: what a task is called, how it shows, and which one is running.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use oneloop::{LoopHandle, Task};
use std::time::Duration;

/// A task that waits for what never comes.
fn stuck(on: &LoopHandle) -> Task<()> {
    let never = on.create_future::<()>();
    on.spawn_named("stuck", async move { never.await.unwrap() }).unwrap()
}

#[test]
fn ta_007_a_task_without_a_name_is_called_by_its_number() {
    let on = manual();
    let names: Vec<_> = (0..3).map(|_| on.spawn(async {}).unwrap().name()).collect();
    assert_eq!(names, ["Task-1", "Task-2", "Task-3"]);
    tick(&on);
    // Tasks that are gone leave no number to use again; and each loop counts its own, so
    // that a run names its tasks as the run before did.
    assert_eq!(on.spawn(async {}).unwrap().name(), "Task-4");
    assert_eq!(manual().spawn(async {}).unwrap().name(), "Task-1");
}

#[test]
fn ta_008_a_task_has_the_name_it_was_given() {
    let on = manual();
    let task = on.spawn_named("first", oneloop::yield_now()).unwrap();
    assert_eq!(task.name(), "first");
    tick(&on);
    task.set_name(String::from("second"));
    assert_eq!(task.name(), "second");
    tick(&on);
    assert!(task.done());
    assert_eq!(task.name(), "second");
}

#[test]
fn ta_009_a_task_shows_its_name_its_state_and_what_it_waits_for() {
    let on = manual();
    let task = stuck(&on);
    let waiter = on.spawn_named("waiter", task).unwrap();
    tick(&on);
    let text = format!("{waiter:?}");
    assert!(text.starts_with("Task(waiter, pending, waits for"), "{text}");
    assert!(text.contains("stuck"), "{text}");
    waiter.cancel();
    let text = format!("{waiter:?}");
    assert!(text.starts_with("Task(waiter, cancelling"), "{text}");
    ticks(&on, 2);
    assert_eq!(format!("{waiter:?}"), "Task(waiter, cancelled)");
    let ended = on.spawn_named("ended", async {}).unwrap();
    let broken = on.spawn_named("broken", async { panic!("ouch") }).unwrap();
    tick(&on);
    assert_eq!(format!("{ended:?}"), "Task(ended, finished)");
    assert_eq!(format!("{broken:?}"), "Task(broken, panicked)");
    let _: oneloop::JoinError = on.run_until_complete(broken).unwrap().unwrap_err();
}

#[test]
fn ta_009_a_request_that_is_taken_back_does_not_show() {
    let on = manual();
    let task = stuck(&on);
    task.cancel();
    assert!(format!("{task:?}").contains("cancelling"));
    assert_eq!(task.uncancel(), 0);
    assert!(format!("{task:?}").contains("pending"), "{task:?}");
}

#[test]
fn ta_009_a_request_that_went_on_and_is_taken_back_does_not_show() {
    let on = manual();
    let task = stuck(&on);
    tick(&on);
    task.cancel();
    assert!(format!("{task:?}").contains("cancelling"));
    assert_eq!(task.uncancel(), 0);
    assert!(format!("{task:?}").contains("pending"), "{task:?}");
}

fn current() -> String {
    oneloop::current_task().map_or("none".to_owned(), |task| task.name())
}

// TA-012
#[test]
fn ta_010_the_current_task_is_the_one_whose_step_runs() {
    assert_eq!(current(), "none");
    let on = manual();
    let diary = Diary::default();
    let inner = diary.clone();
    let task = on.spawn_named("task", async move { inner.note(&current()) }).unwrap();
    let inner = diary.clone();
    on.call_soon(move || inner.note(&format!("in a callback: {}", current()))).unwrap();
    let inner = diary.clone();
    on.call_later(Duration::ZERO, move || inner.note(&format!("in a timer: {}", current())))
        .unwrap();
    let inner = diary.clone();
    task.add_done_callback(move |_| inner.note(&format!("in a done callback: {}", current())));
    ticks(&on, 2);
    let expected = ["task", "in a callback: none", "in a timer: none", "in a done callback: none"];
    assert_eq!(diary.read(), expected);
    assert_eq!(current(), "none");
}

#[test]
fn ta_010_the_current_task_is_the_same_as_its_handle() {
    let on = manual();
    let task = on.spawn(async { oneloop::current_task().unwrap() }).unwrap();
    let name = (*task).clone();
    let (one, other) = (on.run_until_complete(task).unwrap().unwrap(), on.spawn(async {}).unwrap());
    assert_eq!(one, name);
    assert_ne!(one, *other);
}

#[test]
fn ta_011_tasks_that_take_turns_each_see_themselves() {
    let on = manual();
    let diary = Diary::default();
    for name in ["A", "B"] {
        let inner = diary.clone();
        drop(on.spawn_named(name, async move {
            for _ in 0..2 {
                inner.note(&format!("{name} is {}", current()));
                oneloop::yield_now().await;
            }
        }));
    }
    ticks(&on, 3);
    assert_eq!(diary.read(), ["A is A", "B is B", "A is A", "B is B"]);
}

#[test]
fn ta_011_after_a_step_that_panicked_no_task_is_current() {
    let on = manual();
    let diary = Diary::default();
    let broken = on.spawn(async { panic!("ouch") }).unwrap();
    let inner = diary.clone();
    on.call_soon(move || inner.note(&current())).unwrap();
    tick(&on);
    assert_eq!(diary.read(), ["none"]);
    assert_eq!(current(), "none");
    let _: oneloop::JoinError = on.run_until_complete(broken).unwrap().unwrap_err();
}

#[test]
fn ta_012_without_a_running_loop_there_is_no_current_task() {
    assert!(oneloop::current_task().is_none());
    assert!(manual().current_task().is_none());
}
