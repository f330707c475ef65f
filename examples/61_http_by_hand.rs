//! A small HTTP/1 server, by hand, that is shut down while it still answers.
//!
//!     cargo run --example 61_http_by_hand
//!
//! Prints:
//!
//! ```text
//! GET /hello: HTTP/1.1 200 OK, "hello, world"
//! GET /nowhere: HTTP/1.1 404 Not Found, ""
//! GET /slow: HTTP/1.1 200 OK, "at last"
//! all were answered: true
//! refused: true
//! ```
//!
//! In asyncio the handler is the same; the end is
//!
//! ```python
//! server.close()
//! await asyncio.wait_for(server.wait_closed(), 10)
//! ```
//!
//! Look at `shutdown` in `server.rs`.

use oneloop::streams::{StreamReader, StreamWriter, open_connection, start_server};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        let server = start_server("127.0.0.1:0".parse()?, |reader, writer| async {
            // A client that breaks off, or sends nonsense, gets no answer.
            let _ = answer(reader, writer).await;
        })?;
        let address = server.sockets()[0];
        println!("GET /hello: {}", get(address, "/hello").await?);
        println!("GET /nowhere: {}", get(address, "/nowhere").await?);

        let slow = oneloop::spawn(async move { get(address, "/slow").await });
        while server.connections() == 0 {
            oneloop::sleep(Duration::from_millis(1)).await;
        }
        let all = server.shutdown(Duration::from_secs(10)).await;
        println!("GET /slow: {}", slow.await??);
        println!("all were answered: {all}");
        println!("refused: {}", get(address, "/hello").await.is_err());
        Ok(())
    })?
}

/// One request, one response, and the end of the connection. How long a request may take,
/// and how long its lines may be, is the server's and the reader's own care.
async fn answer(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    let head = reader.readuntil(b"\r\n\r\n").await?;
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split_whitespace();
    let (status, body) = match (words.next(), words.next()) {
        (Some("GET"), Some("/hello")) => ("200 OK", "hello, world"),
        (Some("GET"), Some("/slow")) => {
            oneloop::sleep(Duration::from_millis(20)).await;
            ("200 OK", "at last")
        }
        (Some("GET"), Some(_)) => ("404 Not Found", ""),
        _ => ("400 Bad Request", ""),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    writer.writelines([head, body.to_owned()])?;
    writer.close();
    writer.wait_closed().await
}

async fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let (mut reader, writer) = open_connection(address).await?;
    writer.write(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let head = reader.readuntil(b"\r\n\r\n").await?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = reader.readexactly(length).await?;
    let status = head.lines().next().unwrap_or_default();
    Ok(format!("{status}, {:?}", String::from_utf8_lossy(&body)))
}
