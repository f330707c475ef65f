//! FA, descriptors: one that is always ready, and more that are ready than fit one look.

use crate::support::{bump, counter, in_child, new_loop, within};
use oneloop::io::AsyncFd;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

/// A socket pair of which one end never blocks.
fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    far.set_nonblocking(true).expect("it can be");
    (near, far)
}

#[test]
fn fa_004_an_operation_that_never_blocks_lets_others_run() {
    within(|| {
        let others = counter();
        let count = others.clone();
        let main = async move {
            let other = oneloop::spawn(async move {
                loop {
                    oneloop::yield_now().await;
                    bump(&count);
                }
            });
            let fd = AsyncFd::new(pair().1).expect("a loop is running");
            for _ in 0..1024 {
                fd.read_with(|_| Ok(())).await.expect("it never fails");
            }
            other.cancel();
        };
        oneloop::run(main).expect("it ends");
        assert!(others.get() >= 8, "the others ran {} times", others.get());
    });
}

/// The peer has written all that fits, and will not write again: no new edge comes. The
/// reader, who is made to yield many times in between, gets every byte.
#[test]
fn fa_004_what_is_buffered_arrives_although_no_new_edge_comes() {
    within(|| {
        let (mut near, far) = pair();
        near.set_nonblocking(true).expect("it can be");
        let (written, read) = oneloop::run(async move {
            let far = AsyncFd::new(far).expect("a loop is running");
            let reader = oneloop::spawn(async move {
                let (mut all, mut buffer) = (0, [0; 100]);
                loop {
                    match far.read_with(|mut fd| fd.read(&mut buffer)).await {
                        Ok(0) | Err(_) => return all,
                        Ok(count) => all += count,
                    }
                    if buffer[..].contains(&1) {
                        return all;
                    }
                }
            });
            // The reader waits by now, registered with the kernel.
            oneloop::yield_now().await;
            oneloop::yield_now().await;
            let mut written = 0;
            loop {
                match near.write(&[0; 50]) {
                    Ok(count) => written += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            near.shutdown(std::net::Shutdown::Write).expect("it is open");
            (written, reader.await.expect("no panic"))
        })
        .expect("it ends");
        assert_eq!(read, written);
        assert!(written > 64 * 100, "the budget was never used up");
    });
}

/// 3,000 sockets become ready at once, and a look takes 1,024 events.
#[test]
fn fa_007_more_ready_descriptors_than_fit_one_look_are_served_within_a_few_turns() {
    in_child(fa_007_more_ready_descriptors_than_fit_one_look_are_served_within_a_few_turns, || {
        const COUNT: usize = 3000;
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
            .expect("the soft limit may be raised to the hard one");
        if limit.maximum.is_some_and(|most| most < 2 * COUNT as u64 + 100) {
            return eprintln!("SKIPPED: the hard limit for descriptors is {:?}", limit.maximum);
        }
        let event_loop = new_loop();
        let served: Rc<RefCell<Vec<u64>>> = Rc::default();
        let mut peers = Vec::new();
        for _ in 0..COUNT {
            let (near, far) = pair();
            let (served, handle) = (served.clone(), event_loop.handle());
            let reader = event_loop.spawn(async move {
                let far = AsyncFd::new(far).expect("a loop is running");
                far.read_with(|mut fd| fd.read(&mut [0])).await.expect("a byte comes");
                served.borrow_mut().push(handle.turns());
            });
            drop(reader.expect("the loop is open"));
            peers.push(near);
        }
        event_loop.turn(None).expect("all readers wait now");
        peers.iter_mut().for_each(|peer| peer.write_all(b"x").expect("there is room"));
        let begun = event_loop.turns();
        while served.borrow().len() < COUNT {
            event_loop.turn(None).expect("the others are ready");
        }
        let last = served.borrow().iter().max().copied().expect("all were served");
        assert!(last - begun <= 20, "the last was served after {} turns", last - begun);
    });
}
