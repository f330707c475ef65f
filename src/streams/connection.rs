//! `Connection`: what a reader and a writer share; its end, and the sending of what waits.
//!
//! What cannot be sent at once waits in a buffer, and a task of the connection sends it.
//! That task lives while there is something to send, and is called `stream-flush`.

use super::byte_stream::ByteStream;
use super::error::{Lost, WriteError};
use super::memory::Memory;
use super::timeouts::Timeouts;
use crate::sync::Event;
use crate::{LoopHandle, Task};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub(super) struct Connection<S> {
    pub(super) handle: LoopHandle,
    pub(super) memory: Rc<Memory>,
    pub(super) timeouts: Cell<Timeouts>,
    /// `None`: the connection is gone.
    socket: RefCell<Option<Rc<Socket<S>>>>,
    out: RefCell<Out>,
    pub(super) limits: Cell<Limits>,
    eof: Cell<bool>,
    closing: Cell<bool>,
    lost: RefCell<Option<Lost>>,
    /// The reader, while it waits: closing wakes it.
    reading: RefCell<Option<Waker>>,
    flusher: RefCell<Option<Task<()>>>,
    /// Set while no more waits than is good.
    pub(super) low: Event,
    /// Set when the socket is closed.
    pub(super) gone: Event,
}

/// The byte stream; whoever uses it holds it, and the last one closes it.
pub(super) struct Socket<S> {
    stream: Option<S>,
    gone: Event,
    /// What a server counts its connections by.
    _counted: Option<Rc<dyn Any>>,
}

#[derive(Default)]
struct Out {
    waiting: Vec<u8>,
    /// How much of the flusher's own chunk is not sent.
    sending: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) max: usize,
}

impl<S: ByteStream> Connection<S> {
    pub(super) fn new(handle: &LoopHandle, stream: S, counted: Option<Rc<dyn Any>>) -> Rc<Self> {
        let (low, gone) = (Event::new(), Event::new());
        low.set();
        let socket = Socket { stream: Some(stream), gone: gone.clone(), _counted: counted };
        Rc::new(Connection {
            handle: handle.clone(),
            memory: Memory::of(handle),
            timeouts: Cell::new(Timeouts::NONE),
            socket: RefCell::new(Some(Rc::new(socket))),
            out: RefCell::default(),
            limits: Cell::new(Limits { high: 64 << 10, low: 16 << 10, max: 1 << 20 }),
            eof: Cell::new(false),
            closing: Cell::new(false),
            lost: RefCell::new(None),
            reading: RefCell::new(None),
            flusher: RefCell::new(None),
            low,
            gone,
        })
    }

    pub(super) fn socket(&self) -> Option<Rc<Socket<S>>> {
        self.socket.borrow().clone()
    }

