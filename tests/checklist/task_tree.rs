//! `TaskTree`: who waits for what, and who awaits whom.

use crate::loops::{jumping, manual, real, ticks};
use oneloop::io::AsyncFd;
use oneloop::{
    Awaitable, EventLoop, LoopHandle, ReturnWhen, Task, TaskGroup, TaskRef, TaskState, TaskTree,
};
use oneloop::{catch_cancel, gather, shield, sleep, spawn, wait, wait_for};
use std::cell::RefCell;
use std::future::pending;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// The tree of a loop after a few turns.
fn tree(on: &LoopHandle) -> TaskTree {
    ticks(on, 6);
    on.task_tree()
}

/// A task that awaits a child `a`, and perhaps a child `b`, in the way of `by`; the lines of
/// its tree.
fn seen<F>(by: impl FnOnce(Task<()>, Task<()>) -> F) -> String
where
    F: Future + 'static,
{
    let on = manual();
    let [a, b] = ["a", "b"].map(|name| on.spawn_named(name, sleep_long()).unwrap());
    drop(on.spawn_named("parent", by(a, b)));
    let drawn = tree(&on).to_string();
    drawn.replace(": waits for a time that has not come", "")
}

async fn sleep_long() {
    sleep(HOUR).await;
}

const BOTH: &str = "├── a\n└── b\n";

#[test]
fn a_task_stands_below_who_awaits_it() {
    let drawn = seen(|a, _b| a);
    assert_eq!(drawn, "b\nparent: waits for the task a\n└── a\n");
    let drawn = seen(|a, _b| catch_cancel(a));
    assert_eq!(drawn, "b\nparent: waits for the task a\n└── a\n");
}

#[test]
fn those_that_one_task_awaits_at_once_stand_below_it_in_their_order() {
    let at_once = format!("parent: waits for 2 things at once\n{BOTH}");
    assert_eq!(seen(futures::future::join), at_once);
    assert_eq!(seen(|a, b| catch_cancel(futures::future::join(b, a))), at_once);
    assert_eq!(seen(|a, b| catch_cancel(futures::future::join_all([b, a]))), at_once);
}

#[test]
fn an_await_is_found_through_what_stands_for_the_task() {
    let future = format!("parent: waits for a future\n{BOTH}");
    assert_eq!(seen(|a, b| async { gather([b, a]).await }), future);
    let nested = |a, b| async { gather([gather([Awaitable::from(a), shield(b)])]).await };
    assert_eq!(seen(nested), future);
    assert_eq!(seen(|a, b| wait([a, b], None, ReturnWhen::FirstCompleted)), future);
    let one = "b\nparent: waits for a future\n└── a\n";
    assert_eq!(seen(|a, _b| shield(a).into_future()), one);
    let one = "b\nparent: waits for the task a\n└── a\n";
    assert_eq!(seen(|a, _b| wait_for(a, Some(HOUR))), one);
}

#[test]
fn who_waits_for_the_end_of_a_group_awaits_its_tasks() {
    let on = manual();
    let main = async {
        let group = TaskGroup::<()>::new();
        let body = async {
            for name in ["a", "b"] {
                drop(group.spawn_named(name, async {
                    sleep(HOUR).await;
                    Ok(())
                }));
            }
            Ok(())
        };
        group.run(body).await
    };
    drop(on.spawn_named("parent", main));
    let drawn = tree(&on).to_string().replace(": waits for a time that has not come", "");
    assert_eq!(drawn, format!("parent: waits for a future\n{BOTH}"));
}

#[test]
fn a_task_that_several_await_stands_below_each_and_its_own_tree_once() {
    let on = manual();
    let inner = on.spawn_named("inner", sleep_long()).unwrap();
    let shared = Rc::new(on.spawn_named("shared", inner).unwrap());
    for name in ["one", "two"] {
        let shared = shared.clone();
        drop(on.spawn_named(name, async move { drop((&*shared).await) }));
    }
    let expected = "\
one: waits for the task shared
└── shared: waits for the task inner
    └── inner: waits for a time that has not come
two: waits for the task shared
└── shared: waits for the task inner (see above)
";
    assert_eq!(tree(&on).to_string(), expected);
    let names = |tasks: Vec<TaskRef>| tasks.iter().map(TaskRef::name).collect::<Vec<_>>();
    assert_eq!(names(shared.awaits()), ["inner"]);
    assert_eq!(names(shared.awaited_by()), ["one", "two"]);
}

