//! FD, bytes: readiness is an edge, and none of it is lost, nor taken for more than it is.

use crate::support::{bump, counter, new_loop, within};
use oneloop::io::AsyncFd;
use oneloop::net::{TcpListener, TcpStream};
use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    near.set_nonblocking(true).expect("it can be");
    far.set_nonblocking(true).expect("it can be");
    (near, far)
}

/// Every reading ends by WouldBlock while the writer writes at every moment in between.
#[test]
fn fd_008_no_byte_is_lost_between_a_read_that_would_block_and_the_next() {
    within(|| {
        let (near, far) = pair();
        let total = oneloop::run(async move {
            let near = AsyncFd::new(near).expect("a loop is running");
            let far = AsyncFd::new(far).expect("a loop is running");
            let writer = oneloop::spawn(async move {
                for round in 0..2_000_usize {
                    let bytes = vec![1; 1 + round % 7];
                    far.write_with(|mut fd| fd.write(&bytes)).await.expect("it is open");
                    for _ in 0..round % 4 {
                        oneloop::yield_now().await;
                    }
                }
                (0..2_000).map(|round| 1 + round % 7).sum::<usize>()
            });
            let (mut read, mut buffer) = (0, [0; 3]);
            loop {
                match near.read_with(|mut fd| fd.read(&mut buffer)).await.expect("it is open") {
                    0 => return (read, writer.await.expect("no panic")),
                    count => read += count,
                }
            }
        });
        let (read, written) = total.expect("it ends");
        assert_eq!(read, written);
    });
}

/// A descriptor that can be written to again and again is not read for that.
#[test]
fn fd_008_readiness_to_write_brings_no_useless_reads() {
    within(|| {
        let reads = counter();
        let count = reads.clone();
        let main = async move {
            let (near, far) = pair();
            let near = Rc::new(AsyncFd::new(near).expect("a loop is running"));
            let reading = near.clone();
            let reader = oneloop::spawn(async move {
                let read = |mut fd: &UnixStream| {
                    bump(&count);
                    fd.read(&mut [0])
                };
                reading.read_with(read).await
            });
            for _ in 0..100 {
                // Fill it, have the peer drain it, and wait for room: a write event each.
                while (&mut near.get_ref()).write(&[0; 4096]).is_ok() {}
                while (&far).read(&mut [0; 65536]).is_ok() {}
                let mut tried = false;
                let write = |mut fd: &UnixStream| match std::mem::replace(&mut tried, true) {
                    false => Err(ErrorKind::WouldBlock.into()),
                    true => fd.write(&[0]),
                };
                near.write_with(write).await.expect("there is room");
            }
            (&far).write_all(b"x").expect("there is room");
            reader.await.expect("no panic").expect("a byte comes");
        };
        oneloop::run(main).expect("it ends");
        assert!(reads.get() <= 3, "{} reads for one byte", reads.get());
    });
}

/// A connection over loopback, both ends on the running loop.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("loopback works");
    let address = listener.local_addr().expect("it is bound");
    let near = TcpStream::connect(address).await.expect("somebody listens");
    (near, listener.accept().await.expect("somebody connects").0)
}

/// Odd sizes, pauses, and the end in the middle of it: exact bytes, then the end, told
/// more than once.
#[test]
fn fd_009_a_short_read_does_not_hide_what_follows() {
    within(|| {
        for close_at_once in [false, true] {
            let main = async move {
                let (near, far) = connection().await;
                let writer = oneloop::spawn(async move {
                    let mut sent = 0;
                    for size in (1..400).chain([4096, 4095, 4097, 65536]) {
                        far.write_all(&vec![7; size]).await.expect("it is open");
                        sent += size;
                        if size % 3 == 0 {
                            oneloop::yield_now().await;
                        }
                    }
                    if !close_at_once {
                        far.shutdown(Shutdown::Write).expect("it is open");
                        oneloop::yield_now().await;
                    }
                    sent
                });
                let (mut read, mut buffer) = (0, [0; 4096]);
                loop {
                    match near.read(&mut buffer).await.expect("it is open") {
                        0 => break,
                        count => read += count,
                    }
                }
                assert_eq!(near.read(&mut buffer).await.expect("it is open"), 0);
                assert_eq!(read, writer.await.expect("no panic"));
            };
            oneloop::run(main).expect("it ends");
        }
    });
}

