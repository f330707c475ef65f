//! One workload, all rivals, in interleaved rounds (A B C A B C ...), so that a
//! slow minute of the machine falls on everyone.
use crate::catalog::{Metric, Workload};
use crate::child::{self, Report, Setup};
use crate::outcome::Outcome;
use crate::rival::Rival;
use crate::workloads::BATCH;

/// How much to run.
#[derive(Default)]
pub struct Plan {
    pub rounds: usize,
    pub quick: bool,
    /// Instead of the workload's own number of operations.
    pub ops: Option<u64>,
    pub setup: Setup,
}

impl Plan {
    fn ops(&self, w: &Workload, rival: &Rival) -> u64 {
        let usual = match (rival.script, self.quick) {
            (false, false) => w.ops,
            (false, true) => w.quick_ops,
            (true, false) => w.script_ops,
            (true, true) => w.script_ops.min(w.quick_ops),
        };
        match self.ops {
            Some(n) if usual >= BATCH => n.next_multiple_of(BATCH),
            Some(n) if usual > 0 => n,
            _ => usual,
        }
    }
}

/// What a rival has to show for itself after all rounds.
pub enum Standing {
    Samples(Vec<Outcome>),
    NotOffered(String),
    Failed(String),
}

pub struct Entry {
    pub name: &'static str,
    pub standing: Standing,
}

impl Entry {
    pub fn samples(&self) -> &[Outcome] {
        match &self.standing {
            Standing::Samples(s) => s,
            _ => &[],
        }
    }

    pub fn failure_on(&self, w: &Workload) -> Option<String> {
        match &self.standing {
            Standing::Failed(why) => Some(format!("{} on {}, {why}", self.name, w.name)),
            _ => None,
        }
    }

    pub fn median(&self, metric: Metric) -> Option<f64> {
        median(self.samples().iter().filter_map(|o| metric.of(o)))
    }
}

/// One failed round and the rival is out: it gets no figure at all.
pub fn run(w: &Workload, rivals: &[Rival], plan: &Plan) -> Vec<Entry> {
    let mut entries: Vec<Entry> = rivals
        .iter()
        .map(|r| Entry { name: r.name, standing: Standing::Samples(vec![]) })
        .collect();
    for _ in 0..plan.rounds {
        for (rival, entry) in rivals.iter().zip(&mut entries) {
            let Standing::Samples(samples) = &mut entry.standing else {
                continue;
            };
            let report = match plan.ops(w, rival) {
                0 => Report::NotOffered("not for scripts".into()),
                ops => child::run(rival, w, ops, &plan.setup),
            };
            match report {
                Report::Measured(o) => samples.push(o),
                Report::NotOffered(why) => entry.standing = Standing::NotOffered(why),
                Report::Failed(why) => entry.standing = Standing::Failed(why),
            }
        }
    }
    for failure in entries.iter().filter_map(|e| e.failure_on(w)) {
        eprintln!("FAILED: {failure}");
    }
    entries
}

pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut v: Vec<f64> = values.collect();
    v.sort_by(f64::total_cmp);
    let mid = v.len() / 2;
    match v.len() {
        0 => None,
        n if n % 2 == 1 => Some(v[mid]),
        _ => Some((v[mid - 1] + v[mid]) / 2.0),
    }
}
