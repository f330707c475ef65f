//! Files and standard streams: what they do, and what is left when a call is cancelled.

use oneloop::fs::{self, File, stdio};
use std::io::{ErrorKind, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A file of this test's own, removed at its end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let name = format!("oneloop-files-{name}-{}", std::process::id());
        Temporary(std::env::temp_dir().join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may not have been made.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(main: impl Future<Output = ()> + 'static) {
    oneloop::run(main).expect("it ends");
}

/// Begins `body`, and drops it while it waits.
async fn begin(body: impl Future) {
    let mut body = std::pin::pin!(body);
    std::future::poll_fn(|cx| {
        assert!(body.as_mut().poll(cx).is_pending(), "the pool cannot have answered yet");
        std::task::Poll::Ready(())
    })
    .await;
}

#[test]
fn what_is_written_is_read() {
    run(async {
        let file = Temporary::new("written");
        fs::write(&file.0, b"hello\xff").await.unwrap();
        assert_eq!(fs::read(&file.0).await.unwrap(), b"hello\xff");
        let error = fs::read_to_string(&file.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    });
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    run(async {
        let file = Temporary::new("missing");
        assert_eq!(fs::read(&file.0).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(File::open(&file.0).await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_file_is_written_sought_cut_and_read() {
    run(async {
        let place = Temporary::new("sought");
        let mut file = File::create(&place.0).await.unwrap();
        file.write_all("0123456789").await.unwrap();
        file.set_len(8).await.unwrap();
        file.sync_all().await.unwrap();
        assert_eq!(file.read(1).await.unwrap_err().raw_os_error(), Some(9), "it is for writing");
        let mut file = File::open(&place.0).await.unwrap();
        assert_eq!(file.seek(SeekFrom::End(-3)).await.unwrap(), 5);
        assert_eq!(file.read(2).await.unwrap(), b"56");
        assert_eq!(file.read(0).await.unwrap(), b"");
        assert_eq!(file.read(9).await.unwrap(), b"7");
        assert_eq!(file.read(9).await.unwrap(), b"");
    });
}

#[test]
fn options_are_the_standard_ones() {
    run(async {
        let place = Temporary::new("options");
        let new = File::options().write(true).create_new(true);
        new.open(&place.0).await.unwrap().write_all("a").await.unwrap();
        assert_eq!(new.open(&place.0).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
        let mut end = File::options().append(true).open(&place.0).await.unwrap();
        end.write_all("b").await.unwrap();
        assert_eq!(fs::read(&place.0).await.unwrap(), b"ab");
    });
}

#[test]
fn the_bytes_of_a_cancelled_read_are_the_next_ones() {
    run(async {
        let place = Temporary::new("cancelled-read");
        fs::write(&place.0, "0123456789").await.unwrap();
        let mut file = File::options().read(true).write(true).open(&place.0).await.unwrap();
        begin(file.read(4)).await;
        assert_eq!(file.read(2).await.unwrap(), b"01");
        assert_eq!(file.read(9).await.unwrap(), b"23");
        begin(file.read(3)).await;
        // A write is where the reader is, not where the cancelled read ended.
        file.write_all("XX").await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 6);
        assert_eq!(fs::read(&place.0).await.unwrap(), b"0123XX6789");
    });
}

#[test]
fn cancelled_writes_happen_whole_and_in_order() {
    run(async {
        let place = Temporary::new("cancelled-write");
        let mut file = File::create(&place.0).await.unwrap();
        for n in 0..50 {
            begin(file.write_all(format!("{n:02} "))).await;
        }
        file.write_all("end").await.unwrap();
        let expected: String = (0..50).map(|n| format!("{n:02} ")).collect();
        let written = fs::read_to_string(&place.0).await.unwrap();
        // Each but the last of the cancelled ones was waited for by the next one, and that
        // one was dropped while it waited: so it never began.
        assert!(written.ends_with("end"));
        let begun: Vec<&str> = written.trim_end_matches("end").split_terminator(' ').collect();
        assert!(begun.is_sorted() && begun.iter().all(|number| expected.contains(number)));
    });
}

/// In a process of its own, whose standard streams are pipes.
#[test]
fn standard_streams_are_read_and_written_and_stay_blocking() {
    const CHILD: &str = "ONELOOP_STDIO_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return run(async {
            let mut stdin = stdio::stdin().unwrap();
            let (mut out, mut err) = (stdio::stdout(), stdio::stderr());
            begin(stdin.read(1)).await;
            out.write_all("ready\n").await.unwrap();
            let mut all = Vec::new();
            loop {
                let piece = stdin.read(3).await.unwrap();
                if piece.is_empty() {
                    break;
                }
                all.extend(piece);
            }
            out.write_all(format!("got {}\n", String::from_utf8(all).unwrap())).await.unwrap();
            err.write_all("careful\n").await.unwrap();
            let flags = rustix::fs::fcntl_getfl(std::io::stdin()).unwrap();
            assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "others share it");
        });
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["standard_streams_are_read_and_written_and_stay_blocking", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"some words").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let (out, err) = (output.stdout, output.stderr);
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("ready\ngot some words\n") && err.contains("careful\n"), "{out}\n{err}");
}
