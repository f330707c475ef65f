//! The end of the tour: what ran in each section, and what came of it.

use crate::echo::Echoed;
use crate::hashing::Hashed;
use crate::watch::{Counts, print};
use oneloop::Rule;

/// A section that was visited.
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) counts: Counts,
}

/// What the sections were for.
pub(crate) struct Facts {
    pub(crate) hashed: Hashed,
    pub(crate) echoed: Echoed,
}

pub(crate) fn show(rows: &[Row], facts: &Facts) {
    let mut total = Counts::default();
    print("\n== summary");
    print(&row("section", ["turns", "entries", "steps", "callbacks", "timers", "fds"]));
    for (i, Row { title, counts }) in rows.iter().enumerate() {
        print(&row(&format!("{}. {title}", i + 1), cells(counts)));
        total.add(counts);
    }
    print(&row("all", cells(&total)));
    print("Entries are what ran: steps of tasks, callbacks, timers, descriptors (fds).");

    print("\nentries, by the rule that gave each its place");
    for (rule, count) in &total.rules {
        print(&format!("{count:>7}  rule {:<4}{}", rule.number(), promise(*rule)));
    }
    show_facts(&total, facts);
}

fn show_facts(total: &Counts, Facts { hashed, echoed }: &Facts) {
    let fact = |name: &str, value: String| print(&format!("{name:<24}{value}"));
    let ms = hashed.longest_gap.as_secs_f64() * 1e3;
    print("");
    fact("tasks", format!("{} made, {} cancelled", total.tasks_made, total.cancelled));
    fact("timers", format!("{} set, {} came due", total.timers_set, total.timers));
    fact("files hashed", format!("{}, {} bytes", hashed.files, hashed.bytes));
    fact("hashes", format!("{} by {} threads", hashed.rounds, crate::hashing::WORKERS));
    fact("heartbeats", format!("{}, longest gap {ms:.3} ms", hashed.beats));
    let Echoed { clients, messages, bytes } = echoed;
    fact("bytes echoed", format!("{bytes} in {messages} messages of {clients} clients"));
    fact("panics contained", total.panics.to_string());
}

fn cells(counts: &Counts) -> [u64; 6] {
    let Counts { turns, steps, callbacks, timers, descriptors, .. } = *counts;
    [turns, counts.entries(), steps, callbacks, timers, descriptors]
}

fn row<T: std::fmt::Display>(name: &str, cells: [T; 6]) -> String {
    let mut line = format!("{name:<56}");
    for (cell, width) in cells.iter().zip([6, 8, 6, 10, 7, 5]) {
        line += &format!("{cell:>width$}");
    }
    line
}

/// The rules that can put somebody into the ready queue, in few words.
fn promise(rule: Rule) -> &'static str {
    match rule {
        Rule::Fifo => "ready entries run in the order in which they became ready",
        Rule::NextBatch => "what becomes ready during a batch runs in the next one",
        Rule::TimerOrder => "timers fire by (deadline, order of creation), never early",
        Rule::Sources => "in one turn: from other threads, then I/O, then timers",
        Rule::OnePoll => "any number of wakes before a poll make one poll",
        Rule::NeverInline => "spawn never polls inline; a done callback never runs inline",
        Rule::DoneInOrder => "callbacks and waiters of a future become ready as they came",
        Rule::CancelNextTurn => "a cancel request is delivered in the next turn",
        Rule::StaleWake | Rule::FirstCome | Rule::StopAfterBatch | Rule::Reproducible => {
            "see ARCHITECTURE.md"
        }
    }
}
