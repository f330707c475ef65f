//! An echo by datagrams: each is whole or is not there; what is too long is cut, and what
//! is lost has to be asked for again.
//!
//!     cargo run --example 42_udp_echo
//!
//! Prints:
//!
//! ```text
//! echo: "one"
//! echo: ""
//! echo: "the longest that"
//! no echo in time, once more
//! echo: "lost at first"
//! nobody is there: connection refused
//! ```
//!
//! In asyncio it is a `DatagramProtocol` for `loop.create_datagram_endpoint`:
//!
//! ```python
//! def datagram_received(self, data, addr):
//!     self.transport.sendto(data, addr)
//! ```
//!
//! Look at `next_size` in `datagram_socket.rs` for those that must not be cut.

use oneloop::net::UdpSocket;
use oneloop::{spawn, timeout};
use std::error::Error;
use std::io;
use std::time::Duration;

/// Sends back what comes, but not the fourth; and at most 16 bytes of each.
async fn serve(socket: UdpSocket) -> io::Result<()> {
    let mut buffer = [0; 16];
    for number in 1.. {
        let (count, from) = socket.recv_from(&mut buffer).await?;
        if number != 4 {
            socket.send_to(&buffer[..count], from).await?;
        }
    }
    Ok(())
}

/// Asks until there is an answer.
async fn ask(socket: &UdpSocket, question: &str) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        socket.send(question.as_bytes()).await?;
        match timeout(Duration::from_secs(1), socket.recv(&mut buffer)).await {
            Ok(count) => {
                println!("echo: {:?}", String::from_utf8_lossy(&buffer[..count?]));
                return Ok(());
            }
            Err(_) => println!("no echo in time, once more"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    oneloop::run(async {
        let server = UdpSocket::bind("127.0.0.1:0".parse()?)?;
        let client = UdpSocket::bind("127.0.0.1:0".parse()?)?;
        client.connect(server.local_addr()?)?;
        let server = spawn(serve(server));
        for question in ["one", "", "the longest that fits, and more", "lost at first"] {
            ask(&client, question).await?;
        }
        server.cancel();
        assert!(server.await.is_err(), "it was cancelled, and its socket is closed");
        match ask(&client, "is somebody there?").await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                println!("nobody is there: {}", error.kind());
                Ok(())
            }
            other => Ok(other?),
        }
    })?
}
