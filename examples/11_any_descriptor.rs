//! Whatever has a descriptor that the system can poll can be awaited with `AsyncFd`, or
//! watched with a callback: here, pairs of Unix sockets.
//!
//!     cargo run --example 11_any_descriptor
//!
//! Prints:
//!
//! ```text
//! the reader waits
//! the writer writes
//! the reader has "over a unix socket"
//! a callback reads "le"
//! a callback reads "ve"
//! a callback reads "l"
//! the callback is taken back: true
//! once more: false
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio, socket
//! loop = asyncio.new_event_loop()
//! here, there = socket.socketpair()
//! loop.add_reader(here, lambda: (print(here.recv(2)), loop.stop()))
//! there.send(b"level")
//! loop.run_forever()
//! ```
//!
//! A callback runs once a turn for as long as there is something to read: look at
//! `run_source` in `event_loop.rs` to see why.

use oneloop::io::AsyncFd;
use oneloop::{create_future, running_loop, spawn};
use std::error::Error;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        await_a_descriptor().await?;
        watch_a_descriptor().await?;
        Ok(())
    })?
}

async fn await_a_descriptor() -> Result<(), Box<dyn Error>> {
    let (here, there) = pair()?;
    let (here, there) = (AsyncFd::new(here)?, AsyncFd::new(there)?);
    let reader = spawn(async move {
        println!("the reader waits");
        let mut buffer = [0; 64];
        let count = here.read_with(|mut socket| socket.read(&mut buffer)).await?;
        io::Result::Ok(String::from_utf8_lossy(&buffer[..count]).into_owned())
    });
    oneloop::yield_now().await;
    println!("the writer writes");
    there.write_with(|mut socket| socket.write_all(b"over a unix socket")).await?;
    println!("the reader has {:?}", reader.await??);
    Ok(())
}

async fn watch_a_descriptor() -> Result<(), Box<dyn Error>> {
    let (here, mut there) = pair()?;
    let event_loop = running_loop()?;
    let all_read = create_future();
    let (mut socket, done, mut total) = (here.try_clone()?, all_read.clone(), 0);
    event_loop.add_reader(&here, move || {
        let mut two = [0; 2];
        let count = socket.read(&mut two).expect("it is readable");
        println!("a callback reads {:?}", String::from_utf8_lossy(&two[..count]));
        total += count;
        if total == 5 {
            done.set_result(()).expect("set once");
        }
    })?;
    there.write_all(b"level")?;
    all_read.await?;
    println!("the callback is taken back: {}", event_loop.remove_reader(&here));
    println!("once more: {}", event_loop.remove_reader(&here));
    Ok(())
}

fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (here, there) = UnixStream::pair()?;
    here.set_nonblocking(true)?;
    there.set_nonblocking(true)?;
    Ok((here, there))
}
