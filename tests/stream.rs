//! The feature `stream`: what comes one after the other is a `Stream`.

use futures::{Stream, StreamExt};
use oneloop::sync::mpsc;
use oneloop::{Clock, EventLoop, as_completed, interval, running_loop, sleep, spawn, yield_now};
use std::task::Poll;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

#[test]
fn as_completed_is_a_stream_of_what_has_ended_in_that_order() {
    virtually(async {
        let waits = [30, 10, 20].map(|ms| {
            spawn(async move {
                sleep(MS * ms).await;
                ms
            })
        });
        let ended = as_completed(waits, None);
        assert_eq!(ended.size_hint(), (3, Some(3)));
        let order: Vec<u32> =
            ended.then(|one| async { one.unwrap().await.unwrap() }).collect().await;
        assert_eq!(order, [10, 20, 30]);
    });
}

#[test]
fn who_was_late_is_an_error_of_the_stream() {
    virtually(async {
        let waits = [10, 3600].map(|ms| spawn(sleep(MS * ms)));
        let in_time: Vec<bool> =
            as_completed(waits, Some(MS * 20)).map(|one| one.is_ok()).collect().await;
        assert_eq!(in_time, [true, false]);
    });
}

#[test]
fn a_stream_of_what_has_ended_takes_the_turns_that_next_takes() {
    let turns = |streamed| {
        virtually(async move {
            let mut ended = as_completed([spawn(yield_now())], None);
            let one = match streamed {
                true => StreamExt::next(&mut ended).await,
                false => ended.next().await,
            };
            assert!(one.unwrap().unwrap().done());
            running_loop().unwrap().turns()
        })
    };
    assert_eq!(turns(true), turns(false));
}

#[test]
fn a_receiver_is_a_stream_that_ends_with_its_senders() {
    virtually(async {
        let (sender, receiver) = mpsc::channel(1);
        spawn(async move {
            for number in 0..4 {
                sender.send(number).await.unwrap();
            }
        });
        assert_eq!(receiver.collect::<Vec<_>>().await, [0, 1, 2, 3]);
    });
}

#[test]
fn a_poll_that_was_given_up_takes_no_value_from_a_recv_after_it() {
    virtually(async {
        let (sender, mut receiver) = mpsc::unbounded();
        assert!(futures::poll!(receiver.next()).is_pending());
        spawn(async move {
            yield_now().await;
            sender.send("news")
        });
        assert_eq!(receiver.recv().await, Some("news"));
        assert_eq!(receiver.next().await, None);
    });
}

#[test]
fn a_task_that_waits_for_a_stream_can_be_cancelled() {
    virtually(async {
        let (sender, mut receiver) = mpsc::unbounded::<()>();
        let task = spawn(async move { receiver.next().await });
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(sender.is_closed());
    });
}

#[test]
fn an_interval_is_a_stream_of_its_ticks() {
    virtually(async {
        let ticks: Vec<Duration> = interval(MS * 10).take(3).collect().await;
        assert_eq!(ticks, [Duration::ZERO, MS * 10, MS * 20]);
        assert_eq!(running_loop().unwrap().time(), MS * 20);
    });
}

#[test]
fn a_tick_whose_poll_was_given_up_is_the_next_one() {
    virtually(async {
        let mut ticks = interval(MS * 10);
        assert_eq!(futures::poll!(ticks.next()), Poll::Ready(Some(Duration::ZERO)));
        assert!(futures::poll!(ticks.next()).is_pending());
        assert_eq!(ticks.tick().await, MS * 10);
        assert_eq!(ticks.next().await, Some(MS * 20));
    });
}

fn virtually<F: Future + 'static>(main: F) -> F::Output {
    EventLoop::builder().clock(Clock::AutoJump).build().unwrap().run(main).unwrap()
}
