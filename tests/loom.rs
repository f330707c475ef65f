//! The injector and the slots under loom: every interleaving of two or three threads.
//!
//! The real files are included here, with loom's locks where `src/kernel/mod.rs` has std's.
//! Each model has a twin with a usual mistake, and loom must find it: a model that cannot
//! fail proves nothing.
//!
//! The bell is a counter that is only ever added to and swapped: loom takes SeqCst for
//! AcqRel, so a plain store and load would raise a false alarm.

#[path = "../src/kernel/injector.rs"]
#[allow(dead_code)]
mod injector;
#[path = "../src/kernel/slots.rs"]
#[allow(dead_code)]
mod slots;
#[path = "loom/twins.rs"]
mod twins;

/// Where `injector.rs` finds its locks.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
}

use injector::{Injector, Refused};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use slots::{Key, Slots};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the models need of an injector: the real one, or a twin.
trait Inject<T>: Send + Sync + 'static {
    fn push(&self, item: T) -> Result<(), T>;
    fn is_filled(&self) -> bool;
    fn fall_asleep(&self) -> bool;
    fn wake_up(&self);
    fn take(&self) -> Vec<T>;
    fn close(&self) -> Vec<T>;
}

impl<T: Send + 'static> Inject<T> for Injector<T> {
    fn push(&self, item: T) -> Result<(), T> {
        Injector::push(self, item).map_err(|refused| match refused {
            Refused::Closed(item) | Refused::Bell(item, _) => item,
        })
    }

    fn is_filled(&self) -> bool {
        Injector::is_filled(self)
    }

    fn fall_asleep(&self) -> bool {
        Injector::fall_asleep(self)
    }

    fn wake_up(&self) {
        Injector::wake_up(self);
    }

    fn take(&self) -> Vec<T> {
        Injector::take(self).collect()
    }

    fn close(&self) -> Vec<T> {
        Injector::close(self).collect()
    }
}

/// An eventfd: ringing adds, the loop's look swaps it for nothing.
#[derive(Clone)]
struct Eventfd(Arc<AtomicUsize>);

impl Eventfd {
    fn new() -> Self {
        Eventfd(Arc::new(AtomicUsize::new(0)))
    }

