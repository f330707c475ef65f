//! EV: `call_soon_threadsafe`: other threads call in.

use crate::diary::Diary;
use crate::loops::{manual, real, tick};
use oneloop::{Event, Moment, Observer};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

/// Tells another thread when the loop goes to sleep.
struct Sleepy(mpsc::Sender<()>);

impl Observer for Sleepy {
    fn event(&self, _: Moment, event: &Event<'_>) {
        if matches!(event, Event::Sleeps { until: None }) {
            let _ = self.0.send(());
        }
    }
}

#[test]
fn ev_038_a_loop_that_sleeps_is_woken_by_a_call_from_another_thread() {
    let on = real();
    let (asleep, sleeps) = mpsc::channel();
    on.set_observer(Some(Rc::new(Sleepy(asleep))));
    let remote = on.remote();
    let caller = thread::spawn(move || {
        sleeps.recv().unwrap();
        let (tell, told) = mpsc::channel();
        let stop = remote.clone();
        remote
            .call_soon_threadsafe(move || {
                tell.send(thread::current().id()).unwrap();
                stop.stop().unwrap();
            })
            .unwrap();
        told.recv().unwrap()
    });
    on.run_forever().unwrap();
    assert_eq!(caller.join().unwrap(), thread::current().id());
}

#[test]
fn ev_039_calls_of_both_kinds_share_one_queue_on_the_loops_own_thread() {
    let on = manual();
    let diary = Diary::default();
    let remote = on.remote();
    let (here, inner) = (on.handle(), diary.clone());
    on.call_soon(move || {
        remote.call_soon_threadsafe(|| oneloop::running_loop().unwrap().set_debug(true)).unwrap();
        // What `B` sees is what `A` did.
        here.call_soon(move || {
            let debug = oneloop::running_loop().unwrap().debug();
            inner.stamp(if debug { "A, B" } else { "B, A" });
        })
        .unwrap();
    })
    .unwrap();
    tick(&on);
    tick(&on);
    assert_eq!(diary.read(), ["A, B@2"]);
}

#[test]
fn ev_040_a_call_that_races_with_the_close_succeeds_or_says_closed() {
    for _ in 0..50 {
        let on = real();
        let remote = on.remote();
        let (begun, begins) = mpsc::channel();
        let caller = thread::spawn(move || {
            for call in 0.. {
                if let Err(error) = remote.call_soon_threadsafe(|| ()) {
                    return error.is_closed();
                }
                if call == 3 {
                    begun.send(()).unwrap();
                }
            }
            unreachable!("the loop closes")
        });
        begins.recv().unwrap();
        on.close().unwrap();
        assert!(caller.join().unwrap());
    }
}
