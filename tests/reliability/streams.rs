//! IO: bytes over streams: all of them, in order, up to the end, and errors that are values.

use crate::support::{in_child, rounds, within};
use futures::FutureExt;
use oneloop::net::{ByteStream, TcpListener, TcpSocket, TcpStream, UnixStream};
use oneloop::{spawn, yield_now};
use std::cell::Cell;
use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A connection over loopback, both ends on the running loop.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("loopback works");
    let address = listener.local_addr().expect("it is bound");
    let socket = TcpSocket::for_address(address).expect("a socket");
    socket.set_send_buffer_size(4096).expect("it may be small");
    let near = socket.connect(address).await.expect("somebody listens");
    (near, listener.accept().await.expect("somebody connects").0)
}

/// A connection whose other end has reset it.
async fn reset() -> TcpStream {
    let (near, far) = connection().await;
    far.set_linger(Some(Duration::ZERO)).expect("it may");
    drop(far);
    near
}

async fn all<S: AsFd>(stream: &ByteStream<S>) -> Vec<u8> {
    let (mut all, mut buffer) = (vec![], [0; 5000]);
    loop {
        match stream.read(&mut buffer).await.expect("it is open") {
            0 => return all,
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Runs a test's task, under the watchdog.
fn run<F: Future<Output = ()> + 'static>(main: impl FnOnce() -> F + Send + 'static) {
    within(|| oneloop::run(main()).expect("it ends"));
}

#[test]
fn io_001_the_rest_of_a_short_vectored_write_is_sent_and_nothing_twice() {
    run(|| async {
        let (near, far) = connection().await;
        let chunks: Vec<Vec<u8>> = (0..300_u32).map(|i| vec![(i % 251) as u8; 10_000]).collect();
        let sent = chunks.concat();
        let writer = spawn(async move {
            let mut slices: Vec<_> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
            let (mut rest, mut short) = (&mut slices[..], 0);
            while !rest.is_empty() {
                let most: usize = rest.iter().map(|slice| slice.len()).sum();
                let count = near.write_vectored(rest).await.expect("it is read");
                short += usize::from(count < most);
                IoSlice::advance_slices(&mut rest, count);
            }
            short
        });
        assert!(all(&far).await == sent, "other bytes came than were sent");
        assert!(writer.await.expect("no panic") > 10, "no write was short");
    });
}

#[test]
fn io_002_a_peer_that_never_reads_makes_the_writer_wait_and_nothing_piles_up() {
    run(|| async {
        let (near, far) = UnixStream::pair().expect("a pair");
        let written = Rc::new(Cell::new(0_usize));
        let count = written.clone();
        let writer = spawn(async move {
            loop {
                count.set(count.get() + near.write(&[7; 10_000]).await.expect("it is open"));
            }
        });
        let mut before = usize::MAX;
        while written.get() != before {
            before = written.get();
            for _ in 0..20 {
                yield_now().await;
            }
        }
        assert!(before < 10_000_000, "{before} bytes that nobody has read");
        writer.cancel();
        assert!(writer.await.is_err());
        assert_eq!(all(&far).await.len(), before);
    });
}

#[test]
fn io_003_an_empty_read_or_write_is_done_at_once_in_each_state_and_is_no_end() {
    run(|| async {
        let nothing = async |stream: &TcpStream| {
            assert_eq!(stream.read(&mut []).now_or_never().expect("at once").ok(), Some(0));
            assert_eq!(stream.peek(&mut []).now_or_never().expect("at once").ok(), Some(0));
            assert_eq!(stream.write(b"").now_or_never().expect("at once").ok(), Some(0));
            stream.write_all(b"").now_or_never().expect("at once").expect("there is nothing");
            let empty = [IoSlice::new(b""), IoSlice::new(b"")];
            assert_eq!(stream.write_vectored(&empty).now_or_never().expect("now").ok(), Some(0));
            assert_eq!(stream.read_vectored(&mut []).now_or_never().expect("now").ok(), Some(0));
            assert_eq!(stream.try_read(&mut []).ok(), Some(0));
            assert_eq!(stream.try_write(b"").ok(), Some(0));
        };
        let (near, far) = connection().await;
        nothing(&near).await;
        far.write_all(b"x").await.expect("it is open");
        near.readable().await.expect("something is there");
        nothing(&near).await;
        assert_eq!(near.read(&mut [0; 9]).await.expect("it is open"), 1);
        far.shutdown(Shutdown::Write).expect("it is open");
        assert_eq!(near.read(&mut [0; 9]).await.expect("the end"), 0);
        nothing(&near).await;
        near.shutdown(Shutdown::Write).expect("it is open");
        nothing(&near).await;
        nothing(&reset().await).await;
    });
}

#[test]
fn io_005_half_a_close_ends_one_direction_and_the_end_is_told_again() {
    run(|| async {
        let (near, far) = connection().await;
        near.write_all(b"question").await.expect("it is open");
        near.shutdown(Shutdown::Write).expect("it is open");
        assert_eq!(all(&far).await, b"question");
        assert_eq!(far.read(&mut [0; 9]).await.expect("the end"), 0);
        far.write_all(b"answer").await.expect("this direction is open");
        let error = near.write_all(b"more").await.expect_err("it was ended");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        drop(far);
        assert_eq!(all(&near).await, b"answer");
        assert_eq!(near.read(&mut [0; 9]).await.expect("the end"), 0);
    });
}

#[test]
fn io_006_a_write_to_who_is_gone_is_an_error_and_no_signal() {
    in_child(io_006_a_write_to_who_is_gone_is_an_error_and_no_signal, || {
        let signal = Arc::new(AtomicBool::new(false));
        // In place of the harness's own setting, by which it would be ignored.
        signal_hook::flag::register(signal_hook::consts::SIGPIPE, signal.clone()).expect("it may");
        let writes = async |stream: &dyn Fn() -> Option<ErrorKind>| {
            while stream().is_none() {
                yield_now().await;
            }
        };
        let main = async move {
            let (near, far) = UnixStream::pair().expect("a pair");
            drop(far);
            for error in [
                near.write(b"x").await.map(drop),
                near.write_vectored(&[IoSlice::new(b"x")]).await.map(drop),
                near.try_write(b"x").map(drop),
            ] {
                assert_eq!(error.expect_err("nobody reads").kind(), ErrorKind::BrokenPipe);
            }
            let stream = reset().await;
            let error = stream.read(&mut [0]).await.expect_err("it was reset");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            writes(&|| stream.try_write(b"x").err().map(|error| error.kind())).await;
        };
        oneloop::run(main).expect("it ends");
        assert!(!signal.load(Ordering::SeqCst), "SIGPIPE was raised");
    });
}

#[test]
fn io_007_what_was_written_before_a_close_is_read_up_to_the_last_byte() {
    run(|| async {
        for round in 0..rounds(300, 10_000) {
            let (near, far) = connection().await;
            let size = 1 + round * 37 % 20_000;
            let reader = spawn(async move {
                for _ in 0..round % 4 {
                    yield_now().await;
                }
                all(&far).await.len()
            });
            near.write_all(&vec![7; size]).await.expect("it is read");
            drop(near);
            assert_eq!(reader.await.expect("no panic"), size);
        }
    });
}

#[test]
fn io_009_each_write_after_the_loss_is_the_same_error() {
    run(|| async {
        let stream = reset().await;
        stream.read(&mut [0]).await.expect_err("it was reset");
        for _ in 0..3 {
            let slices = [IoSlice::new(b"x")];
            for error in [
                stream.write(b"x").await.map(drop),
                stream.write_vectored(&slices).await.map(drop),
                stream.write_all(b"x").await,
                stream.try_write(b"x").map(drop),
            ] {
                assert_eq!(error.expect_err("it is lost").kind(), ErrorKind::BrokenPipe);
            }
            let error = stream.shutdown(Shutdown::Write).expect_err("it is lost");
            assert_eq!(error.kind(), ErrorKind::NotConnected);
        }
    });
}

#[test]
fn io_011_who_reads_the_end_again_and_again_lets_others_run() {
    run(|| async {
        let (near, far) = UnixStream::pair().expect("a pair");
        drop(far);
        let ended = Rc::new(Cell::new(false));
        let end = ended.clone();
        let other = spawn(async move {
            let mut turns = 0;
            while !end.get() {
                turns += 1;
                yield_now().await;
            }
            turns
        });
        for _ in 0..10_000 {
            assert_eq!(near.read(&mut [0]).await.expect("the end"), 0);
        }
        ended.set(true);
        assert!(other.await.expect("no panic") >= 100);
    });
}

#[test]
fn io_012_two_who_read_at_the_same_time_share_the_bytes_and_lose_none() {
    run(|| async {
        let (near, far) = UnixStream::pair().expect("a pair");
        let near = Rc::new(near);
        let readers: Vec<_> = (0..10)
            .map(|_| {
                let near = near.clone();
                spawn(async move { all(&near).await })
            })
            .collect();
        for round in 0..2_000_u32 {
            far.write_all(&[(round % 251) as u8]).await.expect("it is open");
            if round % 3 == 0 {
                yield_now().await;
            }
        }
        drop(far);
        let mut got = vec![];
        for reader in readers {
            got.extend(reader.await.expect("no panic"));
        }
        got.sort_unstable();
        let mut sent: Vec<u8> = (0..2_000_u32).map(|round| (round % 251) as u8).collect();
        sent.sort_unstable();
        assert_eq!(got, sent);
    });
}

#[test]
fn io_013_a_write_all_that_is_cancelled_has_written_a_beginning() {
    run(|| async {
        let bytes: Vec<u8> = (0..4_000_000_u32).map(|i| (i % 251) as u8).collect();
        for turns in 0..20 {
            let (near, far) = connection().await;
            let sent = bytes.clone();
            let writer = spawn(async move { near.write_all(&sent).await });
            let mut got = vec![];
            for _ in 0..turns {
                let mut buffer = [0; 700];
                let count = far.read(&mut buffer).await.expect("it is open");
                got.extend_from_slice(&buffer[..count]);
            }
            writer.cancel();
            assert!(writer.await.is_err_and(|error| error.is_cancelled()));
            got.extend(all(&far).await);
            assert!(bytes.starts_with(&got) && got.len() < bytes.len());
        }
    });
}

#[test]
fn io_013_a_read_that_is_dropped_has_read_nothing() {
    run(|| async {
        let (near, far) = connection().await;
        let (mut got, mut buffer) = (vec![], [0; 3]);
        for byte in 0..200 {
            assert!(near.read(&mut buffer).now_or_never().is_none());
            far.write_all(&[byte]).await.expect("it is open");
            if let Some(read) = near.read(&mut buffer).now_or_never() {
                got.extend_from_slice(&buffer[..read.expect("it is open")]);
                continue;
            }
            let count = near.read(&mut buffer).await.expect("it is open");
            got.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(got, (0..200).collect::<Vec<u8>>());
    });
}
