//! benches: oneloop and its rivals on the same work, in one run.
//!
//! Every sample is a fresh child process, rounds are interleaved, results are
//! checked. `USAGE` has the options, `catalog.rs` the workloads, `rt.rs` what a
//! runtime must give to take part.
mod alloc;
mod catalog;
mod child;
mod client;
mod contest;
mod limit;
mod listing;
mod machine;
mod meter;
mod outcome;
mod parts;
mod rival;
mod rt;
mod runtimes;
mod table;
mod workloads;

use catalog::Workload;
use contest::Plan;
use rival::Rival;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const USAGE: &str = "\
usage: benches list | all | WORKLOAD... [options]
  --table          one markdown table, oneloop against the best rival
  --quick          3 short rounds with one flavour of each rival, about two minutes
  --rounds R       interleaved rounds (default 5)
  --runtimes A,B   only these (default: all that are found)
  --n N            operations (rounded up to thousands), instead of each workload's own number
  --json           a line of JSON per workload and runtime, with all samples
  --count          allocations per operation (Rust runtimes; the times are then void)
  --strace DIR     run children under strace -c, summaries into DIR";

/// What the command line asks for.
#[derive(Default)]
struct Request {
    names: Vec<String>,
    runtimes: Option<Vec<String>>,
    rounds: Option<usize>,
    plan: Plan,
    table: bool,
    json: bool,
}

fn parse(args: &[String]) -> Result<Request, String> {
    let mut request = Request::default();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let number = |v: &str| match v.parse::<u64>() {
            Ok(n) if n > 0 => Ok(n),
            _ => Err(format!("{word} needs a number above 0, not {v}")),
        };
        match word.as_str() {
            "--table" => request.table = true,
            "--json" => request.json = true,
            "--quick" => request.plan.quick = true,
            "--count" => request.plan.setup.count = true,
            "--strace" => request.plan.setup.strace = Some(value()?.into()),
            "--rounds" => request.rounds = Some(number(value()?)? as usize),
            "--n" => request.plan.ops = Some(number(value()?)?),
            "--runtimes" => {
                let names = value()?.split(',').map(String::from).collect();
                request.runtimes = Some(names);
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            name => request.names.push(name.into()),
        }
    }
    request.plan.rounds = match request.rounds {
        Some(rounds) => rounds,
        None if request.plan.quick => 3,
        None => 5,
    };
    Ok(request)
}

impl Request {
    fn workloads(&self) -> Result<Vec<&'static Workload>, String> {
        let everything = self.names.is_empty() || self.names.iter().any(|n| n == "all");
        if everything {
            let wanted = |w: &&Workload| !self.table || w.in_table();
            return Ok(catalog::ALL.iter().filter(wanted).collect());
        }
        let find = |name: &String| {
            let found = catalog::ALL.iter().find(|w| w.name == name);
            found.ok_or_else(|| format!("unknown workload {name}"))
        };
        self.names.iter().map(find).collect()
    }

    fn rivals(&self) -> Result<Vec<Rival>, String> {
        let mut rivals = rival::all();
        let Some(wanted) = &self.runtimes else {
            rivals.retain(|r| !self.plan.quick || r.is_quick());
            return Ok(rivals);
        };
        let known = |name: &&String| rivals.iter().any(|r| r.name == name.as_str());
        if let Some(name) = wanted.iter().find(|name| !known(name)) {
            return Err(format!("unknown runtime {name}"));
        }
        rivals.retain(|r| wanted.iter().any(|name| name == r.name));
        Ok(rivals)
    }
}

/// Runs it all; false when oneloop failed somewhere.
fn compete(request: &Request) -> Result<bool, String> {
    let (workloads, rivals) = (request.workloads()?, request.rivals()?);
    let mut failures = Vec::new();
    machine::pin_to(1);
    if request.table {
        table::print_head(&request.plan, &rivals);
    }
    for w in workloads {
        let entries = contest::run(w, &rivals, &request.plan);
        if request.table {
            table::print_row(w, &entries);
        } else {
            listing::print(w, &entries, request.json);
        }
        failures.extend(entries.iter().filter_map(|e| e.failure_on(w)));
    }
    if request.table && !failures.is_empty() {
        println!("\nFailed: {}.", failures.join("; "));
    }
    Ok(!failures.iter().any(|f| f.starts_with("oneloop ")))
}

fn list() {
    for w in catalog::ALL {
        println!("{:<19} {} [{}]", w.name, w.what, w.metric.unit());
    }
    let names: Vec<&str> = rival::all().iter().map(|r| r.name).collect();
    println!("runtimes: {}", names.join(","));
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--child") => child::main(&args[1..]),
        Some("list") => list(),
        None | Some("help" | "--help" | "-h") => println!("{USAGE}"),
        Some(_) => match parse(&args).and_then(|request| compete(&request)) {
            Ok(true) => {}
            Ok(false) => return ExitCode::FAILURE,
            Err(why) => {
                eprintln!("{why}\n{USAGE}");
                return ExitCode::from(2);
            }
        },
    }
    ExitCode::SUCCESS
}
