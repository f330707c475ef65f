//! PN, panics: they end what they happen in, are told once, and harm nobody else.

use crate::support::{
    OnDrop, bump, child_of, counter, in_child, logged, new_loop, nth, reports, virtual_loop, watch,
    within,
};
use oneloop::{Cause, Event, EventLoop, LoopHandle, Task};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Ten of a kind, of which the third panics: nine run, one report, the loop lives.
fn third_of_ten(start: impl Fn(&EventLoop, Box<dyn FnOnce()>)) {
    let event_loop = virtual_loop();
    let (reports, ran) = (reports(&event_loop), counter());
    for number in 1..=10 {
        let ran = ran.clone();
        let run = move || {
            assert_ne!(number, 3, "the third panics");
            bump(&ran);
        };
        start(&event_loop, Box::new(run));
    }
    (0..4).for_each(|_| turn(&event_loop));
    assert_eq!(ran.get(), 9);
    assert_eq!(reports.borrow().len(), 1, "{:?}", reports.borrow());
    assert!(reports.borrow()[0].contains("the third panics"), "{:?}", reports.borrow());
    assert_eq!(event_loop.run_until_complete(async { 7 }).expect("the loop lives"), 7);
}

#[test]
fn pn_001_a_panic_in_a_callback_ends_that_callback() {
    third_of_ten(|event_loop, run| drop(event_loop.call_soon(run).expect("it is open")));
}

#[test]
fn pn_001_a_panic_in_a_timer_ends_that_timer() {
    third_of_ten(|event_loop, run| {
        event_loop.call_later(Duration::ZERO, run).expect("it is open");
    });
}

#[test]
fn pn_001_a_panic_in_a_task_ends_that_task() {
    third_of_ten(|event_loop, run| drop(event_loop.spawn(async { run() }).expect("it is open")));
}

#[test]
fn pn_001_a_panic_in_a_done_callback_ends_that_callback() {
    third_of_ten(|event_loop, run| {
        let future = event_loop.create_future::<()>();
        future.add_done_callback(|_| run());
        future.set_result(()).expect("it is set once");
    });
}

#[test]
fn pn_001_a_panic_in_an_injected_call_ends_that_call() {
    let event_loop = new_loop();
    let reports = reports(&event_loop);
    let remote = event_loop.remote();
    let inject = move || {
        remote.call_soon_threadsafe(|| panic!("it panics")).expect("it is open");
        remote.stop().expect("it is open");
    };
    std::thread::spawn(inject).join().expect("no panic here");
    event_loop.run_forever().expect("stopped by the thread");
    assert_eq!(reports.borrow().len(), 1);
}

/// A reader that panics is reported, and goes on being called: it is still registered.
#[test]
fn pn_001_a_panic_in_a_reader_ends_that_call() {
    let event_loop = new_loop();
    let (reports, calls) = (reports(&event_loop), counter());
    let (near, mut far) = std::os::unix::net::UnixStream::pair().expect("a socket pair");
    std::io::Write::write_all(&mut far, b"x").expect("there is room");
    let (count, handle) = (calls.clone(), event_loop.handle());
    let reader = move || match nth(&count) {
        1 => panic!("it panics"),
        _ => handle.stop(),
    };
    event_loop.add_reader(&near, reader).expect("a socket can be polled");
    within_turns(&event_loop, || calls.get() >= 2);
    assert_eq!((reports.borrow().len(), event_loop.remove_reader(&near)), (1, true));
}

#[track_caller]
fn within_turns(event_loop: &EventLoop, done: impl Fn() -> bool) {
    for _ in 0..100 {
        if done() {
            return;
        }
        turn(event_loop);
    }
    panic!("it did not come in 100 turns");
}

#[test]
fn pn_001_a_panic_in_main_comes_out_of_run_although_the_rest_panics_too() {
    within(|| {
        let run = || {
            oneloop::run(async {
                for _ in 0..3 {
                    drop(oneloop::spawn(async {
                        let _held = OnDrop(|| panic!("a task that is left over"));
                        pending::<()>().await;
                    }));
                }
                oneloop::yield_now().await;
                panic!("main")
            })
        };
        let payload = catch_unwind(run).map(drop).expect_err("main panicked");
        assert_eq!(oneloop::error::panic_message(&*payload), "main");
        assert_eq!(oneloop::run(async { 7 }).expect("another run is well"), 7);
    });
}

#[test]
fn pn_001_a_panic_that_was_looked_at_is_not_reported() {
    let event_loop = virtual_loop();
    let reports = reports(&event_loop);
    let main = async {
        let task: Task<()> = oneloop::spawn(async { panic!("it panics") });
        assert!((&task).await.expect_err("it panicked").is_panic());
        let task: Task<()> = oneloop::spawn(async { panic!("it panics") });
        assert!(task.await.expect_err("it panicked").is_panic());
    };
    event_loop.run_until_complete(main).expect("it ends");
    assert_eq!(*reports.borrow(), Vec::<String>::new());
}

