//! CA-1: who asks, and where the task is then: 40 cells, each with its own fixed end.

use crate::reentrancy::turn;
use crate::support::{OnDrop, loop_on, within};
use oneloop::io::AsyncFd;
use oneloop::sync::Lock;
use oneloop::{Clock, RemoteTask, Task, TaskGroup, TaskRef, current_task};
use oneloop::{EventLoop, sleep, wait_for, yield_now};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Where the task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    New,
    Queued,
    Polled,
    Io,
    Timer,
    Lock,
    Future,
    Done,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The task, as it comes there; of one that is new or done, its own handle.
    Itself,
    /// Another task; while the task is polled, what it calls there.
    Task,
    Thread,
    /// Whoever waits for it with a limit.
    Timeout,
    /// The group that it belongs to.
    Group,
}

const AT: [At; 8] =
    [At::New, At::Queued, At::Polled, At::Io, At::Timer, At::Lock, At::Future, At::Done];
const BY: [By; 5] = [By::Itself, By::Task, By::Thread, By::Timeout, By::Group];

/// What became of the task: `unpolled` if its body never ran, `refused` if there was nothing
/// to cancel, else in how many turns after the request its body was dropped.
#[rustfmt::skip]
const ENDS: [(At, [&str; 5]); 8] = [
    //            itself      task        thread      timeout     group
    (At::New,    ["unpolled", "unpolled", "unpolled", "unpolled", "unpolled"]),
    (At::Queued, ["1",        "1",        "1",        "1",        "1"]),
    (At::Polled, ["1",        "1",        "2",        "2",        "1"]),
    (At::Io,     ["1",        "1",        "1",        "1",        "1"]),
    (At::Timer,  ["1",        "1",        "1",        "1",        "1"]),
    (At::Lock,   ["1",        "1",        "1",        "1",        "1"]),
    (At::Future, ["1",        "1",        "1",        "1",        "1"]),
    (At::Done,   ["refused",  "refused",  "refused",  "refused",  "refused"]),
];

type Slot<T> = Rc<RefCell<Option<T>>>;

/// What the task and the test know of each other.
#[derive(Clone, Default)]
struct Shared {
    task: Slot<TaskRef>,
    polled: Rc<Cell<bool>>,
    dropped_in: Rc<Cell<Option<u64>>>,
    asked_in: Rc<Cell<Option<u64>>>,
    answer: Rc<Cell<Option<bool>>>,
    /// Called in the task's own step.
    act: Slot<Box<dyn FnOnce()>>,
    lock: Slot<(Lock, oneloop::sync::LockGuard)>,
}

fn turns() -> u64 {
    oneloop::running_loop().expect("the loop runs").turns()
}

impl Shared {
    /// Asks by the task's handle.
    fn ask(&self) {
        self.asked_in.set(Some(turns()));
        let task = self.task.borrow().clone().expect("it was put there");
        self.answer.set(Some(task.cancel()));
    }

    /// The task's body: comes to its place, and waits there.
    async fn body(self, at: At, by: By) {
        let dropped = self.dropped_in.clone();
        let _held = OnDrop(move || {
            // Where no loop runs, the loop itself has gone.
            dropped.set(oneloop::running_loop().ok().map(|here| here.turns()));
        });
        self.polled.set(true);
        self.task.replace(current_task());
        if at == At::Done {
            return;
        }
        if by == By::Itself {
            self.ask();
        } else if let Some(act) = self.act.take() {
            act();
        }
        match at {
            At::Queued => loop {
                yield_now().await;
            },
            At::Io => {
                let (silent, _other) = UnixStream::pair().expect("a socket pair");
                silent.set_nonblocking(true).expect("it is a socket");
                let silent = AsyncFd::new(silent).expect("the loop runs");
                drop(silent.readable().await);
            }
            At::Timer => sleep(HOUR).await,
            At::Lock => {
                let lock = Lock::new();
                let guard = lock.try_acquire().expect("it is free");
                self.lock.replace(Some((lock.clone(), guard)));
                drop(lock.acquire().await);
            }
            At::Future => drop(oneloop::create_future::<()>().await),
            At::New | At::Polled | At::Done => pending().await,
        }
        unreachable!("nothing of this ends");
    }
}

/// A task in its place, and what the caller does to have it cancelled.
struct Scene {
    on: EventLoop,
    shared: Shared,
    at: At,
    by: By,
}

impl Scene {
    fn new(at: At, by: By) -> Self {
        Scene { on: loop_on(Clock::Manual), shared: Shared::default(), at, by }
    }

    fn body(&self) -> impl Future<Output = ()> + use<> {
        self.shared.clone().body(self.at, self.by)
    }

    /// Lets the task come to its place, if it is not to be new or asked there.
    fn settle(&self) {
        if self.at != At::New && self.at != At::Polled {
            (0..3).for_each(|_| turn(&self.on));
        }
    }

    fn spawn(&self) -> Task<()> {
        let task = self.on.spawn(self.body()).expect("the loop is open");
        self.shared.task.replace(Some(TaskRef::clone(&task)));
        task
    }

    fn act_in_the_step(&self, act: impl FnOnce() + 'static) {
        self.shared.act.replace(Some(Box::new(act)));
    }

    fn by_itself(&self) {
        let task = self.spawn();
        if matches!(self.at, At::New) {
            assert!(task.cancel());
        } else if self.at == At::Done {
            let shared = self.shared.clone();
            task.add_done_callback(move |_| shared.ask());
        }
    }

