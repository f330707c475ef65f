//! ST: what a reader gives, by sizes, lines and separators.

use crate::loops::{jumping, manual, on_a_loop, tick, ticks, turn};
use crate::pipe::{End, pair};
use oneloop::streams::{ReadError, StreamReader, StreamWriter, over};
use oneloop::{spawn, yield_now};
use std::io::ErrorKind;

const KIB: usize = 1024;

/// A reader, its writer, and the other end, which holds any amount.
fn ours() -> (StreamReader<End>, StreamWriter<End>, End) {
    let (near, far) = pair(usize::MAX);
    let (reader, writer) = over(near).unwrap();
    (reader, writer, far)
}

fn ended(bytes: &[u8]) -> (StreamReader<End>, StreamWriter<End>) {
    let (reader, writer, far) = ours();
    far.put(bytes);
    (reader, writer)
}

fn overrun<T: std::fmt::Debug>(result: Result<T, ReadError>) -> usize {
    match result {
        Err(ReadError::Overrun(overrun)) => overrun.consumed,
        other => panic!("{other:?}"),
    }
}

fn incomplete(result: Result<Vec<u8>, ReadError>) -> (Vec<u8>, Option<usize>) {
    match result {
        Err(ReadError::Incomplete(incomplete)) => (incomplete.partial, incomplete.expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn st_001_a_read_of_nothing_is_nothing_at_once() {
    on_a_loop(async {
        let (mut reader, _writer, far) = ours();
        let begun = turn();
        assert_eq!(reader.read(0).await.unwrap(), b"");
        far.put(b"x");
        assert_eq!(reader.read(0).await.unwrap(), b"");
        assert_eq!(turn(), begun);
        assert_eq!(reader.read(9).await.unwrap(), b"x");
    });
}

#[test]
fn st_002_the_end_is_an_empty_read_at_once_and_for_ever() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"ab");
        assert_eq!(reader.read(1).await.unwrap(), b"a");
        assert!(!reader.at_eof());
        assert_eq!(reader.read(1).await.unwrap(), b"b");
        let begun = turn();
        for _ in 0..3 {
            assert_eq!(reader.read(1).await.unwrap(), b"");
            assert!(reader.at_eof());
        }
        assert_eq!(turn(), begun);
    });
}

#[test]
fn st_003_reading_to_the_end_goes_beyond_the_limit() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(&vec![7; 300 * KIB]);
        reader.set_limit(10);
        assert_eq!(reader.read_to_end().await.unwrap(), vec![7; 300 * KIB]);
    });
}

#[test]
fn st_004_an_error_stays_and_comes_before_what_is_buffered() {
    on_a_loop(async {
        let (near, far) = pair(KIB);
        let faults = near.faults.clone();
        let (mut reader, _writer) = over(near).unwrap();
        far.put(b"abc");
        assert_eq!(reader.read(1).await.unwrap(), b"a");
        // The rest is there, but more is asked for than that.
        faults.fails_in.set(1);
        for _ in 0..2 {
            let ReadError::Io(error) = reader.readexactly(100).await.unwrap_err() else { panic!() };
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        assert!(reader.readline().await.is_err() && reader.read(1).await.is_err());
        assert!(reader.read_to_end().await.is_err());
    });
}

#[test]
fn st_005_after_a_cancelled_read_an_end_or_an_error_breaks_nothing() {
    on_a_loop(async {
        let (mut reader, _writer, far) = ours();
        let read = spawn(async move { reader.read(1).await });
        yield_now().await;
        read.cancel();
        assert!(read.await.unwrap_err().is_cancelled());
        far.put(b"late");
        drop(far);
        yield_now().await;
    });
}

#[test]
fn st_007_nothing_is_taken_from_a_sender_that_nobody_reads() {
    on_a_loop(async {
        let (near, far) = pair(usize::MAX);
        let faults = near.faults.clone();
        let (mut reader, _writer) = over(near).unwrap();
        far.put(&vec![0; 1000 * KIB]);
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(faults.moved.get(), 0);
        reader.readuntil(b"\n").await.unwrap_err();
        assert!(faults.moved.get() <= 2 * 64 * KIB);
    });
}

#[test]
fn st_008_a_read_larger_than_the_limit_gets_all() {
    on_a_loop(async {
        let (near, far) = pair(4 * KIB);
        let (mut reader, _writer) = over(near).unwrap();
        let (_reader, sender) = over(far).unwrap();
        sender.write(&vec![1; 300 * KIB]).unwrap();
        assert_eq!(reader.readexactly(300 * KIB).await.unwrap(), vec![1; 300 * KIB]);
    });
}

#[test]
fn st_010_a_line_comes_whole_and_the_rest_stays() {
    let on = manual();
    let (reading, far) = {
        let (near, far) = pair(KIB);
        let task = on.spawn(async move {
            let (mut reader, _writer) = over(near).unwrap();
            (reader.readline().await.unwrap(), reader.read(99).await.unwrap())
        });
        (task.unwrap(), far)
    };
    tick(&on);
    for piece in ["one ", "li", "ne\nand"] {
        assert!(!reading.done());
        far.put(piece.as_bytes());
        ticks(&on, 3);
    }
    let (line, rest) = reading.result().unwrap().unwrap();
    assert_eq!((&line[..], &rest[..]), (&b"one line\n"[..], &b"and"[..]));
}

#[test]
fn st_011_a_line_too_long_whose_end_is_there_goes_alone() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"too long\nok\n");
        reader.set_limit(7);
        assert_eq!(overrun(reader.readline().await), 8);
        assert_eq!(reader.readline().await.unwrap(), b"ok\n");
    });
}

