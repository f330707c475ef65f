//! Descriptors: one adapter that waits for any of them.

mod async_fd;
mod callbacks;
mod pause;
pub(crate) mod registration;

pub use async_fd::AsyncFd;
pub(crate) use pause::Pause;
