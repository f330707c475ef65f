//! The checklist, counted: every row of the areas covered so far has a test, or a reason
//! why it has none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The areas of which every row must be accounted for.
const AREAS: [&str; 9] = ["EV", "FU", "TA", "CO", "SY", "QU", "SP", "RU", "ST"];

/// Row by row, where it was found: a test's name, or a reason.
type Rows = BTreeMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether this is the number of a row, such as `EV-014`.
fn is_row(word: &str) -> bool {
    match word.split_once('-') {
        Some((area, number)) => {
            AREAS.contains(&area)
                && number.len() == 3
                && number.bytes().all(|digit| digit.is_ascii_digit())
        }
        None => false,
    }
}

/// The tables of a Markdown file: the rows that begin with a row's number, and the rest
/// of each.
fn table(text: &str) -> Rows {
    let mut rows = Rows::new();
    for line in text.lines() {
        let Some((first, rest)) = line.trim_start_matches('|').split_once('|') else { continue };
        if is_row(first.trim()) {
            let before = rows.insert(first.trim().to_owned(), rest.trim().to_owned());
            assert!(before.is_none(), "{} is there twice", first.trim());
        }
    }
    rows
}

/// The rows that a source file covers: by `fn ev_014_...`, or by a comment of nothing but
/// numbers, `// EV-014, EV-015`.
fn covered_by(source: &str, rows: &mut Rows) {
    for line in source.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split('(').next().unwrap_or(rest);
            let mut words = name.splitn(3, '_');
            let row = [words.next(), words.next()].map(Option::unwrap_or_default).join("-");
            let row = row.to_uppercase();
            if is_row(&row) {
                rows.insert(row, name.to_owned());
            }
        } else if let Some(comment) = line.strip_prefix("// ") {
            let numbers: Vec<_> = comment.split(", ").collect();
            if numbers.iter().all(|number| is_row(number)) {
                rows.extend(numbers.into_iter().map(|row| (row.to_owned(), comment.to_owned())));
            }
        }
    }
}

fn covered() -> Rows {
    let mut rows = Rows::new();
    let here = root().join("tests/checklist");
    for file in fs::read_dir(here).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            covered_by(&read(&path), &mut rows);
        }
    }
    rows
}

fn checklist() -> Rows {
    table(&read(&root().join("tests/checklist/asyncio-behaviours.md")))
}

fn left_out() -> Rows {
    table(&read(&root().join("tests/checklist/left_out.md")))
}

/// The line that the README has, too.
fn counts() -> String {
    let (all, covered) = (checklist(), covered());
    let of = |area: &str| {
        let count = |rows: &Rows| rows.keys().filter(|row| row.starts_with(area)).count();
        format!("{area} {} of {}", count(&covered), count(&all))
    };
    AREAS.map(of).join(", ")
}

#[test]
fn coverage() {
    let (all, covered, left_out) = (checklist(), covered(), left_out());
    let mut wrong = Vec::new();
    for row in all.keys() {
        match (covered.get(row), left_out.get(row)) {
            (None, None) => wrong.push(format!("{row} is neither tested nor left out")),
            (Some(test), Some(_)) => wrong.push(format!("{row} is left out, but see {test}")),
            _ => {}
        }
    }
    for row in covered.keys().chain(left_out.keys()).filter(|row| !all.contains_key(*row)) {
        wrong.push(format!("{row} is not a row of the checklist"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (row, reason) in &left_out {
        println!("{row} left out: {reason}");
    }
    println!("{} covered", counts());
}

#[test]
fn every_row_that_is_left_out_has_a_reason() {
    for (row, reason) in left_out() {
        assert!(reason.trim_end_matches('|').trim().len() > 10, "{row}: {reason}");
    }
}

#[test]
fn the_checklist_is_read_in_full() {
    let all = checklist();
    let count = |area: &str| all.keys().filter(|row| row.starts_with(area)).count();
    // The table of areas in the checklist itself says how many there are.
    let text = read(&root().join("tests/checklist/asyncio-behaviours.md"));
    for area in AREAS {
        let line = text.lines().find(|line| line.starts_with(&format!("| {area} |"))).unwrap();
        let stated = line.split('|').nth(3).unwrap().trim();
        assert_eq!(count(area).to_string(), stated, "{area}");
    }
}

#[test]
fn the_readme_tells_the_counts() {
    let Ok(readme) = fs::read_to_string(root().join("README.md")) else { return };
    let (_, rest) = readme.split_once("<!-- checklist -->").expect("the README has the counts");
    let (line, _) = rest.split_once("<!-- /checklist -->").expect("the README's counts end");
    assert_eq!(line.trim(), counts());
}