#[test]
fn st_012_a_line_too_long_without_an_end_goes_with_all_that_has_come() {
    on_a_loop(async {
        let (mut reader, _writer, far) = ours();
        reader.set_limit(3);
        far.put(b"12345");
        assert_eq!(overrun(reader.readline().await), 5);
        far.put(b"ok\n");
        assert_eq!(reader.readline().await.unwrap(), b"ok\n");
        far.put(b"123\n");
        assert_eq!(reader.readline().await.unwrap(), b"123\n");
    });
}

#[test]
fn st_013_a_separator_in_pieces_is_found() {
    let on = jumping();
    let (near, far) = pair(KIB);
    let reading = on.spawn(async move {
        let (mut reader, _writer) = over(near).unwrap();
        reader.readuntil(b"SEP").await.unwrap()
    });
    let reading = reading.unwrap();
    for byte in b"a SE SSEP rest" {
        far.put(&[*byte]);
        ticks(&on, 3);
    }
    assert_eq!(reading.result().unwrap().unwrap(), b"a SE SSEP");
}

#[test]
fn st_014_an_end_before_the_separator_gives_all_there_was() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"some dataS");
        let error = incomplete(reader.readuntil(b"SEP").await);
        assert_eq!(error, (b"some dataS".to_vec(), None));
        assert_eq!(reader.read(9).await.unwrap(), b"");
    });
}

#[test]
fn st_015_beyond_the_limit_the_data_stays() {
    on_a_loop(async {
        let (mut reader, _writer, far) = ours();
        reader.set_limit(3);
        far.put(b"some dataAA");
        assert_eq!(overrun(reader.readuntil(b"AAA").await), 9);
        far.put(b"A");
        assert_eq!(reader.readexactly(12).await.unwrap(), b"some dataAAA");
        far.put(b"some dataAAA");
        assert_eq!(overrun(reader.readuntil(b"AAA").await), 9);
        assert_eq!(reader.readexactly(12).await.unwrap(), b"some dataAAA");
    });
}

#[test]
fn st_016_of_several_separators_the_one_that_ends_first_wins() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"line 1\nline 2\r\nAsomething");
        let ends: [&[u8]; 2] = [b"\r\n", b"\n"];
        assert_eq!(reader.readuntil_any(&ends).await.unwrap(), b"line 1\n");
        assert_eq!(reader.readuntil_any(&ends).await.unwrap(), b"line 2\r\n");
        let words: [&[u8]; 2] = [b"A", b"Asome"];
        assert_eq!(reader.readuntil_any(&words).await.unwrap(), b"A");
        let words: [&[u8]; 2] = [b"g", b"methin"];
        assert_eq!(reader.readuntil_any(&words).await.unwrap(), b"somethin");
    });
}

#[test]
fn st_017_the_winner_decides_what_counts_for_the_limit() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"some dataA");
        reader.set_limit(3);
        let words: [&[u8]; 2] = [b"A", b"ome dataA"];
        // Both end at the same byte: the shorter one counts, and begins too late.
        assert_eq!(overrun(reader.readuntil_any(&words).await), 9);
        assert_eq!(reader.read(99).await.unwrap(), b"some dataA");
    });
}

#[test]
fn st_018_without_a_separator_nothing_is_read() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"data");
        let none: [&[&[u8]]; 3] = [&[], &[b""], &[b"a", b""]];
        for separators in none {
            let result = reader.readuntil_any(separators).await;
            assert!(matches!(result, Err(ReadError::NoSeparator)));
        }
        assert_eq!(reader.read(99).await.unwrap(), b"data");
    });
}

#[test]
fn st_019_an_end_before_so_many_bytes_gives_all_there_was() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"half");
        assert_eq!(incomplete(reader.readexactly(8).await), (b"half".to_vec(), Some(8)));
        assert_eq!(reader.read(9).await.unwrap(), b"");
        assert_eq!(reader.readexactly(0).await.unwrap(), b"");
    });
}

#[test]
fn st_020_the_lines_end_with_the_stream() {
    on_a_loop(async {
        let (mut reader, _writer) = ended(b"a\n\nb");
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().await.unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, [&b"a\n"[..], b"\n", b"b"]);
    });
}
