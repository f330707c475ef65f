//! A chat room: a task per client reads, the room writes to all; halves of a connection are
//! what lets two tasks have one.
//!
//!     cargo run --example 40_chat_server
//!
//! Prints:
//!
//! ```text
//! ann hears: bob is here
//! ann hears: bob: hello
//! bob hears: ann: hello, bob
//! ann hears: bob is gone
//! the room is empty
//! ```
//!
//! In asyncio it would be `asyncio.start_server` with a set of writers:
//!
//! ```python
//! async def client(reader, writer):
//!     writers.add(writer)
//!     while line := await reader.readline():
//!         for other in writers - {writer}:
//!             other.write(line)
//! ```
//!
//! Look at `into_split` in `split.rs` to see what the halves share.

use oneloop::net::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream};
use oneloop::spawn;
use oneloop::sync::Mutex;
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::rc::Rc;

type Reader = OwnedReadHalf<std::net::TcpStream>;
type Writer = OwnedWriteHalf<std::net::TcpStream>;
/// Who is there, and how to write to each.
type Room = Rc<Mutex<BTreeMap<String, Writer>>>;

/// Writes a line to all but the one whom it is from.
async fn tell(room: &Room, from: &str, line: String) -> io::Result<()> {
    for (_, writer) in room.lock().await.iter_mut().filter(|(name, _)| *name != from) {
        writer.write_all(line.as_bytes()).await?;
    }
    Ok(())
}

async fn client(room: Room, name: &'static str, stream: TcpStream) -> io::Result<()> {
    let (mut reader, writer) = stream.into_split();
    tell(&room, name, format!("{name} is here\n")).await?;
    room.lock().await.insert(name.to_owned(), writer);
    loop {
        let line = read_line(&mut reader).await?;
        if line.is_empty() {
            room.lock().await.remove(name); // its drop ends what is written to it
            return tell(&room, name, format!("{name} is gone\n")).await;
        }
        tell(&room, name, format!("{name}: {line}\n")).await?;
    }
}

/// Up to the end of the line, or the end.
async fn read_line(reader: &mut Reader) -> io::Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while reader.read(&mut byte).await? == 1 && byte != *b"\n" {
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
        let (room, mut tasks, mut people) = (Room::default(), vec![], vec![]);
        for name in ["ann", "bob"] {
            let stream = TcpStream::connect(listener.local_addr()?).await?;
            people.push(stream.into_split());
            tasks.push(spawn(client(room.clone(), name, listener.accept().await?.0)));
        }
        let [(mut ann, mut to_ann), (mut bob, mut to_bob)] = <[_; 2]>::try_from(people).unwrap();
        println!("ann hears: {}", read_line(&mut ann).await?);
        to_bob.write_all(b"hello\n").await?;
        println!("ann hears: {}", read_line(&mut ann).await?);
        to_ann.write_all(b"hello, bob\n").await?;
        println!("bob hears: {}", read_line(&mut bob).await?);
        drop(to_bob); // bob says no more
        println!("ann hears: {}", read_line(&mut ann).await?);
        drop(to_ann);
        for task in tasks {
            task.await??;
        }
        assert!(room.lock().await.is_empty());
        println!("the room is empty");
        Ok(())
    })?
}
