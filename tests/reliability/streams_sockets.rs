//! IO, on real sockets: the kernel's short reads and writes, its edges, and its descriptors.

use crate::support::{Rng, in_child, open_descriptors, rounds, within};
use oneloop::streams::{ReadError, StreamReader, StreamWriter, open_connection, start_server};
use oneloop::{gather, spawn};
use std::rc::Rc;
use std::time::Duration;

/// The n-th byte that is sent.
fn byte(n: usize) -> u8 {
    (n ^ (n >> 8) ^ (n >> 16)) as u8
}

/// Writes so many bytes in pieces of any size, and drains now and then.
async fn send(writer: StreamWriter, total: usize, seed: u64) -> StreamWriter {
    let (mut rng, mut sent) = (Rng::new(seed), 0);
    while sent < total {
        let count = (1 + rng.below(60_000) as usize).min(total - sent);
        let piece: Vec<u8> = (sent..sent + count).map(byte).collect();
        writer.write(&piece).expect("it drains");
        writer.drain().await.expect("it is open");
        sent += count;
    }
    writer.write_eof().expect("it is open");
    writer
}

/// Reads until the end, by calls and sizes of any kind; how many bytes that was.
async fn receive(mut reader: StreamReader, seed: u64) -> usize {
    let (mut rng, mut got) = (Rng::new(seed), 0);
    loop {
        let piece = match rng.below(3) {
            0 => reader.read(1 + rng.below(100_000) as usize).await.expect("it is open"),
            1 => match reader.readuntil(&[0]).await {
                Err(ReadError::Incomplete(incomplete)) => incomplete.partial,
                other => other.expect("a zero comes often"),
            },
            _ => reader.readline().await.expect("a newline comes often"),
        };
        assert!(piece.iter().enumerate().all(|(i, it)| *it == byte(got + i)), "seed {seed}");
        got += piece.len();
        if piece.is_empty() && reader.at_eof() {
            return got;
        }
    }
}

/// Both directions at once, by two tasks at each end.
#[test]
fn io_001_every_byte_crosses_a_socket_both_ways_at_once() {
    within(|| {
        let total = rounds(8 << 20, 65 << 20);
        let main = async move {
            let server =
                start_server(([127, 0, 0, 1], 0).into(), move |reader, writer| async move {
                    let sending = spawn(send(writer, total, 1));
                    assert_eq!(receive(reader, 2).await, total);
                    sending.await.expect("no panic");
                });
            let server = server.expect("loopback works");
            let (reader, writer) = open_connection(server.sockets()[0]).await.expect("it listens");
            let sending = spawn(send(writer, total, 3));
            assert_eq!(receive(reader, 4).await, total);
            drop(sending.await.expect("no panic"));
            assert!(server.shutdown(Duration::from_secs(20)).await);
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn io_007_what_a_peer_sent_before_it_closed_is_read_later() {
    within(|| {
        let main = async {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback works");
            let address = listener.local_addr().expect("it is bound");
            for round in 0..rounds(200, 10_000) {
                let (mut reader, _writer) = open_connection(address).await.expect("it listens");
                let (mut peer, _) = listener.accept().expect("it comes");
                std::io::Write::write_all(&mut peer, &vec![7; round * 10]).expect("it fits");
                drop(peer);
                let read = reader.read_to_end().await.expect("it was no reset");
                assert_eq!(read.len(), round * 10);
            }
        };
        oneloop::run(main).expect("it ends");
    });
}

/// Handlers that end, that panic and that are cancelled; clients that go without a word.
#[test]
fn io_no_descriptor_and_no_handler_is_left_of_a_server() {
    in_child(io_no_descriptor_and_no_handler_is_left_of_a_server, || {
        let held = Rc::new(());
        let kept = held.clone();
        let main = async move {
            let before = open_descriptors();
            let server = start_server(([127, 0, 0, 1], 0).into(), move |mut reader, writer| {
                let held = kept.clone();
                async move {
                    let line = reader.readline().await.expect("it is open");
                    assert_ne!(line, b"panic\n");
                    writer.write(&line).expect("it is open");
                    let more = reader.readline().await;
                    drop((held, more));
                }
            });
            let server = server.expect("loopback works");
            server_is_used(server.sockets()[0]).await;
            server.shutdown(Duration::from_millis(50)).await;
            drop(server);
            while open_descriptors() > before {
                oneloop::sleep(Duration::from_millis(1)).await;
            }
        };
        oneloop::run(main).expect("it ends");
        assert_eq!(Rc::strong_count(&held), 1);
    });
}

async fn server_is_used(address: std::net::SocketAddr) {
    let clients = (0..40).map(|n| {
        spawn(async move {
            let (mut reader, writer) = open_connection(address).await.expect("it listens");
            match n % 4 {
                0 => writer.write(b"panic\n").expect("it is open"),
                1 => return, // without a word
                _ => writer.write(b"line\n").expect("it is open"),
            }
            let answer = reader.readline().await.expect("it is open");
            assert_eq!(answer.is_empty(), n % 4 == 0);
            if n % 4 == 3 {
                writer.write(&[b'x'; 1000]).expect("it is open");
                writer.abort();
            }
        })
    });
    gather(clients).await.expect("nobody cancels it").expect("no client panics");
}
