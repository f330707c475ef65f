//! asyncio's own traces: the scenarios in `tests/conformance` leave the same on oneloop.

#[path = "../examples/conformance/interpreter.rs"]
mod interpreter;
#[path = "../examples/conformance/object.rs"]
mod object;
#[path = "../examples/conformance/scenario.rs"]
mod scenario;
#[path = "../examples/conformance/suite.rs"]
mod suite;

use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All 200 scenarios of a level: none left out, none different.
fn conforms(level: &str) {
    let scenarios = file(&format!("{level}.jsonl"));
    let expected = file(&format!("{level}.expected.jsonl"));
    let report = suite::check(&scenarios, &expected).expect("the files are JSON lines");
    assert!(report.all_identical(), "\n{report}");
    assert_eq!(report.compared, 200, "\n{report}");
}

#[test]
fn callbacks_timers_and_handles_run_as_on_asyncio() {
    conforms("level1");
}

#[test]
fn tasks_and_futures_run_as_on_asyncio() {
    conforms("level2");
}
