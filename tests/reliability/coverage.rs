//! Holds the rows and their tests together: each has a test, or a reason not to.

use std::fs;
use std::path::{Path, PathBuf};

/// The groups, and how many rows each has.
const GROUPS: [(&str, usize); 11] = [
    ("LW", 10),
    ("WK", 11),
    ("TM", 12),
    ("FA", 8),
    ("FD", 14),
    ("AC", 7),
    ("IO", 15),
    ("PN", 14),
    ("CA", 9),
    ("SY", 11),
    ("ME", 6),
];

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all tests that may bear a row's number.
fn tests() -> Vec<String> {
    let mut names = Vec::new();
    for place in ["tests/reliability", "tests/loom.rs", "src/kernel/tests", "src/net"] {
        for file in rust_files(&here().join(place)) {
            let text = fs::read_to_string(file).expect("it is readable");
            let mut lines = text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line != "#[test]" {
                    continue;
                }
                let name = lines.next().and_then(|line| line.strip_prefix("fn "));
                let name = name.and_then(|line| line.split('(').next());
                names.push(name.expect("a test is a function").to_owned());
            }
        }
    }
    names
}

fn rust_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).expect("it is a directory");
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// The rows of the first table of `left_out.md`.
fn left_out() -> Vec<String> {
    let text = fs::read_to_string(here().join("tests/reliability/left_out.md"));
    let text = text.expect("it is beside this file");
    let (first, _) = text.split_once("## Parts of rows").expect("it has a second table");
    let rows = first.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    rows.map(str::to_owned).collect()
}

#[test]
fn each_row_has_a_test_or_a_reason() {
    let (tests, left_out) = (tests(), left_out());
    assert!(tests.len() > 150, "only {} tests were found", tests.len());
    let mut wrong = Vec::new();
    for (group, count) in GROUPS {
        for number in 1..=count {
            let part = format!("{}_{number:03}_", group.to_lowercase());
            let tested = tests.iter().any(|test| test.contains(&part));
            let row = format!("{group}-{number}");
            if tested == left_out.contains(&row) {
                wrong.push(format!("{row} ({})", if tested { "twice" } else { "nowhere" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
