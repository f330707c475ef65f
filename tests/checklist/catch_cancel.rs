//! Scopes that catch a cancellation: which one answers, in which turn, and what is dropped.

use crate::diary::Diary;
use crate::loops::{manual, tick, ticks};
use futures::future::{join, select};
use futures::stream::{FuturesUnordered, StreamExt};
use oneloop::{Task, TaskRef, catch_cancel, sleep, yield_now};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Spawns `main`, lets it come to its first wait, and cancels it.
fn cancelled_while_waiting<T: 'static>(main: impl Future<Output = T> + 'static) -> Task<T> {
    let on = manual();
    let task = on.spawn(main).unwrap();
    tick(&on);
    assert!(task.cancel());
    ticks(&on, 5);
    assert!(task.done(), "{task:?}");
    task
}

fn value<T: Clone + 'static>(task: &Task<T>) -> T {
    task.result().unwrap().unwrap()
}

#[test]
fn ta_017_what_is_awaited_after_the_catch_is_not_cancelled_again() {
    let task = cancelled_while_waiting(async {
        let caught = catch_cancel(pending::<()>()).await;
        yield_now().await;
        yield_now().await;
        caught.is_err()
    });
    assert!(value(&task));
    assert_eq!(task.cancelling(), 1);
}

#[test]
fn the_innermost_scope_answers_and_the_others_hear_nothing() {
    let task = cancelled_while_waiting(async {
        catch_cancel(async { catch_cancel(pending::<()>()).await.is_err() }).await
    });
    assert_eq!(value(&task), Ok(true));
}

#[test]
fn a_cancellation_that_is_raised_again_is_in_the_scope_around_in_the_same_step() {
    let diary = Diary::default();
    let notes = diary.clone();
    cancelled_while_waiting(async move {
        let outer = catch_cancel(async {
            let Err(inner) = catch_cancel(pending::<()>()).await else { return };
            notes.stamp("inner");
            match inner.resume().await {}
        });
        assert!(outer.await.is_err());
        notes.stamp("outer");
    });
    assert_eq!(diary.read(), ["inner@2", "outer@2"]);
}

#[test]
fn a_cancellation_that_nobody_else_catches_ends_the_task_in_that_same_step() {
    let on = manual();
    let task = on.spawn(async {
        if let Err(cancelled) = catch_cancel(pending::<()>()).await {
            cancelled.resume().await;
        }
    });
    let task = task.unwrap();
    tick(&on);
    task.cancel();
    tick(&on);
    assert!(task.cancelled());
}

#[test]
fn the_body_is_gone_before_the_scope_answers() {
    let diary = Diary::default();
    struct Tells(Diary);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.note("dropped");
        }
    }
    let notes = diary.clone();
    cancelled_while_waiting(async move {
        let held = Tells(notes.clone());
        let body = async move {
            let _held = held;
            pending::<()>().await;
        };
        let _ = catch_cancel(body).await;
        notes.note("answered");
    });
    assert_eq!(diary.read(), ["dropped", "answered"]);
}

#[test]
fn a_join_of_two_scopes_is_taken_as_a_whole() {
    let task = cancelled_while_waiting(async {
        let (one, two) = (catch_cancel(pending::<()>()), catch_cancel(pending::<()>()));
        catch_cancel(join(one, two)).await.is_err()
    });
    assert!(value(&task));
}

#[test]
fn a_scope_beside_a_leaf_is_taken_with_it() {
    let task = cancelled_while_waiting(async {
        let (one, two) = (catch_cancel(pending::<()>()), sleep(Duration::MAX));
        catch_cancel(join(one, two)).await.is_err()
    });
    assert!(value(&task));
}

#[test]
fn a_scope_in_a_combinator_that_polls_only_who_was_woken_is_reached() {
    let task = cancelled_while_waiting(async {
        let mut set: FuturesUnordered<_> = [catch_cancel(pending::<()>())].into_iter().collect();
        set.next().await.unwrap().is_err()
    });
    assert!(value(&task));
}

#[test]
fn a_scope_that_is_not_polled_any_more_passes_the_cancellation_outwards() {
    let task = cancelled_while_waiting(async {
        catch_cancel(async {
            let mut aside = Box::pin(catch_cancel(sleep(Duration::MAX)));
            poll_fn(|cx| Poll::Ready(aside.as_mut().poll(cx).is_pending())).await;
            pending::<()>().await;
        })
        .await
        .is_err()
    });
    assert!(value(&task));
}

