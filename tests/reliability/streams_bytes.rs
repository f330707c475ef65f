//! IO: the bytes of streams, with faults at chosen points. All is in memory, on virtual time.

use crate::streams_pipe::{End, Faults, pair};
use crate::support::{Rng, counter, rounds, virtual_loop, within};
use oneloop::streams::{ReadError, StreamReader, StreamWriter, over};
use oneloop::{running_loop, spawn, yield_now};
use std::io::ErrorKind;
use std::rc::Rc;

const KIB: usize = 1024;

type Half = (StreamReader<End>, StreamWriter<End>);

fn run(main: impl Future<Output = ()> + 'static) {
    virtual_loop().run_until_complete(main).expect("it ends");
}

fn connected(capacity: usize) -> (Half, Half, Rc<Faults>, Rc<Faults>) {
    let (near, far) = pair(capacity);
    let (ours, theirs) = (near.faults.clone(), far.faults.clone());
    (over(near).expect("it runs"), over(far).expect("it runs"), ours, theirs)
}

#[test]
fn io_001_writelines_with_short_writes_sends_every_byte_in_order() {
    run(async {
        let ((_r, writer), (mut reader, _w), ours, theirs) = connected(4 * KIB);
        ours.write.set(777);
        theirs.read.set(1023);
        let chunks = rounds(500, 6_500);
        let sender = spawn(async move {
            for n in 0..chunks {
                let chunk = vec![n as u8; 10_000];
                writer.writelines(chunk.chunks(3_333)).expect("it is open");
                writer.drain().await.expect("it is open");
            }
            writer.close();
            writer.wait_closed().await.expect("all is sent");
        });
        for n in 0..chunks {
            let chunk = reader.readexactly(10_000).await.expect("all comes");
            assert!(chunk.iter().all(|byte| *byte == n as u8), "chunk {n}");
        }
        assert_eq!(reader.read(1).await.expect("the end"), b"");
        sender.await.expect("no panic");
    });
}

/// Also HP-4: what is written to a peer that never reads is bounded.
#[test]
fn io_002_hp_004_a_peer_that_never_reads_holds_the_writer_up() {
    run(async {
        let ((_r, writer), _theirs, _, _) = connected(0);
        let writer = Rc::new(writer);
        let drains = writer.clone();
        let most = counter();
        let seen = most.clone();
        let endless = spawn(async move {
            loop {
                drains.write(&[0; 10 * KIB]).expect("it drains");
                drains.drain().await.expect("it is open");
                seen.set(seen.get().max(drains.buffered()));
            }
        });
        for _ in 0..100 {
            yield_now().await;
        }
        assert!(writer.buffered() <= (64 + 10) * KIB && !endless.done());
        let refused = (0..10_000).find_map(|_| writer.write(&[0; KIB]).err());
        let error = refused.expect("it does not take any amount");
        assert!(writer.buffered() <= (1024 + 1) * KIB, "{error}");
        assert_eq!(std::io::Error::from(error).kind(), ErrorKind::OutOfMemory);
        writer.abort();
        let handle = running_loop().expect("it runs");
        yield_now().await;
        yield_now().await;
        assert_eq!(handle.stream_bytes_buffered(), 0);
    });
}

#[test]
fn io_003_what_is_empty_is_nothing() {
    run(async {
        let ((mut ours, writer), (mut theirs, other), _, _) = connected(KIB);
        writer.write(b"").expect("it is open");
        writer.writelines([&b""[..], b"x", b""]).expect("it is open");
        assert_eq!(theirs.read(0).await.expect("it is open"), b"");
        assert_eq!(theirs.read(9).await.expect("it is open"), b"x");
        other.close();
        assert_eq!(ours.read(9).await.expect("the end"), b"");
        assert_eq!(ours.read(0).await.expect("the end"), b"");
        assert_eq!(ours.readexactly(0).await.expect("nothing is there"), b"");
        writer.close();
        assert!(writer.write(b"").is_err());
    });
}

