//! Waiting for many: asyncio's coordination, each as exact as the original.

mod as_completed;
mod failures;
mod gather;
mod limited;
mod own_scope;
mod shield;
mod task_group;
mod timeout;
mod wait;

pub use as_completed::{AsCompleted, as_completed};
pub use gather::{gather, gather_all, try_gather};
pub use limited::Limited;
pub use shield::shield;
pub use task_group::TaskGroup;
pub use timeout::{Timeout, timeout, timeout_at, wait_for};
pub use wait::{ReturnWhen, Waited, wait};