    fn by_task(&self) {
        let shared = self.shared.clone();
        if self.at == At::New {
            let (on, body) = (self.on.handle(), self.body());
            let makes = async move {
                let task = on.spawn(body).expect("the loop is open");
                shared.task.replace(Some(TaskRef::clone(&task)));
                shared.ask();
            };
            return drop(self.on.spawn(makes).expect("the loop is open"));
        }
        let _task = self.spawn();
        if self.at == At::Polled {
            return self.act_in_the_step(move || shared.ask());
        }
        self.settle();
        drop(self.on.spawn(async move { shared.ask() }).expect("the loop is open"));
    }

    fn by_thread(&self) {
        let (at, by, shared) = (self.at, self.by, SHARED_OF_REMOTE.with(Clone::clone));
        shared.replace(Some(self.shared.clone()));
        let make = move || {
            let shared = SHARED_OF_REMOTE.with(|shared| shared.borrow().clone());
            shared.expect("the same thread").body(at, by)
        };
        let task = self.on.remote().spawn(make).expect("the loop is open");
        let asked_in = self.shared.asked_in.clone();
        if at == At::Polled {
            return self.act_in_the_step(move || {
                asked_in.set(Some(turns()));
                ask_from_a_thread(task);
            });
        }
        self.settle();
        // The request is taken in at the start of the next turn, and asked in it.
        asked_in.set(Some(self.on.turns() + 1));
        ask_from_a_thread(task);
    }

    fn by_timeout(&self) {
        let (shared, on) = (self.shared.clone(), self.on.handle());
        match self.at {
            At::New => {
                let body = self.body();
                let waits = async move {
                    let task = on.spawn(body).expect("the loop is open");
                    shared.asked_in.set(Some(turns()));
                    drop(wait_for(task, Some(Duration::ZERO)).await);
                };
                drop(self.on.spawn(waits).expect("the loop is open"));
            }
            At::Polled => {
                let (here, body) = (on.clone(), self.body());
                let waits = async move {
                    let task = here.spawn(body).expect("the loop is open");
                    drop(wait_for(task, Some(HOUR)).await);
                };
                drop(self.on.spawn(waits).expect("the loop is open"));
                // The deadline passes while the task is polled.
                self.act_in_the_step(move || {
                    on.advance(HOUR);
                    shared.asked_in.set(Some(turns()));
                });
            }
            _ => {
                let task = self.spawn();
                self.settle();
                let waits = async move { drop(wait_for(task, Some(Duration::ZERO)).await) };
                self.shared.asked_in.set(Some(self.on.turns() + 1));
                drop(self.on.spawn(waits).expect("the loop is open"));
            }
        }
    }

    fn by_group(&self) {
        let (at, shared, body) = (self.at, self.shared.clone(), self.body());
        let group = TaskGroup::<()>::new();
        let inner = group.clone();
        let running = async move {
            let ended = inner.run(async {
                let member = async move {
                    body.await;
                    Ok::<(), ()>(())
                };
                inner.spawn(member).expect("it takes tasks");
                match at {
                    At::New => {}
                    At::Polled => pending().await,
                    _ => {
                        yield_now().await;
                        yield_now().await;
                    }
                }
                shared.asked_in.set(Some(turns()));
                Err::<(), ()>(())
            });
            drop(ended.await);
        };
        if at != At::Polled {
            drop(self.on.spawn(running).expect("the loop is open"));
            return;
        }
        // The group is dropped in the member's own step, and cancels its members.
        let running: Slot<Pin<Box<dyn Future<Output = ()>>>> =
            Rc::new(RefCell::new(Some(Box::pin(running))));
        let (kept, shared) = (running.clone(), self.shared.clone());
        self.act_in_the_step(move || {
            shared.asked_in.set(Some(turns()));
            drop(kept.take());
        });
        let polls = async move {
            let mut group = running.take().expect("it was put there");
            assert!(group.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            running.replace(Some(group));
        };
        drop(self.on.spawn(polls).expect("the loop is open"));
    }

    fn end(&self) -> String {
        (0..8).for_each(|_| turn(&self.on));
        let shared = &self.shared;
        if let Some((lock, guard)) = shared.lock.take() {
            assert!(lock.locked() && guard.is_held());
        }
        if !shared.polled.get() {
            return "unpolled".to_owned();
        }
        let (Some(dropped), Some(asked)) = (shared.dropped_in.get(), shared.asked_in.get()) else {
            return format!("{:?}, {:?}", shared.asked_in.get(), shared.dropped_in.get());
        };
        if self.at == At::Done {
            assert!(dropped < asked && shared.answer.get() != Some(true));
            return "refused".to_owned();
        }
        assert_ne!(shared.answer.get(), Some(false));
        (dropped - asked).to_string()
    }
}

thread_local! {
    /// What a task that another thread makes finds on the loop's thread.
    static SHARED_OF_REMOTE: Slot<Shared> = Slot::default();
}

fn ask_from_a_thread(task: RemoteTask<()>) {
    let asks = move || task.cancel().expect("the loop is open");
    std::thread::spawn(asks).join().expect("it asks");
}

#[test]
fn ca_001_a_cancel_has_one_fixed_end_for_each_state_and_each_who_asks() {
    within(|| {
        let mut cells = 0;
        for (at, ends) in ENDS {
            for (by, end) in BY.into_iter().zip(ends) {
                let cell = Scene::new(at, by);
                match by {
                    By::Itself => cell.by_itself(),
                    By::Task => cell.by_task(),
                    By::Thread => cell.by_thread(),
                    By::Timeout => cell.by_timeout(),
                    By::Group => cell.by_group(),
                }
                assert_eq!(cell.end(), end, "{at:?}, cancelled by {by:?}");
                cells += 1;
            }
        }
        assert_eq!(cells, AT.len() * BY.len());
    });
}
