//! FD: a descriptor's events reach its own watcher, all of them, and nobody else.

use crate::support::{
    OnDrop, Watch, bump, counter, in_child, loop_on, new_loop, open_descriptors, reports, within,
};
use oneloop::io::AsyncFd;
use oneloop::{Clock, Event, EventLoop, LoopHandle};
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a socket pair");
    near.set_nonblocking(true).expect("it can be");
    far.set_nonblocking(true).expect("it can be");
    (near, far)
}

fn any_file() -> File {
    File::open(std::env::current_exe().expect("this test is a file")).expect("it can be read")
}

async fn read_byte(fd: &AsyncFd<UnixStream>) -> std::io::Result<usize> {
    fd.read_with(|mut fd| fd.read(&mut [0])).await
}

/// Two readers are ready in one batch. The first that runs closes the other's descriptor
/// and opens a new one, which gets its number: the new one's reader hears of nothing.
fn swap_while_both_are_ready() {
    let event_loop = new_loop();
    let (ran, wrong) = (counter(), counter());
    let (ends, mut peers): (Vec<_>, Vec<_>) = [pair(), pair()].into_iter().unzip();
    let ends: Rc<RefCell<Vec<Option<UnixStream>>>> =
        Rc::new(RefCell::new(ends.into_iter().map(Some).collect()));
    let new_ones = Rc::new(RefCell::new(Vec::new()));
    for me in 0..2 {
        let (handle, all, new_ones) = (event_loop.handle(), ends.clone(), new_ones.clone());
        let (ran, wrong) = (ran.clone(), wrong.clone());
        let swap = move || {
            bump(&ran);
            let Some(other) = all.borrow_mut()[1 - me].take() else { return };
            let number = other.as_raw_fd();
            handle.remove_reader(&other);
            drop(other);
            let (new, peer) = pair();
            assert_eq!(new.as_raw_fd(), number);
            let wrong = wrong.clone();
            handle.add_reader(&new, move || bump(&wrong)).expect("a socket can be polled");
            new_ones.borrow_mut().push((new, peer));
        };
        let ends = ends.borrow();
        let end = ends[me].as_ref().expect("it is open");
        event_loop.add_reader(end, swap).expect("a socket can be polled");
    }
    peers.iter_mut().for_each(|peer| peer.write_all(b"x").expect("there is room"));
    (0..5).for_each(|_| turn(&event_loop));
    assert_eq!((wrong.get(), new_ones.borrow().len()), (0, 1));
    assert!(ran.get() >= 1);
}

#[test]
fn fd_001_a_new_descriptor_does_not_get_the_event_of_the_one_whose_number_it_has() {
    in_child(
        fd_001_a_new_descriptor_does_not_get_the_event_of_the_one_whose_number_it_has,
        swap_while_both_are_ready,
    );
}

/// A is stopped and closed, B gets its number, and only then the last of A goes.
#[test]
fn fd_004_what_is_left_of_an_old_watcher_does_not_stop_the_new_owner_of_the_number() {
    in_child(
        fd_004_what_is_left_of_an_old_watcher_does_not_stop_the_new_owner_of_the_number,
        || {
            let event_loop = new_loop();
            let handle = event_loop.handle();
            let main = async move {
                let (near, far) = pair();
                let number = near.as_raw_fd();
                let a = AsyncFd::new(near).expect("a loop is running");
                let mut wait = Box::pin(async move { read_byte(&a).await });
                let mut cx = Context::from_waker(Waker::noop());
                assert!(wait.as_mut().poll(&mut cx).is_pending());
                handle.call_soon(|| {}).expect("it is open");
                drop((wait, far));
                let (b, mut peer) = pair();
                assert_eq!(b.as_raw_fd(), number);
                let b = AsyncFd::new(b).expect("a loop is running");
                let reader = oneloop::spawn(async move { read_byte(&b).await });
                oneloop::yield_now().await;
                peer.write_all(b"x").expect("there is room");
                reader.await.expect("no panic").expect("a byte comes")
            };
            assert_eq!(event_loop.run_until_complete(main).expect("it ends"), 1);
        },
    );
}

#[test]
fn fd_005_a_second_watcher_of_a_descriptor_is_refused_and_the_first_works() {
    within(|| {
        let (near, mut far) = pair();
        let read = oneloop::run(async move {
            let shared = Rc::new(near);
            let first = AsyncFd::new(shared.clone()).expect("a loop is running");
            let second = AsyncFd::new(shared).expect("nothing is asked of the kernel yet");
            let read = |fd: &Rc<UnixStream>| (&**fd).read(&mut [0]);
            let reader = oneloop::spawn(async move { first.read_with(read).await });
            oneloop::yield_now().await;
            let refused = second.read_with(read).await.expect_err("it is watched already");
            assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
            far.write_all(b"x").expect("there is room");
            reader.await.expect("no panic")
        });
        assert_eq!(read.expect("it ends").expect("a byte comes"), 1);
    });
}

#[test]
fn fd_005_a_descriptor_given_back_may_be_watched_again() {
    within(|| {
        let read = oneloop::run(async {
            let (near, mut far) = pair();
            let first = AsyncFd::new(near).expect("a loop is running");
            let mut cx = Context::from_waker(Waker::noop());
            assert!(std::pin::pin!(read_byte(&first)).as_mut().poll(&mut cx).is_pending());
            let second = AsyncFd::new(first.into_inner()).expect("a loop is running");
            let reader = oneloop::spawn(async move { read_byte(&second).await });
            oneloop::yield_now().await;
            far.write_all(b"x").expect("there is room");
            reader.await.expect("no panic")
        });
        assert_eq!(read.expect("it ends").expect("a byte comes"), 1);
    });
}

