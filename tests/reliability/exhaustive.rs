//! The driver behind `every_await`: a task is run once to count its awaits, and then once
//! more for each of them, cancelled there.

use crate::support::virtual_loop;
use oneloop::{EventLoop, Task, TaskRef};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// When the task is asked to cancel, seen from the await that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Never,
    /// In the step that comes to that await.
    Now,
    /// By a callback, in the turn after that.
    Soon,
    /// Both.
    Twice,
}

/// What all parties of one run share.
#[derive(Clone, Default)]
pub(crate) struct World(Rc<Counts>);

#[derive(Default)]
struct Counts {
    open: Cell<usize>,
    ended: Cell<usize>,
}

/// Something that is to be cleaned up.
pub(crate) struct Open(World);

impl World {
    pub(crate) fn open(&self) -> Open {
        self.0.open.set(self.0.open.get() + 1);
        Open(self.clone())
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.0.open.get() == 0
    }

    /// Counts what must happen.
    pub(crate) fn end(&self) {
        self.0.ended.set(self.0.ended.get() + 1);
    }

    pub(crate) fn ended(&self) -> usize {
        self.0.ended.get()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.set(self.0.0.open.get() - 1);
    }
}

/// How one run ended.
pub(crate) struct Run {
    pub(crate) world: World,
    /// The cancel requests that were made.
    pub(crate) asked: u32,
    /// The task ended cancelled.
    pub(crate) cancelled: bool,
    /// Which run this was, for messages.
    pub(crate) which: String,
}

/// Runs `scenario` without a cancel, and then with one at each of its awaits, in each way.
/// After each the loop must be empty, all that was opened closed, every request still
/// counted; `check` looks at what else must hold. Answers how many awaits there were.
pub(crate) fn at_every_await<F>(scenario: impl Fn(World) -> F, check: impl Fn(&Run)) -> usize
where
    F: Future<Output = ()> + 'static,
{
    let awaits = run(scenario(World::default()), World::default(), usize::MAX, When::Never).1;
    for at in 0..awaits {
        for when in [When::Now, When::Soon, When::Twice] {
            let world = World::default();
            check(&run(scenario(world.clone()), world, at, when).0);
        }
    }
    assert!(awaits > 1, "a scenario waits");
    awaits
}

fn run(
    body: impl Future<Output = ()> + 'static,
    world: World,
    at: usize,
    when: When,
) -> (Run, usize) {
    let which = format!("cancelled {when:?} at await {at}");
    let event_loop = virtual_loop();
    let awaits = Rc::new(Cell::new(0));
    let count = awaits.clone();
    let asked = Rc::new(Cell::new(0));
    let asks = asked.clone();
    let main = async move {
        let mut body = pin!(body);
        poll_fn(move |cx| {
            let polled = body.as_mut().poll(cx);
            if polled.is_pending() {
                if count.get() == at {
                    ask(when, &asks);
                }
                count.set(count.get() + 1);
            }
            polled
        })
        .await;
    };
    let task = event_loop.spawn(main).expect("the loop is open");
    end(&event_loop, &task, &which);
    assert!(world.is_clean(), "{which}: not all was closed");
    assert_eq!(task.cancelling(), asked.get(), "{which}: the requests");
    let cancelled = task.cancelled();
    assert!(cancelled || task.result().is_ok_and(|result| result.is_ok()), "{which}: {task:?}");
    drop(task);
    assert_empty(&event_loop, &which);
    (Run { world, asked: asked.get(), cancelled, which }, awaits.get())
}

/// Asks the task that is stepping to cancel.
fn ask(when: When, asked: &Rc<Cell<u32>>) {
    let task = oneloop::current_task().expect("a step is running");
    let ask = |task: &TaskRef, asked: &Cell<u32>| {
        asked.set(asked.get() + u32::from(task.cancel()));
    };
    if matches!(when, When::Now | When::Twice) {
        ask(&task, asked);
    }
    if matches!(when, When::Soon | When::Twice) {
        let asked = asked.clone();
        oneloop::call_soon(move || ask(&task, &asked));
    }
}

/// Runs the task to its end, and then all that is left to its own.
fn end(event_loop: &EventLoop, task: &Task<()>, which: &str) {
    let over = event_loop.create_future();
    let set = over.clone();
    task.add_done_callback(move |_| set.set_result(()).expect("it ends once"));
    let ended = event_loop.run_until_complete(over);
    assert!(ended.is_ok(), "{which}: {ended:?}");
    let idle = async { oneloop::sleep(Duration::from_secs(1 << 20)).await };
    let rest = event_loop.run_until_complete(idle);
    rest.unwrap_or_else(|error| panic!("{which}: {error}"));
}

/// Nothing waits in the loop any more.
pub(crate) fn assert_empty(event_loop: &EventLoop, which: &str) {
    let state = format!("{event_loop:?}");
    let empty = state.contains("tasks: 0, timers: 0, leaves: 0, scopes: 0");
    assert!(empty, "{which}: {state}");
}

/// Waits until `poll` is ready, as a reminder that anybody may write futures.
pub(crate) async fn twice_pending() {
    let mut left = 2;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
