//! Another loop, of a game or a window system, can drive this one: a turn at a time, on its
//! own clock if it likes. A descriptor and the next deadline tell it when a turn is due.
//!
//!     cargo run --example 16_embedding
//!
//! Prints:
//!
//! ```text
//! frame 1 at 16ms
//! frame 2 at 32ms
//!   the task is awake after 20 ms of game time
//! frame 3 at 48ms
//! the next deadline: None
//! the descriptor became readable
//!   another thread says hello
//! ```
//!
//! Look at `turn` in `running.rs` to see why.

use oneloop::{Clock, EventLoop, sleep};
use rustix::event::{PollFd, PollFlags, poll};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    a_game_drives_the_loop()?;
    a_window_system_waits_for_the_loop()?;
    Ok(())
}

fn a_game_drives_the_loop() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::builder().clock(Clock::Manual).build()?;
    let task = event_loop.spawn(async {
        sleep(Duration::from_millis(20)).await;
        println!("  the task is awake after 20 ms of game time");
    })?;
    event_loop.turn(Some(Duration::ZERO))?; // the task begins at 0 ms
    for frame in 1..=3 {
        event_loop.advance(Duration::from_millis(16));
        println!("frame {frame} at {:?}", event_loop.time());
        // All that is ready now, and what that makes ready: a frame is many turns.
        while event_loop.turn(Some(Duration::ZERO))?.ready > 0 {}
    }
    assert!(task.done());
    println!("the next deadline: {:?}", event_loop.next_deadline());
    Ok(())
}

fn a_window_system_waits_for_the_loop() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::new()?;
    event_loop.turn(Some(Duration::ZERO))?; // nothing to do yet
    let remote = event_loop.remote();
    let thread = std::thread::spawn(move || {
        remote.call_soon_threadsafe(|| println!("  another thread says hello")).unwrap();
    });
    // Stands for the window system's own wait, in which our descriptor is one of many.
    poll(&mut [PollFd::new(&event_loop, PollFlags::IN)], None)?;
    println!("the descriptor became readable");
    event_loop.turn(Some(Duration::ZERO))?;
    thread.join().expect("the thread does not panic");
    Ok(())
}
