//! A connection in memory, with faults at chosen points: no descriptor, so time may jump.

#![allow(dead_code, reason = "two test programs use it, each its part")]

use oneloop::streams::{ByteStream, Listener};
use oneloop::sync::{Event, Queue};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

/// One end. What goes wrong with it is set by its `Faults`.
pub(crate) struct End {
    incoming: Rc<Way>,
    outgoing: Rc<Way>,
    pub(crate) faults: Rc<Faults>,
}

/// What one end's operations do that they need not.
#[derive(Debug)]
pub(crate) struct Faults {
    /// The most that one read, one write moves.
    pub(crate) read: Cell<usize>,
    pub(crate) write: Cell<usize>,
    /// The operation that fails, counted from now; 0: none.
    pub(crate) fails_in: Cell<usize>,
    /// Nothing is ever ready, until this is taken back (and somebody is woken).
    pub(crate) stuck: Cell<bool>,
    /// How many bytes were read and written.
    pub(crate) moved: Cell<usize>,
}

struct Way {
    bytes: RefCell<VecDeque<u8>>,
    ended: Cell<bool>,
    capacity: usize,
    changed: Event,
}

/// Two ends; each way holds `capacity` bytes.
pub(crate) fn pair(capacity: usize) -> (End, End) {
    let way = || {
        let bytes = RefCell::default();
        Rc::new(Way { bytes, ended: Cell::new(false), capacity, changed: Event::new() })
    };
    let (one, other) = (way(), way());
    let near = End { incoming: one.clone(), outgoing: other.clone(), faults: Faults::none() };
    (near, End { incoming: other, outgoing: one, faults: Faults::none() })
}

impl Faults {
    fn none() -> Rc<Self> {
        Rc::new(Faults {
            read: Cell::new(usize::MAX),
            write: Cell::new(usize::MAX),
            fails_in: Cell::new(0),
            stuck: Cell::new(false),
            moved: Cell::new(0),
        })
    }

    fn operation(&self) -> io::Result<()> {
        match self.fails_in.get() {
            0 => Ok(()),
            1 => Err(io::ErrorKind::ConnectionReset.into()),
            left => {
                self.fails_in.set(left - 1);
                Ok(())
            }
        }
    }
}

impl End {
    /// Has those look again that wait at this end.
    pub(crate) fn poke(&self) {
        self.incoming.changed.set();
        self.outgoing.changed.set();
    }

    /// Sends to the other end, at once and whatever its capacity.
    pub(crate) fn put(&self, bytes: &[u8]) {
        self.outgoing.bytes.borrow_mut().extend(bytes);
        self.outgoing.changed.set();
    }

    /// Takes what has arrived here.
    pub(crate) fn take(&self) -> Vec<u8> {
        let taken = self.incoming.bytes.borrow_mut().drain(..).collect();
        self.incoming.changed.set();
        taken
    }

    /// Whether the other end has written its end.
    pub(crate) fn is_ended(&self) -> bool {
        self.incoming.ended.get()
    }

    pub(crate) fn end(&self) {
        self.outgoing.ended.set(true);
        self.outgoing.changed.set();
    }
}

impl ByteStream for End {
    async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.faults.operation()?;
        loop {
            if !self.faults.stuck.get() {
                let mut bytes = self.incoming.bytes.borrow_mut();
                let count = buffer.len().min(bytes.len()).min(self.faults.read.get());
                bytes.drain(..count).zip(&mut *buffer).for_each(|(byte, place)| *place = byte);
                drop(bytes);
                if count > 0 || self.incoming.ended.get() {
                    self.faults.moved.set(self.faults.moved.get() + count);
                    self.incoming.changed.set();
                    return Ok(count);
                }
            }
            self.incoming.changed.clear();
            self.incoming.changed.wait().await;
            self.faults.operation()?;
        }
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.faults.operation()?;
        loop {
            let way = &self.outgoing;
            if way.ended.get() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let room = way.capacity.saturating_sub(way.bytes.borrow().len());
            let count = bytes.len().min(room).min(self.faults.write.get());
            if count > 0 && !self.faults.stuck.get() {
                way.bytes.borrow_mut().extend(&bytes[..count]);
                self.faults.moved.set(self.faults.moved.get() + count);
                way.changed.set();
                return Ok(count);
            }
            way.changed.clear();
            way.changed.wait().await;
            self.faults.operation()?;
        }
    }

    fn shutdown_write(&self) -> io::Result<()> {
        self.end();
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for way in [&self.incoming, &self.outgoing] {
            way.ended.set(true);
            way.changed.set();
        }
    }
}

/// A listener whose connections a test makes.
#[derive(Clone)]
pub(crate) struct Door(pub(crate) Queue<io::Result<End>>);

impl Door {
    pub(crate) fn new() -> Self {
        Door(Queue::new(0))
    }

    /// A client, with the usual capacity.
    pub(crate) fn connect(&self) -> End {
        let (near, far) = pair(64 << 10);
        self.0.put_nowait(Ok(near)).expect("the queue has no bound");
        far
    }
}

impl Listener for Door {
    type Stream = End;

    async fn accept(&self) -> io::Result<End> {
        self.0.get().await.expect("nobody shuts it down")
    }
}
