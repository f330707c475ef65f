//! The load on the servers: one thread, bare sockets, the same for all.
//!
//! It sweeps its connections in order (read the reply, check it, send the next),
//! so per message it makes two system calls and no epoll_wait: a little cheaper
//! than any epoll server can be. Across two cores most of what is left is the
//! price of waking an idle core. When the core is shared the client sends one
//! message on every connection, then blocks until the server has answered all:
//! that shows the server's own CPU time per message.
use crate::machine;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

const MESSAGE: usize = 64;
const FILL: u8 = 0x5A;
const CHUNK: usize = 65536;
/// Connections that are open together in `accept`.
const TOGETHER: u64 = 64;

pub struct Load {
    pub ops: u64,
    pub wall_ns: u64,
    pub server_cpu_ns: u64,
    /// Median and 99th percentile of a round trip, ns, with one connection.
    pub latency: Option<(u32, u32)>,
}

/// Runs `work`, which gives the operations it did, and reads the clocks around it.
fn measure(server: u32, work: impl FnOnce() -> io::Result<u64>) -> io::Result<Load> {
    let cpu = machine::cpu_ns_of(server);
    let t = Instant::now();
    let ops = work()?;
    let wall_ns = t.elapsed().as_nanos() as u64;
    let server_cpu_ns = machine::cpu_ns_of(server).saturating_sub(cpu);
    Ok(Load { ops, wall_ns, server_cpu_ns, latency: None })
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let t = Instant::now();
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Err(_) if t.elapsed() < Duration::from_secs(5) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// Closes with a reset, so that no port stays in TIME_WAIT.
fn reset(s: TcpStream) -> io::Result<()> {
    Ok(set_socket_linger(&s, Some(Duration::ZERO))?)
}

fn check(right: bool, wrong: &str) -> io::Result<()> {
    if right { Ok(()) } else { Err(io::Error::new(ErrorKind::InvalidData, wrong)) }
}

/// `messages` of 64 bytes over `connections`, one in flight on each. `shared`:
/// the server is on our core, so wait by blocking instead of spinning.
pub fn echo(
    port: u16,
    server: u32,
    connections: usize,
    messages: u64,
    shared: bool,
) -> io::Result<Load> {
    if shared {
        machine::batch_policy();
    }
    let mut sweeper = Sweeper::connect(port, connections, shared)?;
    let rounds = (messages / connections as u64).max(1);
    sweeper.sweep((rounds / 10).max(1))?;
    sweeper.latencies = Vec::with_capacity(rounds as usize);
    let load = measure(server, || {
        sweeper.sweep(rounds)?;
        Ok(rounds * connections as u64)
    })?;
    let latency = sweeper.quantiles();
    sweeper.connections.into_iter().try_for_each(|c| reset(c.stream))?;
    Ok(Load { latency, ..load })
}

struct Connection {
    stream: TcpStream,
    sent: u64,
    at: Instant,
}

struct Sweeper {
    connections: Vec<Connection>,
    shared: bool,
    message: [u8; MESSAGE],
    reply: [u8; MESSAGE],
    /// Round trips in ns, kept when there is one connection.
    latencies: Vec<u32>,
}

impl Sweeper {
    fn connect(port: u16, connections: usize, shared: bool) -> io::Result<Sweeper> {
        let open = |_| {
            let stream = connect(port)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let (sent, at) = (0, Instant::now());
            Ok(Connection { stream, sent, at })
        };
        Ok(Sweeper {
            connections: (0..connections).map(open).collect::<io::Result<_>>()?,
            shared,
            message: [FILL; MESSAGE],
            reply: [0; MESSAGE],
            latencies: Vec::new(),
        })
    }

    fn sweep(&mut self, rounds: u64) -> io::Result<()> {
        let n = self.connections.len();
        for i in 0..n {
            self.send(i)?;
        }
        for r in 1..=rounds {
            for i in 0..n {
                self.receive(i)?;
                if r < rounds {
                    self.send(i)?;
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, i: usize) -> io::Result<()> {
        let alone = self.connections.len() == 1;
        let c = &mut self.connections[i];
        c.sent += 1;
        self.message[..8].copy_from_slice(&c.sent.to_le_bytes());
        if alone {
            c.at = Instant::now();
        }
        let written = c.stream.write(&self.message)?;
        check(written == MESSAGE, "a message did not fit into the socket")
    }

    fn receive(&mut self, i: usize) -> io::Result<()> {
        let alone = self.connections.len() == 1;
        let c = &mut self.connections[i];
        let mut got = 0;
        while got < MESSAGE {
            match c.stream.read(&mut self.reply[got..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(k) => got += k,
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    if self.shared {
                        wait_readable(&c.stream)?;
                    }
                }
                Err(e) => return Err(e),
            }
        }
        if alone {
            self.latencies.push(c.at.elapsed().as_nanos() as u32);
        }
        let intact = self.reply[..8] == c.sent.to_le_bytes() && self.reply[MESSAGE - 1] == FILL;
        check(intact, "an echo differs")
    }

    fn quantiles(&mut self) -> Option<(u32, u32)> {
        if self.connections.len() != 1 {
            return None;
        }
        self.latencies.sort_unstable();
        let at = |q: f64| self.latencies[(self.latencies.len() as f64 * q) as usize];
        Some((at(0.5), at(0.99)))
    }
}

fn wait_readable(s: &TcpStream) -> io::Result<()> {
    let limit = Timespec { tv_sec: 5, tv_nsec: 0 };
    poll(&mut [PollFd::new(s, PollFlags::IN)], Some(&limit))?;
    Ok(())
}

/// One connection, `chunks` writes of 64 KiB; the server answers with the byte count.
pub fn stream(port: u16, server: u32, chunks: u64) -> io::Result<Load> {
    let data = vec![0xA5u8; CHUNK];
    let go = |chunks: u64| {
        let mut s = connect(port)?;
        for _ in 0..chunks {
            s.write_all(&data)?;
        }
        s.shutdown(Shutdown::Write)?;
        let mut count = [0u8; 8];
        s.read_exact(&mut count)?;
        reset(s)?;
        let bytes = chunks * CHUNK as u64;
        check(u64::from_le_bytes(count) == bytes, "bytes were lost")?;
        Ok(bytes)
    };
    go(chunks / 10 + 1)?;
    measure(server, || go(chunks))
}

/// Connect, wait until the server closes, reset; 64 at a time.
pub fn accept(port: u16, server: u32, n: u64) -> io::Result<Load> {
    machine::batch_policy();
    let mut open = Vec::with_capacity(TOGETHER as usize);
    let mut go = |n: u64| {
        let rounds = n.div_ceil(TOGETHER);
        for _ in 0..rounds {
            for _ in 0..TOGETHER {
                open.push(connect(port)?);
            }
            for mut s in open.drain(..) {
                let k = s.read(&mut [0u8; 8])?;
                check(k == 0, "the server should close")?;
                reset(s)?;
            }
        }
        Ok(rounds * TOGETHER)
    };
    go(n / 10)?;
    measure(server, || go(n))
}
