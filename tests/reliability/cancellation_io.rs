//! CA-9 on sockets: cancelled at each of its awaits, a conversation leaves no descriptor, no
//! registration and no lost byte.

use crate::exhaustive::{World, at_every_await};
use crate::support::{OnDrop, in_child, open_descriptors, within};
use futures::future::select;
use oneloop::io::AsyncFd;
use oneloop::net::{TcpListener, TcpStream};
use oneloop::{catch_cancel, spawn, yield_now};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown};
use std::os::unix::net::UnixStream;
use std::pin::pin;

/// A client that connects, says something, and waits for the answer.
async fn client(address: std::net::SocketAddr) -> std::io::Result<Vec<u8>> {
    let stream = TcpStream::connect(address).await?;
    stream.write_all(b"question").await?;
    stream.shutdown(Shutdown::Write)?;
    read_all(&stream).await
}

async fn read_all(stream: &TcpStream) -> std::io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), [0; 3]);
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
        yield_now().await;
    }
}

async fn conversation(world: World) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let open = world.open();
    let client = spawn(async move {
        let _open = open;
        client(address).await
    });
    let (stream, _) = listener.accept().await.expect("somebody connects");
    let question = read_all(&stream).await.expect("a question");
    assert_eq!(question, b"question");
    stream.write_all(b"answer").await.expect("it is read");
    drop(stream);
    let answer = client.await.expect("the client ends").expect("well");
    assert_eq!(answer, b"answer");
}

#[test]
fn ca_009_a_conversation_over_tcp_leaves_no_descriptor() {
    in_child(ca_009_a_conversation_over_tcp_leaves_no_descriptor, || {
        let before = open_descriptors();
        for _ in 0..10 {
            at_every_await(conversation, |run| assert_eq!(run.cancelled, run.asked > 0));
        }
        assert_eq!(open_descriptors(), before);
    });
}

/// The one who connects is cancelled instead; the other end hears a reset or an end.
#[test]
fn ca_009_a_connect_that_is_cancelled_leaves_no_descriptor() {
    in_child(ca_009_a_connect_that_is_cancelled_leaves_no_descriptor, || {
        let before = open_descriptors();
        let scenario = |_| async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
            let address = listener.local_addr().expect("it is bound");
            let server = spawn(async move {
                let (stream, _) = listener.accept().await.expect("somebody connects");
                drop(read_all(&stream).await);
                drop(stream.write_all(b"answer").await);
            });
            // Whoever never came is not waited for.
            let server = OnDrop(move || assert!(server.cancel() || server.done()));
            drop(client(address).await);
            drop(server);
        };
        for _ in 0..10 {
            at_every_await(scenario, |run| assert_eq!(run.cancelled, run.asked > 0));
        }
        assert_eq!(open_descriptors(), before);
    });
}

/// A read that is cancelled has read nothing: what came before it is kept, the rest comes.
#[test]
fn ca_009_a_cancelled_read_loses_no_byte() {
    let scenario = |_| async {
        let (mine, mut other) = UnixStream::pair().expect("a socket pair");
        mine.set_nonblocking(true).expect("it is a socket");
        let mine = AsyncFd::new(mine).expect("the loop runs");
        let got = RefCell::new(Vec::new());
        let read = async |byte: &mut [u8]| {
            let count = mine.read_with(|mut stream| stream.read(byte)).await.expect("it is open");
            got.borrow_mut().extend_from_slice(&byte[..count]);
            count
        };
        let sent = Cell::new(0);
        let talk = async {
            for _ in 0..3 {
                other.write_all(&[sent.get(), sent.get() + 1]).expect("it is open");
                sent.set(sent.get() + 2);
                read(&mut [0]).await;
                yield_now().await;
                read(&mut [0]).await;
            }
            let (mut byte, silence) = ([0], async { (yield_now().await, yield_now().await) });
            select(pin!(read(&mut byte)), pin!(silence)).await;
        };
        let ended = catch_cancel(talk).await;
        drop(other);
        while read(&mut [0; 16]).await > 0 {}
        assert_eq!(got.take(), (0..sent.get()).collect::<Vec<_>>());
        if let Err(cancelled) = ended {
            match cancelled.resume().await {}
        }
    };
    within(move || assert!(at_every_await(scenario, |_| {}) > 4));
}
