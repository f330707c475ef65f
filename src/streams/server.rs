//! `Server`: a task that accepts connections, and a task for each of them.

use super::byte_stream::{ByteStream, Listener};
use super::connection::Connection;
use super::error::ServerClosed;
use super::{StreamReader, StreamWriter, Timeouts};
use crate::net::{TcpListener, TcpStream};
use crate::sync::Event;
use crate::{LoopHandle, Task, TaskRef, catch_cancel, timeout};
use rustix::process::{Resource, getrlimit};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

/// Descriptors that a server leaves to others.
const SPARE: u64 = 64;

/// What a server allows, before it is started.
///
/// ```
/// use oneloop::streams::{ServerBuilder, StreamReader, StreamWriter, Timeouts};
///
/// oneloop::run(async {
///     let server = ServerBuilder::new()
///         .max_connections(100)
///         .timeouts(Timeouts { idle: None, ..Timeouts::SERVER })
///         .start("127.0.0.1:0".parse().unwrap(), |_: StreamReader, _: StreamWriter| async {})
///         .unwrap();
///     assert!(server.is_serving());
/// })
/// .unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ServerBuilder {
    max_connections: usize,
    timeouts: Timeouts,
}

/// A server; see [`start_server`](super::start_server). Clones are the same server.
///
/// A server that nobody holds serves on: it is ended by [`close`](Self::close), or by the
/// end of the loop.
#[derive(Clone)]
pub struct Server(Rc<Core>);

struct Core {
    handle: LoopHandle,
    addresses: RefCell<Vec<SocketAddr>>,
    accepting: RefCell<Option<Task<()>>>,
    max: usize,
    timeouts: Timeouts,
    next: Cell<u64>,
    clients: RefCell<BTreeMap<u64, Client>>,
    /// Set when the server is closed.
    closed: Event,
    /// Set when a connection has gone: somebody may look again.
    gone: Event,
}

struct Client {
    connection: Weak<dyn Ends>,
    handler: Option<TaskRef>,
}

/// A connection, whatever it is over.
trait Ends {
    fn close(self: Rc<Self>);
    fn abort(self: Rc<Self>);
}

impl<S: ByteStream> Ends for Connection<S> {
    fn close(self: Rc<Self>) {
        Connection::close(&self);
    }

    fn abort(self: Rc<Self>) {
        Connection::abort(&self);
    }
}

/// Held by a handler and by its socket: when both are gone, so is the connection.
struct Counted {
    server: Rc<Core>,
    number: u64,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let client = self.server.clients.borrow_mut().remove(&self.number);
        drop(client);
        self.server.gone.set();
    }
}

impl Default for ServerBuilder {
    fn default() -> Self {
        let soft = getrlimit(Resource::Nofile).current;
        let most = soft.map_or(usize::MAX, |soft| soft.saturating_sub(SPARE).max(1) as usize);
        ServerBuilder { max_connections: most, timeouts: Timeouts::SERVER }
    }
}

impl ServerBuilder {
    /// As many connections as the process may have descriptors, but for 64; and
    /// [`Timeouts::SERVER`].
    pub fn new() -> Self {
        ServerBuilder::default()
    }

    /// How many connections there may be at a time, at least one; while there are, the
    /// next ones wait in the listener's queue.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count.max(1);
        self
    }

    /// How long a client may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Listens on `address`; see [`start_server`](super::start_server).
    ///
    /// # Errors
    /// When the address is in use or not ours, or no loop is running on this thread.
    pub fn start<H, F>(self, address: SocketAddr, handler: H) -> io::Result<Server>
    where
        H: Fn(StreamReader<TcpStream>, StreamWriter<TcpStream>) -> F + 'static,
        F: Future + 'static,
    {
        self.start_on(TcpListener::bind(address)?, handler)
    }

    /// Serves whom `listener` accepts.
    ///
    /// # Errors
    /// When no loop is running on this thread.
    pub fn start_on<L, H, F>(self, listener: L, handler: H) -> io::Result<Server>
    where
        L: Listener,
        H: Fn(StreamReader<L::Stream>, StreamWriter<L::Stream>) -> F + 'static,
        F: Future + 'static,
    {
        let handle = LoopHandle::current()?;
        let core = Rc::new(Core {
            handle: handle.clone(),
            addresses: RefCell::new(listener.local_addr().into_iter().collect()),
            accepting: RefCell::new(None),
            max: self.max_connections,
            timeouts: self.timeouts,
            next: Cell::new(0),
            clients: RefCell::default(),
            closed: Event::new(),
            gone: Event::new(),
        });
        let accepting = accept(core.clone(), listener, handler);
        let task = handle.spawn_named("stream-server", accepting).map_err(io::Error::from)?;
        core.accepting.replace(Some(task));
        Ok(Server(core))
    }
}

