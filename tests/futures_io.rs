//! Streams by the traits of `futures-io`: what other crates make of them works.
//!
//!     cargo test --features futures-io --test futures_io

use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy};
use futures::{StreamExt, join};
use oneloop::net::{TcpListener, TcpStream, UnixStream};
use std::io::{ErrorKind, IoSlice, IoSliceMut};

#[test]
fn lines_are_read_from_a_half_while_the_other_writes() {
    let lines = oneloop::run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let (reader, mut writer) = here.into_split();
        let echo = oneloop::spawn(async move {
            let (from, mut to) = there.into_split();
            copy(from, &mut to).await.unwrap()
        });
        let writes = async move {
            for line in ["one\n", "two\n", "three"] {
                AsyncWriteExt::write_all(&mut writer, line.as_bytes()).await.unwrap();
                oneloop::yield_now().await;
            }
            writer.close().await.unwrap();
        };
        let lines = BufReader::new(reader).lines().map(Result::unwrap).collect::<Vec<_>>();
        let (lines, ()) = join!(lines, writes);
        assert_eq!(echo.await.unwrap(), 13);
        lines
    });
    assert_eq!(lines.unwrap(), ["one", "two", "three"]);
}

#[test]
fn a_copy_of_megabytes_through_tcp_waits_on_both_ends_and_loses_nothing() {
    const SIZE: usize = 3_000_000;
    let bytes: Vec<u8> = (0..SIZE).map(|i| (i % 251) as u8).collect();
    let sent = bytes.clone();
    let got = oneloop::run(async move {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let writer = oneloop::spawn(async move {
            AsyncWriteExt::write_all(&mut client, &sent).await.unwrap();
            client.close().await.unwrap();
            client.close().await.unwrap();
            client
        });
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        drop(writer.await.unwrap());
        got
    });
    assert!(got.unwrap() == bytes, "other bytes came than were sent");
}

#[test]
fn several_buffers_go_and_come_in_one_call_and_empty_ones_at_once() {
    oneloop::run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let none = AsyncWriteExt::write(&mut here, b"").await.unwrap();
        let nothing = AsyncReadExt::read(&mut there, &mut []).await.unwrap();
        assert_eq!((none, nothing), (0, 0));
        let parts = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
        assert_eq!(AsyncWriteExt::write_vectored(&mut here, &parts).await.unwrap(), 5);
        let (mut one, mut two) = ([0; 3], [0; 3]);
        let mut parts = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        assert_eq!(AsyncReadExt::read_vectored(&mut there, &mut parts).await.unwrap(), 5);
        assert_eq!((&one, &two), (b"abc", b"de\0"));
    })
    .unwrap();
}

/// A reader that never waits lets others run.
#[test]
fn a_reader_of_a_full_stream_takes_turns() {
    oneloop::run(async {
        let (here, mut there) = UnixStream::pair().unwrap();
        here.try_write(&[7; 4096]).unwrap();
        let turn = || oneloop::running_loop().unwrap().turns();
        let begun = turn();
        for _ in 0..1000 {
            AsyncReadExt::read_exact(&mut there, &mut [0]).await.unwrap();
        }
        assert!(turn() - begun >= 10, "{} turns", turn() - begun);
    })
    .unwrap();
}

#[test]
fn a_peer_that_is_gone_is_an_error() {
    oneloop::run(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        drop(there);
        let error = AsyncWriteExt::write_all(&mut here, b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(AsyncReadExt::read(&mut here, &mut [0]).await.unwrap(), 0);
    })
    .unwrap();
}