/// An urgent byte ends a read early although more is there, and no edge tells of that.
#[test]
fn fd_009_an_urgent_byte_does_not_hide_what_follows() {
    use rustix::net::{SendFlags, send};
    within(|| {
        let read = oneloop::run(async {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("loopback");
            let address = listener.local_addr().expect("it is bound");
            let peer = std::net::TcpStream::connect(address).expect("somebody listens");
            let (near, _) = listener.accept().await.expect("somebody connects");
            let mut buffer = [0; 64];
            let mut read = vec![];
            let mut cx = Context::from_waker(Waker::noop());
            {
                // The read waits, so that the kernel polls the socket from here on.
                let mut waits = std::pin::pin!(near.read(&mut buffer));
                assert!(waits.as_mut().poll(&mut cx).is_pending());
            }
            send(peer.as_fd(), b"abc", SendFlags::empty()).expect("there is room");
            send(peer.as_fd(), b"!", SendFlags::OOB).expect("there is room");
            send(peer.as_fd(), b"def", SendFlags::empty()).expect("there is room");
            while read.len() < 6 {
                let count = near.read(&mut buffer).await.expect("it is open");
                read.extend_from_slice(&buffer[..count]);
            }
            read
        });
        assert_eq!(read.expect("it ends"), b"abcdef");
    });
}

/// A pipe whose writer has gone is reported as a hang-up alone.
#[test]
fn fd_010_the_end_of_a_pipe_is_seen_by_a_reader_that_waits() {
    within(|| {
        let ended = oneloop::run(async {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            rustix::io::ioctl_fionbio(&reader, true).expect("it can be");
            let reader = AsyncFd::new(reader).expect("a loop is running");
            let task =
                oneloop::spawn(
                    async move { reader.read_with(|mut pipe| pipe.read(&mut [0])).await },
                );
            oneloop::yield_now().await;
            oneloop::yield_now().await;
            drop(writer);
            task.await.expect("no panic")
        });
        assert_eq!(ended.expect("it ends").expect("it is the end"), 0);
    });
}

#[test]
fn fd_010_a_pipe_that_nobody_reads_is_an_error_to_a_writer_that_waits() {
    within(|| {
        let ended = oneloop::run(async {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            rustix::io::ioctl_fionbio(&writer, true).expect("it can be");
            while (&writer).write(&[0; 4096]).is_ok() {}
            let writer = AsyncFd::new(writer).expect("a loop is running");
            let task = oneloop::spawn(async move {
                writer.write_with(|mut pipe| pipe.write(&[0; 4096])).await
            });
            oneloop::yield_now().await;
            oneloop::yield_now().await;
            drop(reader);
            task.await.expect("no panic")
        });
        let error = ended.expect("it ends").expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

/// The peer will send no more, and reads nothing: a writer waits, and does not turn.
#[test]
fn fd_010_a_writer_to_a_half_closed_peer_waits_without_turning() {
    within(|| {
        let event_loop = new_loop();
        let (near, far) = pair();
        far.shutdown(Shutdown::Write).expect("it is open");
        while (&near).write(&[0; 65536]).is_ok() {}
        let calls = counter();
        let count = calls.clone();
        event_loop.add_writer(&near, move || bump(&count)).expect("a socket");
        let begun = event_loop.turns();
        let wait = async { oneloop::sleep(Duration::from_millis(30)).await };
        event_loop.run_until_complete(wait).expect("it ends");
        assert_eq!(calls.get(), 0);
        assert!(event_loop.turns() - begun <= 10, "{} turns", event_loop.turns() - begun);
        event_loop.remove_writer(&near);
    });
}
