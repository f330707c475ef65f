//! EV: `call_later` and `call_at`: when timers fire, in which order, and what cancelling
//! them leaves behind.

use crate::allocations;
use crate::diary::Diary;
use crate::loops::{jumping, manual, real, tick, ticks};
use crate::sockets::{pair, put};
use oneloop::{RunError, TimerHandle};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn ev_007_a_timer_runs_once_and_not_before_its_time() {
    let on = manual();
    let diary = Diary::default();
    on.call_later(10 * MILLI, diary.to_note("fired")).unwrap();
    on.advance(10 * MILLI - Duration::from_nanos(1));
    ticks(&on, 3);
    assert!(diary.read().is_empty());
    on.advance(Duration::from_nanos(1));
    tick(&on);
    assert_eq!(diary.read(), ["fired"]);
    on.advance(Duration::from_secs(1));
    ticks(&on, 3);
    assert_eq!(diary.read(), ["fired"]);
}

#[test]
fn ev_007_a_timer_is_not_early_on_real_time() {
    let on = real();
    let begun = on.time();
    let fired = on
        .run_until_complete(async {
            let fired = oneloop::create_future();
            let (set, handle) = (fired.clone(), oneloop::running_loop().unwrap());
            oneloop::call_later(2 * MILLI, move || set.set_result(handle.time()).unwrap());
            fired.await.unwrap()
        })
        .unwrap();
    assert!(fired >= begun + 2 * MILLI);
}

#[test]
fn ev_008_a_timer_of_no_delay_runs_behind_what_was_queued() {
    let on = manual();
    let diary = Diary::default();
    let inner = diary.clone();
    on.call_soon(move || {
        oneloop::call_later(Duration::ZERO, inner.to_stamp("T"));
        oneloop::call_soon(inner.to_stamp("S"));
    })
    .unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["S@2", "T@2"]);
}

#[test]
fn ev_009_in_a_turn_come_queued_callbacks_then_descriptors_then_timers_by_deadline() {
    let on = manual();
    let diary = Diary::default();
    let (here, there) = pair();
    put(1, &there);
    let inner = diary.clone();
    on.call_later(MILLI, diary.to_stamp("late timer")).unwrap();
    on.call_later(Duration::ZERO, diary.to_stamp("early timer")).unwrap();
    on.add_reader(&here, move || inner.stamp("reader")).unwrap();
    on.call_soon(diary.to_stamp("queued")).unwrap();
    on.advance(MILLI);
    tick(&on);
    assert_eq!(diary.read(), ["queued@1", "reader@1", "early timer@1", "late timer@1"]);
}

#[test]
fn ev_010_timers_of_one_deadline_fire_in_one_turn_in_the_order_they_were_set() {
    let on = jumping();
    let fired: Rc<RefCell<Vec<(u64, usize)>>> = Rc::default();
    for number in 0..3000 {
        let (fired, handle) = (fired.clone(), on.handle());
        on.call_at(7 * MILLI, move || fired.borrow_mut().push((handle.turns(), number))).unwrap();
    }
    on.run_until_complete(oneloop::sleep_until(8 * MILLI)).unwrap();
    let fired = fired.take();
    assert_eq!(fired.len(), 3000);
    assert!(fired.iter().all(|(turn, _)| *turn == fired[0].0));
    assert!(fired.iter().map(|(_, number)| *number).eq(0..3000));
}

#[test]
fn ev_011_a_short_sleep_takes_few_turns() {
    let on = real();
    on.run_until_complete(async { oneloop::sleep(2 * MILLI).await }).unwrap();
    // To start it, to wait for the timer, to wake it, and to end the run.
    assert!(on.turns() <= 8, "{} turns", on.turns());
}

#[test]
fn ev_012_a_timer_that_comes_due_during_a_turn_waits_for_the_next() {
    let on = manual();
    let diary = Diary::default();
    on.call_later(MILLI, diary.to_stamp("T")).unwrap();
    let (inner, handle) = (diary.clone(), on.handle());
    on.call_soon(move || {
        inner.stamp("A");
        handle.advance(2 * MILLI);
        oneloop::call_soon(inner.to_stamp("S"));
    })
    .unwrap();
    on.call_soon(diary.to_stamp("B")).unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["A@1", "B@1", "S@2", "T@2"]);
}