async fn accept<L, H, F>(core: Rc<Core>, listener: L, handler: H)
where
    L: Listener,
    H: Fn(StreamReader<L::Stream>, StreamWriter<L::Stream>) -> F + 'static,
    F: Future + 'static,
{
    let handler = Rc::new(handler);
    let _closes = Closes(&core);
    loop {
        while core.clients.borrow().len() >= core.max {
            core.wait_for_one_to_go().await;
        }
        core.gone.clear();
        // A listener out of descriptors pauses; one that goes ends that pause.
        match first(listener.accept(), core.gone.wait()).await {
            None => {}
            Some(Ok(stream)) => serve(&core, stream, &handler),
            Some(Err(error)) => {
                core.handle.report_exception(&format!("cannot accept: {error}"), "a server", None);
                // A listener that fails again at once must not have the loop for itself.
                crate::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// When nobody accepts any more, for whatever reason, the server is closed.
struct Closes<'a>(&'a Core);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What `body` gives, unless `other` ends first.
async fn first<T>(body: impl Future<Output = T>, other: impl Future) -> Option<T> {
    let (mut body, mut other) = (pin!(body), pin!(other));
    poll_fn(|cx| match body.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => other.as_mut().poll(cx).map(|_| None),
    })
    .await
}

fn serve<S, H, F>(core: &Rc<Core>, stream: S, handler: &Rc<H>)
where
    S: ByteStream,
    H: Fn(StreamReader<S>, StreamWriter<S>) -> F + 'static,
    F: Future + 'static,
{
    let number = core.next.replace(core.next.get() + 1);
    let counted: Rc<dyn Any> = Rc::new(Counted { server: core.clone(), number });
    let connection = Connection::new(&core.handle, stream, Some(counted.clone()));
    connection.timeouts.set(core.timeouts);
    let ends: Rc<dyn Ends> = connection.clone();
    let client = Client { connection: Rc::downgrade(&ends), handler: None };
    core.clients.borrow_mut().insert(number, client);
    let (reader, writer) = (StreamReader::new(connection.clone()), StreamWriter::new(connection));
    let handler = handler.clone();
    let task = core.handle.spawn(async move {
        let _counted = counted;
        handler(reader, writer).await;
    });
    if let Ok(task) = task {
        let mut clients = core.clients.borrow_mut();
        let client = clients.get_mut(&number);
        client.into_iter().for_each(|client| client.handler = Some(TaskRef::clone(&task)));
    }
}

impl Core {
    fn close(&self) {
        self.addresses.take();
        let accepting = self.accepting.take();
        if let Some(accepting) = accepting {
            accepting.cancel();
        }
        self.closed.set();
    }

    async fn wait_for_one_to_go(&self) {
        self.gone.clear();
        self.gone.wait().await;
    }

    async fn all_gone(&self) {
        while !self.clients.borrow().is_empty() {
            self.wait_for_one_to_go().await;
        }
    }

    fn connections(&self) -> Vec<Rc<dyn Ends>> {
        let clients = self.clients.borrow();
        clients.values().filter_map(|client| client.connection.upgrade()).collect()
    }

    fn handlers(&self) -> Vec<TaskRef> {
        let clients = self.clients.borrow();
        clients.values().filter_map(|client| client.handler.clone()).collect()
    }
}

impl Server {
    /// The addresses that are listened on; none after [`close`](Self::close).
    pub fn sockets(&self) -> Vec<SocketAddr> {
        self.0.addresses.borrow().clone()
    }

    /// Whether new connections are accepted.
    pub fn is_serving(&self) -> bool {
        !self.0.closed.is_set()
    }

    /// How many connections there are: their handlers run, or their bytes are being sent.
    pub fn connections(&self) -> usize {
        self.0.clients.borrow().len()
    }

    /// Stops accepting: from the next turn on, who connects is refused. Connections that
    /// are there go on. A second time it does nothing.
    pub fn close(&self) {
        self.0.close();
    }

    /// Closes all connections, each when what its handler wrote has been sent; handlers
    /// read the end.
    pub fn close_clients(&self) {
        self.0.connections().into_iter().for_each(Ends::close);
    }

    /// Ends all connections at once; what was not sent is dropped, and handlers read the
    /// end.
    pub fn abort_clients(&self) {
        self.0.connections().into_iter().for_each(Ends::abort);
    }

    /// Waits until the server is closed, all handlers have ended, and all connections are
    /// gone.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_closed(&self) {
        self.0.closed.wait().await;
        self.0.all_gone().await;
    }

    /// Serves until it is cancelled, or until somebody closes the server. Cancelled, it
    /// closes the server, waits for its handlers, and is cancelled then.
    ///
    /// # Errors
    /// When the server was closed before.
    ///
    /// # Cancel safety
    /// Its own cancellation it answers as said. Dropped by other means, it does nothing.
    pub async fn serve_forever(&self) -> Result<(), ServerClosed> {
        if !self.is_serving() {
            return Err(ServerClosed(()));
        }
        let ended = catch_cancel(self.wait_closed()).await;
        if let Err(cancelled) = ended {
            self.close();
            self.wait_closed().await;
            match cancelled.resume().await {}
        }
        Ok(())
    }

    /// Stops accepting, gives the handlers `grace` to end, and then ends the connections
    /// and cancels the handlers that are left. True: none was.
    ///
    /// # Cancel safety
    /// The server is closed; what is left of it goes on.
    pub async fn shutdown(&self, grace: Duration) -> bool {
        self.close();
        if timeout(grace, self.wait_closed()).await.is_ok() {
            return true;
        }
        self.abort_clients();
        for handler in self.0.handlers() {
            handler.cancel();
        }
        self.wait_closed().await;
        false
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_serving() { "serving" } else { "closed" };
        write!(f, "Server({state}, {} connections)", self.connections())
    }
}
