//! In debug mode, whoever holds the loop up for too long is reported: by name, and with the
//! line that scheduled it. The reports go to the `log` crate; here env_logger prints them.
//!
//!     cargo run --example 18_debug_slow_callback
//!
//! Prints:
//!
//! ```text
//! a quick callback
//! a slow callback
//! WARN: 18_debug_slow_callback::slow, scheduled at examples/18_debug_slow_callback.rs:47:9, took ...
//! WARN: sleepy, scheduled at examples/18_debug_slow_callback.rs:49:22, took ...
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio, time
//! async def main():
//!     asyncio.get_running_loop().slow_callback_duration = 0.3
//!     asyncio.get_running_loop().call_soon(time.sleep, 0.35)
//!     await asyncio.sleep(0)
//! asyncio.run(main(), debug=True)
//! ```
//!
//! Look at `event` in `debug.rs` to see why.

use oneloop::{EventLoop, call_soon, yield_now};
use std::io::Write;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Warn)
        .target(env_logger::Target::Stdout)
        .format(|out, record| {
            // How long it took differs from run to run, so it is left out here.
            let report = record.args().to_string();
            let report = report.split(" took ").next().unwrap_or(&report);
            writeln!(out, "{}: {report} took ...", record.level())
        })
        .init();
    let limit = Duration::from_millis(300);
    let event_loop = EventLoop::builder().debug(true).slow_callback(limit).build()?;
    event_loop.run(async {
        call_soon(|| println!("a quick callback"));
        call_soon(slow);
        yield_now().await;
        let sleepy = oneloop::spawn_named("sleepy", async { block() });
        sleepy.await.expect("it does not panic");
    })?;
    Ok(())
}

fn slow() {
    println!("a slow callback");
    block();
}

/// Stands for a computation: it holds the loop up.
fn block() {
    std::thread::sleep(Duration::from_millis(350));
}
