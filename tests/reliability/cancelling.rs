//! Cancel requests that do not get lost, and waits that another task's request does not end.

use crate::support::{virtual_loop, within};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, join, select};
use oneloop::{Task, catch_cancel, running_loop, sleep, spawn, yield_now};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn run(main: impl Future<Output = ()> + 'static) {
    virtual_loop().run(main).expect("it ends");
}

/// A task that takes ten seconds to clean up.
fn slow_to_go() -> Task<()> {
    spawn(async {
        if let Err(cancelled) = catch_cancel(pending::<()>()).await {
            sleep(10 * SECOND).await;
            match cancelled.resume().await {}
        }
    })
}

/// Cancels `task`, whose request goes to what it awaits, and has it go on elsewhere then.
async fn cancel_and_divert(task: &Task<()>, divert: oneshot::Sender<()>) {
    yield_now().await;
    yield_now().await;
    task.cancel();
    yield_now().await;
    divert.send(()).expect("it waits for that");
    sleep(20 * SECOND).await;
}

#[test]
fn a_request_that_went_on_is_not_lost_when_the_task_waits_for_more() {
    run(async {
        let (divert, diverted) = oneshot::channel();
        let slow = slow_to_go();
        let task = spawn(async move {
            let beside = async move {
                let _ = diverted.await;
                sleep(100 * SECOND).await;
            };
            let _ = join(slow, beside).await;
        });
        cancel_and_divert(&task, divert).await;
        assert!(task.cancelled(), "{task:?}");
    });
}

#[test]
fn a_request_that_went_on_is_not_lost_when_the_task_waits_for_something_else() {
    run(async {
        let (divert, diverted) = oneshot::channel();
        let slow = slow_to_go();
        let task = spawn(async move {
            select(slow, diverted).await;
            sleep(100 * SECOND).await;
        });
        cancel_and_divert(&task, divert).await;
        assert!(task.cancelled(), "{task:?}");
    });
}

#[test]
fn a_request_goes_once_to_what_is_awaited_also_when_that_await_moves() {
    run(async {
        let (divert, diverted) = oneshot::channel();
        let asked = Rc::new(slow_to_go());
        let awaited = asked.clone();
        let task = spawn(async move {
            let ended = (&*awaited).into_future();
            if let Either::Right((_, ended)) = select(ended, diverted).await {
                let _ = catch_cancel(ended).await;
            }
        });
        cancel_and_divert(&task, divert).await;
        assert_eq!((asked.cancelling(), task.cancelling()), (1, 1));
        assert!(asked.cancelled() && task.done());
    });
}

#[test]
fn a_sleep_that_two_tasks_share_is_not_shorter_when_one_is_cancelled() {
    run(async {
        let here = running_loop().expect("it runs");
        let shared = sleep(10 * SECOND).shared();
        let other = shared.clone();
        let other = spawn(async move {
            other.await;
            here.time()
        });
        let cancelled = spawn(shared);
        sleep(SECOND).await;
        cancelled.cancel();
        assert_eq!(other.await.expect("it ends"), 10 * SECOND);
        assert!(cancelled.cancelled());
    });
}

#[test]
fn a_sleep_that_outlives_its_cancelled_scope_lasts_as_long_as_it_was_to() {
    run(async {
        let task = spawn(async {
            let mut nap = sleep(10 * SECOND);
            assert!(catch_cancel(&mut nap).await.is_err());
            nap.await;
            running_loop().expect("it runs").time()
        });
        sleep(SECOND).await;
        task.cancel();
        assert_eq!(task.await.expect("it ends"), 10 * SECOND);
    });
}

#[test]
fn a_scope_that_moved_to_another_loop_catches_there() {
    within(|| {
        let (one, two) = (virtual_loop(), virtual_loop());
        let scope = Rc::new(RefCell::new(Box::pin(catch_cancel(pending::<()>()))));
        let poll_it = || {
            let scope = scope.clone();
            poll_fn(move |cx| Pin::new(&mut *scope.borrow_mut()).poll(cx))
        };
        let first = one.spawn(poll_it()).expect("the loop is open");
        one.turn(Some(Duration::ZERO)).expect("the loop is open");
        let second = two.spawn(poll_it()).expect("the loop is open");
        two.turn(Some(Duration::ZERO)).expect("the loop is open");
        second.cancel();
        two.turn(Some(Duration::ZERO)).expect("the loop is open");
        assert!(second.done() && !second.cancelled(), "{second:?}");
        assert!(!first.done());
    });
}

/// The scope to which the request went is kept, and the one around it ends meanwhile: its
/// number goes to another before the request comes there.
#[test]
fn a_request_is_not_lost_in_a_scope_that_is_over() {
    run(async {
        let task = spawn(async {
            let mut kept = Some(Box::pin(catch_cancel(pending::<()>())));
            let mut outer: Option<Pin<Box<dyn Future<Output = ()>>>> = None;
            let mut polls = 0;
            let shared = Rc::new(RefCell::new(kept.take()));
            let inner = shared.clone();
            outer.replace(Box::pin(async move {
                let first = poll_fn(|cx| {
                    let mut inner = inner.borrow_mut();
                    let inner = inner.as_mut().expect("it is there");
                    Poll::Ready(inner.as_mut().poll(cx).is_pending())
                });
                assert!(first.await);
                yield_now().await;
            }));
            let mut outer = Box::pin(catch_cancel(outer.expect("it is there")));
            let mut later = None;
            poll_fn(|cx| {
                polls += 1;
                match polls {
                    1 | 2 => drop(outer.as_mut().poll(cx)),
                    3 => {
                        shared.take();
                        let mut next = Box::pin(catch_cancel(pending::<()>()));
                        assert!(next.as_mut().poll(cx).is_pending());
                        later = Some(next);
                    }
                    _ => {}
                }
                Poll::<()>::Pending
            })
            .await;
        });
        yield_now().await;
        task.cancel();
        yield_now().await;
        yield_now().await;
        assert!(task.done(), "{task:?}");
    });
}
