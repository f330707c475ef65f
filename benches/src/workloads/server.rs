//! Servers: the child's half of the TCP workloads. The load comes from the parent.
use crate::outcome::{Outcome, listening};
use crate::rt::{Mode, RtNet};
use std::net::{Ipv4Addr, TcpListener};

pub fn mode_of(name: &str) -> Option<Mode> {
    match name {
        "serve_echo" => Some(Mode::Echo),
        "serve_sink" => Some(Mode::Sink),
        "serve_accept" => Some(Mode::Accept),
        _ => None,
    }
}

/// Serves until the parent kills us.
pub fn serve<R: RtNet>(mode: Mode) -> Option<Outcome> {
    let listener = if R::BINDS_ITSELF { bind() } else { listen() };
    R::block_on(async move { R::spawn(R::serve(listener, mode)).await });
    panic!("the server came to an end");
}

/// A (blocking) listener on 127.0.0.1 with a long backlog; says its port.
pub fn listen() -> TcpListener {
    let l = bind();
    listening(l.local_addr().unwrap().port());
    l
}

fn bind() -> TcpListener {
    let l = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    rustix::net::listen(&l, 4096).unwrap(); // a longer backlog than std's, for all
    l
}
