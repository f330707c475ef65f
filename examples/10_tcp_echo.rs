//! A TCP server that sends back what it gets, and two clients that talk to it at the same
//! time: three kinds of tasks, one thread.
//!
//!     cargo run --example 10_tcp_echo
//!
//! Prints:
//!
//! ```text
//! alice: hello 1
//! bob: hello 1
//! alice: hello 2
//! bob: hello 2
//! alice: hello 3
//! bob: hello 3
//! the server saw 2 clients and 42 bytes
//! ```
//!
//! Look at `read_with` in `async_fd.rs` to see why nobody blocks.

use oneloop::net::{TcpListener, TcpStream};
use oneloop::{Future, create_future, spawn};
use std::error::Error;
use std::io;
use std::net::{Shutdown, SocketAddr};

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
        let address = listener.local_addr()?;
        let server = spawn(serve(listener, 2));

        // The two hand each other the turn, so that the output is the same on every run.
        let turns: Vec<Future<()>> = (0..7).map(|_| create_future()).collect();
        turns[0].set_result(()).expect("set once");
        let alice = spawn(talk("alice", address, turns.clone(), 0));
        let bob = spawn(talk("bob", address, turns, 1));
        alice.await??;
        bob.await??;
        println!("the server saw 2 clients and {} bytes", server.await??);
        Ok(())
    })?
}

/// Serves `clients` connections, each in a task of its own; gives the bytes of all.
async fn serve(listener: TcpListener, clients: usize) -> Result<usize, Box<dyn Error>> {
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (stream, _) = listener.accept().await?;
        tasks.push(spawn(echo(stream)));
    }
    let mut bytes = 0;
    for task in tasks {
        bytes += task.await??;
    }
    Ok(bytes)
}

async fn echo(stream: TcpStream) -> io::Result<usize> {
    let (mut buffer, mut bytes) = ([0; 1024], 0);
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(bytes);
        }
        bytes += count;
        stream.write_all(&buffer[..count]).await?;
    }
}

async fn talk(me: &str, to: SocketAddr, turns: Vec<Future<()>>, first: usize) -> io::Result<()> {
    let stream = TcpStream::connect(to).await?;
    for n in 1..=3 {
        let mine = first + 2 * (n - 1);
        turns[mine].clone().await.expect("nobody cancels it");
        let line = format!("hello {n}");
        stream.write_all(line.as_bytes()).await?;
        let mut answer = vec![0; line.len()];
        let mut got = 0;
        while got < answer.len() {
            got += stream.read(&mut answer[got..]).await?;
        }
        println!("{me}: {}", String::from_utf8_lossy(&answer));
        turns[mine + 1].set_result(()).expect("set once");
    }
    stream.shutdown(Shutdown::Write)
}
