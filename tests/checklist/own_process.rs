//! A process of a test's own: this test alone, started again. Signals are sent there.

use rustix::process::{Signal, getpid, kill_process};
use std::any::type_name;
use std::process::{Command, Output};

/// Set in a process that was started for one test.
const CHILD: &str = "ONELOOP_CHECKLIST_CHILD";
/// Printed where a scene ends well.
const OVER: &str = "the scene is over";

/// Plays `scene` in a process of its own, and gives what became of that; in it, nothing.
pub(crate) fn played_by<F>(_test: F, scene: impl FnOnce()) -> Option<Output> {
    if std::env::var_os(CHILD).is_some() {
        scene();
        println!("{OVER}");
        return None;
    }
    let (_crate, path) = type_name::<F>().split_once("::").expect("a test is in a module");
    let output = Command::new(std::env::current_exe().expect("this test is a file"))
        .args([path, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .output()
        .expect("the test can be started again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("running 1 test"), "{path} is no test:\n{text}");
    Some(output)
}

/// As [`played_by`], for a scene that must end well.
pub(crate) fn in_own_process<F>(test: F, scene: impl FnOnce()) {
    if let Some(output) = played_by(test, scene) {
        let [out, err] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
        let well = output.status.success() && out.contains(OVER);
        assert!(well, "in its own process: {}\n{out}\n{err}", output.status);
    }
}

/// Sends this process a signal. It need not have arrived yet.
pub(crate) fn raise(signal: Signal) {
    kill_process(getpid(), signal).expect("a process may signal itself");
}
