//! Reliability: what broke other event loops, row by row, and does not break this one.
//!
//! Rows are grouped by what is at stake: LW lost wakeups, WK wakers, TM timers, FA fairness,
//! FD descriptors, AC accepting and connecting, IO streams and datagrams, HP hostile peers,
//! TP the pool, SG signals, PN panics and re-entrancy, CA cancellation, SY locks and queues, ME memory
//! and counters. A test is named after its row. `left_out.md` has the rows that do not
//! apply, and why.
//!
//! No test asserts a duration. Where a promise is about time, it is counted in turns, or
//! kept on virtual time; what would hang is ended by a watchdog with a message.

mod accept;
mod beside;
mod cancellation;
mod cancellation_io;
mod cancellation_join;
mod cancellation_nested;
mod cancellation_table;
mod cancelling;
mod closing;
mod combinators;
mod connect;
mod coverage;
mod datagrams;
mod depth;
mod descriptors;
mod descriptors_bytes;
mod descriptors_closing;
mod embedding;
mod every_await;
mod exhaustive;
mod fairness;
mod fairness_io;
mod hooks;
mod lost_wakeups;
mod memory;
mod panics;
mod panics_close;
mod panics_twice;
mod pool;
mod reentrancy;
mod signals;
mod sockets;
mod strangers;
mod streams;
mod streams_bytes;
mod streams_hostile;
mod streams_model;
mod streams_pipe;
mod streams_python;
mod streams_sockets;
mod support;
mod sync_channels;
mod sync_model_queue;
mod sync_models;
mod sync_points;
mod sync_queues;
mod sync_support;
mod timers;
mod wakers;
mod wakers_foreign;
mod wakers_leaks;
