//! ST: what a writer sends, when its drain waits, and how a connection ends.

use crate::loops::{jumping, on_a_loop, turn};
use crate::pipe::{End, pair};
use crate::reports::Reports;
use oneloop::streams::{InvalidLimits, StreamReader, StreamWriter, WriteError, over};
use oneloop::{running_loop, spawn, yield_now};
use std::io::ErrorKind;
use std::rc::Rc;

const KIB: usize = 1024;

fn ours(capacity: usize) -> (StreamReader<End>, StreamWriter<End>, End) {
    let (near, far) = pair(capacity);
    let (reader, writer) = over(near).unwrap();
    (reader, writer, far)
}

async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

#[test]
fn st_021_a_write_is_sent_at_once_and_the_rest_later_in_order() {
    on_a_loop(async {
        let (_reader, writer, far) = ours(4);
        writer.write(b"abcdef").unwrap();
        writer.write(b"gh").unwrap();
        assert_eq!((writer.buffered(), far.take()), (4, b"abcd".to_vec()));
        turns(4).await;
        assert_eq!((writer.buffered(), far.take()), (0, b"efgh".to_vec()));
    });
}

#[test]
fn st_022_pieces_go_as_if_they_were_one() {
    on_a_loop(async {
        let (_reader, writer, far) = ours(5);
        writer.writelines([&b"abc"[..], b"", b"defg", b"hi"]).unwrap();
        let mut all = Vec::new();
        while all.len() < 9 {
            all.extend(far.take());
            turns(3).await;
        }
        assert_eq!(all, b"abcdefghi");
        writer.writelines(Vec::<Vec<u8>>::new()).unwrap();
        writer.write(b"").unwrap();
        assert_eq!(writer.buffered(), 0);
    });
}

#[test]
fn st_023_a_drain_below_the_mark_does_not_suspend() {
    on_a_loop(async {
        let (_reader, writer, _far) = ours(0);
        writer.write(&vec![0; 64 * KIB]).unwrap();
        let begun = turn();
        writer.drain().await.unwrap();
        assert_eq!(turn(), begun);
    });
}

#[test]
fn st_024_who_drains_hears_that_the_connection_was_lost() {
    on_a_loop(async {
        let (near, _far) = pair(0);
        let faults = near.faults.clone();
        let (_reader, writer) = over(near).unwrap();
        let writer = Rc::new(writer);
        writer.write(&vec![0; 65 * KIB]).unwrap();
        let drains: Vec<_> = (0..3)
            .map(|_| {
                let writer = writer.clone();
                spawn(async move { writer.drain().await })
            })
            .collect();
        turns(2).await;
        assert!(drains.iter().all(|drain| !drain.done()));
        faults.fails_in.set(1);
        _far.poke();
        for drain in drains {
            let error = drain.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    });
}

#[test]
fn st_025_after_a_close_writes_and_drains_are_errors() {
    on_a_loop(async {
        let (_reader, writer, _far) = ours(KIB);
        writer.close();
        assert!(matches!(writer.write(b"x"), Err(WriteError::Closed)));
        assert_eq!(writer.drain().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn st_026_a_close_takes_two_steps_also_with_data_unread() {
    on_a_loop(async {
        let (_reader, writer, far) = ours(KIB);
        far.put(b"unread");
        writer.close();
        assert!(writer.is_closing());
        writer.wait_closed().await.unwrap();
        writer.wait_closed().await.unwrap();
        assert!(far.is_ended());
    });
}

#[test]
fn st_027_after_a_close_of_ours_the_reader_is_at_the_end() {
    on_a_loop(async {
        let (mut reader, writer, far) = ours(KIB);
        let reading = spawn(async move { (reader.read_to_end().await.unwrap(), reader) });
        turns(2).await;
        far.put(b"before");
        turns(3).await;
        writer.close();
        let (read, reader) = reading.await.unwrap();
        assert_eq!(read, b"before");
        assert!(reader.at_eof());
    });
}

#[test]
fn st_028_a_writer_that_is_dropped_closes_after_it_has_sent_all() {
    on_a_loop(async {
        let (_reader, writer, far) = ours(4);
        writer.write(b"abcdef").unwrap();
        drop(writer);
        turns(2).await;
        assert!(!far.is_ended());
        assert_eq!(far.take(), b"abcd");
        turns(4).await;
        assert_eq!((far.take(), far.is_ended()), (b"ef".to_vec(), true));
    });
    let on = jumping();
    let (near, _far) = pair(0);
    let made = on.run_until_complete(async move {
        let (reader, writer) = over(near).unwrap();
        writer.write(b"x").unwrap();
        (reader, writer)
    });
    let (_reader, writer) = made.unwrap();
    on.close().unwrap();
    drop(writer);
}

#[test]
fn st_029_the_end_is_written_behind_all_and_reading_goes_on() {
    on_a_loop(async {
        let (mut reader, writer, far) = ours(4);
        writer.write(b"abcdef").unwrap();
        writer.write_eof().unwrap();
        writer.write_eof().unwrap();
        assert!(matches!(writer.write(b"x"), Err(WriteError::AfterEof)));
        turns(3).await;
        assert!(!far.is_ended());
        assert_eq!(far.take(), b"abcd");
        turns(4).await;
        assert_eq!((far.take(), far.is_ended()), (b"ef".to_vec(), true));
        far.put(b"answer");
        assert_eq!(reader.read(9).await.unwrap(), b"answer");
    });
}

#[test]
fn st_033_an_error_of_the_connection_ends_it_and_is_not_reported() {
    let on = jumping();
    let reports = Reports::of(&on);
    on.run_until_complete(async {
        let (near, far) = pair(KIB);
        near.faults.fails_in.set(1);
        let (mut reader, writer) = over(near).unwrap();
        reader.read(1).await.unwrap_err();
        assert!(writer.is_closing() && far.is_ended());
        assert_eq!(writer.wait_closed().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    })
    .unwrap();
    drop(on);
    assert_eq!(reports.count(), 0);
}

#[test]
fn st_035_the_marks_are_checked_and_one_gives_the_other() {
    on_a_loop(async {
        let (_reader, writer, _far) = ours(0);
        let wrong = writer.set_write_buffer_limits(Some(1), Some(2));
        assert_eq!(wrong, Err(InvalidLimits { high: 1, low: 2 }));
        let begun = turn();
        writer.set_write_buffer_limits(None, Some(10)).unwrap();
        writer.write(&[0; 40]).unwrap();
        writer.drain().await.unwrap();
        assert_eq!(turn(), begun);
        writer.set_write_buffer_limits(Some(39), None).unwrap();
        let drained = oneloop::timeout(std::time::Duration::from_secs(1), writer.drain()).await;
        assert!(drained.is_err());
        writer.abort();
    });
}

#[test]
fn st_036_an_idle_connection_closes_in_the_next_turn() {
    on_a_loop(async {
        let (_reader, writer, far) = ours(KIB);
        writer.close();
        assert!(!far.is_ended());
        turns(1).await;
        assert!(far.is_ended());
        assert!(running_loop().is_ok());
    });
}

#[test]
fn st_037_a_close_sends_first_what_waits() {
    on_a_loop(async {
        let (_reader, writer, far) = ours(100);
        writer.write(&[1; 250]).unwrap();
        writer.close();
        let closed = spawn(async move { writer.wait_closed().await });
        let mut got = Vec::new();
        while !far.is_ended() {
            turns(1).await;
            got.extend(far.take());
        }
        closed.await.unwrap().unwrap();
        assert_eq!(got, vec![1; 250]);
    });
}
