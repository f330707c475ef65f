//! What the tests share: a watchdog, a process of one's own, and eyes on a loop.

use oneloop::{Clock, Event, EventLoop, LoopHandle, Moment, Observer};
use std::any::type_name;
use std::cell::{Cell, RefCell};
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once, mpsc};
use std::task::{Wake, Waker};
use std::time::Duration;

/// After this long a test counts as hanging. Nothing else depends on it.
const DEADLINE: Duration = Duration::from_secs(60);
/// Set in a process that was started for one test.
const CHILD: &str = "ONELOOP_TEST_CHILD";

/// Runs a test under a watchdog: a test that hangs fails, instead of all of them.
pub(crate) fn within(body: impl FnOnce() + Send + 'static) {
    let (done, over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        body();
        let _ = done.send(());
    });
    // In its own process a test is allowed less than the parent waits.
    let deadline = if std::env::var_os(CHILD).is_some() { DEADLINE / 2 } else { DEADLINE };
    match over.recv_timeout(deadline) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("watchdog: the test hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            if let Err(payload) = thread.join() {
                std::panic::resume_unwind(payload);
            }
        }
    }
}

/// Runs `body` in a process of its own: this test alone, started again. There it may count
/// descriptors and change limits. Gives what became of the process; in it, nothing.
pub(crate) fn child_of<F>(_test: F, body: impl FnOnce() + Send + 'static) -> Option<Output> {
    if std::env::var_os(CHILD).is_some() {
        within(body);
        return None;
    }
    let (_crate, path) = type_name::<F>().split_once("::").expect("a test is in a module");
    let output = Command::new(std::env::current_exe().expect("this test is a file"))
        .args([path, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .output()
        .expect("the test can be started again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("running 1 test"), "{path} is no test:\n{text}");
    Some(output)
}

/// As [`child_of`], for a test that must end well there.
pub(crate) fn in_child<F>(test: F, body: impl FnOnce() + Send + 'static) {
    if let Some(output) = child_of(test, body) {
        let (out, err) = (&output.stdout, &output.stderr);
        let (out, err) = (String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        assert!(output.status.success(), "in its own process: {}\n{out}\n{err}", output.status);
    }
}

/// How often to do what the release run does `full` times.
pub(crate) fn rounds(usual: usize, full: usize) -> usize {
    if std::env::var_os("ONELOOP_SLOW").is_some() { full } else { usual }
}

/// Descriptors open in this process; of use in one's own process only.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

pub(crate) fn new_loop() -> EventLoop {
    EventLoop::new().expect("a loop can be made")
}

pub(crate) fn virtual_loop() -> EventLoop {
    loop_on(Clock::AutoJump)
}

pub(crate) fn loop_on(clock: Clock) -> EventLoop {
    EventLoop::builder().clock(clock).build().expect("a loop can be made")
}

/// Collects what the loop reports to its exception handler.
pub(crate) fn reports(handle: &LoopHandle) -> Rc<RefCell<Vec<String>>> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let seen = reports.clone();
    handle.set_exception_handler(move |context| seen.borrow_mut().push(context.to_string()));
    reports
}

/// Something to count with that closures can share.
pub(crate) fn counter() -> Rc<Cell<usize>> {
    Rc::new(Cell::new(0))
}

pub(crate) fn bump(counter: &Cell<usize>) {
    counter.set(counter.get() + 1);
}

/// Counts, and says which one this is.
pub(crate) fn nth(counter: &Cell<usize>) -> usize {
    bump(counter);
    counter.get()
}

/// A waker that counts.
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
        (wakes.clone(), Waker::from(wakes))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Calls a closure when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// An observer made of a closure.
pub(crate) struct Watch<F>(pub(crate) F);

impl<F: Fn(&Event<'_>)> Observer for Watch<F> {
    fn event(&self, _: Moment, event: &Event<'_>) {
        (self.0)(event);
    }
}

/// Has the loop watched by `f`.
pub(crate) fn watch(handle: &LoopHandle, f: impl Fn(&Event<'_>) + 'static) {
    handle.set_observer(Some(Rc::new(Watch(f))));
}

thread_local! {
    static LOGGED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Keeps what this thread logs while `body` runs.
pub(crate) fn logged(body: impl FnOnce()) -> Vec<String> {
    static SET: Once = Once::new();
    SET.call_once(|| {
        log::set_logger(&Logger).expect("nobody else sets one");
        log::set_max_level(log::LevelFilter::Info);
    });
    LOGGED.set(Some(Vec::new()));
    body();
    LOGGED.take().unwrap_or_default()
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{}: {}", record.level(), record.args());
        LOGGED.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.push(line);
            }
        });
    }

    fn flush(&self) {}
}

/// xorshift64*: the same numbers on every machine. A test that uses it names its seed.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}
