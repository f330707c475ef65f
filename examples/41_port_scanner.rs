//! Which of this machine's own ports have a listener: many connects at once, but no more
//! than a semaphore lets through, each with a time limit.
//!
//!     cargo run --example 41_port_scanner
//!
//! Prints:
//!
//! ```text
//! tried 60 ports of this machine, at most 16 at once
//! open: the first and the third listener
//! closed: the second, which refused the connection
//! ```
//!
//! In asyncio a port is tried by
//!
//! ```python
//! async with semaphore:
//!     await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 5)
//! ```
//!
//! Look at `Race` in `connect.rs` to see how a name with several addresses is tried.

use oneloop::net::{TcpListener, connect_within};
use oneloop::sync::Semaphore;
use oneloop::{gather, spawn};
use std::cell::Cell;
use std::error::Error;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

const AT_ONCE: usize = 16;

/// What a scan counts.
#[derive(Default)]
struct Busy {
    now: Cell<usize>,
    most: Cell<usize>,
}

/// How the port answers: nothing if it is open.
async fn probe(port: u16, limit: Semaphore, busy: Rc<Busy>) -> Result<(), ErrorKind> {
    let _permit = limit.acquire().await;
    busy.now.set(busy.now.get() + 1);
    busy.most.set(busy.most.get().max(busy.now.get()));
    let answer = connect_within(Duration::from_secs(5), "localhost", port).await;
    busy.now.set(busy.now.get() - 1);
    answer.map(drop).map_err(|error| error.kind())
}

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        let bind = || TcpListener::bind("127.0.0.1:0".parse().expect("an address"));
        let (first, second, third) = (bind()?, bind()?, bind()?);
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        let three = [port(&first)?, port(&second)?, port(&third)?];
        drop(second);

        // The three, again and again: what else listens here differs from machine to machine.
        let ports = three.iter().copied().cycle().take(60);
        let (limit, busy) = (Semaphore::new(AT_ONCE), Rc::new(Busy::default()));
        let probes = ports.map(|port| spawn(probe(port, limit.clone(), busy.clone())));
        let answers = gather(probes).await??;
        println!(
            "tried {} ports of this machine, at most {} at once",
            answers.len(),
            busy.most.get()
        );
        let of = |which: usize| answers.iter().skip(which).step_by(three.len());
        if of(0).chain(of(2)).all(Result::is_ok) {
            println!("open: the first and the third listener");
        }
        if of(1).all(|answer| *answer == Err(ErrorKind::ConnectionRefused)) {
            println!("closed: the second, which refused the connection");
        }
        drop((first, third));
        Ok(())
    })?
}