#[test]
fn io_004_any_number_of_drains_end_when_the_connection_does() {
    for lost in [false, true] {
        run(async move {
            let ((_r, writer), theirs, ours, _) = connected(0);
            let writer = Rc::new(writer);
            writer.write(&[0; 100 * KIB]).expect("it is open");
            let drain = |_| {
                let writer = writer.clone();
                spawn(async move { writer.drain().await })
            };
            let drains: Vec<_> = (0..100).map(drain).collect();
            yield_now().await;
            if lost {
                ours.fails_in.set(1);
                drop(theirs);
            } else {
                writer.abort();
            }
            for drain in drains {
                drain.await.expect("no panic").expect_err("it is not drained");
            }
        });
    }
}

#[test]
fn io_005_after_half_a_close_the_other_half_goes_on() {
    run(async {
        let ((mut ours, writer), (mut theirs, other), _, _) = connected(KIB);
        writer.write(b"question").expect("it is open");
        writer.write_eof().expect("it is open");
        assert_eq!(theirs.read_to_end().await.expect("it ends"), b"question");
        assert!(writer.write(b"more").is_err());
        other.write(b"answer").expect("their half is open");
        other.close();
        assert_eq!(ours.read_to_end().await.expect("it ends"), b"answer");
        assert!(ours.at_eof() && theirs.at_eof());
    });
}

/// The reader comes late, or reads little: what was sent before the end is all there.
#[test]
fn io_007_no_byte_is_lost_at_the_end() {
    run(async {
        for round in 0..rounds(500, 10_000) {
            let ((_r, writer), (mut reader, _w), _, theirs) = connected(1 + round % 50);
            theirs.read.set(1 + round % 7);
            writer.write(&vec![1; round % 300]).expect("it is open");
            drop(writer);
            for _ in 0..round % 5 {
                yield_now().await;
            }
            assert_eq!(reader.read_to_end().await.expect("it ends").len(), round % 300);
        }
    });
}

#[test]
fn io_009_after_a_loss_all_calls_give_the_same_error() {
    run(async {
        let ((mut reader, writer), _theirs, ours, _) = connected(KIB);
        ours.fails_in.set(1);
        for _ in 0..2 {
            let errors = [
                writer.write(b"x").map_err(std::io::Error::from),
                writer.writelines([b"x"]).map_err(std::io::Error::from),
                writer.write_eof().map_err(std::io::Error::from),
                writer.drain().await,
                writer.wait_closed().await,
                reader.read(1).await.map(drop).map_err(std::io::Error::from),
            ];
            for error in errors {
                assert_eq!(error.expect_err("it is lost").kind(), ErrorKind::ConnectionReset);
            }
        }
        writer.close();
        writer.abort();
    });
}

/// HP-3, too, with as many clients as one test can have.
#[test]
fn io_010_hp_003_a_line_without_an_end_is_an_error_and_takes_little() {
    run(async {
        let handle = running_loop().expect("it runs");
        let mut clients = Vec::new();
        for _ in 0..rounds(50, 1_000) {
            let (near, far) = pair(usize::MAX);
            far.put(&vec![b'x'; if clients.is_empty() { 10 << 20 } else { 256 * KIB }]);
            let moved = near.faults.clone();
            let (mut reader, writer) = over(near).expect("it runs");
            let overrun = reader.readuntil(b"\n").await.expect_err("there is no end");
            assert!(matches!(overrun, ReadError::Overrun(_)));
            yield_now().await;
            assert!(moved.moved.get() <= 2 * 64 * KIB);
            clients.push((reader, writer, far));
        }
        assert!(handle.stream_bytes_buffered() <= clients.len() * 128 * KIB);
        drop(clients);
        assert_eq!(handle.stream_bytes_buffered(), 0);
    });
}

