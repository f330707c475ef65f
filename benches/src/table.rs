//! The short output: one markdown table of us against the best of them, for the README.
use crate::catalog::Workload;
use crate::contest::{Entry, Plan, Standing};
use crate::listing::{figure, ratio};
use crate::machine;
use crate::rival::Rival;

/// The one whose table it is, and the one that is no library.
const US: &str = "oneloop";
const LIMIT: &str = "limit";

pub fn print_head(plan: &Plan, rivals: &[Rival]) {
    let names = rivals.iter().filter(|r| r.is_there() && ![US, LIMIT].contains(&r.name));
    let names: Vec<&str> = names.map(|r| r.name).collect();
    let quick = if plan.quick { " (`--quick`)" } else { "" };
    println!(
        "Medians of {} interleaved rounds{quick}, each sample a fresh process. Times are per \
         operation, lower is better; a ratio below 1 means that oneloop is ahead.\n{}. \
         Rivals: {}.\n",
        plan.rounds,
        machine::describe(),
        names.join(", ")
    );
    println!(
        "| workload | unit | oneloop | best rival | oneloop / best | oneloop / tokio_ct | limit | oneloop / limit |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

pub fn print_row(w: &Workload, entries: &[Entry]) {
    let of = |name: &str| entries.iter().find(|e| e.name == name);
    let median = |name: &str| of(name).and_then(|e| e.median(w.metric));
    let us = median(US);
    let shown = match of(US).map(|e| &e.standing) {
        Some(Standing::Failed(_)) => "FAILED".into(),
        _ => figure(us),
    };
    let best = best_rival(w, entries);
    let rival = match best {
        Some((name, v)) => format!("{name} {}", figure(Some(v))),
        None => figure(None),
    };
    println!(
        "| {} | {} | {shown} | {rival} | {} | {} | {} | {} |",
        w.name,
        w.metric.unit(),
        figure(ratio(us, best.map(|(_, v)| v))),
        figure(ratio(us, median("tokio_ct"))),
        figure(median(LIMIT)),
        figure(ratio(us, median(LIMIT))),
    );
}

/// The lowest median among those that do the same work.
fn best_rival(w: &Workload, entries: &[Entry]) -> Option<(&'static str, f64)> {
    entries
        .iter()
        .filter(|e| ![US, LIMIT].contains(&e.name) && w.same_work(e.name))
        .filter_map(|e| Some((e.name, e.median(w.metric)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
}
