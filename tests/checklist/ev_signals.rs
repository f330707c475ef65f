//! EV: signals as callbacks of a loop. Each test plays in a process of its own.

use crate::diary::Diary;
use crate::loops::{real, tick, ticks};
use crate::own_process::{in_own_process, played_by, raise};
use oneloop::signal::{Signal, signal};
use oneloop::{LoopHandle, spawn};
use rustix::process::Signal as Raw;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;

/// A turn that waits until something has happened.
fn wait(on: &LoopHandle) {
    on.turn(None).unwrap();
}

#[test]
fn ev_061_a_signal_is_noted_in_the_next_turn_and_handled_in_the_one_after() {
    in_own_process(ev_061_a_signal_is_noted_in_the_next_turn_and_handled_in_the_one_after, || {
        let (on, diary) = (real(), Diary::default());
        let note = diary.clone();
        on.add_signal_handler(Signal::USR1, move || note.stamp("handled")).unwrap();
        let raised = diary.clone();
        on.call_soon(move || {
            raise(Raw::USR1);
            raised.stamp("raised");
        })
        .unwrap();
        tick(&on);
        assert_eq!(diary.read(), ["raised@1"]);
        wait(&on);
        assert_eq!(diary.read(), ["raised@1"]);
        tick(&on);
        assert_eq!(diary.read(), ["raised@1", "handled@3"]);
    });
}

#[test]
fn ev_062_a_signal_that_cannot_be_caught_is_refused() {
    let on = real();
    let cannot = [Signal::KILL, Signal::STOP];
    for signal in cannot {
        let error = on.add_signal_handler(signal, || ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), format!("{signal} cannot be caught"));
        assert!(!on.remove_signal_handler(signal));
    }
}

#[test]
fn ev_063_after_the_removal_the_signal_does_what_it_does_by_default() {
    let test = ev_063_after_the_removal_the_signal_does_what_it_does_by_default;
    let played = played_by(test, || {
        let on = real();
        on.add_signal_handler(Signal::TERM, || println!("handled")).unwrap();
        raise(Raw::TERM);
        wait(&on);
        tick(&on);
        println!("removed: {}", on.remove_signal_handler(Signal::TERM));
        println!("again: {}", on.remove_signal_handler(Signal::TERM));
        raise(Raw::TERM);
        std::thread::park();
    });
    let Some(output) = played else { return };
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("handled\nremoved: true\nagain: false\n"), "{printed}");
    assert_eq!(output.status.signal(), Some(Raw::TERM.as_raw()));
}

#[test]
fn ev_064_removing_one_handler_leaves_those_of_other_signals() {
    in_own_process(ev_064_removing_one_handler_leaves_those_of_other_signals, || {
        let (on, diary) = (real(), Diary::default());
        let [one, two] = [diary.clone(), diary.clone()];
        on.add_signal_handler(Signal::USR1, move || one.note("USR1")).unwrap();
        on.add_signal_handler(Signal::USR2, move || two.note("USR2")).unwrap();
        assert!(on.remove_signal_handler(Signal::USR1));
        raise(Raw::USR2);
        wait(&on);
        tick(&on);
        assert_eq!(diary.read(), ["USR2"]);
    });
}

#[test]
fn ev_066_a_signal_that_came_before_the_removal_is_ignored() {
    in_own_process(ev_066_a_signal_that_came_before_the_removal_is_ignored, || {
        let (on, diary) = (real(), Diary::default());
        let [gone, other] = [diary.clone(), diary.clone()];
        // In case the signal is late: nobody is to die of it.
        let listens = real();
        listens.add_signal_handler(Signal::USR1, || ()).unwrap();
        on.add_signal_handler(Signal::USR1, move || gone.note("ghost")).unwrap();
        raise(Raw::USR1);
        assert!(on.remove_signal_handler(Signal::USR1));
        on.add_signal_handler(Signal::USR2, move || other.note("USR2")).unwrap();
        raise(Raw::USR2);
        wait(&on);
        ticks(&on, 2);
        assert_eq!(diary.read(), ["USR2"]);
    });
}

#[test]
fn ev_067_a_handler_that_is_removed_when_it_is_about_to_run_does_not() {
    in_own_process(ev_067_a_handler_that_is_removed_when_it_is_about_to_run_does_not, || {
        let (on, diary) = (real(), Diary::default());
        let [gone, stays] = [diary.clone(), diary.clone()];
        let handle = on.add_signal_handler(Signal::USR1, move || gone.note("removed")).unwrap();
        on.add_signal_handler(Signal::USR1, move || stays.note("stays")).unwrap();
        raise(Raw::USR1);
        wait(&on);
        assert!(handle.remove());
        assert!(!handle.remove());
        tick(&on);
        assert_eq!(diary.read(), ["stays"]);
    });
}

#[test]
fn ev_068_a_loop_that_closes_gives_the_signals_back() {
    let played = played_by(ev_068_a_loop_that_closes_gives_the_signals_back, || {
        let on = real();
        on.add_signal_handler(Signal::TERM, || ()).unwrap();
        drop(on);
        raise(Raw::TERM);
        std::thread::park();
    });
    let Some(output) = played else { return };
    assert_eq!(output.status.signal(), Some(Raw::TERM.as_raw()));
}

#[test]
fn a_task_is_told_of_the_signals_since_it_last_asked_as_of_one() {
    in_own_process(a_task_is_told_of_the_signals_since_it_last_asked_as_of_one, || {
        let on = real();
        let told = on.run_until_complete(async {
            let (mut signals, mut others) =
                (signal(Signal::USR1).unwrap(), signal(Signal::USR1).unwrap());
            (0..10).for_each(|_| raise(Raw::USR1));
            signals.recv().await.unwrap();
            others.recv().await.unwrap();
            let waits = spawn(async move { signals.recv().await });
            raise(Raw::USR1);
            waits.await.unwrap().unwrap();
            true
        });
        assert!(told.unwrap());
    });
}

#[test]
fn who_waits_for_a_signal_of_a_loop_that_closes_is_told() {
    let (closes, on) = (real(), real());
    let mut signals = closes.run_until_complete(async { signal(Signal::WINCH).unwrap() }).unwrap();
    drop(closes);
    assert!(on.run_until_complete(async move { signals.recv().await }).unwrap().is_err());
}
