//! FD: descriptors that close while others look: copies, strangers, callbacks.

use crate::support::{bump, counter, in_child, new_loop, rounds, within};
use futures::FutureExt;
use oneloop::net::{TcpListener, TcpStream, UnixStream};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many descriptors the kernel polls for the loop, as it says itself. The loop may have
/// several descriptors of its one poll.
fn polled() -> usize {
    let open = fs::read_dir("/proc/self/fd").expect("Linux has it").filter_map(Result::ok);
    let polls = open.filter(|entry| {
        fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().contains("[eventpoll]"))
    });
    let infos = polls.filter_map(|entry| {
        let number = entry.file_name();
        fs::read_to_string(format!("/proc/self/fdinfo/{}", number.to_string_lossy())).ok()
    });
    infos
        .map(|info| info.lines().filter(|line| line.starts_with("tfd:")).count())
        .max()
        .unwrap_or(0)
}

/// A copy keeps the kernel's entry alive beyond the close, and its events come for nobody:
/// so it is taken off first, while its number still says which it is.
#[test]
fn fd_002_a_socket_that_closes_is_off_the_poll_although_a_copy_stays_open() {
    in_child(fd_002_a_socket_that_closes_is_off_the_poll_although_a_copy_stays_open, || {
        let main = async {
            let before = polled();
            let mut copies = vec![];
            for _ in 0..100 {
                // A step that has done enough would not try to read.
                oneloop::yield_now().await;
                let (near, far) = UnixStream::pair().expect("a pair");
                assert!(near.read(&mut [0]).now_or_never().is_none());
                assert_eq!(polled(), before + 1);
                copies.push((near.as_fd().try_clone_to_owned().expect("a copy"), far));
            }
            assert_eq!(polled(), before);
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn fd_003_a_descriptor_leaves_the_poll_before_its_number_is_free() {
    in_child(fd_003_a_descriptor_leaves_the_poll_before_its_number_is_free, || {
        let main = async {
            let before = polled();
            for _ in 0..100 {
                // A step that has done enough would not try to read.
                oneloop::yield_now().await;
                let (near, far) = UnixStream::pair().expect("a pair");
                let copy = near.as_fd().try_clone_to_owned().expect("a copy");
                assert!(near.read(&mut [0]).now_or_never().is_none());
                // Given away, it is off the poll and still open.
                let near = near.into_std();
                assert_eq!(polled(), before);
                far.write_all(b"x").await.expect("it is open");
                near.set_nonblocking(false).expect("it is open");
                assert_eq!((&near).read(&mut [0]).expect("it is there"), 1);
                drop(copy);
            }
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn fd_007_no_stranger_loses_a_descriptor_while_sockets_come_and_go() {
    in_child(fd_007_no_stranger_loses_a_descriptor_while_sockets_come_and_go, || {
        let over = Arc::new(AtomicBool::new(false));
        let end = over.clone();
        let strangers = std::thread::spawn(move || {
            let mut round = 0_u64;
            while !end.load(Ordering::SeqCst) {
                let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
                writer.write_all(&round.to_le_bytes()).expect("the pipe is ours");
                std::thread::yield_now();
                let mut back = [0; 8];
                reader.read_exact(&mut back).expect("the pipe is ours");
                assert_eq!(u64::from_le_bytes(back), round);
                round += 1;
            }
        });
        let main = async {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("loopback");
            let address = listener.local_addr().expect("it is bound");
            for round in 0..rounds(2_000, 20_000) {
                let _ = listener.accept().now_or_never();
                let connect = TcpStream::connect(address);
                match round % 3 {
                    0 => drop(connect.now_or_never()),
                    1 => drop(connect),
                    _ => {
                        let near = connect.await.expect("somebody listens");
                        let (far, _) = listener.accept().await.expect("somebody connects");
                        assert!(far.read(&mut [0]).now_or_never().is_none_or(|r| r.is_ok()));
                        drop((near, far));
                    }
                }
            }
        };
        oneloop::run(main).expect("it ends");
        over.store(true, Ordering::SeqCst);
        strangers.join().expect("no stranger lost anything");
    });
}

/// Both sides of a descriptor are ready at once; who runs first closes it.
#[test]
fn fd_012_a_callback_that_closes_its_descriptor_is_the_last_of_it() {
    within(|| {
        let event_loop = new_loop();
        let (near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
        drop(far);
        let (calls, near) = (counter(), Rc::new(std::cell::RefCell::new(Some(near))));
        let closes = || {
            let (calls, near, handle) = (calls.clone(), near.clone(), event_loop.handle());
            move || {
                bump(&calls);
                if let Some(fd) = near.take() {
                    handle.remove_reader(&fd);
                    handle.remove_writer(&fd);
                }
            }
        };
        {
            let fd = near.borrow();
            let fd = fd.as_ref().expect("it is open");
            event_loop.add_reader(fd, closes()).expect("a socket");
            event_loop.add_writer(fd, closes()).expect("a socket");
        }
        let turns = async {
            for _ in 0..5 {
                oneloop::yield_now().await;
            }
        };
        event_loop.run_until_complete(turns).expect("it ends");
        assert_eq!(calls.get(), 1);
    });
}
