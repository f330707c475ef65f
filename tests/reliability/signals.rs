//! SG: signals. Each test that sends one does so in a process of its own.

use crate::support::{bump, counter, in_child, new_loop};
use oneloop::signal::Signal;
use rustix::process::{Signal as Raw, getpid, kill_process};

#[test]
fn sg_001_many_signals_of_one_kind_hide_none_of_another() {
    in_child(sg_001_many_signals_of_one_kind_hide_none_of_another, || {
        let on = new_loop();
        let (many, one) = (counter(), counter());
        let [counts, counts_one] = [many.clone(), one.clone()];
        on.add_signal_handler(Signal::USR1, move || bump(&counts)).unwrap();
        on.add_signal_handler(Signal::USR2, move || bump(&counts_one)).unwrap();
        (0..10_000).for_each(|_| kill_process(getpid(), Raw::USR1).unwrap());
        kill_process(getpid(), Raw::USR2).unwrap();
        while many.get() == 0 || one.get() == 0 {
            on.turn(None).unwrap();
        }
        assert_eq!(one.get(), 1);
    });
}

#[test]
fn sg_007_signals_that_nobody_can_answer_are_refused() {
    let on = new_loop();
    // KILL, STOP, SEGV, ILL, FPE, BUS, and two of the C library's own.
    for number in [9, 19, 11, 4, 8, 7, 32, 33] {
        let signal = Signal::from_raw(number).unwrap();
        let refused = on.add_signal_handler(signal, || ()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput, "{signal}");
    }
    assert!([0, 65, -1].iter().all(|number| Signal::from_raw(*number).is_none()));
}
