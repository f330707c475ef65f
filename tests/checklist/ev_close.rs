//! EV: `close`: how often, from where, and what a closed loop still answers.

use crate::diary::Diary;
use crate::loops::{Tracer, manual, tick};
use crate::sockets::pair;
use oneloop::RunError;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn ev_031_closing_again_does_nothing() {
    let on = manual();
    assert!(!on.is_closed());
    for _ in 0..3 {
        on.close().unwrap();
        assert!(on.is_closed());
    }
}

#[test]
fn ev_031_dropping_the_owner_closes_the_loop() {
    let on = manual();
    let handle = on.handle();
    drop(on);
    assert!(handle.is_closed());
    assert!(matches!(handle.run_forever(), Err(RunError::Closed)));
}

#[test]
fn ev_032_a_loop_that_runs_cannot_be_closed() {
    let on = manual();
    let (answer, diary) = (Rc::new(RefCell::new(None)), Diary::default());
    let (into, handle) = (answer.clone(), on.handle());
    on.call_soon(move || drop(into.replace(Some(handle.close())))).unwrap();
    on.call_soon(diary.to_note("goes on")).unwrap();
    tick(&on);
    assert!(answer.take().unwrap().is_err());
    assert!(!on.is_closed());
    assert_eq!(diary.read(), ["goes on"]);
}

#[test]
fn ev_033_a_closed_loop_schedules_nothing() {
    let on = manual();
    let tracer = Tracer::default();
    let call = || {
        let held = tracer.hold();
        move || panic!("called, with {held:?}")
    };
    let remote = on.remote();
    on.close().unwrap();
    let error = on.call_soon(call()).unwrap_err();
    assert_eq!(error.to_string(), "the event loop is closed");
    assert!(on.call_later(Duration::ZERO, call()).is_err());
    assert!(on.call_at(Duration::ZERO, call()).is_err());
    assert_eq!(tracer.dropped(), 3);
    assert!(on.spawn(async {}).is_err());
    let refused = remote.call_soon_threadsafe(|| panic!("called")).unwrap_err();
    assert!(refused.is_closed());
    assert!(on.call_soon_threadsafe(|| panic!("called")).unwrap_err().is_closed());
}

#[test]
fn ev_034_a_closed_loop_takes_no_job() {
    let on = manual();
    let (ran, runs) = mpsc::channel();
    on.close().unwrap();
    assert!(on.run_in_executor(move || ran.send(())).is_err());
    assert_eq!(runs.recv(), Err(mpsc::RecvError), "the job was dropped, and did not run");
}

#[test]
fn ev_035_a_closed_loop_adds_no_descriptor() {
    let on = manual();
    let (here, _there) = pair();
    on.close().unwrap();
    assert!(!on.remove_reader(&here));
    let error = on.add_reader(&here, || ()).unwrap_err();
    assert_eq!(error.to_string(), "the event loop is closed");
    assert!(on.add_writer(&here, || ()).is_err());
}

#[test]
fn ev_035_a_closed_loop_has_forgotten_the_descriptors_it_had() {
    let on = manual();
    let (here, _there) = pair();
    on.add_reader(&here, || ()).unwrap();
    on.add_writer(&here, || ()).unwrap();
    on.close().unwrap();
    assert!(!on.remove_reader(&here));
    assert!(!on.remove_writer(&here));
    let error = on.add_reader(&here, || ()).unwrap_err();
    assert_eq!(error.to_string(), "the event loop is closed");
    assert!(on.add_writer(&here, || ()).is_err());
}

#[test]
fn ev_036_closing_discards_what_waits() {
    let on = manual();
    let tracer = Tracer::default();
    let call = || {
        let held = tracer.hold();
        move || panic!("called, with {held:?}")
    };
    on.call_soon(call()).unwrap();
    on.call_later(Duration::ZERO, call()).unwrap();
    on.call_later(Duration::MAX, call()).unwrap();
    let (here, _there) = pair();
    on.add_reader(&here, call()).unwrap();
    let (held, remote) = (tracer.hold(), on.remote());
    drop(on.spawn(async move { drop(held) }).unwrap());
    remote.call_soon_threadsafe(|| panic!("called")).unwrap();
    on.close().unwrap();
    assert_eq!(tracer.dropped(), 5);
}

#[test]
fn ev_037_closing_does_not_wait_for_running_jobs() {
    let on = manual();
    let (begun, begins) = mpsc::channel();
    let (release, gate) = mpsc::channel();
    let (ended, ends) = mpsc::channel();
    let job = on.run_in_executor(move || {
        begun.send(()).unwrap();
        ended.send(gate.recv_timeout(Duration::from_secs(60)).is_ok()).unwrap();
    });
    begins.recv().unwrap();
    on.close().unwrap();
    assert!(ends.try_recv().is_err(), "the job was still running");
    release.send(()).unwrap();
    assert!(ends.recv().unwrap(), "it was released, and had not been waited for");
    drop(job);
}
