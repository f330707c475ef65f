//! IO: datagrams, and the files that Unix sockets are reached by.

use crate::support::within;
use oneloop::net::{UdpSocket, UnixDatagram, UnixListener, UnixStream};
use oneloop::{spawn, yield_now};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn udp() -> UdpSocket {
    UdpSocket::bind(([127, 0, 0, 1], 0).into()).expect("loopback works")
}

/// A path that nobody else has.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("oneloop-{name}-{}", std::process::id()))
}

fn run<F: Future<Output = ()> + 'static>(main: impl FnOnce() -> F + Send + 'static) {
    within(|| oneloop::run(main()).expect("it ends"));
}

#[test]
fn io_014_a_refusal_is_told_once_and_the_socket_goes_on() {
    run(|| async {
        let (near, gone) = (udp(), udp());
        let address = gone.local_addr().expect("it is bound");
        near.connect(address).expect("there is a way");
        drop(gone);
        near.send(b"x").await.expect("it is sent");
        let refused = near.recv(&mut [0]).await.expect_err("nobody is there");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let back = UdpSocket::bind(address).expect("it is free");
        near.send(b"xyz").await.expect("it is sent");
        let (count, from) = back.recv_from(&mut [0; 9]).await.expect("it came");
        assert_eq!((count, from), (3, near.local_addr().expect("it is bound")));
    });
}

#[test]
fn io_014_an_empty_datagram_is_one_and_a_long_one_is_cut_off_alone() {
    run(|| async {
        let (near, far) = (udp(), udp());
        let (from, to) = (near.local_addr().expect("bound"), far.local_addr().expect("bound"));
        for datagram in [&b""[..], b"longer than that", b"abc"] {
            near.send_to(datagram, to).await.expect("it is sent");
        }
        let mut buffer = [0; 4];
        assert_eq!(far.next_size().await.expect("it came"), 0);
        assert_eq!(far.recv_from(&mut buffer).await.expect("it came"), (0, from));
        assert_eq!(far.next_size().await.expect("it came"), 16);
        assert_eq!(far.peek_from(&mut buffer).await.expect("it came"), (4, from));
        assert_eq!(far.recv(&mut buffer).await.expect("it came"), 4);
        assert_eq!(&buffer, b"long");
        assert_eq!(far.recv(&mut buffer).await.expect("it came"), 3);
        assert_eq!(&buffer[..3], b"abc");
        assert_eq!(far.try_recv(&mut buffer).expect_err("no more").kind(), ErrorKind::WouldBlock);
        let too_long = near.send_to(&[0; 70_000], to).await;
        assert!(too_long.is_err(), "a datagram has an end");
    });
}

/// Names of the longest path, of none, and without a file go both ways.
#[test]
fn hp_013_whoever_connects_is_named_as_he_is() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, socket};
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    run(|| async {
        let name = SocketAddr::from_abstract_name(format!("oneloop-{}", std::process::id()));
        let name = name.expect("it is short");
        let listener = UnixListener::bind_addr(&name).expect("it is free");
        assert_eq!(
            listener.local_addr().expect("bound").as_abstract_name(),
            name.as_abstract_name()
        );
        let long =
            std::env::temp_dir().join("x".repeat(107 - std::env::temp_dir().as_os_str().len()));
        let _ = fs::remove_file(&long);
        let peer = socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("a socket");
        rustix::net::bind(&peer, &SocketAddrUnix::new(&long).expect("it fits")).expect("free");
        let to = SocketAddrUnix::new_abstract_name(name.as_abstract_name().expect("it is one"));
        rustix::net::connect(&peer, &to.expect("it is short")).expect("somebody listens");
        let (_, from) = listener.accept().await.expect("somebody connects");
        assert_eq!(from.as_pathname(), Some(&*long));
        fs::remove_file(&long).expect("it is there");
        drop(UnixStream::connect_addr(&name).await.expect("somebody listens"));
        let (_, from) = listener.accept().await.expect("somebody came and went");
        assert!(from.is_unnamed());
    });
}

/// A Unix receiver that has no room makes the sender wait, and loses nothing.
#[test]
fn io_014_a_send_that_waits_is_sent_when_there_is_room() {
    run(|| async {
        let (near, far) = UnixDatagram::pair().expect("a pair");
        let sender = spawn(async move {
            for number in 0..2_000_u32 {
                near.send(&number.to_le_bytes()).await.expect("it is received");
            }
            near
        });
        for number in 0..2_000_u32 {
            let mut buffer = [0; 9];
            assert_eq!(far.recv(&mut buffer).await.expect("it came"), 4);
            assert_eq!(buffer[..4], number.to_le_bytes());
            if number % 50 == 0 {
                yield_now().await;
            }
        }
        drop(sender.await.expect("no panic"));
    });
}

#[test]
fn hp_013_the_file_of_a_unix_socket_is_for_its_user_and_goes_with_it() {
    run(|| async {
        let path = path("goes");
        let listener = UnixListener::bind(&path).expect("a new path");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let twice = UnixListener::bind(&path).expect_err("somebody listens there");
        assert_eq!(twice.kind(), ErrorKind::AddrInUse);
        UnixStream::connect(&path).await.expect("the first listens still");
        drop(listener);
        assert!(!path.exists());
        let socket = UnixDatagram::bind(&path).expect("it is free");
        assert_eq!(socket.local_addr().expect("it is bound").as_pathname(), Some(&*path));
        drop(socket);
        assert!(!path.exists());
    });
}

#[test]
fn hp_013_a_file_that_took_the_place_is_left_alone() {
    run(|| async {
        let path = path("replaced");
        let listener = UnixListener::bind(&path).expect("a new path");
        fs::remove_file(&path).expect("it is there");
        let second = UnixListener::bind(&path).expect("it is free");
        drop(listener);
        UnixStream::connect(&path).await.expect("the second listens");
        fs::remove_file(&path).expect("it is there");
        fs::write(&path, "a file").expect("it is free");
        drop(second);
        assert_eq!(fs::read_to_string(&path).expect("it is left alone"), "a file");
        fs::remove_file(&path).expect("it is there");
        // A listener that is given away takes its file along.
        let given = UnixListener::bind(&path).expect("it is free").into_std();
        assert!(path.exists());
        drop((given, fs::remove_file(&path).expect("it is there")));
    });
}