    fn ring(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn consume(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

fn real<T: Send + 'static>(eventfd: &Eventfd) -> Arc<Injector<T>> {
    let eventfd = eventfd.clone();
    Arc::new(Injector::new(std::sync::Arc::new(move || {
        eventfd.ring();
        Ok(())
    })))
}

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Whether loom finds what is wrong with a twin.
#[track_caller]
fn must_be_caught(model: impl Fn() + Send + Sync + 'static) {
    let found = catch_unwind(AssertUnwindSafe(|| explore(model)));
    assert!(found.is_err(), "loom does not see what is wrong with the twin");
}

/// L1: the loop sleeps only while nothing is queued, or the bell has been rung.
fn never_asleep_with_an_item<I: Inject<u8>>(make: fn(&Eventfd) -> Arc<I>) {
    let eventfd = Eventfd::new();
    let injector = make(&eventfd);
    let pushers: Vec<_> = (0..2)
        .map(|item| {
            let injector = injector.clone();
            thread::spawn(move || injector.push(item).is_ok())
        })
        .collect();
    // The turn: the hint is looked at first, as step 1 does, then sleep is announced.
    let asleep = !injector.is_filled() && injector.fall_asleep();
    let pushed = pushers.into_iter().map(|pusher| pusher.join().expect("no panic"));
    let pushed = pushed.filter(|pushed| *pushed).count();
    assert_eq!(pushed, 2);
    if asleep {
        assert!(eventfd.consume() > 0, "asleep with an item in the queue, and no bell");
    }
    assert!(injector.is_filled(), "the loop would not look");
    assert_eq!(injector.take().len(), 2);
}

#[test]
fn l1_lw_001_never_asleep_with_an_item_queued() {
    explore(|| never_asleep_with_an_item(real));
}

/// The twins differ from a right one by their mistake alone.
#[test]
fn the_twin_without_a_mistake_passes_all_models() {
    explore(|| never_asleep_with_an_item(twins::right));
    explore(|| one_bell_a_burst(twins::right));
    explore(|| data_is_seen(twins::right));
    explore(|| found_once(twins::right));
}

#[test]
fn l1_twin_that_looks_at_the_queue_before_it_announces_sleep_is_caught() {
    must_be_caught(|| never_asleep_with_an_item(twins::checks_first));
}

#[test]
fn l1_twin_that_rings_before_the_item_is_visible_is_caught() {
    must_be_caught(|| never_asleep_with_an_item(twins::rings_first));
}

/// L1 with a bell that fails once: what was accepted is not left behind.
#[test]
fn l1_lw_006_a_failing_bell_strands_nobody_who_was_accepted() {
    explore(|| {
        let (eventfd, tries) = (Eventfd::new(), Arc::new(AtomicUsize::new(0)));
        let bell = eventfd.clone();
        let injector = Arc::new(Injector::new(std::sync::Arc::new(move || {
            if tries.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            bell.ring();
            Ok(())
        })));
        assert!(injector.fall_asleep());
        let other = injector.clone();
        let other = thread::spawn(move || Inject::push(&*other, 1_u8).is_ok());
        let accepted = usize::from(Inject::push(&*injector, 2).is_ok());
        let accepted = accepted + usize::from(other.join().expect("no panic"));
        assert!(accepted == 0 || eventfd.consume() > 0, "accepted, and nobody rang for it");
        assert_eq!(Inject::take(&*injector).len(), accepted);
    });
}

/// L2: two pushers and two sleeps. There are no more bells than sleeps, and nothing is
/// stranded when the hint is cleared while others push.
fn one_bell_a_burst<I: Inject<u8>>(make: fn(&Eventfd) -> Arc<I>) {
    let eventfd = Eventfd::new();
    let injector = make(&eventfd);
    injector.wake_up(); // the loop runs
    let pushers: Vec<_> = (0..2)
        .map(|item| {
            let injector = injector.clone();
            thread::spawn(move || injector.push(item).is_ok())
        })
        .collect();
    let (mut found, mut sleeps, mut rings) = (0, 0, 0);
    for _ in 0..2 {
        // Asleep, the loop would block here; it looks at the bell and goes on instead.
        let asleep = !injector.is_filled() && injector.fall_asleep();
        sleeps += usize::from(asleep);
        rings += eventfd.consume();
        if asleep {
            injector.wake_up();
        }
        if injector.is_filled() {
            found += injector.take().len();
        }
    }
    pushers.into_iter().for_each(|pusher| assert!(pusher.join().expect("no panic")));
    rings += eventfd.consume();
    assert!(rings <= sleeps, "{rings} bells for {sleeps} sleeps");
    // From here on nobody pushes: the hint must be right, or the loop never looks again.
    assert!(found == 2 || injector.is_filled(), "an item is stranded behind the hint");
    assert_eq!(found + injector.take().len(), 2);
}

#[test]
fn l2_lw_002_one_bell_a_burst_and_nothing_stranded() {
    explore(|| one_bell_a_burst(real));
}

#[test]
fn l2_twin_that_clears_the_hint_last_is_caught() {
    must_be_caught(|| one_bell_a_burst(twins::clears_last));
}

#[test]
fn l2_twin_that_rings_for_every_item_is_caught() {
    must_be_caught(|| one_bell_a_burst(twins::rings_always));
}

/// L3: what was written before a wake is seen by the poll that the wake asks for. The
/// task is queued already when the second wake comes.
fn data_is_seen<I: Inject<()>>(make: fn(&Eventfd) -> Arc<I>) {
    let (injector, data) = (make(&Eventfd::new()), Arc::new(AtomicUsize::new(0)));
    assert!(injector.push(()).is_ok(), "the task is scheduled");
    let (waker, written) = (injector.clone(), data.clone());
    let thread = thread::spawn(move || {
        written.store(1, Ordering::Relaxed);
        assert!(waker.push(()).is_ok());
    });
    // A poll for each turn that found a wake; the last poll must see the data.
    let mut seen = 0;
    if injector.is_filled() && !injector.take().is_empty() {
        seen = data.load(Ordering::Relaxed);
    }
    thread.join().expect("no panic");
    // From here on the join orders everything, so only what is still queued may help.
    let again = injector.is_filled() && !injector.take().is_empty();
    assert!(seen == 1 || again, "the last poll was before the data, and no other follows");
}

#[test]
fn l3_lw_003_data_written_before_a_wake_is_seen_by_the_poll() {
    explore(|| data_is_seen(real));
}

#[test]
fn l3_twin_that_skips_a_wake_of_a_scheduled_task_is_caught() {
    must_be_caught(|| data_is_seen(twins::skips_if_scheduled));
}

/// L4: a foreign wake by `key` while the slot is used again; whom it reaches is given by
/// `find`.
fn stale_wake(find: fn(&Slots<&'static str>, Key) -> Option<&'static str>) {
    let injector = real::<Key>(&Eventfd::new());
    let mut slots = Slots::new(0);
    let old = slots.insert_with(|| "old");
    let waker = injector.clone();
    let thread = thread::spawn(move || assert!(Inject::push(&*waker, old).is_ok()));
    let mut reached = Vec::new();
    let look = |slots: &Slots<&'static str>, reached: &mut Vec<&'static str>| {
        reached.extend(Inject::take(&*injector).into_iter().filter_map(|key| find(slots, key)));
    };
    look(&slots, &mut reached);
    assert_eq!(slots.remove_with(old, Option::take), Some(Some("old")));
    let new = slots.insert_with(|| "new");
    assert_eq!(new.index(), old.index());
    look(&slots, &mut reached);
    thread.join().expect("no panic");
    look(&slots, &mut reached);
    assert!(!reached.contains(&"new"), "a stale wake reached the new task");
}

#[test]
fn l4_wk_001_a_stale_wake_never_reaches_the_new_task() {
    explore(|| stale_wake(|slots, key| slots.get(key).copied()));
}

#[test]
fn l4_twin_that_looks_at_the_index_only_is_caught() {
    must_be_caught(|| {
        stale_wake(|slots, key| {
            slots.iter().find(|(found, _)| found.index() == key.index()).map(|(_, value)| *value)
        });
    });
}

/// L5: an item that is pushed while the loop closes is taken, given to the closer, or
/// comes back: once.
fn found_once<I: Inject<u8>>(make: fn(&Eventfd) -> Arc<I>) {
    let injector = make(&Eventfd::new());
    let pushers: Vec<_> = (0..2)
        .map(|item| {
            let injector = injector.clone();
            thread::spawn(move || injector.push(item).err())
        })
        .collect();
    let mut found = injector.take();
    found.extend(injector.close());
    found.extend(pushers.into_iter().filter_map(|pusher| pusher.join().expect("no panic")));
    found.sort_unstable();
    assert_eq!(found, [0, 1]);
}

#[test]
fn l5_wk_004_a_push_against_close_is_found_or_comes_back() {
    explore(|| found_once(real));
}

#[test]
fn l5_twin_that_asks_whether_it_is_closed_without_the_lock_is_caught() {
    must_be_caught(|| found_once(twins::asks_unlocked));
}
