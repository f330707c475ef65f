//! TM: a timer fires in its turn, never early, and no duration is too odd for it.

use crate::support::{
    OnDrop, Rng, Wakes, bump, counter, loop_on, new_loop, nth, virtual_loop, within,
};
use oneloop::time::{MissedTick, interval_at};
use oneloop::{Clock, EventLoop, LoopHandle, TimerHandle};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Durations that broke others: none, tiny, at the edges of 32 bits, and beyond any clock.
const ODD: [Duration; 9] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_micros(999),
    Duration::from_millis(1 << 31),
    Duration::from_millis(1 << 32),
    Duration::from_secs(25 * 24 * 3600),
    Duration::from_nanos(u64::MAX),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Arms each kind of timer for `duration`; what fires before its time is counted.
fn arm_all(handle: &LoopHandle, duration: Duration, early: &Rc<Cell<usize>>) {
    let due = handle.time().saturating_add(duration);
    let check = |handle: &LoopHandle| {
        let (handle, early) = (handle.clone(), early.clone());
        move || {
            if handle.time() < due {
                bump(&early);
            }
        }
    };
    handle.call_later(duration, check(handle)).expect("the loop is open");
    handle.call_at(due, check(handle)).expect("the loop is open");
    let (sleep, until, interval) = (check(handle), check(handle), check(handle));
    drop(handle.spawn(async move {
        oneloop::sleep(duration).await;
        sleep();
    }));
    drop(handle.spawn(async move {
        oneloop::sleep_until(due).await;
        until();
    }));
    drop(handle.spawn(async move {
        let period = duration.max(Duration::from_nanos(1));
        for missed in [MissedTick::Burst, MissedTick::Delay, MissedTick::Skip] {
            interval_at(due, period).on_missed(missed).tick().await;
            interval();
        }
    }));
}

/// The odd ones neither panic, nor fire early, nor keep one beside them from firing.
fn odd_durations(clock: Clock) {
    let event_loop = loop_on(clock);
    event_loop.set_exception_handler(|context| panic!("{context}"));
    let early = counter();
    for duration in ODD {
        arm_all(&event_loop, duration, &early);
    }
    let beside = Duration::from_millis(20);
    event_loop.run_until_complete(oneloop::sleep_until(beside)).expect("it fires");
    assert!(event_loop.time() >= beside);
    assert_eq!(early.get(), 0);
}

#[test]
fn tm_001_odd_durations_are_harmless_on_real_time() {
    within(|| odd_durations(Clock::Real));
}

#[test]
fn tm_001_odd_durations_are_harmless_on_virtual_time() {
    within(|| odd_durations(Clock::AutoJump));
}

#[test]
fn tm_001_time_itself_may_come_to_its_end() {
    let event_loop = loop_on(Clock::Manual);
    let fired = counter();
    for duration in ODD {
        let fired = fired.clone();
        let fire = move || bump(&fired);
        event_loop.call_later(duration, fire).expect("the loop is open");
    }
    event_loop.advance(Duration::MAX);
    event_loop.advance(Duration::MAX);
    (0..3).for_each(|_| turn(&event_loop));
    let finite = ODD.iter().filter(|d| d.as_nanos() < u128::from(u64::MAX)).count();
    assert_eq!(fired.get(), finite, "those that never come did not come");
}

/// A wait that is rounded down to whole milliseconds turns and turns until the time has
/// come; each of these takes a turn to fire and a turn for the task.
#[test]
fn tm_002_a_wait_below_a_millisecond_is_slept_not_turned_away() {
    within(|| {
        let event_loop = new_loop();
        let handle = event_loop.handle();
        let turns = event_loop.run_until_complete(async move {
            let begun = handle.turns();
            for _ in 0..200 {
                oneloop::sleep(Duration::from_micros(900)).await;
            }
            handle.turns() - begun
        });
        assert!(turns.expect("it ends") <= 200 * 4);
    });
}

#[test]
fn tm_003_no_timer_fires_before_its_deadline() {
    within(|| {
        let event_loop = new_loop();
        let (early, left) = (counter(), Rc::new(Cell::new(10_000)));
        let mut rng = Rng::new(1);
        for _ in 0..left.get() {
            let (handle, early, left) = (event_loop.handle(), early.clone(), left.clone());
            let delay = Duration::from_nanos(rng.below(200_000_000));
            let due = event_loop.time() + delay;
            let fire = move || {
                early.set(early.get() + usize::from(handle.time() < due));
                left.set(left.get() - 1);
                if left.get() == 0 {
                    handle.stop();
                }
            };
            event_loop.call_later(delay, fire).expect("the loop is open");
        }
        event_loop.run_forever().expect("stopped by the last timer");
        assert_eq!(early.get(), 0);
    });
}

