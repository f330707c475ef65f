//! Runs conformance scenarios on oneloop: `tests/conformance/README.md` says what they are.
//!
//! ```text
//! cargo run --release --example conformance -- scenarios.jsonl
//! cargo run --release --example conformance -- --check scenarios.jsonl expected.jsonl
//! ```
//!
//! The first prints the trace of each scenario, one a line, in the order of the file; a
//! scenario that uses what is not built yet prints what that is. The second compares with
//! traces that asyncio left, and fails if one is different.

mod interpreter;
mod object;
mod parse;
mod plain;
mod primitive;
mod scenario;
mod suite;
mod value;
mod waiting;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "conformance SCENARIOS, or conformance --check SCENARIOS EXPECTED";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["--check", scenarios, expected] => check(scenarios, expected),
        [scenarios] if !scenarios.starts_with('-') => print_traces(scenarios),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(2)
        }
    }
}

fn print_traces(scenarios: &str) -> Result<bool, Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for answer in suite::answers(&read(scenarios)?) {
        writeln!(out, "{}", answer?)?;
    }
    out.flush()?;
    Ok(true)
}

/// Whether all are identical; says so, and shows the first that are not.
fn check(scenarios: &str, expected: &str) -> Result<bool, Box<dyn Error>> {
    let report = suite::check(&read(scenarios)?, &read(expected)?)?;
    let mut out = io::stdout().lock();
    write!(out, "{report}")?;
    Ok(report.all_identical())
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}
