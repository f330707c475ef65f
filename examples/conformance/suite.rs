//! A file of scenarios: what the interpreter answers, and how that compares with asyncio.

use crate::interpreter;
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// So many differences are shown; the others are only counted.
const SHOWN: usize = 3;

/// How a file of scenarios fared.
#[derive(Debug, Default)]
pub(crate) struct Report {
    identical: usize,
    /// Scenarios that have a reference and use only what is built.
    pub(crate) compared: usize,
    /// What is not built, and how many scenarios were left out for it.
    unsupported: BTreeMap<String, usize>,
    /// The first traces that are different, in words.
    differences: Vec<String>,
}

/// Runs each scenario: `{"id", "trace"}`, or `{"id", "unsupported"}`.
pub(crate) fn answers(
    scenarios: &str,
) -> impl Iterator<Item = Result<Value, serde_json::Error>> + use<'_> {
    lines(scenarios).map(|line| line.map(|json| answer(&json)))
}

/// Compares with the traces in `expected`; one that is `null` there is no reference.
pub(crate) fn check(scenarios: &str, expected: &str) -> Result<Report, serde_json::Error> {
    let mut traces = HashMap::new();
    for line in lines(expected) {
        let line = line?;
        traces.insert(line["id"].to_string(), line["trace"].clone());
    }
    let mut report = Report::default();
    for answer in answers(scenarios) {
        let answer = answer?;
        let trace = traces.get(&answer["id"].to_string());
        if let Some(what) = answer["unsupported"].as_str() {
            *report.unsupported.entry(what.to_owned()).or_default() += 1;
        } else if trace != Some(&Value::Null) {
            report.compare(&answer, trace.unwrap_or(&Value::Null));
        }
    }
    Ok(report)
}

fn lines(text: &str) -> impl Iterator<Item = Result<Value, serde_json::Error>> + use<'_> {
    text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str)
}

fn answer(json: &Value) -> Value {
    match Scenario::parse(json).and_then(interpreter::run) {
        Ok(trace) => json!({ "id": json["id"], "trace": trace }),
        Err(what) => json!({ "id": json["id"], "unsupported": what }),
    }
}

impl Report {
    pub(crate) fn all_identical(&self) -> bool {
        self.identical == self.compared
    }

    fn compare(&mut self, answer: &Value, expected: &Value) {
        self.compared += 1;
        if answer["trace"] == *expected {
            self.identical += 1;
        } else if self.differences.len() < SHOWN {
            self.differences.push(difference(answer, expected));
        }
    }
}

/// Where two traces part: a few events before, and what each goes on with.
fn difference(answer: &Value, expected: &Value) -> String {
    let none = Vec::new();
    let actual = answer["trace"].as_array().unwrap_or(&none);
    let expected = expected.as_array().unwrap_or(&none);
    let at = actual.iter().zip(expected).take_while(|(a, e)| a == e).count();
    let mut text = format!("--- {}\n", answer["id"].as_str().unwrap_or("(no id)"));
    let both = &expected[at.saturating_sub(3)..at];
    for (who, events) in [("both", both), ("expected", &expected[at..]), ("actual", &actual[at..])]
    {
        for event in events.iter().take(3) {
            text.push_str(&format!("{who:>10} {event}\n"));
        }
    }
    text
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            f.write_str(difference)?;
        }
        for (what, count) in &self.unsupported {
            writeln!(f, "{count} left out: no {what} yet")?;
        }
        writeln!(f, "{} of {} identical", self.identical, self.compared)
    }
}