#[test]
fn what_waits_beside_a_raise_makes_no_progress() {
    let ran = Rc::new(Cell::new(false));
    let seen = ran.clone();
    let task = cancelled_while_waiting(async move {
        let done = oneloop::create_future();
        done.set_result(()).unwrap();
        let raises = async {
            if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                cancelled.resume().await;
            }
        };
        let beside = async move {
            done.await.unwrap();
            seen.set(true);
        };
        catch_cancel(async {
            let mut raises = pin!(raises);
            let mut beside = pin!(beside);
            let mut first = true;
            poll_fn(|cx| {
                let polled = raises.as_mut().poll(cx);
                // joins in after the cancellation was raised again
                if !std::mem::take(&mut first) {
                    let _ = beside.as_mut().poll(cx);
                }
                polled
            })
            .await;
        })
        .await
        .is_err()
    });
    assert!(value(&task) && !ran.get());
}

#[test]
fn a_body_that_ends_although_a_raise_is_on_its_way_leaves_the_cancel_pending() {
    let task = cancelled_while_waiting(async {
        let passed = catch_cancel(async {
            let raises = async {
                if let Err(cancelled) = catch_cancel(pending::<()>()).await {
                    cancelled.resume().await;
                }
            };
            let asked = poll_fn(|_| match oneloop::current_task() {
                Some(task) if task.cancelling() > 0 => Poll::Ready(()),
                _ => Poll::Pending,
            });
            select(pin!(raises), pin!(asked)).await;
        });
        assert!(passed.await.is_ok());
        catch_cancel(sleep(Duration::from_secs(1))).await.is_err()
    });
    assert!(value(&task));
}

#[test]
fn what_a_second_task_awaits_is_not_cancelled_through_the_first() {
    let on = manual();
    let never = on.create_future::<()>();
    let shared = Rc::new(RefCell::new(never.clone()));
    let poll_it = |shared: Rc<RefCell<oneloop::Future<()>>>, once: bool| async move {
        poll_fn(|cx| {
            let polled = Pin::new(&mut *shared.borrow_mut()).poll(cx);
            if once { Poll::Ready(()) } else { polled.map(drop) }
        })
        .await;
        pending::<()>().await;
    };
    let first = on.spawn(poll_it(shared.clone(), true)).unwrap();
    tick(&on);
    let _second = on.spawn(poll_it(shared, false)).unwrap();
    tick(&on);
    first.cancel();
    ticks(&on, 2);
    assert!(first.cancelled());
    assert!(!never.cancelled());
}

#[test]
fn what_was_awaited_in_a_scope_may_outlive_it() {
    let task = cancelled_while_waiting(async {
        let late = oneloop::create_future();
        let mut kept = late.clone();
        assert!(catch_cancel(&mut kept).await.is_err());
        late.set_result(5).unwrap_err(); // the request went to it
        let again = oneloop::create_future();
        let mut kept = again.clone();
        catch_cancel(select(&mut kept, yield_now())).await.ok();
        oneloop::call_soon(move || again.set_result(7).unwrap());
        catch_cancel(kept).await.unwrap().unwrap()
    });
    assert_eq!(value(&task), 7);
}

#[test]
fn ta_028_a_request_after_uncancel_is_delivered_as_the_first_was() {
    let on = manual();
    let task = on.spawn(async {
        let me: TaskRef = oneloop::current_task().unwrap();
        assert!(catch_cancel(pending::<()>()).await.is_err());
        assert_eq!(me.uncancel(), 0);
        catch_cancel(pending::<()>()).await.is_err()
    });
    let task = task.unwrap();
    tick(&on);
    task.cancel();
    ticks(&on, 2);
    assert_eq!(task.cancelling(), 0);
    task.cancel();
    ticks(&on, 2);
    assert!(value(&task));
}

#[test]
fn ta_026_an_error_in_answer_to_a_cancellation_is_the_tasks_result() {
    let task = cancelled_while_waiting(async {
        catch_cancel(pending::<()>()).await.map_err(|_| "could not clean up")
    });
    assert_eq!(value(&task), Err("could not clean up"));
    assert!(!task.cancelled());
}

#[test]
fn ta_024_an_error_wins_over_a_request_that_found_no_await() {
    let on = manual();
    let me = || oneloop::current_task().unwrap();
    let fails = on.spawn_fallible(async move {
        me().cancel();
        Err::<(), _>("failed")
    });
    let loses = on.spawn(async move {
        me().cancel();
        "a value"
    });
    tick(&on);
    assert_eq!(value(&fails.unwrap()), Err("failed"));
    assert!(loses.unwrap().cancelled());
}
