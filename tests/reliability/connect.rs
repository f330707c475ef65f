//! AC: connecting: given up at any moment, refused, late, and without descriptors.

use crate::accept::leave_room_for;
use crate::exhaustive::at_every_await;
use crate::support::{OnDrop, in_child, open_descriptors, within};
use futures::FutureExt;
use oneloop::net::{TcpListener, TcpStream, UnixListener, UnixStream, connect, connect_within};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// A port where nobody listens any more.
fn closed_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind(SocketAddr::from(LOOPBACK)).expect("loopback");
    listener.local_addr().expect("it is bound")
}

/// A listener whose queue is full, so that a further attempt gets no answer.
fn deaf() -> (std::net::TcpListener, Vec<std::net::TcpStream>) {
    let listener = std::net::TcpListener::bind(SocketAddr::from(LOOPBACK)).expect("loopback");
    rustix::net::listen(&listener, 0).expect("it listens already");
    let to = listener.local_addr().expect("it is bound");
    let connect = || std::net::TcpStream::connect_timeout(&to, Duration::from_millis(200)).ok();
    let waiting = std::iter::from_fn(connect).collect();
    (listener, waiting)
}

/// A lookup that was given up keeps its thread, which keeps the loop's bell, for a moment
/// longer than the loop: descriptors are counted after that. The watchdog ends a wait for one
/// that never goes.
fn workers_end() {
    let is_worker = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.and_then(|entry| std::fs::read_to_string(entry.path().join("comm")));
        name.is_ok_and(|name| name.starts_with("oneloop-worker"))
    };
    while std::fs::read_dir("/proc/self/task").expect("Linux has it").any(is_worker) {
        std::thread::yield_now();
    }
}

#[test]
fn ac_006_a_connect_to_a_name_that_is_cancelled_at_any_await_leaves_no_descriptor() {
    in_child(
        ac_006_a_connect_to_a_name_that_is_cancelled_at_any_await_leaves_no_descriptor,
        || {
            let before = open_descriptors();
            let scenario = |_| async {
                let listener = TcpListener::bind(LOOPBACK.into()).expect("loopback");
                let port = listener.local_addr().expect("it is bound").port();
                let server = oneloop::spawn(async move {
                    loop {
                        let (server, _) = listener.accept().await.expect("somebody connects");
                        oneloop::yield_now().await;
                        drop(server.write_all(b"x").await);
                    }
                });
                let _server = OnDrop(move || assert!(server.cancel()));
                let client = connect("localhost", port).await.expect("somebody listens");
                assert_eq!(client.read(&mut [0]).await.expect("it is open"), 1);
                let lasts = Duration::from_secs(9);
                let client = connect_within(lasts, "localhost", port).await.expect("once more");
                assert_eq!(client.read(&mut [0]).await.expect("it is open"), 1);
            };
            for _ in 0..10 {
                assert!(
                    at_every_await(scenario, |run| assert_eq!(run.cancelled, run.asked > 0)) > 2
                );
            }
            workers_end();
            assert_eq!(open_descriptors(), before);
        },
    );
}

#[test]
fn ac_006_a_connect_that_is_dropped_while_it_waits_is_closed() {
    in_child(ac_006_a_connect_that_is_dropped_while_it_waits_is_closed, || {
        let (listener, _waiting) = deaf();
        let address = listener.local_addr().expect("it is bound");
        let main = async move {
            let before = open_descriptors();
            for _ in 0..1_000 {
                oneloop::yield_now().await;
                assert!(TcpStream::connect(address).now_or_never().is_none(), "it connects");
            }
            assert_eq!(open_descriptors(), before);
            let limit = Duration::from_millis(1);
            let late = connect_within(limit, "127.0.0.1", address.port()).await;
            let late = late.expect_err("nobody answers");
            assert_eq!(late.kind(), ErrorKind::TimedOut);
            assert!(late.to_string().contains("`127.0.0.1`"), "{late}");
            assert_eq!(open_descriptors(), before);
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn ac_006_a_connect_without_a_descriptor_is_an_error_and_works_later() {
    in_child(ac_006_a_connect_without_a_descriptor_is_an_error_and_works_later, || {
        let main = async {
            let listener = TcpListener::bind(LOOPBACK.into()).expect("loopback");
            let address = listener.local_addr().expect("it is bound");
            let unlimited = getrlimit(Resource::Nofile);
            leave_room_for(0);
            let none = TcpStream::connect(address).await.expect_err("there is no descriptor");
            let named = connect("127.0.0.1", address.port()).await.expect_err("still none");
            setrlimit(Resource::Nofile, unlimited).expect("it may be raised again");
            assert_eq!(none.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));
            assert!(named.to_string().contains(&address.to_string()), "{named}");
            TcpStream::connect(address).await.expect("there is one again");
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn ac_007_a_closed_port_is_an_error_and_no_stream_nor_is_it_oneself() {
    within(|| {
        let main = async {
            let address = closed_port();
            for _ in 0..500 {
                let refused = TcpStream::connect(address).await.expect_err("nobody listens");
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            }
            let named = connect("localhost", address.port()).await.expect_err("nobody listens");
            assert_eq!(named.kind(), ErrorKind::ConnectionRefused);
            assert!(named.to_string().contains("`localhost`"), "{named}");
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn ac_007_a_unix_listener_with_a_full_queue_is_an_error_and_no_dead_stream() {
    let path = std::env::temp_dir().join(format!("oneloop-full-{}", std::process::id()));
    within(move || {
        let main = async move {
            let listener = UnixListener::bind(&path).expect("a new path");
            rustix::net::listen(&listener, 1).expect("it listens already");
            let mut streams = vec![];
            let full = loop {
                match UnixStream::connect(&path).await {
                    Ok(stream) => streams.push(stream),
                    Err(error) => break error,
                }
            };
            assert_eq!(full.kind(), ErrorKind::WouldBlock);
            let (server, from) = listener.accept().await.expect("somebody waits");
            assert!(from.is_unnamed());
            server.write_all(b"x").await.expect("it is open");
            assert_eq!(streams[0].read(&mut [0]).await.expect("it is open"), 1);
            UnixStream::connect(&path).await.expect("there is room again");
        };
        oneloop::run(main).expect("it ends");
    });
}
