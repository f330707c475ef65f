//! The race for a connection, on virtual time, without sockets.

use crate::net::connect::{Race, Won, all_failed, in_turn};
use crate::{Clock, EventLoop, running_loop, sleep};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Milliseconds, and what happened then.
type Log = Rc<RefCell<Vec<(u128, String)>>>;

struct Closed(Log, SocketAddr);

impl Drop for Closed {
    fn drop(&mut self) {
        note(&self.0, format!("closes {}", self.1.port()));
    }
}

fn note(log: &Log, what: String) {
    log.borrow_mut().push((running_loop().unwrap().time().as_millis(), what));
}

/// A race of so many addresses on virtual time; what each attempt waits and how it ends
/// is by its port, which counts from 0.
fn race(fates: &'static [(u64, bool)]) -> (Won<u16>, Vec<(u128, String)>) {
    let (log, clock) = (Log::default(), EventLoop::builder().clock(Clock::AutoJump));
    let seen = log.clone();
    let connect = move |to: SocketAddr| {
        note(&seen, format!("tries {}", to.port()));
        let socket = Closed(seen.clone(), to);
        async move {
            let socket = socket; // all of it, not only the address
            let (lasts, connects) = fates[usize::from(to.port())];
            sleep(Duration::from_millis(lasts)).await;
            match connects {
                true => Ok(socket.1.port()),
                false => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        }
    };
    let ports = 0..u16::try_from(fates.len()).unwrap();
    let addresses = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
    let main = async move {
        let mut race = Race::new(addresses, connect);
        poll_fn(|cx| race.poll(cx)).await
    };
    let won = clock.build().unwrap().run_until_complete(main).unwrap();
    (won, log.take())
}

fn lines(log: &[(u128, String)]) -> Vec<String> {
    log.iter().map(|(at, what)| format!("{at} {what}")).collect()
}

#[test]
fn a_second_attempt_begins_after_250_ms_and_the_first_goes_on_and_may_win() {
    let (won, log) = race(&[(300, true), (900, true), (0, true)]);
    assert_eq!(won.unwrap(), 0);
    assert_eq!(lines(&log), ["0 tries 0", "250 tries 1", "300 closes 0", "300 closes 1"]);
}

#[test]
fn an_attempt_that_fails_lets_the_next_begin_at_once() {
    let (won, log) = race(&[(10, false), (20, false), (30, true), (0, true)]);
    assert_eq!(won.unwrap(), 2);
    let tried: Vec<_> = lines(&log).into_iter().filter(|l| l.contains("tries")).collect();
    assert_eq!(tried, ["0 tries 0", "10 tries 1", "30 tries 2"]);
}

#[test]
fn the_one_that_does_not_answer_is_closed_when_another_wins() {
    let (won, log) = race(&[(1_000_000, true), (50, true)]);
    assert_eq!(won.unwrap(), 1);
    assert_eq!(lines(&log)[2..], ["300 closes 1", "300 closes 0"]);
}

#[test]
fn when_all_have_failed_each_is_named_with_its_error() {
    let (won, log) = race(&[(600, false), (10, false), (10, false)]);
    let failures = won.unwrap_err();
    let ports: Vec<u16> = failures.iter().map(|(address, _)| address.port()).collect();
    assert_eq!(ports, [1, 2, 0]);
    assert_eq!(log.last().unwrap().0, 600);
    let error = all_failed("example.org", 80, failures);
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let why = error.to_string();
    for part in ["`example.org` port 80", "127.0.0.1:0: ", "127.0.0.1:2: connection refused"] {
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn the_families_take_turns_and_the_first_stays_first() {
    let given = ["[::1]:1", "[::1]:2", "[::1]:3", "1.1.1.1:1", "1.1.1.1:2"].map(address);
    let tried = ["[::1]:1", "1.1.1.1:1", "[::1]:2", "1.1.1.1:2", "[::1]:3"].map(address);
    assert_eq!(in_turn(given.to_vec()), tried);
    let given = ["1.1.1.1:1", "[::1]:1"].map(address);
    assert_eq!(in_turn(given.to_vec()), given);
    assert_eq!(in_turn(vec![]), []);
}
