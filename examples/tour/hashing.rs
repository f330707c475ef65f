//! The heartbeat and the pool: other threads hash, the loop keeps time.

use crate::Outcome;
use crate::watch::{print, say};
use oneloop::{MissedTick, interval, run_blocking, running_loop, spawn};
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The threads of the pool: as many on each machine, so that there is something to see.
pub(crate) const WORKERS: usize = 2;
const BEAT: Duration = Duration::from_millis(20);
/// How long a job is busy: a source file is hashed in far less.
const BUSY: Duration = Duration::from_millis(10);

/// What came of it.
pub(crate) struct Hashed {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// How often a file was hashed, all together.
    pub(crate) rounds: u64,
    pub(crate) beats: u64,
    pub(crate) longest_gap: Duration,
}

struct Sum {
    digest: String,
    bytes: u64,
    rounds: u64,
    worker: String,
}

pub(crate) async fn heartbeat_and_hashes() -> Outcome<Hashed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    find_files(&root.join("src"), &mut files)?;
    files.sort();
    let busy = BUSY.as_millis();
    say("main", format!("has {} files for {WORKERS} threads, {busy} ms each", files.len()));

    let pulse = Rc::new(Pulse::default());
    let heart = spawn(beat(pulse.clone()));
    let mut tasks = Vec::new();
    for (i, path) in files.iter().enumerate() {
        let name = path.strip_prefix(root)?.display().to_string();
        tasks.push(spawn(hash(format!("hash {}", i + 1), name, path.clone())));
    }
    let (mut bytes, mut rounds) = (0, 0);
    for task in tasks {
        let sum = task.await??;
        bytes += sum.bytes;
        rounds += sum.rounds;
    }
    heart.cancel();
    say("main", "has all digests, and stops the heart");
    let (beats, longest_gap) = (pulse.beats.get(), pulse.longest_gap.get());
    Ok(Hashed { files: files.len(), bytes, rounds, beats, longest_gap })
}

/// One file: a job for the pool, and the line with its digest.
async fn hash(who: String, name: String, path: PathBuf) -> Outcome<Sum> {
    let sum = run_blocking(move || hash_for_a_while(&path)).await??;
    say(&who, format!("{name} {} bytes, {}", sum.bytes, sum.worker));
    print(&format!("{:28}{}", "", sum.digest));
    Ok(sum)
}

/// Hashes a file again and again until it has been busy for long enough.
fn hash_for_a_while(path: &Path) -> std::io::Result<Sum> {
    let content = std::fs::read(path)?;
    let begun = Instant::now();
    let mut rounds = 0;
    loop {
        let digest = Sha256::digest(&content);
        rounds += 1;
        if begun.elapsed() >= BUSY {
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let thread = std::thread::current();
            let worker = thread.name().unwrap_or("?").trim_start_matches("oneloop-").to_owned();
            return Ok(Sum { digest, bytes: content.len() as u64, rounds, worker });
        }
    }
}

#[derive(Default)]
struct Pulse {
    beats: Cell<u64>,
    last: Cell<Option<Duration>>,
    longest_gap: Cell<Duration>,
}

/// Beats until it is cancelled.
async fn beat(pulse: Rc<Pulse>) {
    let here = running_loop().expect("a task runs on a loop");
    let mut every = interval(BEAT).on_missed(MissedTick::Skip);
    loop {
        let planned = every.tick().await;
        let now = here.time();
        pulse.beats.set(pulse.beats.get() + 1);
        if let Some(last) = pulse.last.replace(Some(now)) {
            pulse.longest_gap.set(pulse.longest_gap.get().max(now - last));
        }
        let late = (now - planned).as_secs_f64() * 1e3;
        say("heart", format!("beat {}, {late:.3} ms after its time", pulse.beats.get()));
    }
}

fn find_files(directory: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            find_files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
