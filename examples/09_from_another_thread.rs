//! A `RemoteHandle` is the loop as other threads see it: they can have a callback run on
//! the loop's thread, have a task made there and wait for its result, and stop the loop.
//!
//!     cargo run --example 09_from_another_thread
//!
//! Prints:
//!
//! ```text
//! on the loop: one
//! on the loop: two
//! on the loop: a task that sleeps
//! on the other thread: its result is 42
//! on the other thread: the loop is closed and gives back what it does not run
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio, threading
//! loop = asyncio.new_event_loop()
//! def other_thread():
//!     loop.call_soon_threadsafe(print, "one")
//!     print(asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01, 42), loop).result())
//!     loop.call_soon_threadsafe(loop.stop)
//! threading.Thread(target=other_thread).start(); loop.run_forever()
//! ```
//!
//! Look at `Injector` in `injector.rs` to see why.

use oneloop::{EventLoop, sleep};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoop::new()?;
    let remote = event_loop.remote();
    let (closed, is_closed) = mpsc::channel();
    let other_thread = std::thread::spawn(move || {
        remote.call_soon_threadsafe(|| println!("on the loop: one")).unwrap();
        remote.call_soon_threadsafe(|| println!("on the loop: two")).unwrap();
        let task = remote.spawn(|| async {
            println!("on the loop: a task that sleeps");
            let answer = Rc::new(42); // a task need not be Send
            sleep(Duration::from_millis(1)).await;
            *answer
        });
        println!("on the other thread: its result is {}", task.unwrap().wait().unwrap());
        remote.stop().unwrap();

        is_closed.recv().unwrap();
        let refused = remote.call_soon_threadsafe(|| println!("never printed")).unwrap_err();
        assert!(refused.is_closed());
        println!("on the other thread: {}", explain(&refused));
    });

    event_loop.run_forever()?; // until the other thread stops it
    event_loop.close()?;
    closed.send(())?;
    other_thread.join().expect("the other thread does not panic");
    Ok(())
}

fn explain<F>(refused: &oneloop::InjectError<F>) -> String {
    let what = refused.to_string().replace("the event loop", "the loop");
    format!("{what} and gives back what it does not run")
}
