//! FD: how sockets are born, what options do, and how they come and go with `std`.

use crate::support::within;
use oneloop::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use oneloop::net::{UnixDatagram, UnixListener, UnixStream, reunite};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

fn any_port() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn run<F: Future<Output = ()> + 'static>(main: impl FnOnce() -> F + Send + 'static) {
    within(|| oneloop::run(main()).expect("it ends"));
}

/// As the kernel shows them: non-blocking, closed on `exec`.
fn flags(socket: &impl AsFd) -> (bool, bool) {
    let number = socket.as_fd().as_raw_fd();
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).expect("it is open");
    let line = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("it has flags");
    let flags = u32::from_str_radix(line.trim(), 8).expect("it is octal");
    (flags & 0o4000 != 0, flags & 0o2_000_000 != 0)
}

#[test]
fn fd_each_socket_is_born_without_blocking_and_closes_on_exec() {
    run(|| async {
        let path = std::env::temp_dir().join(format!("oneloop-born-{}", std::process::id()));
        let listener = TcpListener::bind(any_port()).expect("loopback");
        let near = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("it is");
        let (far, _) = listener.accept().await.expect("somebody connects");
        let unix = UnixListener::bind(&path).expect("a new path");
        let unix_near = UnixStream::connect(&path).await.expect("somebody listens");
        let (unix_far, _) = unix.accept().await.expect("somebody connects");
        let (one, other) = UnixStream::pair().expect("a pair");
        let (first, second) = UnixDatagram::pair().expect("a pair");
        let unbound = UnixDatagram::unbound().expect("a socket");
        let udp = UdpSocket::bind(any_port()).expect("loopback");
        let all = [
            [flags(&listener), flags(&near), flags(&far), flags(&unix), flags(&unix_near)],
            [flags(&unix_far), flags(&one), flags(&other), flags(&first), flags(&second)],
            [flags(&unbound), flags(&udp), flags(&udp), flags(&udp), flags(&udp)],
        ];
        assert_eq!(all, [[(true, true); 5]; 3]);
    });
}

#[test]
fn fd_options_are_what_they_were_set_to_and_go_on_to_the_connection() {
    run(|| async {
        let socket = TcpSocket::for_address(any_port()).expect("a socket");
        socket.set_nodelay(true).expect("it may");
        socket.set_keepalive(Some(Duration::from_millis(1_500))).expect("it may");
        socket.set_recv_buffer_size(20_000).expect("it may");
        assert_eq!(socket.recv_buffer_size().expect("it says"), 40_000);
        socket.bind(any_port()).expect("loopback");
        let listener = socket.listen(8).expect("it is free");
        let to = listener.local_addr().expect("it is bound");
        let near = TcpStream::connect(to).await.expect("somebody listens");
        let (far, _) = listener.accept().await.expect("somebody connects");
        assert!(far.nodelay().expect("it says") && !near.nodelay().expect("it says"));
        assert_eq!(far.keepalive().expect("it says"), Some(Duration::from_secs(1)));
        assert_eq!(near.keepalive().expect("it says"), None);
        near.set_keepalive(Some(Duration::from_secs(77))).expect("it may");
        assert_eq!(near.keepalive().expect("it says"), Some(Duration::from_secs(77)));
        near.set_keepalive(None).expect("it may");
        assert_eq!(near.keepalive().expect("it says"), None);
    });
}

/// The close of a socket that lingers waits, on Linux also of one that never blocks.
#[test]
fn fd_a_close_that_would_block_the_loop_is_refused() {
    run(|| async {
        let socket = TcpSocket::for_address(any_port()).expect("a socket");
        let lingers = socket.set_linger(Some(Duration::from_secs(1))).expect_err("it would block");
        assert_eq!(lingers.kind(), ErrorKind::InvalidInput);
        socket.set_linger(Some(Duration::ZERO)).expect("it resets at once");
        socket.set_linger(None).expect("it goes on in the system");
    });
}

#[test]
fn fd_a_port_is_shared_by_those_who_all_say_so_and_by_no_other() {
    run(|| async {
        let listen = |on: SocketAddr, shared| {
            let socket = TcpSocket::for_address(on)?;
            socket.set_reuse_port(shared)?;
            socket.bind(on)?;
            socket.listen(64)
        };
        let one = listen(any_port(), true).expect("loopback");
        let at = one.local_addr().expect("it is bound");
        let other = listen(at, true).expect("both share it");
        assert_eq!(listen(at, false).expect_err("it does not").kind(), ErrorKind::AddrInUse);
        let mut streams = vec![];
        for _ in 0..40 {
            let near = TcpStream::connect(at).await.expect("somebody listens");
            let accept = (std::pin::pin!(one.accept()), std::pin::pin!(other.accept()));
            let far = futures::future::select(accept.0, accept.1).await.factor_first().0;
            streams.push((near, far.expect("one of them gets it")));
        }
        let udp = UdpSocket::bind_shared(any_port()).expect("loopback");
        let at = udp.local_addr().expect("it is bound");
        UdpSocket::bind_shared(at).expect("both share it");
        assert!(UdpSocket::bind(at).is_err());
    });
}

/// Only who was given a port by the system may not find himself there.
#[test]
fn ac_007_a_socket_that_was_bound_may_connect_to_itself() {
    run(|| async {
        let socket = TcpSocket::for_address(any_port()).expect("a socket");
        socket.bind(any_port()).expect("loopback");
        let itself = socket.local_addr().expect("it is bound");
        let stream = socket.connect(itself).await.expect("TCP has that");
        stream.write_all(b"echo").await.expect("it is open");
        assert_eq!(stream.read(&mut [0; 9]).await.expect("it is open"), 4);
    });
}

#[test]
fn fd_004_a_stream_goes_to_std_and_back_and_into_halves_and_back() {
    run(|| async {
        let (here, there) = UnixStream::pair().expect("a pair");
        let mut buffer = [0];
        let mut waits = Box::pin(here.read(&mut buffer));
        assert!(futures::poll!(&mut waits).is_pending());
        drop(waits);
        let here = UnixStream::from_std(here.into_std()).expect("it is a socket");
        let (mut reader, writer) = here.into_split();
        there.write_all(b"x").await.expect("it is open");
        assert_eq!(reader.read(&mut [0]).await.expect("it is open"), 1);
        let here = reunite(reader, writer).expect("they are of one");
        here.write_all(b"y").await.expect("its writing half has not ended");
        assert_eq!(there.read(&mut [0]).await.expect("it is open"), 1);
        let (_reader, writer) = here.into_split();
        drop(writer);
        assert_eq!(there.read(&mut [0]).await.expect("the end"), 0);
    });
}