/// On virtual time a jump is made only when no descriptor is waited for: the loop's own
/// count of what is left.
fn nothing_is_waited_for(event_loop: &EventLoop) {
    let held = Rc::new(Cell::new(false));
    let seen = held.clone();
    event_loop.set_observer(Some(Rc::new(Watch(move |event: &Event<'_>| {
        seen.set(seen.get() | matches!(event, Event::Held { .. }));
    }))));
    let hour = Duration::from_secs(3600);
    let timer = event_loop.call_later(hour, || {}).expect("the loop is open");
    event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    event_loop.set_observer(None);
    timer.cancel();
    assert!(!held.get(), "a descriptor is waited for still");
}

#[test]
fn fd_006_a_descriptor_that_cannot_be_polled_is_refused_and_leaves_nothing() {
    let event_loop = loop_on(Clock::AutoJump);
    let file = Rc::new(any_file());
    let file_again = file.clone();
    let main = async move {
        for _ in 0..1_000 {
            let fd = AsyncFd::new(file_again.clone()).expect("a loop is running");
            let blocks = |_: &Rc<File>| Err::<(), _>(ErrorKind::WouldBlock.into());
            let refused = fd.read_with(blocks).await.expect_err("it is a file");
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        }
    };
    event_loop.run_until_complete(main).expect("it ends");
    for _ in 0..1_000 {
        assert!(event_loop.add_reader(&file, || {}).is_err());
        assert!(!event_loop.remove_reader(&file));
    }
    nothing_is_waited_for(&event_loop);
}

/// A descriptor is closed under its reader, a file gets the number, and then a socket.
#[test]
fn fd_006_a_reader_on_a_number_that_was_closed_under_another_works() {
    in_child(fd_006_a_reader_on_a_number_that_was_closed_under_another_works, || {
        let event_loop = new_loop();
        let (near, _peer) = pair();
        let number = near.as_raw_fd();
        event_loop.add_reader(&near, || {}).expect("a socket can be polled");
        drop(near);
        let file = any_file();
        assert_eq!(file.as_raw_fd(), number);
        assert!(event_loop.add_reader(&file, || {}).is_err(), "a file cannot be polled");
        drop(file);
        let (near, mut far) = pair();
        assert_eq!(near.as_raw_fd(), number);
        let calls = counter();
        let count = calls.clone();
        event_loop.add_reader(&near, move || bump(&count)).expect("a socket");
        far.write_all(b"x").expect("there is room");
        (0..3).for_each(|_| turn(&event_loop));
        assert!(calls.get() > 0, "the reader was accepted and is never called");
    });
}

/// What is left of a watcher whose descriptor was closed under it goes when another one
/// takes the number; its drop is the user's code.
#[test]
fn fd_006_a_watcher_that_is_replaced_may_call_back_in_as_it_is_dropped() {
    in_child(fd_006_a_watcher_that_is_replaced_may_call_back_in_as_it_is_dropped, || {
        let event_loop = new_loop();
        let reports = reports(&event_loop);
        let ((near, _peer), (other, _other_peer)) = (pair(), pair());
        let number = near.as_raw_fd();
        let handle = event_loop.handle();
        let held = OnDrop(move || {
            handle.add_reader(&other, || {}).expect("a socket can be polled");
            assert!(handle.remove_reader(&other));
        });
        let writer = move || assert!(std::ptr::from_ref(&held).is_aligned());
        event_loop.add_writer(&near, writer).expect("a socket can be polled");
        drop(near);
        let (near, _far) = pair();
        assert_eq!(near.as_raw_fd(), number);
        event_loop.add_reader(&near, || {}).expect("a socket can be polled");
        assert!(event_loop.remove_reader(&near));
        drop(event_loop);
        assert_eq!(*reports.borrow(), Vec::<String>::new());
    });
}

#[test]
fn fd_006_a_loop_whose_descriptors_were_closed_under_it_is_dropped_in_peace() {
    in_child(fd_006_a_loop_whose_descriptors_were_closed_under_it_is_dropped_in_peace, || {
        let before = open_descriptors();
        let event_loop = new_loop();
        for _ in 0..10 {
            let (near, _far) = pair();
            event_loop.add_reader(&near, || {}).expect("a socket can be polled");
        }
        (0..3).for_each(|_| turn(&event_loop));
        drop(event_loop);
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn fd_014_waits_that_are_dropped_leave_nothing_behind() {
    let event_loop = loop_on(Clock::AutoJump);
    let (near, _far) = pair();
    let near = Rc::new(AsyncFd::on(&event_loop, near));
    let waits = near.clone();
    let main = async move {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..10_000 {
            for _ in 0..10 {
                assert!(std::pin::pin!(read_byte(&waits)).as_mut().poll(&mut cx).is_pending());
            }
            oneloop::yield_now().await;
        }
    };
    event_loop.run_until_complete(main).expect("it ends");
    nothing_is_waited_for(&event_loop);
    drop(near);
    nothing_is_waited_for(&event_loop);
}
