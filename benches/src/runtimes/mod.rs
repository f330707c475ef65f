//! The registry of Rust runtimes. To add one: a file here, a line in `ALL`.
mod calloop_rt;
mod compio_rt;
mod connection;
mod futures_localpool;
mod glommio_rt;
mod monoio_rt;
mod oneloop_rt;
mod smol_local;
mod tokio_ct;

use crate::outcome::Outcome;

/// Runs one workload in this process; None when the runtime does not offer it.
pub type Run = fn(&str, u64) -> Option<Outcome>;

pub const ALL: &[(&str, Run)] = &[
    ("oneloop", oneloop_rt::run),
    ("tokio_ct", tokio_ct::run_ct),
    ("tokio_local", tokio_ct::run_local),
    ("tokio_localset", tokio_ct::run_localset),
    ("smol", smol_local::run),
    ("smol_static", smol_local::run_static),
    ("futures_lp", futures_localpool::run),
    ("monoio_epoll", monoio_rt::run_legacy),
    ("monoio_uring", monoio_rt::run_uring),
    ("compio_poll", compio_rt::run_poll),
    ("compio_uring", compio_rt::run_uring),
    ("calloop", calloop_rt::run),
    ("glommio", glommio_rt::run),
    ("limit", crate::limit::run),
];
