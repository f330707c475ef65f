//! asyncio's behaviours, row by row: each test bears the number of its row in
//! `asyncio-behaviours.md`.
//!
//! A test is named after its row and what it promises; further rows that it covers stand
//! above it, as in `// EV-002`. `coverage` counts them, and holds that every row is
//! covered or stands in `left_out.md` with a reason.

mod allocations;
mod catch_cancel;
mod coverage;
mod diary;
mod logged;
mod loops;
mod own_process;
#[path = "../reliability/streams_pipe.rs"]
mod pipe;
mod reports;
mod sockets;

mod co_as_completed;
mod co_gather;
mod co_gather_cancel;
mod co_shield;
mod co_task_group;
mod co_task_group_cancel;
mod co_task_group_result;
mod co_timeout;
mod co_timeout_cancel;
mod co_wait;
mod co_wait_for;
mod ev_callbacks;
mod ev_close;
mod ev_debug;
mod ev_descriptors;
mod ev_exceptions;
mod ev_executor;
mod ev_executor_pool;
mod ev_executor_shutdown;
mod ev_run;
mod ev_signals;
mod ev_sockets;
mod ev_stop;
mod ev_threadsafe;
mod ev_timers;
mod future_await;
mod future_callbacks;
mod future_pool;
mod future_state;
mod future_unretrieved;
mod queue_basic;
mod queue_end;
mod queue_wait;
mod run_basic;
mod sp_child;
mod sp_run;
mod st_reader;
mod st_server;
mod st_writer;
mod sync_barrier;
mod sync_condition;
mod sync_event;
mod sync_lock;
mod sync_semaphore;
mod task_await;
mod task_cancel;
mod task_cancel_self;
mod task_errors;
mod task_names;
mod task_remote;
mod task_run;
mod task_sleep;
mod task_tree;
