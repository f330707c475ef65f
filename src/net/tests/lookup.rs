//! Lookups: what needs no thread, errors that name the name, and the deadline.

use crate::net::lookup::{LIMIT, literal, lookup, resolved};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn an_address_needs_no_thread_and_no_task() {
    let polled = |host| {
        let mut lookup = std::pin::pin!(lookup(host, 7));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        lookup.as_mut().poll(&mut cx)
    };
    for host in ["127.0.0.1", "::1", "[::1]"] {
        let address = SocketAddr::new(literal(host).unwrap(), 7);
        assert!(matches!(polled(host), std::task::Poll::Ready(Ok(found)) if found == [address]));
    }
    assert_eq!((literal("[127.0.0.1]"), literal("[::1"), literal("::1]")), (None, None, None));
}

#[test]
fn a_bad_name_is_an_error_that_names_it() {
    for name in ["", "no such name", "nul\0inside", "[127.0.0.1]"] {
        let error = crate::run(async move { lookup(name, 7).await }).unwrap().unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn no_address_is_an_error() {
    let none = crate::run(resolved(LIMIT, "nobody", || Ok(vec![]))).unwrap().unwrap_err();
    assert_eq!(none.kind(), io::ErrorKind::NotFound);
    assert!(none.to_string().contains("nobody"));
}

#[test]
fn a_resolver_that_does_not_answer_is_left_when_the_time_is_over() {
    let (end, ended) = mpsc::channel::<()>();
    let late = crate::run(async move {
        let resolve = move || {
            let _ = ended.recv();
            Ok(vec![])
        };
        let late = resolved(Duration::from_millis(1), "slow", resolve).await;
        drop(end);
        late
    });
    let late = late.unwrap().unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    assert!(late.to_string().contains("slow"), "{late}");
}
