//! `Logged`: the log records of this thread, kept for the test that runs on it.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    static RECORDS: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

struct Sink;

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.level(), record.args().to_string());
        // A thread that ends may log too; nobody reads that.
        let _ = RECORDS.try_with(|records| records.borrow_mut().push(line));
    }

    fn flush(&self) {}
}

/// What this thread logs at `level` while `f` runs.
pub(crate) fn during(level: Level, f: impl FnOnce()) -> Vec<String> {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        log::set_logger(&Sink).expect("the only logger of this program");
        log::set_max_level(LevelFilter::Trace);
    });
    RECORDS.take();
    f();
    RECORDS.take().into_iter().filter(|(at, _)| *at == level).map(|(_, text)| text).collect()
}