#[test]
fn tm_003_a_timer_fires_when_the_clock_stands_exactly_at_its_deadline() {
    let event_loop = loop_on(Clock::Manual);
    let fired = counter();
    let count = fired.clone();
    let fire = move || bump(&count);
    event_loop.call_at(Duration::from_nanos(1_000), fire).expect("the loop is open");
    event_loop.advance(Duration::from_nanos(999));
    turn(&event_loop);
    assert_eq!(fired.get(), 0, "a nanosecond is missing");
    event_loop.advance(Duration::from_nanos(1));
    turn(&event_loop);
    assert_eq!(fired.get(), 1);
}

/// A sleep that was polled by one task and then given to another is the other's: what
/// happens to the first task does not end it.
#[test]
fn tm_003_a_sleep_that_changed_hands_is_not_ended_by_its_first_owner() {
    let event_loop = virtual_loop();
    let slot: Rc<RefCell<Option<Pin<Box<oneloop::Sleep>>>>> = Rc::default();
    let give = slot.clone();
    let first = event_loop.spawn(async move {
        let mut sleep = Box::pin(oneloop::sleep(HOUR));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        *give.borrow_mut() = Some(sleep);
        std::future::pending::<()>().await;
    });
    let first = first.expect("the loop is open");
    let handle = event_loop.handle();
    let woke = event_loop.run_until_complete(async move {
        oneloop::yield_now().await;
        let sleep = slot.take().expect("the first task ran");
        let second = oneloop::spawn(async move {
            sleep.await;
            handle.time()
        });
        oneloop::yield_now().await;
        oneloop::yield_now().await;
        first.cancel();
        second.await.expect("it was not cancelled")
    });
    assert_eq!(woke.expect("it ends"), HOUR);
}

#[test]
fn tm_003_a_sleep_of_no_time_is_a_bare_reschedule() {
    let event_loop = virtual_loop();
    let handle = event_loop.handle();
    let turns = event_loop.run_until_complete(async move {
        let begun = handle.turns();
        oneloop::sleep(Duration::ZERO).await;
        handle.turns() - begun
    });
    assert_eq!(turns.expect("it ends"), 1);
}

/// Arms itself anew each time it runs, until told to stop.
fn rearm(handle: LoopHandle, runs: Rc<Cell<usize>>, turns: Rc<RefCell<Vec<u64>>>) {
    turns.borrow_mut().push(handle.turns());
    if nth(&runs) == 1_000 {
        return handle.stop();
    }
    let again = handle.clone();
    let next = move || rearm(again, runs, turns);
    handle.call_later(Duration::ZERO, next).expect("the loop is open");
}

#[test]
fn tm_004_a_timer_of_no_time_that_rearms_itself_runs_once_a_turn() {
    for clock in [Clock::Real, Clock::AutoJump] {
        let event_loop = loop_on(clock);
        let turns = Rc::new(RefCell::new(Vec::new()));
        rearm(event_loop.handle(), counter(), turns.clone());
        event_loop.run_forever().expect("stopped by the timer");
        assert!(turns.borrow().windows(2).all(|pair| pair[0] < pair[1]), "twice in one turn");
        assert_eq!(turns.borrow().len(), 1_000);
    }
}

#[test]
fn tm_006_equal_deadlines_fire_in_the_order_in_which_they_were_set() {
    let event_loop = virtual_loop();
    let order = Rc::new(RefCell::new(Vec::new()));
    let timers: Vec<TimerHandle> = (0..3_000)
        .map(|number| {
            let order = order.clone();
            let fire = move || order.borrow_mut().push(number);
            event_loop.call_at(Duration::from_secs(1), fire).expect("the loop is open")
        })
        .collect();
    timers.iter().step_by(3).for_each(TimerHandle::cancel);
    event_loop.run_until_complete(oneloop::sleep_until(HOUR)).expect("it ends");
    let expected: Vec<_> = (0..3_000).filter(|number| number % 3 != 0).collect();
    assert_eq!(*order.borrow(), expected);
}

#[test]
fn tm_007_a_cancelled_timer_drops_what_it_held_at_once() {
    let event_loop = virtual_loop();
    let token = Rc::new(());
    for _ in 0..100_000 {
        let held = token.clone();
        let timer = event_loop.call_later(HOUR, move || drop(held)).expect("the loop is open");
        timer.cancel();
        assert_eq!(Rc::strong_count(&token), 1);
    }
    assert_eq!(event_loop.next_deadline(), None);
}

