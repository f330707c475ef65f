//! The long output: a block per workload with every rival, and a line of JSON each.
use crate::catalog::{Metric, Workload};
use crate::contest::{Entry, Standing, median};

/// A figure with as many digits as it deserves.
pub fn figure(v: Option<f64>) -> String {
    match v {
        None => "–".into(),
        Some(v) if v < 10.0 => format!("{v:.2}"),
        Some(v) if v < 1000.0 => format!("{v:.1}"),
        Some(v) => format!("{v:.0}"),
    }
}

pub fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a? / b?)
}

pub fn print(w: &Workload, entries: &[Entry], json: bool) {
    let tokio = entries.iter().find(|e| e.name == "tokio_ct");
    let tokio = tokio.and_then(|e| e.median(w.metric));
    let other = match w.metric {
        Metric::Cpu => Metric::Wall,
        _ => Metric::Cpu,
    };
    println!("\n## {}: {} [{}]", w.name, w.what, w.metric.unit());
    println!(
        "{:<14} {:>10} {:>10} {:>9} {:>10}  more (medians)",
        "runtime",
        "min",
        "median",
        "x tokio",
        other.unit()
    );
    for e in entries {
        match &e.standing {
            Standing::Samples(_) => {
                let median = e.median(w.metric);
                println!(
                    "{:<14} {:>10} {:>10} {:>9} {:>10}  {}",
                    e.name,
                    figure(min(e, w.metric)),
                    figure(median),
                    figure(ratio(median, tokio)),
                    figure(e.median(other)),
                    remarks(w, e),
                );
            }
            Standing::NotOffered(why) => println!("{:<14} {:>10}  {why}", e.name, "n/a"),
            Standing::Failed(why) => println!("{:<14} {:>10}  {why}", e.name, "FAILED"),
        }
    }
    if json {
        entries.iter().for_each(|e| println!("{}", to_json(w, e)));
    }
}

fn min(e: &Entry, metric: Metric) -> Option<f64> {
    let values = e.samples().iter().filter_map(|o| metric.of(o));
    values.min_by(f64::total_cmp)
}

/// The extra figures that are not the metric itself.
fn remarks(w: &Workload, e: &Entry) -> String {
    let mut words: Vec<String> = extras(e)
        .filter(|(key, _)| *key != w.metric.key())
        .map(|(key, v)| format!("{key}={}", figure(v)))
        .collect();
    if !w.same_work(e.name) {
        words.push("(other work)".into());
    }
    words.join(" ")
}

fn extras(e: &Entry) -> impl Iterator<Item = (&str, Option<f64>)> {
    let keys = e.samples().first().map(|o| o.extra.as_slice());
    keys.unwrap_or_default().iter().map(|(key, _)| {
        let values = e.samples().iter().filter_map(|o| o.extra(key));
        (key.as_str(), median(values))
    })
}

fn to_json(w: &Workload, e: &Entry) -> String {
    let head = format!("{{\"workload\":\"{}\",\"runtime\":\"{}\"", w.name, e.name);
    let samples = match &e.standing {
        Standing::Samples(s) => s,
        Standing::NotOffered(why) => return format!("{head},\"na\":{why:?}}}"),
        Standing::Failed(why) => return format!("{head},\"failed\":{why:?}}}"),
    };
    let list: Vec<String> = samples.iter().map(|o| o.to_json()).collect();
    format!(
        "{head},\"metric\":\"{}\",\"median\":{:.4},\"samples\":[{}]}}",
        w.metric.key(),
        e.median(w.metric).unwrap_or(f64::NAN),
        list.join(",")
    )
}
