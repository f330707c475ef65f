//! EV: reading, writing and connecting sockets: asyncio's `sock_*` calls, as `net` has them.

use oneloop::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use oneloop::{run, running_loop, spawn, yield_now};
use std::cell::Cell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;

fn any_port() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn turn() -> u64 {
    running_loop().unwrap().turns()
}

/// A pair, the first of which a task may share.
fn pair() -> (Rc<UnixStream>, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    (Rc::new(here), there)
}

async fn all(stream: &UnixStream) -> Vec<u8> {
    let (mut all, mut buffer) = (vec![], [0; 4096]);
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => return all,
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

#[test]
fn ev_076_a_read_of_what_is_there_takes_no_turn_and_another_waits() {
    run(async {
        let (here, there) = pair();
        there.write_all(b"now").await.unwrap();
        let before = turn();
        assert_eq!(here.read(&mut [0; 9]).await.unwrap(), 3);
        assert_eq!(turn(), before);
        let reading = here.clone();
        let reader = spawn(async move { reading.read(&mut [0; 9]).await });
        for _ in 0..5 {
            yield_now().await;
        }
        assert!(!reader.done());
        there.write_all(b"later").await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), 5);
    })
    .unwrap();
}

#[test]
fn ev_077_a_read_after_one_that_is_being_cancelled_gets_the_bytes() {
    run(async {
        let (here, there) = pair();
        let first = here.clone();
        let first = spawn(async move { first.read(&mut [0; 9]).await });
        yield_now().await;
        first.cancel();
        let second = spawn(async move { here.read(&mut [0; 9]).await });
        there.write_all(b"hello").await.unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 5);
        assert!(first.await.unwrap_err().is_cancelled());
    })
    .unwrap();
}

#[test]
fn ev_078_more_than_the_socket_takes_is_sent_in_order_while_others_run() {
    run(async {
        let (here, there) = pair();
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 251) as u8).collect();
        let sent = bytes.clone();
        let ended = Rc::new(Cell::new(false));
        let end = ended.clone();
        let writer = spawn(async move {
            here.write_all(&sent).await.unwrap();
            end.set(true);
        });
        let others = spawn(async move {
            let mut count = 0;
            while !ended.get() {
                count += 1;
                yield_now().await;
            }
            count
        });
        assert!(all(&there).await == bytes, "other bytes came than were sent");
        writer.await.unwrap();
        assert!(others.await.unwrap() > 10);
    })
    .unwrap();
}

#[test]
fn ev_079_a_write_after_one_that_is_being_cancelled_is_sent_in_full() {
    run(async {
        let (here, there) = pair();
        let first = here.clone();
        let first = spawn(async move { first.write_all(&vec![1; 5_000_000]).await });
        yield_now().await;
        first.cancel();
        let second = spawn(async move { here.write_all(&vec![2; 1_000_000]).await });
        let got = all(&there).await;
        assert!(first.await.unwrap_err().is_cancelled());
        second.await.unwrap().unwrap();
        let ones = got.iter().take_while(|byte| **byte == 1).count();
        assert!(ones < 5_000_000);
        assert!(got[ones..] == vec![2; 1_000_000], "the second is not there in full");
    })
    .unwrap();
}

#[test]
fn ev_080_a_port_where_nobody_listens_refuses() {
    run(async {
        let address = TcpListener::bind(any_port()).unwrap().local_addr().unwrap();
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    })
    .unwrap();
}

#[test]
fn ev_081_a_connect_after_one_that_was_cancelled_succeeds() {
    run(async {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..100 {
            let given_up = spawn(TcpStream::connect(address));
            given_up.cancel();
            let connected = spawn(TcpStream::connect(address)).await.unwrap().unwrap();
            assert!(given_up.await.unwrap_err().is_cancelled());
            assert_eq!(connected.peer_addr().unwrap(), address);
        }
    })
    .unwrap();
}

#[test]
fn ev_082_whole_datagrams_come_with_their_sender() {
    run(async {
        let (here, there) =
            (UdpSocket::bind(any_port()).unwrap(), UdpSocket::bind(any_port()).unwrap());
        let (from, to) = (here.local_addr().unwrap(), there.local_addr().unwrap());
        for datagram in [&b"one"[..], b"", b"three"] {
            assert_eq!(here.send_to(datagram, to).await.unwrap(), datagram.len());
        }
        let mut buffer = [0; 9];
        assert_eq!(there.recv_from(&mut buffer).await.unwrap(), (3, from));
        assert_eq!(there.recv_from(&mut buffer).await.unwrap(), (0, from));
        assert_eq!(there.recv_from(&mut buffer).await.unwrap(), (5, from));
        assert_eq!(&buffer[..5], b"three");
    })
    .unwrap();
}

#[test]
fn ev_082_a_send_that_would_block_is_made_when_there_is_room() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let mut sent = 0;
        while here.try_send(&[7; 100]).is_ok() {
            sent += 1;
        }
        let waits = spawn(async move { here.send(b"last").await });
        for _ in 0..5 {
            yield_now().await;
        }
        assert!(!waits.done());
        let mut buffer = [0; 100];
        for _ in 0..sent {
            assert_eq!(there.recv(&mut buffer).await.unwrap(), 100);
        }
        assert_eq!(there.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(waits.await.unwrap().unwrap(), 4);
    })
    .unwrap();
}