#[test]
fn tm_008_a_timer_that_another_one_cancels_in_the_same_batch_does_not_run() {
    let event_loop = loop_on(Clock::Manual);
    let (ran, dropped) = (counter(), counter());
    let victim: Rc<RefCell<Option<TimerHandle>>> = Rc::default();
    let (kill, new) = (victim.clone(), ran.clone());
    let handle = event_loop.handle();
    let first = move || {
        kill.take().expect("it was set").cancel();
        // The slot is free now and goes to this one, which is not due.
        handle.call_later(HOUR, move || bump(&new)).expect("the loop is open");
    };
    event_loop.call_at(Duration::from_secs(1), first).expect("the loop is open");
    let (runs, drops) = (ran.clone(), dropped.clone());
    let held = OnDrop(move || bump(&drops));
    let second = move || {
        let _held = held;
        bump(&runs);
    };
    let second = event_loop.call_at(Duration::from_secs(1), second);
    *victim.borrow_mut() = Some(second.expect("the loop is open"));
    event_loop.advance(Duration::from_secs(1));
    (0..3).for_each(|_| turn(&event_loop));
    assert_eq!((ran.get(), dropped.get()), (0, 1));
}

#[test]
fn tm_008_a_sleep_that_is_dropped_in_the_batch_in_which_it_is_due_wakes_nobody() {
    let event_loop = loop_on(Clock::Manual);
    let (wakes, waker) = Wakes::new();
    let sleep: Rc<RefCell<Option<Pin<Box<oneloop::Sleep>>>>> = Rc::default();
    let kill = sleep.clone();
    event_loop.call_at(Duration::from_secs(1), move || drop(kill.take())).expect("it is open");
    let arm = move || {
        let mut armed = Box::pin(oneloop::sleep(Duration::from_secs(1)));
        assert!(armed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *sleep.borrow_mut() = Some(armed);
    };
    event_loop.call_soon(arm).expect("the loop is open");
    turn(&event_loop);
    event_loop.advance(Duration::from_secs(1));
    (0..3).for_each(|_| turn(&event_loop));
    assert_eq!(wakes.count(), 0);
}

/// Ticks that came while the clock leapt an hour ahead, by what was agreed about them.
fn ticks_after_a_leap(missed: MissedTick) -> Vec<u64> {
    let event_loop = loop_on(Clock::Manual);
    let ticks = Rc::new(RefCell::new(Vec::new()));
    let (times, handle) = (ticks.clone(), event_loop.handle());
    drop(event_loop.spawn(async move {
        let second = Duration::from_secs(1);
        let mut interval = interval_at(second, second).on_missed(missed);
        loop {
            interval.tick().await;
            times.borrow_mut().push(handle.time().as_secs());
        }
    }));
    for step in [1, 3600, 1] {
        event_loop.advance(Duration::from_secs(step));
        (0..4_000).for_each(|_| turn(&event_loop));
    }
    ticks.take()
}

#[test]
fn tm_009_after_a_leap_of_the_clock_an_interval_that_skips_ticks_once() {
    assert_eq!(ticks_after_a_leap(MissedTick::Skip), [1, 3601, 3602]);
    assert_eq!(ticks_after_a_leap(MissedTick::Delay), [1, 3601, 3602]);
    assert_eq!(ticks_after_a_leap(MissedTick::Burst).len(), 3602);
}

/// What `stop` does to timers: those due run once each, in this run or in the next.
fn stopped_by(stop: impl FnOnce(&EventLoop)) {
    let event_loop = loop_on(Clock::Manual);
    let runs = counter();
    for _ in 0..10 {
        let runs = runs.clone();
        let fire = move || bump(&runs);
        event_loop.call_at(Duration::from_secs(1), fire).expect("the loop is open");
    }
    event_loop.advance(Duration::from_secs(1));
    stop(&event_loop);
    event_loop.run_forever().expect("it was stopped");
    event_loop.stop();
    event_loop.run_forever().expect("it was stopped");
    assert_eq!(runs.get(), 10);
}

#[test]
fn tm_010_a_stop_loses_no_timer_and_runs_none_twice() {
    stopped_by(|event_loop| event_loop.stop());
    stopped_by(|event_loop| {
        let handle = event_loop.handle();
        event_loop.call_soon(move || handle.stop()).expect("the loop is open");
    });
    stopped_by(|event_loop| {
        let handle = event_loop.handle();
        let stop = move || handle.stop();
        event_loop.call_at(Duration::from_secs(1), stop).expect("the loop is open");
    });
}

#[test]
fn tm_010_a_timer_that_is_not_due_waits_while_the_loop_is_stopped() {
    let event_loop = virtual_loop();
    let runs = counter();
    let count = runs.clone();
    event_loop.call_later(HOUR, move || bump(&count)).expect("the loop is open");
    for _ in 0..3 {
        event_loop.stop();
        event_loop.run_forever().expect("it was stopped");
    }
    assert_eq!((runs.get(), event_loop.time()), (0, Duration::ZERO));
}

#[test]
fn tm_012_after_ten_years_a_millisecond_is_still_a_millisecond() {
    let event_loop = virtual_loop();
    let ten_years = HOUR * 24 * 3652;
    event_loop.advance(ten_years);
    let short = async { oneloop::sleep(Duration::from_millis(1)).await };
    event_loop.run_until_complete(short).expect("it ends");
    assert_eq!(event_loop.time(), ten_years + Duration::from_millis(1));
}