#[test]
fn a_circle_is_shown_once_and_marked() {
    let on = manual();
    let slot: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let later = slot.clone();
    let egg = on.spawn_named("egg", async move {
        let hen = later.take().unwrap();
        drop(hen.await);
    });
    let hen = on.spawn_named("hen", async move { drop(egg.unwrap().await) });
    slot.replace(Some(hen.unwrap()));
    let expected = "\
egg: waits for the task hen
└── hen: waits for the task egg
    └── egg: waits for the task hen (a circle: see above)
";
    assert_eq!(tree(&on).to_string(), expected);
}

#[test]
fn a_long_chain_goes_on_below_and_names_each_task() {
    let on = manual();
    let mut next = on.spawn(sleep_long()).unwrap();
    for _ in 1..1000 {
        next = on.spawn(async move { drop(next.await) }).unwrap();
    }
    let drawn = tree(&on).to_string();
    let times = |what: &str| drawn.matches(what).count();
    assert_eq!((times("(see below)"), times("(from above)")), (16, 16));
    assert!((1..=1000).all(|id| drawn.contains(&format!("Task-{id}: "))));
}

#[test]
fn a_node_says_how_far_its_task_is() {
    let on = jumping();
    on.run_until_complete(async {
        let here = oneloop::running_loop().unwrap();
        let stubborn = spawn(async {
            let _ = catch_cancel(pending::<()>()).await;
            sleep(HOUR).await;
        });
        sleep(HOUR).await;
        stubborn.cancel();
        sleep(Duration::from_secs(1)).await;
        drop(spawn(async {}));
        let tree = here.task_tree();
        let states: Vec<TaskState> = tree.tasks().iter().map(|task| task.state).collect();
        assert_eq!(states, [TaskState::Running, TaskState::Cancelling, TaskState::New]);
        assert_eq!(tree.get(3).unwrap().waits_for, "its first step");
        assert_eq!(tree.roots().count(), 3);
    })
    .unwrap();
}

#[test]
fn a_task_that_waits_for_a_descriptor_says_which() {
    let on: EventLoop = real();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let fd = ours.as_raw_fd();
    let ours = AsyncFd::on(&on, ours);
    drop(on.spawn_named("reader", async move {
        ours.read_with(|mut stream| std::io::Read::read(&mut stream, &mut [0])).await
    }));
    assert_eq!(tree(&on).to_string(), format!("reader: waits for fd {fd} to be readable\n"));
}

#[test]
fn the_spawn_site_is_known_if_the_loop_was_observed() {
    struct Nobody;
    impl oneloop::Observer for Nobody {
        fn event(&self, _: oneloop::Moment, _: &oneloop::Event<'_>) {}
    }
    let on = manual();
    drop(on.spawn(pending::<()>()));
    on.set_observer(Some(Rc::new(Nobody)));
    drop(on.spawn(pending::<()>()));
    let sites: Vec<bool> = tree(&on).tasks().iter().map(|task| task.spawned_at.is_some()).collect();
    assert_eq!(sites, [false, true]);
    assert!(on.task_tree().to_string().contains("(spawned at tests/checklist/task_tree.rs:"));
}

#[test]
fn the_tree_of_a_closed_loop_is_empty() {
    let on = manual();
    let task = on.spawn(pending::<()>()).unwrap();
    ticks(&on, 1);
    on.close().unwrap();
    assert_eq!(on.task_tree().tasks(), []);
    assert!(task.awaits().is_empty() && task.awaited_by().is_empty());
}

#[test]
fn tasks_of_another_loop_are_not_taken_for_ones_own() {
    let (on, other) = (manual(), manual());
    drop(on.spawn_named("same key", pending::<()>()));
    let foreign = other.spawn(pending::<()>()).unwrap();
    drop(on.spawn_named(
        "waits",
        async move { wait([foreign], None, ReturnWhen::AllCompleted).await },
    ));
    assert_eq!(tree(&on).roots().count(), 2);
}
