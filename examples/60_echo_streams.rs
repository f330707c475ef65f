//! An echo server and its clients, on streams: lines in, lines out, and an orderly end.
//!
//!     cargo run --example 60_echo_streams
//!
//! Prints:
//!
//! ```text
//! alice: hello
//! alice: how are you?
//! bob: hello
//! bob: how are you?
//! carol has no newline: "hello"
//! the server ended by itself: true
//! ```
//!
//! In asyncio:
//!
//! ```python
//! async def echo(reader, writer):
//!     async for line in reader:
//!         writer.write(line)
//!         await writer.drain()
//!
//! async def talk(me, port):
//!     reader, writer = await asyncio.open_connection("127.0.0.1", port)
//!     for line in ["hello", "how are you?"]:
//!         writer.write(line.encode() + b"\n")
//!         print(f"{me}:", (await reader.readline()).decode(), end="")
//!     writer.close()
//!     await writer.wait_closed()
//!
//! server = await asyncio.start_server(echo, "127.0.0.1", 0)
//! ```
//!
//! Look at `write_now` in `connection.rs` to see when a write is sent.

use oneloop::streams::{StreamReader, StreamWriter, open_connection, start_server};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        let server = start_server("127.0.0.1:0".parse()?, |reader, writer| async {
            // A client that goes away is no error of the server's.
            let _ = echo(reader, writer).await;
        })?;
        let address = server.sockets()[0];
        talk("alice", address).await?;
        talk("bob", address).await?;

        let (mut reader, writer) = open_connection(address).await?;
        writer.write(b"hello")?;
        writer.write_eof()?;
        let answer = reader.read_to_end().await?;
        println!("carol has no newline: {:?}", String::from_utf8_lossy(&answer));
        drop((reader, writer));

        let ended = server.shutdown(Duration::from_secs(10)).await;
        println!("the server ended by itself: {ended}");
        Ok(())
    })?
}

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    while let Some(line) = reader.next_line().await? {
        writer.write(&line)?;
        writer.drain().await?;
    }
    Ok(())
}

async fn talk(me: &str, address: SocketAddr) -> io::Result<()> {
    let (mut reader, writer) = open_connection(address).await?;
    for line in ["hello\n", "how are you?\n"] {
        writer.write(line.as_bytes())?;
        print!("{me}: {}", String::from_utf8_lossy(&reader.readline().await?));
    }
    writer.close();
    writer.wait_closed().await
}
