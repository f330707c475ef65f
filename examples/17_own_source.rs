//! A new kind of source, built on `oneloop::lowlevel` alone, as the sockets of this crate
//! are: a bell that any thread may ring, made of the system's event counter.
//!
//!     cargo run --example 17_own_source
//!
//! Prints:
//!
//! ```text
//! rung 3 times before anybody listened
//! nobody rings: the listener waits
//! rung 1 times by another thread
//! ```
//!
//! Look at `Registration` in `registration.rs` to see why.

use oneloop::lowlevel::{Direction, Registration};
use oneloop::{LoopHandle, running_loop, spawn};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The ringing end; for any thread.
#[derive(Clone)]
struct Bell(Arc<OwnedFd>);

/// The listening end; for the loop's thread.
struct Listener {
    // First, so that it is dropped first: off the loop, then closed.
    registration: Registration,
    counter: Arc<OwnedFd>,
}

fn bell(handle: &LoopHandle) -> io::Result<(Bell, Listener)> {
    let counter = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
    let registration = Registration::new(handle, &counter);
    Ok((Bell(counter.clone()), Listener { registration, counter }))
}

impl Bell {
    fn ring(&self) -> io::Result<()> {
        rustix::io::write(&self.0, &1_u64.to_ne_bytes())?;
        Ok(())
    }
}

impl Listener {
    /// How often the bell was rung since somebody listened last; waits until it was.
    async fn rung(&self) -> io::Result<u64> {
        loop {
            // A hint: true until an operation finds out otherwise.
            self.registration.ready(Direction::Read).await?;
            let mut count = [0; 8];
            match rustix::io::read(&self.counter, &mut count) {
                Ok(_) => return Ok(u64::from_ne_bytes(count)),
                Err(rustix::io::Errno::AGAIN) => self.registration.clear(Direction::Read)?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    oneloop::run(async {
        let (bell, listener) = bell(&running_loop()?)?;
        for _ in 0..3 {
            bell.ring()?;
        }
        println!("rung {} times before anybody listened", listener.rung().await?);

        let waiting = spawn(async move { listener.rung().await });
        oneloop::yield_now().await;
        assert!(!waiting.done());
        println!("nobody rings: the listener waits");
        let thread = std::thread::spawn(move || bell.ring());
        println!("rung {} times by another thread", waiting.await??);
        thread.join().expect("ringing does not panic")?;
        Ok(())
    })?
}
