//! AC: a listener in a process that has run out of descriptors.
//!
//! Each test lowers the limit, so each has a process of its own.

use crate::support::{in_child, logged, new_loop, open_descriptors, virtual_loop};
use oneloop::net::{TcpListener, TcpStream};
use oneloop::{EventLoop, Task};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

/// From now on `more` descriptors may be opened, and then no other.
pub(crate) fn leave_room_for(more: u64) {
    let next = std::fs::File::open("/dev/null").expect("there is one").as_raw_fd();
    let current = Some(u64::try_from(next).expect("it is a number") + more);
    let limit = Rlimit { current, ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).expect("it may be lowered");
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("loopback works");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Clients that wait in the listener's queue.
fn clients(address: SocketAddr, count: usize) -> Vec<std::net::TcpStream> {
    let connect = |_| std::net::TcpStream::connect(address).expect("the queue has room");
    (0..count).map(connect).collect()
}

type Accepted = Rc<RefCell<Vec<TcpStream>>>;

/// Accepts for ever, into a list.
fn accept_into(listener: TcpListener, accepted: &Accepted) -> Task<()> {
    let accepted = accepted.clone();
    oneloop::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("it waits and tries again");
            accepted.borrow_mut().push(stream);
        }
    })
}

/// Waits until `enough` says so. The pause is a real one; nothing depends on its length.
async fn until(enough: impl Fn() -> bool) {
    while !enough() {
        oneloop::sleep(Duration::from_millis(1)).await;
    }
}

fn run_logged(main: impl Future<Output = ()> + 'static) -> Vec<String> {
    logged(move || oneloop::run(main).expect("it ends"))
}

#[test]
fn ac_001_at_the_limit_the_loop_does_not_spin_and_serves_those_it_has() {
    in_child(ac_001_at_the_limit_the_loop_does_not_spin_and_serves_those_it_has, || {
        let lines = run_logged(async {
            let handle = oneloop::running_loop().expect("it runs");
            let (listener, address) = listen();
            let mut clients = clients(address, 20);
            leave_room_for(5);
            let accepted = Accepted::default();
            let _accepting = accept_into(listener, &accepted);
            let all = accepted.clone();
            until(move || all.borrow().len() == 5).await;
            let begun = handle.turns();
            for client in clients.iter_mut().take(5) {
                std::io::Write::write_all(client, b"x").expect("it is open");
                let served = accepted.borrow_mut().remove(0);
                let mut byte = [0];
                assert_eq!(served.read(&mut byte).await.expect("it is served"), 1);
                accepted.borrow_mut().push(served);
            }
            oneloop::sleep(Duration::from_millis(300)).await;
            let turns = handle.turns() - begun;
            assert!(turns < 100, "{turns} turns in which nothing could be done");
            assert_eq!(accepted.borrow().len(), 5);
        });
        let failures = lines.iter().filter(|line| line.contains("cannot accept")).count();
        assert_eq!((failures, lines.len()), (1, 1), "{lines:?}");
    });
}

/// The queue is full of connections already, and makes no new edge.
#[test]
fn ac_002_after_the_limit_the_queued_are_accepted_although_nobody_new_comes() {
    in_child(ac_002_after_the_limit_the_queued_are_accepted_although_nobody_new_comes, || {
        let main = async {
            let (listener, address) = listen();
            let clients = clients(address, 12);
            leave_room_for(5);
            let accepted = Accepted::default();
            let _accepting = accept_into(listener, &accepted);
            let mut served = 0;
            while served < clients.len() {
                let all = accepted.clone();
                until(move || !all.borrow().is_empty()).await;
                served += accepted.take().len();
            }
            assert_eq!(served, clients.len());
        };
        oneloop::run(main).expect("it ends");
    });
}

/// Also when it waited for an edge before, and is registered with the kernel.
#[test]
fn ac_002_a_listener_that_waited_before_the_limit_accepts_after_it() {
    in_child(ac_002_a_listener_that_waited_before_the_limit_accepts_after_it, || {
        let main = async {
            let (listener, address) = listen();
            let accepted = Accepted::default();
            let accepting = accept_into(listener, &accepted);
            oneloop::yield_now().await;
            oneloop::yield_now().await;
            let kept = clients(address, 8);
            leave_room_for(3);
            let all = accepted.clone();
            until(move || all.borrow().len() == 3).await;
            oneloop::sleep(Duration::from_millis(50)).await;
            accepted.borrow_mut().clear();
            let all = accepted.clone();
            until(move || all.borrow().len() == 3).await;
            accepted.borrow_mut().clear();
            let all = accepted.clone();
            until(move || all.borrow().len() == 2).await;
            assert!(accepting.cancel());
            drop(kept);
        };
        oneloop::run(main).expect("it ends");
    });
}

#[test]
fn ac_004_a_listener_that_is_closed_while_it_pauses_is_gone() {
    in_child(ac_004_a_listener_that_is_closed_while_it_pauses_is_gone, || {
        let event_loop = new_loop();
        let handle = event_loop.handle();
        let main = async move {
            let (listener, address) = listen();
            let clients = clients(address, 4);
            leave_room_for(1);
            let accepted = Accepted::default();
            let accepting = accept_into(listener, &accepted);
            let all = accepted.clone();
            until(move || all.borrow().len() == 1).await;
            oneloop::sleep(Duration::from_millis(20)).await;
            accepting.cancel();
            assert!(accepting.await.is_err_and(|error| error.is_cancelled()));
            assert_eq!(handle.next_deadline(), None, "the pause goes on");
            accepted.borrow_mut().clear();
            drop(clients);
            let refused = std::net::TcpStream::connect(address);
            assert!(refused.is_err(), "somebody listens still");
        };
        event_loop.run_until_complete(main).expect("it ends");
    });
}

/// A loop that cannot have its descriptors is an error, and leaves none behind.
#[test]
fn ac_001_a_loop_for_which_no_descriptor_is_left_is_an_error() {
    in_child(ac_001_a_loop_for_which_no_descriptor_is_left_is_an_error, || {
        let unlimited = getrlimit(Resource::Nofile);
        let before = open_descriptors();
        for room in 0..3 {
            leave_room_for(room);
            assert!(EventLoop::new().is_err(), "with room for {room}");
            assert!(oneloop::run(async {}).is_err(), "with room for {room}");
            setrlimit(Resource::Nofile, unlimited).expect("it may be raised again");
            assert_eq!(open_descriptors(), before);
        }
        oneloop::run(async {}).expect("there is room again");
    });
}

/// Whoever gives a descriptor back is outside of virtual time, as is whoever connects: so a
/// listener that pauses holds it, as one that waits does.
#[test]
fn ac_001_where_time_jumps_a_listener_that_pauses_holds_it() {
    in_child(ac_001_where_time_jumps_a_listener_that_pauses_holds_it, || {
        let event_loop = virtual_loop();
        let held = std::fs::File::open("/dev/null").expect("there is one");
        let main = async move {
            let (listener, address) = listen();
            let _clients = clients(address, 1);
            leave_room_for(0);
            let give_back = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                drop(held);
            });
            listener.accept().await.expect("it waits and tries again");
            give_back.join().expect("no panic");
        };
        event_loop.run_until_complete(main).expect("it ends");
        assert_eq!(event_loop.time(), Duration::ZERO);
    });
}
