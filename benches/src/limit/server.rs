//! TCP: level-triggered epoll, one read and one write per event, one buffer for all.
use super::epoll::{self, Epoll};
use crate::rt::{ECHO_BUF, Mode, SINK_BUF};
use crate::workloads::listen;
use rustix::net::{SocketFlags, accept_with};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

struct Connection {
    stream: TcpStream,
    total: u64,
}

struct Server {
    mode: Mode,
    epoll: Epoll,
    listener: TcpListener,
    /// By descriptor, which is the token too.
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
}

pub fn serve(mode: Mode) -> ! {
    let listener = listen();
    listener.set_nonblocking(true).unwrap();
    let epoll = Epoll::new();
    epoll.add_readable(&listener, listener.as_raw_fd() as u64);
    let len = if mode == Mode::Echo { ECHO_BUF } else { SINK_BUF };
    let mut server =
        Server { mode, epoll, listener, connections: Vec::new(), buffer: vec![0; len] };
    let listener = server.listener.as_raw_fd() as usize;
    let mut events = epoll::events(1024);
    loop {
        let n = server.epoll.wait(&mut events, None);
        for event in &events[..n] {
            let fd = event.data.u64() as usize;
            if fd == listener {
                server.accept();
            } else {
                server.readable(fd);
            }
        }
    }
}

impl Server {
    fn accept(&mut self) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        while let Ok(socket) = accept_with(&self.listener, flags) {
            if self.mode == Mode::Accept {
                continue; // which closes it
            }
            let stream = TcpStream::from(socket);
            stream.set_nodelay(true).unwrap();
            let fd = stream.as_raw_fd() as usize;
            self.epoll.add_readable(&stream, fd as u64);
            if self.connections.len() <= fd {
                self.connections.resize_with(fd + 1, || None);
            }
            self.connections[fd] = Some(Connection { stream, total: 0 });
        }
    }

    fn readable(&mut self, fd: usize) {
        let Some(c) = &mut self.connections[fd] else {
            return;
        };
        match c.stream.read(&mut self.buffer) {
            Ok(k @ 1..) if self.mode == Mode::Echo => match c.stream.write(&self.buffer[..k]) {
                Ok(written) => assert_eq!(written, k),
                Err(_) => self.connections[fd] = None,
            },
            Ok(k @ 1..) => c.total += k as u64,
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            _ => {
                if self.mode == Mode::Sink {
                    let _ = c.stream.write(&c.total.to_le_bytes());
                }
                self.connections[fd] = None;
            }
        }
    }
}
