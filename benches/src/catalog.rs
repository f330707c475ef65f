//! The list of workloads: where each runs, how often it does its operation, and
//! which figure counts.
use crate::outcome::Outcome;

/// Where the work runs, and where its load comes from.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// In the child, on core 0.
    Local,
    /// In the child, on both cores: it has threads.
    Free,
    /// The child serves on core 0, the load comes from this process on core 1.
    Echo {
        connections: usize,
    },
    Stream,
    /// Server and load share core 1.
    EchoShared {
        connections: usize,
    },
    AcceptShared,
}

/// The figure that counts.
#[derive(Clone, Copy, PartialEq)]
pub enum Metric {
    Cpu,
    Wall,
    Median,
    Lateness,
    Bytes,
    WakeUps,
}

impl Metric {
    pub fn of(self, o: &Outcome) -> Option<f64> {
        match self {
            Metric::Cpu => Some(o.cpu_ns / o.ops as f64),
            Metric::Wall => Some(o.wall_ns / o.ops as f64),
            _ => o.extra(self.key()),
        }
    }

    /// Its name in an outcome.
    pub fn key(self) -> &'static str {
        match self {
            Metric::Cpu => "cpu_ns",
            Metric::Wall => "wall_ns",
            Metric::Median => "p50_ns",
            Metric::Lateness => "late_mean_us",
            Metric::Bytes => "bytes_per_task",
            Metric::WakeUps => "wakeups_per_s",
        }
    }

    /// Its unit, for people; times are per operation.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::Cpu => "ns CPU",
            Metric::Wall => "ns wall",
            Metric::Median => "ns wall, p50",
            Metric::Lateness => "µs",
            Metric::Bytes => "bytes",
            Metric::WakeUps => "per s",
        }
    }
}

pub struct Workload {
    pub name: &'static str,
    pub place: Place,
    pub metric: Metric,
    /// Operations, for compiled rivals and for scripts; 0: not for scripts.
    pub ops: u64,
    pub script_ops: u64,
    /// Operations with `--quick`.
    pub quick_ops: u64,
    pub what: &'static str,
}

impl Workload {
    /// What the child is asked to do.
    pub fn child_work(&self) -> &'static str {
        match self.place {
            Place::Echo { .. } | Place::EchoShared { .. } => "serve_echo",
            Place::Stream => "serve_sink",
            Place::AcceptShared => "serve_accept",
            _ if self.name.starts_with("timers_fire") => "timers_fire",
            _ if self.name.starts_with("timers_late") => "timers_fire",
            _ => self.name,
        }
    }

    pub fn cores(&self) -> &'static [usize] {
        match self.place {
            Place::Local | Place::Echo { .. } | Place::Stream => &[0],
            Place::EchoShared { .. } | Place::AcceptShared => &[1],
            Place::Free => &[0, 1],
        }
    }

    /// Whether the README's table has it: the raw yield is a diagnosis, not a use.
    pub fn in_table(&self) -> bool {
        self.name != "yield_many_raw"
    }

    /// Whether this rival does the same work here. libuv has no tasks, so its
    /// timers are bare callbacks, its `callbacks` are standing handles, its yield
    /// is an empty turn, its sleeper is a struct.
    pub fn same_work(&self, rival: &str) -> bool {
        let tasks = self.name.starts_with("timers_")
            || ["callbacks", "yield_one", "mem_sleep"].contains(&self.name);
        !(rival == "libuv" && tasks)
    }
}

macro_rules! workloads {
    ($($name:ident | $place:expr , $metric:ident | $ops:literal , $script:literal , $quick:literal | $what:literal)*) => {
        pub const ALL: &[Workload] = &[$(Workload {
            name: stringify!($name),
            place: $place,
            metric: Metric::$metric,
            ops: $ops,
            script_ops: $script,
            quick_ops: $quick,
            what: $what,
        }),*];
    };
}

use Place::*;
const fn echo(connections: usize) -> Place {
    Echo { connections }
}
const fn shared(connections: usize) -> Place {
    EchoShared { connections }
}