#[test]
fn io_011_who_reads_the_end_for_ever_lets_others_go_on() {
    run(async {
        let ((mut reader, _w), theirs, _, _) = connected(KIB);
        drop(theirs);
        let looks = counter();
        let others = looks.clone();
        let ticker = spawn(async move {
            for _ in 0..10 {
                yield_now().await;
                others.set(others.get() + 1);
            }
        });
        while !ticker.done() {
            assert_eq!(reader.read(1).await.expect("the end"), b"");
        }
        assert_eq!(looks.get(), 10);
    });
}

/// A read is dropped at each point of the way; what it had is there for the next one.
#[test]
fn io_013_a_cancelled_read_loses_nothing() {
    for seed in 0..rounds(300, 5_000) as u64 {
        run(async move {
            let mut rng = Rng::new(seed);
            let ((mut reader, _w), (_r, writer), ours, theirs) = connected(7);
            ours.read.set(1 + rng.below(9) as usize);
            theirs.write.set(1 + rng.below(9) as usize);
            let sent: Vec<u8> = (0..400).map(|_| b"ab\n"[rng.below(3) as usize]).collect();
            writer.write(&sent).expect("it is open");
            writer.close();
            let mut got = Vec::new();
            while !reader.at_eof() {
                let turns = rng.below(4);
                let read = async {
                    match rng.below(3) {
                        0 => reader.readline().await,
                        1 => reader.readexactly(5).await,
                        _ => reader.read(3).await,
                    }
                };
                match first(read, turns).await {
                    Some(Ok(bytes)) => got.extend(bytes),
                    Some(Err(ReadError::Incomplete(incomplete))) => got.extend(incomplete.partial),
                    Some(Err(error)) => panic!("seed {seed}: {error}"),
                    None => {}
                }
            }
            assert_eq!(got, sent, "seed {seed}");
        });
    }
}

/// What `body` gives within so many turns; then it is dropped.
async fn first<T>(body: impl Future<Output = T>, turns: u64) -> Option<T> {
    let mut body = std::pin::pin!(body);
    for _ in 0..=turns {
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(body.as_mut().poll(cx)));
        if let std::task::Poll::Ready(value) = polled.await {
            return Some(value);
        }
        yield_now().await;
    }
    None
}

#[test]
fn io_one_task_reads_while_another_writes() {
    run(async {
        let (ours, theirs, _, _) = connected(100);
        let echo = |(mut reader, writer): Half, first: bool| async move {
            let writing = spawn(async move {
                for n in 0..200_usize {
                    writer.write(&[first as u8; 97]).expect("it is open");
                    writer.drain().await.expect("it is open");
                    if n % 3 == 0 {
                        yield_now().await;
                    }
                }
                writer.write_eof().expect("it is open");
                writer
            });
            let read = reader.read_to_end().await.expect("it ends").len();
            drop(writing.await.expect("no panic"));
            read
        };
        let (one, other) = (spawn(echo(ours, true)), spawn(echo(theirs, false)));
        assert_eq!(
            (one.await.expect("no panic"), other.await.expect("no panic")),
            (19_400, 19_400)
        );
    });
}

/// A peer that resets the connection, with the kernel's own error, and no signal.
#[test]
fn io_006_a_reset_is_a_value() {
    within(|| {
        let main = async {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback works");
            let address = listener.local_addr().expect("it is bound");
            let (mut reader, writer) =
                oneloop::streams::open_connection(address).await.expect("so");
            let (peer, _) = listener.accept().expect("it comes");
            writer.write(b"never read").expect("it is open");
            yield_now().await;
            drop(peer); // with bytes unread: that resets
            let error = reader.read(1).await.expect_err("it is reset");
            assert!(matches!(error, ReadError::Io(e) if e.kind() == ErrorKind::ConnectionReset));
            assert!(writer.write(b"x").is_err() && writer.wait_closed().await.is_err());
        };
        oneloop::run(main).expect("it ends");
    });
}
