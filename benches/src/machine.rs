//! What the harness asks of the operating system: cores, CPU time, wake-ups.
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::path::Path;

pub fn cpu_set(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    cores.iter().for_each(|&core| set.set(core));
    set
}

/// Pins the calling thread. On a machine without that core it stays where it is.
pub fn pin_to(core: usize) {
    let _ = sched_setaffinity(None, &cpu_set(&[core]));
}

/// SCHED_BATCH for the calling thread: when the server shares our core, its
/// replies must not preempt us.
pub fn batch_policy() {
    // SAFETY: pid 0 is the calling thread; `param` is a live, zeroed struct,
    // which is what SCHED_BATCH asks for.
    unsafe {
        let param: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, libc::SCHED_BATCH, &param);
    }
}

/// CPU time of this process: user and system, all threads.
pub fn cpu_ns() -> u64 {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// CPU time of all threads of another process, from its scheduler statistics.
pub fn cpu_ns_of(pid: u32) -> u64 {
    threads(&format!("/proc/{pid}/task"))
        .filter_map(|t| fs::read_to_string(t.join("schedstat")).ok())
        .filter_map(|s| s.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

/// Voluntary context switches of all threads here: each one is a wake-up later.
pub fn voluntary_switches() -> u64 {
    threads("/proc/self/task").map(|t| status_field(&t.join("status"), "voluntary_ctxt")).sum()
}

/// The largest resident set this process ever had, in KiB.
pub fn peak_rss_kib() -> u64 {
    status_field(Path::new("/proc/self/status"), "VmHWM")
}

/// Processor and kernel, in one line.
pub fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = cpuinfo.lines().filter_map(|l| l.strip_prefix("model name")?.split_once(": "));
    let model = models.next().map_or("unknown processor", |(_, m)| m);
    let cores = models.count() + 1;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}

fn threads(dir: &str) -> impl Iterator<Item = std::path::PathBuf> {
    let entries = fs::read_dir(dir).ok();
    entries.into_iter().flatten().flatten().map(|e| e.path())
}

fn status_field(path: &Path, key: &str) -> u64 {
    let status = fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(key));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