workloads! {
    // name             | place,        metric   |       ops, scripts,   quick | what
    spawn_join          | Local,        Cpu      | 1_000_000, 100_000, 200_000 | "spawn a ready task, await its handle (batches of 1000)"
    spawn_detached      | Local,        Cpu      | 1_000_000, 100_000, 200_000 | "spawn a ready task, no handle (batches of 1000)"
    yield_one           | Local,        Cpu      |   500_000, 100_000, 100_000 | "the runtime's own yield, one task"
    yield_many          | Local,        Cpu      | 3_000_000, 200_000, 500_000 | "the runtime's own yield, 1000 tasks"
    yield_many_raw      | Local,        Cpu      | 3_000_000,       0, 500_000 | "wake_by_ref + Pending, 1000 tasks"
    pingpong            | Local,        Cpu      |   300_000,  50_000,  50_000 | "round trip of two tasks over async-channel bounded(1)"
    pingpong_local      | Local,        Cpu      |   500_000,       0, 100_000 | "round trip of two tasks over a bare slot + waker"
    oneshot_chain       | Local,        Cpu      |   500_000,  50_000, 100_000 | "spawn + hop in a chain of 1000 oneshots"
    fanout_event        | Local,        Cpu      | 1_000_000, 100_000, 200_000 | "1000 tasks on one event-listener Event, per wake"
    fanout_local        | Local,        Cpu      | 2_000_000,       0, 500_000 | "1000 tasks on a bare Vec<Waker>, per wake"
    timers_fire         | Local,        Cpu      |   300_000, 100_000, 100_000 | "task + sleep that fires, 667 per ms"
    timers_fire_30k     | Local,        Cpu      |    30_000,  30_000,  30_000 | "the same, few enough to stay in the cache"
    timers_late_30k     | Local,        Lateness |    30_000,       0,  30_000 | "mean lateness of timers_fire_30k"
    timers_cancel       | Local,        Cpu      | 1_000_000, 100_000, 100_000 | "arm + cancel a 30 s sleep, 1000 live"
    timers_cancel_tick  | Local,        Cpu      | 1_000_000,       0, 100_000 | "the same while a timer of 10 s is armed"
    timers_live1m       | Local,        Cpu      |   500_000,  50_000, 100_000 | "arm + cancel with 1e6 other timers live"
    timeout_yield       | Local,        Cpu      |   500_000,  50_000, 100_000 | "30 s timeout around one turn of the loop"
    lock_handover       | Local,        Cpu      |   300_000,       0,  50_000 | "100 tasks, each holding the library's lock over a turn"
    semaphore_handover  | Local,        Cpu      |   300_000,       0,  50_000 | "the same with a semaphore of 10 permits"
    queue_1             | Local,        Cpu      |   300_000,       0,  50_000 | "items through the library's queue of 1 place"
    queue_100           | Local,        Cpu      | 1_000_000,       0, 200_000 | "items through the library's queue of 100 places"
    broadcast_1000      | Local,        Cpu      | 1_000_000,       0, 200_000 | "1000 tasks on the library's own event, per wake"
    gather_1000         | Local,        Cpu      | 1_000_000,       0, 200_000 | "1000 ready tasks spawned and gathered, per task"
    group_1000          | Local,        Cpu      | 1_000_000,       0, 200_000 | "1000 ready tasks in a group, per task"
    timeout_ready       | Local,        Cpu      | 1_000_000,       0, 200_000 | "the library's timeout of 30 s around what is ready"
    timeout_pending     | Local,        Cpu      |   500_000,       0, 100_000 | "the same around a turn of the loop"
    callbacks           | Local,        Cpu      | 3_000_000, 300_000, 500_000 | "callback, first in first out, batches of 1000"
    xthread_cross       | Local,        Wall     |    10_000,   5_000,   1_000 | "loop -> thread -> loop, thread on the other core"
    xthread_same        | Local,        Wall     |    50_000,  20_000,  10_000 | "loop -> thread -> loop, thread on the same core"
    blocking_rtt        | Local,        Wall     |    20_000,   5_000,   5_000 | "blocking job of nothing, one at a time, all threads on one core"
    blocking_tput       | Free,         Wall     |   100_000,  20_000,  20_000 | "blocking jobs in batches of 1000, 4 workers"
    tcp_rtt             | echo(1),      Median   |    20_000,  20_000,   5_000 | "64 B round trip, 1 connection, 2 cores (client spins)"
    tcp_echo50          | echo(50),     Wall     |    50_000,  20_000,  10_000 | "64 B echo, 50 connections, 2 cores"
    tcp_echo1000        | echo(1000),   Wall     |    50_000,  20_000,  10_000 | "64 B echo, 1000 connections, 2 cores"
    tcp_rtt_1core       | shared(1),    Wall     |    50_000,  20_000,   5_000 | "64 B round trip, 1 connection, both on one core"
    tcp_echo50_1core    | shared(50),   Cpu      |   100_000,  30_000,  20_000 | "64 B echo, 50 connections, one core: server CPU"
    tcp_echo1000_1core  | shared(1000), Cpu      |   100_000,  30_000,  20_000 | "64 B echo, 1000 connections, one core: server CPU"
    tcp_stream          | Stream,       Wall     |    15_000,  10_000,   2_000 | "one connection, 64 KiB writes to a sink, 2 cores; per byte"
    tcp_accept          | AcceptShared, Cpu      |    20_000,  10_000,   5_000 | "accept + close, 64 at a time, one core: server CPU"
    mem_parked          | Local,        Bytes    | 1_000_000,       0, 100_000 | "heap bytes per parked task"
    mem_sleep           | Local,        Bytes    | 1_000_000,       0, 100_000 | "heap bytes per sleeping task"
    idle                | Local,        WakeUps  |         3,       3,       1 | "wake-ups per second, 1 s interval"
}
