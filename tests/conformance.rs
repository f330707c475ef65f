//! asyncio's own traces: the scenarios in `tests/conformance` leave the same on oneloop.

#[path = "../examples/conformance/interpreter.rs"]
mod interpreter;
#[path = "../examples/conformance/object.rs"]
mod object;
#[path = "../examples/conformance/parse.rs"]
mod parse;
#[path = "../examples/conformance/plain.rs"]
mod plain;
#[path = "../examples/conformance/primitive.rs"]
mod primitive;
#[path = "../examples/conformance/scenario.rs"]
mod scenario;
#[path = "../examples/conformance/suite.rs"]
mod suite;
#[path = "../examples/conformance/value.rs"]
mod value;
#[path = "../examples/conformance/waiting.rs"]
mod waiting;

use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All scenarios of a file: none left out, none different.
fn conforms(name: &str, count: usize) {
    let scenarios = file(&format!("{name}.jsonl"));
    let expected = file(&format!("{name}.expected.jsonl"));
    let report = suite::check(&scenarios, &expected).expect("the files are JSON lines");
    assert!(report.all_identical(), "\n{report}");
    assert_eq!(report.compared, count, "\n{report}");
}

#[test]
fn callbacks_timers_and_handles_run_as_on_asyncio() {
    conforms("level1", 200);
}

#[test]
fn tasks_and_futures_run_as_on_asyncio() {
    conforms("level2", 200);
}

#[test]
fn cancellation_try_and_timeouts_run_as_on_asyncio() {
    conforms("level3", 200);
}

#[test]
fn gathers_waits_shields_and_task_groups_run_as_on_asyncio() {
    conforms("level4", 200);
}

#[test]
fn locks_conditions_barriers_and_queues_run_as_on_asyncio() {
    conforms("level5", 200);
}

#[test]
fn rules_that_random_programs_rarely_reach_hold_as_on_asyncio() {
    conforms("rules", 38);
}

#[test]
fn what_once_ran_otherwise_runs_as_on_asyncio() {
    conforms("found", 4);
}
