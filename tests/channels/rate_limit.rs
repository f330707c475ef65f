//! The rate limiter, on virtual time.

use crate::run;
use oneloop::sync::RateLimiter;
use oneloop::{running_loop, sleep, spawn, yield_now};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn now() -> Duration {
    running_loop().unwrap().time()
}

#[test]
fn so_many_start_at_once_and_the_next_when_the_first_is_a_period_ago() {
    let starts = run(async {
        let limiter = RateLimiter::new(2, SECOND);
        let mut starts = Vec::new();
        for pause in [0, 400, 0, 0, 0] {
            sleep(Duration::from_millis(pause)).await;
            limiter.acquire().await;
            starts.push(now().as_millis());
        }
        starts
    });
    assert_eq!(starts, [0, 400, 1000, 1400, 2000]);
}

#[test]
fn they_start_in_the_order_in_which_they_came() {
    run(async {
        let limiter = RateLimiter::new(1, SECOND);
        let tasks = [0, 1, 2, 3].map(|_| {
            let limiter = limiter.clone();
            spawn(async move {
                limiter.acquire().await;
                now()
            })
        });
        for (i, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), SECOND * i as u32);
        }
    });
}

#[test]
fn who_is_cancelled_starts_nothing_and_the_next_has_its_time() {
    run(async {
        let limiter = RateLimiter::new(1, SECOND);
        assert!(limiter.try_acquire());
        let tasks = [0, 1].map(|_| {
            let limiter = limiter.clone();
            spawn(async move {
                limiter.acquire().await;
                now()
            })
        });
        yield_now().await;
        assert_eq!(format!("{limiter:?}"), "RateLimiter(1 of 1, 2 waiting)");
        let [first, second] = tasks;
        first.cancel();
        assert_eq!(second.await.unwrap(), SECOND);
    });
}

#[test]
fn trying_does_not_pass_those_who_wait() {
    run(async {
        let limiter = RateLimiter::new(1, SECOND);
        assert!(limiter.try_acquire());
        assert!(!limiter.try_acquire());
        let waits = limiter.clone();
        let task = spawn(async move { waits.acquire().await });
        yield_now().await;
        sleep(SECOND).await;
        assert!(!limiter.try_acquire(), "it is the other's turn");
        task.await.unwrap();
        sleep(SECOND).await;
        assert!(limiter.try_acquire());
    });
}

#[test]
fn a_period_of_nothing_limits_nothing_and_one_without_end_lets_so_many_start_for_good() {
    run(async {
        let free = RateLimiter::new(1, Duration::ZERO);
        assert!((0..100).all(|_| free.try_acquire()));
        let once = RateLimiter::new(1, Duration::MAX);
        assert!(once.try_acquire());
        sleep(SECOND * 1_000_000).await;
        assert!(!once.try_acquire());
    });
}

#[test]
#[should_panic(expected = "a limiter lets something start")]
fn a_limiter_to_nothing_is_refused() {
    drop(RateLimiter::new(0, SECOND));
}
