//! The stopwatch around a measured section: wall time, CPU time, allocations.
use crate::outcome::Outcome;
use crate::{alloc, machine};
use std::time::Instant;

pub struct Meter {
    allocs: u64,
    bytes: u64,
    cpu_ns: u64,
    wall: Instant,
}

impl Meter {
    pub fn start() -> Meter {
        // the clocks last, so that they see only the section
        Meter {
            allocs: alloc::allocs(),
            bytes: alloc::bytes(),
            cpu_ns: machine::cpu_ns(),
            wall: Instant::now(),
        }
    }

    pub fn stop(self, ops: u64) -> Outcome {
        let wall_ns = self.wall.elapsed().as_nanos() as f64;
        let cpu_ns = (machine::cpu_ns() - self.cpu_ns) as f64;
        let o = Outcome { ops, wall_ns, cpu_ns, extra: vec![] };
        if !alloc::enabled() {
            return o;
        }
        let allocs = (alloc::allocs() - self.allocs) as f64 / ops as f64;
        let bytes = (alloc::bytes() - self.bytes) as f64 / ops as f64;
        o.with("allocs_per_op", allocs).with("alloc_bytes_per_op", bytes)
    }
}
