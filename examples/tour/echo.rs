//! A server that sends back what it gets, and clients that talk to it at the same time.

use crate::Outcome;
use crate::watch::say;
use oneloop::net::{TcpListener, TcpStream};
use oneloop::{Future, create_future, spawn};
use std::net::{Shutdown, SocketAddr};

const CLIENTS: usize = 4;
const ROUNDS: usize = 3;

/// What came of it.
pub(crate) struct Echoed {
    pub(crate) clients: usize,
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

pub(crate) async fn server_and_clients() -> Outcome<Echoed> {
    let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    let address = listener.local_addr()?;
    say("main", "listens on a free port of 127.0.0.1");
    let all_here = create_future();
    let server = spawn(serve(listener, all_here.clone()));
    let clients: Vec<_> =
        (1..=CLIENTS).map(|n| spawn(talk(n, address, all_here.clone()))).collect();
    let mut sent = 0;
    for client in clients {
        sent += client.await??;
    }
    let bytes = server.await??;
    if bytes != sent {
        return Err(format!("{sent} bytes were sent, but {bytes} echoed").into());
    }
    say("main", format!("has counted: {sent} bytes sent, {bytes} echoed"));
    Ok(Echoed { clients: CLIENTS, messages: CLIENTS * ROUNDS, bytes })
}

/// Accepts all clients, and says when they are there; gives the bytes of all.
async fn serve(listener: TcpListener, all_here: Future<()>) -> Outcome<usize> {
    let mut connections = Vec::new();
    for n in 1..=CLIENTS {
        let (stream, _) = listener.accept().await?;
        connections.push(spawn(echo(stream)));
        say("server", format!("accepts connection {n}"));
    }
    all_here.set_result(()).expect("it is set once, here");
    let mut bytes = 0;
    for connection in connections {
        bytes += connection.await??;
    }
    Ok(bytes)
}

/// Serves a connection until the other end closes it.
async fn echo(stream: TcpStream) -> Outcome<usize> {
    stream.set_nodelay(true)?;
    let (mut buffer, mut bytes) = ([0; 4096], 0);
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(bytes);
        }
        stream.write_all(&buffer[..count]).await?;
        bytes += count;
    }
}

/// A client: sends messages of `n`, `2n`... KiB, and compares what comes back.
async fn talk(n: usize, address: SocketAddr, all_here: Future<()>) -> Outcome<usize> {
    let who = format!("client {n}");
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    all_here.await?;
    let mut sent = 0;
    for round in 1..=ROUNDS {
        let message: Vec<u8> = (0..n * round * 1024).map(|i| (i * 7 + n) as u8).collect();
        stream.write_all(&message).await?;
        let mut answer = vec![0; message.len()];
        let mut got = 0;
        while got < answer.len() {
            match stream.read(&mut answer[got..]).await? {
                0 => return Err("the server hung up".into()),
                count => got += count,
            }
        }
        if answer != message {
            return Err("what came back is not what was sent".into());
        }
        sent += message.len();
        say(&who, format!("message {round} of {ROUNDS}: {got} bytes came back"));
    }
    stream.shutdown(Shutdown::Write)?;
    Ok(sent)
}
