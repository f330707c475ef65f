//! What one measured section yields, and the line in which a child reports it.
//!
//! A child process says one of three things on its standard output: an outcome
//! as a flat JSON object, `n/a: why`, or (a server) `LISTEN port`. Anything
//! else, a bad exit status included, counts as a failure.
use std::io::Write;

#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub ops: u64,
    pub wall_ns: f64,
    pub cpu_ns: f64,
    /// What only some workloads know: lateness, bytes, wake-ups.
    pub extra: Vec<(String, f64)>,
}

impl Outcome {
    pub fn with(mut self, key: &str, value: f64) -> Self {
        self.extra.push((key.into(), value));
        self
    }

    pub fn extra(&self, key: &str) -> Option<f64> {
        self.extra.iter().find(|(k, _)| k == key).map(|&(_, v)| v)
    }

    pub fn to_json(&self) -> String {
        let mut s = format!(
            "{{\"ops\":{},\"wall_ns\":{:.0},\"cpu_ns\":{:.0}",
            self.ops, self.wall_ns, self.cpu_ns
        );
        for (k, v) in &self.extra {
            s += &format!(",\"{k}\":{v:.3}");
        }
        s + "}"
    }

    /// Reads what `to_json` and the programs in `other/` write: flat, numbers only.
    pub fn from_json(line: &str) -> Option<Outcome> {
        let body = line.trim().strip_prefix('{')?.strip_suffix('}')?;
        let mut o = Outcome::default();
        for part in body.split(',') {
            let (k, v) = part.split_once(':')?;
            let v: f64 = v.trim().parse().ok()?;
            match k.trim().trim_matches('"') {
                "ops" => o.ops = v as u64,
                "wall_ns" => o.wall_ns = v,
                "cpu_ns" => o.cpu_ns = v,
                k => o.extra.push((k.into(), v)),
            }
        }
        (o.ops > 0).then_some(o)
    }

    /// In a child: report, and leave without tearing down what is still live.
    pub fn report(&self) -> ! {
        say(&self.to_json());
        std::process::exit(0)
    }
}

/// In a child: this runtime does not take part in this workload.
pub fn decline(why: &str) -> ! {
    say(&format!("n/a: {why}"));
    std::process::exit(0)
}

/// In a child: the server is ready.
pub fn listening(port: u16) {
    say(&format!("LISTEN {port}"));
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .expect("the parent reads our standard output");
}