/// A value whose drop panics, once.
fn bomb() -> OnDrop<impl FnMut()> {
    let mut first = true;
    OnDrop(move || assert!(!std::mem::take(&mut first), "the drop panics"))
}

/// Runs something that drops a bomb inside of the loop: contained, told, and survived.
fn contained(start: impl FnOnce(&EventLoop)) {
    let event_loop = virtual_loop();
    let reports = reports(&event_loop);
    let well = catch_unwind(AssertUnwindSafe(|| {
        start(&event_loop);
        (0..4).for_each(|_| turn(&event_loop));
    }));
    assert!(well.is_ok(), "the panic went through the loop");
    assert_eq!(reports.borrow().len(), 1, "{:?}", reports.borrow());
    assert_eq!(event_loop.run_until_complete(async { 7 }).expect("the loop lives"), 7);
    drop(event_loop);
    assert_eq!(reports.borrow().len(), 1, "{:?}", reports.borrow());
}

#[test]
fn pn_002_a_future_that_panics_when_it_is_dropped_at_its_end_is_contained() {
    contained(|event_loop| {
        let held = bomb();
        let ends = poll_fn(move |_| {
            let _held = &held;
            Poll::Ready(())
        });
        drop(event_loop.spawn(ends).expect("the loop is open"));
    });
}

#[test]
fn pn_002_a_future_that_panics_when_it_is_cancelled_is_contained() {
    contained(|event_loop| {
        let held = bomb();
        let task = event_loop.spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        let task = task.expect("the loop is open");
        turn(event_loop);
        assert!(task.cancel());
    });
}

#[test]
fn pn_002_a_future_that_panics_when_it_is_polled_and_when_it_is_dropped_is_contained() {
    let event_loop = virtual_loop();
    let reports = reports(&event_loop);
    let held = bomb();
    let panics = poll_fn(move |_| -> Poll<()> {
        let _held = &held;
        panic!("the poll panics")
    });
    drop(event_loop.spawn(panics).expect("the loop is open"));
    (0..3).for_each(|_| turn(&event_loop));
    assert_eq!(reports.borrow().len(), 2, "{:?}", reports.borrow());
    assert!(event_loop.all_tasks().is_empty());
}

#[test]
fn pn_002_a_result_that_nobody_takes_and_that_panics_when_it_is_dropped_is_contained() {
    contained(|event_loop| {
        let held = bomb();
        drop(event_loop.spawn(async move { held }).expect("the loop is open"));
    });
}

#[test]
fn pn_002_a_callback_that_panics_when_it_is_dropped_is_contained() {
    contained(|event_loop| {
        let held = bomb();
        event_loop.call_soon(move || drop(held)).expect("the loop is open").cancel();
    });
}

#[test]
fn pn_002_a_timer_that_panics_when_it_is_dropped_is_contained() {
    contained(|event_loop| {
        let held = bomb();
        let second = Duration::from_secs(1);
        event_loop.call_later(second, move || drop(held)).expect("the loop is open").cancel();
    });
}

#[test]
fn pn_002_a_panic_whose_payload_panics_when_it_is_dropped_is_contained() {
    contained(|event_loop| {
        let payload = std::sync::Mutex::new(bomb_that_may_travel());
        let panics = move || std::panic::panic_any(payload);
        event_loop.call_soon(panics).expect("the loop is open");
    });
}

fn bomb_that_may_travel() -> OnDrop<impl FnMut() + Send> {
    let mut first = true;
    OnDrop(move || assert!(!std::mem::take(&mut first), "the drop panics"))
}

#[test]
fn pn_002_a_job_that_panics_when_it_is_refused_is_contained() {
    within(|| {
        let event_loop = EventLoop::builder().max_workers(1).build().expect("a loop");
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = event_loop
            .run_in_executor(move || {
                let _ = wait.recv();
            })
            .expect("it is open");
        let held = bomb_that_may_travel();
        let queued = event_loop.run_in_executor(move || drop(held)).expect("it is open");
        let well = catch_unwind(AssertUnwindSafe(|| drop(event_loop)));
        drop(go);
        assert!(well.is_ok());
        drop((first, queued));
    });
}