    /// The error that it ended with.
    pub(super) fn lost(&self) -> Option<io::Error> {
        self.lost.borrow().as_ref().map(Lost::error)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    pub(super) fn set_reading(&self, waker: Option<Waker>) {
        drop(self.reading.replace(waker));
    }

    /// How much waits to be sent.
    pub(super) fn buffered(&self) -> usize {
        let out = self.out.borrow();
        out.waiting.len() + out.sending
    }

    pub(super) fn write(self: &Rc<Self>, mut bytes: &[u8]) -> Result<(), WriteError> {
        self.may_write()?;
        let waiting = self.buffered();
        if waiting > self.limits.get().max {
            return Err(WriteError::Full(waiting));
        }
        if waiting == 0 && !bytes.is_empty() {
            let sent = self.write_now(bytes).map_err(|error| self.lose(error))?;
            bytes = &bytes[sent..];
        }
        if !bytes.is_empty() {
            self.out.borrow_mut().waiting.extend_from_slice(bytes);
            self.memory.add(bytes.len());
            self.mark();
            self.flush_later()?;
        }
        Ok(())
    }

    fn may_write(&self) -> Result<(), WriteError> {
        if let Some(error) = self.lost() {
            return Err(WriteError::Io(error));
        }
        match (self.closing.get(), self.eof.get()) {
            (true, _) => Err(WriteError::Closed),
            (_, true) => Err(WriteError::AfterEof),
            _ => Ok(()),
        }
    }

    /// Tries once, without waiting.
    fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(socket) = self.socket() else { return Ok(0) };
        let write = pin!(socket.stream().write(bytes));
        match write.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Ok(0),
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(sent) => sent,
        }
    }

    fn flush_later(self: &Rc<Self>) -> Result<(), WriteError> {
        if self.flusher.borrow().is_some() {
            return Ok(());
        }
        // Made here, so that it tells of its end also if it never begins.
        let flushing = Flushing { connection: self.clone(), ended: false };
        match self.handle.spawn_named("stream-flush", flush(flushing)) {
            Ok(task) => drop(self.flusher.replace(Some(task))),
            Err(closed) => return Err(self.lose(closed.into())),
        }
        Ok(())
    }

    pub(super) fn write_eof(&self) -> Result<(), WriteError> {
        match self.may_write() {
            Err(WriteError::AfterEof) => return Ok(()),
            other => other?,
        }
        self.eof.set(true);
        let flushing = self.flusher.borrow().is_some();
        if flushing { Ok(()) } else { self.shutdown() }
    }

    fn shutdown(&self) -> Result<(), WriteError> {
        let Some(socket) = self.socket() else { return Ok(()) };
        socket.stream().shutdown_write().map_err(|error| self.lose(error))
    }

    /// Nothing more is taken; what waits is sent, then the connection ends.
    pub(super) fn close(self: &Rc<Self>) {
        if self.closing.replace(true) {
            return;
        }
        self.wake_reader();
        if self.flusher.borrow().is_none() {
            self.finish_later();
        }
    }

    /// The connection ends, and what waits is dropped.
    pub(super) fn abort(self: &Rc<Self>) {
        self.closing.set(true);
        self.drop_output();
        self.wake_reader();
        self.finish_later();
    }

    fn finish_later(self: &Rc<Self>) {
        let this = self.clone();
        if self.handle.call_soon(move || this.finish()).is_err() {
            self.finish();
        }
    }

    /// The connection failed: this ends it, at once.
    pub(super) fn lose(&self, error: io::Error) -> WriteError {
        self.lost.borrow_mut().get_or_insert_with(|| Lost::new(&error));
        self.closing.set(true);
        self.drop_output();
        self.finish();
        WriteError::Io(error)
    }

    fn finish(&self) {
        let socket = self.socket.take();
        drop(socket);
        self.low.set();
        self.wake_reader();
    }

    fn wake_reader(&self) {
        let waker = self.reading.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn drop_output(&self) {
        let waiting = std::mem::take(&mut self.out.borrow_mut().waiting);
        self.memory.sub(waiting.len());
        let flusher = self.flusher.take();
        if let Some(flusher) = flusher {
            flusher.cancel();
        }
    }

    /// Compares what waits with the marks.
    pub(super) fn mark(&self) {
        let (waiting, limits) = (self.buffered(), self.limits.get());
        if waiting > limits.high {
            self.low.clear();
        } else if waiting <= limits.low {
            self.low.set();
        }
    }

    fn sent(&self, count: usize) {
        self.out.borrow_mut().sending -= count;
        self.memory.sub(count);
        self.mark();
    }
}

impl<S> Socket<S> {
    pub(super) fn stream(&self) -> &S {
        self.stream.as_ref().expect("it is there until the last holder goes")
    }
}

impl<S> Drop for Socket<S> {
    fn drop(&mut self) {
        drop(self.stream.take());
        self.gone.set();
    }
}

/// Sends what waits, until nothing does.
async fn flush<S: ByteStream>(mut flushing: Flushing<S>) {
    while !flushing.ended {
        match flushing.send_chunk().await {
            Ok(true) => {}
            Ok(false) => flushing.end(),
            Err(error) => {
                flushing.ended = true;
                // Before the loss is told, so that it does not cancel this very task.
                drop(flushing.connection.flusher.take());
                flushing.connection.lose(error);
            }
        }
    }
}

/// A flush that goes on; dropped before it ended, it has lost the connection.
struct Flushing<S: ByteStream> {
    connection: Rc<Connection<S>>,
    ended: bool,
}

impl<S: ByteStream> Flushing<S> {
    /// False: there is nothing to send, or nobody to send it to.
    async fn send_chunk(&self) -> io::Result<bool> {
        let this = &*self.connection;
        let chunk = {
            let mut out = this.out.borrow_mut();
            out.sending = out.waiting.len();
            std::mem::take(&mut out.waiting)
        };
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let Some(socket) = this.socket() else { return Ok(false) };
            let write = socket.stream().write(rest);
            let idle = this.timeouts.get().idle;
            let count = match idle {
                None => write.await?,
                Some(idle) => match crate::timeout(idle, write).await {
                    Ok(written) => written?,
                    Err(_) => return Err(io::ErrorKind::TimedOut.into()),
                },
            };
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[count..];
            this.sent(count);
        }
        Ok(!chunk.is_empty())
    }

    fn end(&mut self) {
        self.ended = true;
        let this = &self.connection;
        drop(this.flusher.take());
        if this.eof.get() && this.shutdown().is_err() {
            return;
        }
        if this.closing.get() {
            this.finish();
        }
    }
}

impl<S: ByteStream> Drop for Flushing<S> {
    fn drop(&mut self) {
        let this = &self.connection;
        let unsent = std::mem::take(&mut this.out.borrow_mut().sending);
        this.memory.sub(unsent);
        if !self.ended && this.socket.borrow().is_some() && !this.closing_by_abort() {
            drop(this.flusher.take());
            this.lose(io::Error::new(io::ErrorKind::ConnectionAborted, "sending was cancelled"));
        }
    }
}

impl<S: ByteStream> Connection<S> {
    /// An abort takes the flusher before it cancels it.
    fn closing_by_abort(&self) -> bool {
        self.closing.get() && self.flusher.borrow().is_none()
    }
}
