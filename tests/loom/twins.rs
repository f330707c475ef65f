//! Injectors that are wrong, one usual mistake each; and one that is right.

use super::{Eventfd, Inject};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};

/// What a twin does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    Right,
    ChecksFirst,
    RingsFirst,
    ClearsLast,
    RingsAlways,
    SkipsIfScheduled,
    AsksUnlocked,
}

pub(crate) struct Twin<T> {
    mistake: Mistake,
    items: Mutex<Vec<T>>,
    filled: AtomicBool,
    asleep: AtomicBool,
    closed: AtomicBool,
    eventfd: Eventfd,
}

impl<T: Send + 'static> Inject<T> for Twin<T> {
    fn push(&self, item: T) -> Result<(), T> {
        let scheduled = self.filled.load(Ordering::Relaxed);
        if self.mistake == Mistake::SkipsIfScheduled && scheduled {
            return Ok(());
        }
        let closed_before = self.closed.load(Ordering::SeqCst);
        if self.mistake == Mistake::RingsFirst {
            self.ring_if_asleep();
        }
        let mut items = self.items.lock().expect("no panic under the lock");
        let closed_now = self.closed.load(Ordering::SeqCst);
        let unlocked = self.mistake == Mistake::AsksUnlocked;
        if if unlocked { closed_before } else { closed_now } {
            return Err(item);
        }
        items.push(item);
        self.filled.store(true, Ordering::Release);
        drop(items);
        match self.mistake {
            Mistake::RingsFirst => {}
            Mistake::RingsAlways => self.eventfd.ring(),
            _ => self.ring_if_asleep(),
        }
        Ok(())
    }

    fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    fn fall_asleep(&self) -> bool {
        if self.mistake == Mistake::ChecksFirst {
            let empty = self.items.lock().expect("no panic under the lock").is_empty();
            self.asleep.swap(empty, Ordering::SeqCst);
            return empty;
        }
        let items = self.items.lock().expect("no panic under the lock");
        self.asleep.swap(items.is_empty(), Ordering::SeqCst);
        items.is_empty()
    }

    fn wake_up(&self) {
        self.asleep.swap(false, Ordering::SeqCst);
    }

    fn take(&self) -> Vec<T> {
        let last = self.mistake == Mistake::ClearsLast;
        let taken = {
            let mut items = self.items.lock().expect("no panic under the lock");
            if !last {
                self.filled.store(false, Ordering::Release);
            }
            std::mem::take(&mut *items)
        };
        if last {
            self.filled.store(false, Ordering::Release);
        }
        taken
    }

    fn close(&self) -> Vec<T> {
        let mut items = self.items.lock().expect("no panic under the lock");
        self.closed.store(true, Ordering::SeqCst);
        std::mem::take(&mut *items)
    }
}

impl<T> Twin<T> {
    fn ring_if_asleep(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            self.eventfd.ring();
        }
    }

    fn make(mistake: Mistake, eventfd: &Eventfd) -> Arc<Self> {
        Arc::new(Twin {
            mistake,
            items: Mutex::new(Vec::new()),
            filled: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            eventfd: eventfd.clone(),
        })
    }
}

pub(crate) fn right<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::Right, eventfd)
}

pub(crate) fn checks_first<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::ChecksFirst, eventfd)
}

pub(crate) fn rings_first<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::RingsFirst, eventfd)
}

pub(crate) fn clears_last<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::ClearsLast, eventfd)
}

pub(crate) fn rings_always<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::RingsAlways, eventfd)
}

pub(crate) fn skips_if_scheduled<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::SkipsIfScheduled, eventfd)
}

pub(crate) fn asks_unlocked<T>(eventfd: &Eventfd) -> Arc<Twin<T>> {
    Twin::make(Mistake::AsksUnlocked, eventfd)
}