#[test]
fn ev_013_the_loop_waits_for_the_first_timer_that_is_alive() {
    let on = jumping();
    let gone = on.call_later(Duration::from_secs(5), || panic!("cancelled")).unwrap();
    let handle = on.handle();
    on.call_later(Duration::from_secs(10), move || handle.stop()).unwrap();
    assert_eq!(on.next_deadline(), Some(Duration::from_secs(5)));
    gone.cancel();
    assert_eq!(on.next_deadline(), Some(Duration::from_secs(10)));
    on.run_forever().unwrap();
    assert_eq!((on.time(), on.turns()), (Duration::from_secs(10), 1));
}

#[test]
fn ev_014_cancelled_timers_do_not_pile_up() {
    let on = manual();
    let hour = Duration::from_secs(3600);
    // One that lives stands at the head, so the others do not just surface.
    on.call_later(MILLI, || ()).unwrap();
    let round = || {
        let timers: Vec<TimerHandle> =
            (0..200).map(|_| on.call_later(hour, || ()).unwrap()).collect();
        tick(&on);
        on.next_deadline(); // has them sorted in
        timers.iter().for_each(TimerHandle::cancel);
    };
    (0..20).for_each(|_| round());
    let before = allocations::held();
    (0..500).for_each(|_| round());
    let grown = allocations::held() - before;
    assert!(grown < 16 * 1024, "100,000 cancelled timers left {grown} bytes");
}

#[test]
fn ev_014_timers_that_are_alive_survive_the_sweep_of_cancelled_ones() {
    let on = jumping();
    let diary = Diary::default();
    let timers: Vec<TimerHandle> =
        (0..500).map(|_| on.call_later(10 * MILLI, || panic!("cancelled")).unwrap()).collect();
    on.call_later(20 * MILLI, diary.to_note("second")).unwrap();
    on.call_later(5 * MILLI, diary.to_note("first")).unwrap();
    assert_eq!(on.next_deadline(), Some(5 * MILLI));
    timers.iter().for_each(TimerHandle::cancel);
    on.run_until_complete(oneloop::sleep_until(30 * MILLI)).unwrap();
    assert_eq!(diary.read(), ["first", "second"]);
}

#[test]
fn ev_015_a_timer_that_is_due_can_be_cancelled_by_one_before_it() {
    let on = manual();
    let diary = Diary::default();
    let second: Rc<RefCell<Option<TimerHandle>>> = Rc::default();
    let (inner, victim) = (diary.clone(), second.clone());
    on.call_later(MILLI, move || {
        inner.note("first");
        victim.take().unwrap().cancel();
    })
    .unwrap();
    second.replace(Some(on.call_later(MILLI, diary.to_note("second")).unwrap()));
    on.call_later(MILLI, diary.to_note("third")).unwrap();
    on.advance(MILLI);
    ticks(&on, 2);
    assert_eq!(diary.read(), ["first", "third"]);
}

#[test]
fn ev_016_timers_that_are_never_due_are_no_deadline() {
    let on = manual();
    let never = on.call_later(Duration::MAX, || panic!("fired")).unwrap();
    on.call_at(Duration::MAX, || panic!("fired")).unwrap();
    assert_eq!(on.next_deadline(), None);
    on.call_later(MILLI, || ()).unwrap();
    assert_eq!(on.next_deadline(), Some(MILLI));
    never.cancel();
    on.advance(MILLI);
    tick(&on);
    assert_eq!(on.next_deadline(), None, "the others are still there");
}

#[test]
fn ev_016_a_timer_that_is_never_due_neither_fails_nor_fires() {
    let on = jumping();
    on.call_later(Duration::MAX, || panic!("fired")).unwrap();
    on.call_at(Duration::MAX, || panic!("fired")).unwrap();
    on.run_until_complete(oneloop::sleep_until(Duration::from_secs(1 << 33))).unwrap();
    assert!(matches!(on.run_forever(), Err(RunError::Deadlock(_))));
}

#[test]
fn ev_016_not_even_the_end_of_time_is_never() {
    let on = manual();
    let diary = Diary::default();
    on.call_later(Duration::MAX, diary.to_note("never")).unwrap();
    on.call_later(Duration::from_secs(1 << 33), diary.to_note("one day")).unwrap();
    on.advance(Duration::MAX);
    on.call_later(Duration::from_secs(1), diary.to_note("after the end")).unwrap();
    ticks(&on, 2);
    assert_eq!(diary.read(), ["one day"]);
}

#[test]
fn ev_016_the_loop_can_wait_for_a_timer_that_is_years_away() {
    let on = real();
    on.call_later(Duration::from_secs(100 * 365 * 24 * 3600), || panic!("fired")).unwrap();
    let remote = on.remote();
    let other = std::thread::spawn(move || remote.stop().unwrap());
    on.run_forever().unwrap();
    other.join().unwrap();
}