#[test]
fn pn_003_an_exception_handler_that_panics_is_logged_with_what_it_had() {
    let lines = logged(|| {
        let event_loop = virtual_loop();
        event_loop.set_exception_handler(|_| panic!("the handler panics"));
        event_loop.call_soon(|| panic!("the callback panics")).expect("the loop is open");
        turn(&event_loop);
        event_loop.reset_exception_handler();
        assert_eq!(event_loop.run_until_complete(async { 7 }).expect("the loop lives"), 7);
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["ERROR", "the handler panics", "the callback panics"] {
        assert!(lines[0].contains(part), "{part} is missing in {lines:?}");
    }
}

/// Two panics at once on one stack are Rust's end of a process; the loop cannot help it.
#[test]
fn pn_003_a_panic_while_a_panic_unwinds_aborts_the_process() {
    const SIGABRT: i32 = 6;
    let output = child_of(pn_003_a_panic_while_a_panic_unwinds_aborts_the_process, || {
        let _ = oneloop::run(async {
            let _held = OnDrop(|| panic!("the second"));
            panic!("the first")
        });
    });
    if let Some(output) = output {
        assert_eq!(output.status.signal(), Some(SIGABRT), "{}", output.status);
    }
}

/// A closure that panics under a lock of the pool, or in the middle of a cancel, leaves
/// what it panicked in usable.
#[test]
fn pn_004_what_somebody_panicked_in_is_usable() {
    within(|| {
        let event_loop = new_loop();
        let _reports = reports(&event_loop);
        let (hooks, waker) = crate::hooks::Hooks::new(|_| panic!("the waker panics"));
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let job = event_loop.run_in_executor(move || wait.recv().is_err()).expect("it is open");
        let mut job = Box::pin(job);
        hooks.arm(true);
        let mut cx = std::task::Context::from_waker(&waker);
        let poll = catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(&mut cx).is_ready()));
        hooks.arm(false);
        assert!(poll.is_err(), "cloning the waker panics");
        drop(go);
        let result = event_loop.run_until_complete(job).expect("the loop lives");
        assert!(result.expect("the job ran"));
    });
}

#[test]
fn pn_004_an_observer_that_panics_is_taken_off_and_the_loop_goes_on() {
    let event_loop = virtual_loop();
    let (reports, events) = (reports(&event_loop), counter());
    let count = events.clone();
    watch(&event_loop, move |_| {
        bump(&count);
        panic!("the observer panics");
    });
    let ran = Rc::new(RefCell::new(Vec::new()));
    for number in 0..3 {
        let ran = ran.clone();
        event_loop.call_soon(move || ran.borrow_mut().push(number)).expect("it is open");
    }
    (0..2).for_each(|_| turn(&event_loop));
    assert_eq!((ran.take(), events.get(), reports.borrow().len()), (vec![0, 1, 2], 1, 1));
}

#[test]
fn pn_004_an_observer_may_panic_in_any_step_of_a_turn() {
    let kinds: [fn(&Event<'_>) -> bool; 5] = [
        |event| matches!(event, Event::Turn { .. }),
        |event| matches!(event, Event::Jumps { .. }),
        |event| matches!(event, Event::Ready { cause: Cause::OtherThread, .. }),
        |event| matches!(event, Event::Ready { cause: Cause::Deadline, .. }),
        |event| matches!(event, Event::Runs { .. }),
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let event_loop = virtual_loop();
        let reports = reports(&event_loop);
        let remote = event_loop.remote();
        let send = move || remote.call_soon_threadsafe(|| {}).expect("the loop is open");
        std::thread::spawn(send).join().expect("no panic");
        watch(&event_loop, move |event| assert!(!kind(event), "the observer panics"));
        let second = async { oneloop::sleep(Duration::from_secs(1)).await };
        event_loop.run_until_complete(second).expect("it ends");
        assert_eq!(reports.borrow().len(), 1, "kind {number}: {:?}", reports.borrow());
        assert!(!event_loop.is_running());
    }
}

/// Where callbacks were scheduled is forgotten with the last observer: nobody would take it
/// out any more.
#[test]
fn pn_004_what_was_noted_for_an_observer_goes_with_it() {
    let event_loop = virtual_loop();
    let sites: Rc<RefCell<Vec<bool>>> = Rc::default();
    let seen = sites.clone();
    event_loop.set_exception_handler(move |context| {
        seen.borrow_mut().push(context.scheduled_at().is_some());
    });
    watch(&event_loop, |_| {});
    event_loop.call_soon(|| panic!("a callback panics")).expect("the loop is open");
    event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    event_loop.call_soon(|| panic!("a callback panics")).expect("the loop is open");
    event_loop.set_observer(None);
    event_loop.turn(Some(Duration::ZERO)).expect("the loop is open");
    assert_eq!(*sites.borrow(), [true, false]);
}

/// The last one to tell of a panic panics, too: nobody is left but the caller of the run.
#[test]
fn pn_004_a_logger_that_panics_ends_the_run_and_not_the_loop() {
    struct Bad;
    impl log::Log for Bad {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &log::Record<'_>) {
            panic!("the logger panics");
        }
        fn flush(&self) {}
    }
    in_child(pn_004_a_logger_that_panics_ends_the_run_and_not_the_loop, || {
        log::set_logger(&Bad).expect("it is the only one in this process");
        log::set_max_level(log::LevelFilter::Error);
        let event_loop = virtual_loop();
        event_loop.call_soon(|| panic!("a callback panics")).expect("the loop is open");
        let run = AssertUnwindSafe(|| drop(event_loop.run_forever()));
        assert!(catch_unwind(run).is_err(), "the logger's panic was lost");
        assert!(!event_loop.is_running());
        assert_eq!(event_loop.run_until_complete(async { 7 }).expect("the loop lives"), 7);
        event_loop.close().expect("it does not run");
    });
}
