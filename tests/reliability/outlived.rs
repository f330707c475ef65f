//! PN-13, TP-6: who waits in one loop for something of another that closes is told.
//!
//! Nothing that a loop leaves behind may keep a task of another one, or of another
//! executor, waiting for ever.

use crate::support::{loop_on, new_loop, virtual_loop, within};
use oneloop::io::AsyncFd;
use oneloop::{Clock, EventLoop, LoopHandle};
use std::future::{Future, pending};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

fn turn(handle: &LoopHandle) {
    handle.turn(Some(Duration::ZERO)).expect("the loop is open");
}

/// Has a loop begin to wait, drops the other one, and goes on until the wait is over.
fn is_told<T: 'static>(gone: EventLoop, wait: impl Future<Output = T> + 'static) -> T {
    let here = virtual_loop();
    let task = here.spawn(wait).expect("the loop is open");
    (0..3).for_each(|_| turn(&here));
    assert!(!task.done(), "there is nothing to be told yet");
    gone.set_exception_handler(|_| {});
    drop(gone);
    here.run_until_complete(task).expect("it is told").expect("no panic")
}

#[test]
fn pn_013_who_awaits_a_task_of_a_loop_that_closes_is_told() {
    let gone = virtual_loop();
    let task = gone.spawn(pending::<()>()).expect("the loop is open");
    turn(&gone);
    assert!(is_told(gone, task).is_err());
}

#[test]
fn pn_013_who_waits_for_a_descriptor_of_a_loop_that_closes_is_told() {
    let gone = loop_on(Clock::Manual);
    let (near, far) = UnixStream::pair().expect("a socket pair");
    near.set_nonblocking(true).expect("it can be");
    let near = AsyncFd::on(&gone, near);
    let read = async move {
        let _far = far;
        near.read_with(|mut fd| fd.read(&mut [0])).await
    };
    let result = is_told(gone, read);
    assert_eq!(result.expect_err("its loop is gone").to_string(), "the event loop is closed");
}

/// A job that runs when its loop is dropped, and ends after that.
#[test]
fn tp_006_who_awaits_a_job_of_a_loop_that_is_gone_is_told_when_it_ends() {
    within(|| {
        let gone = new_loop();
        let ((begin, begun), (go, wait)) = (mpsc::channel(), mpsc::channel::<()>());
        let job = gone.run_in_executor(move || {
            begin.send(()).expect("the test waits");
            wait.recv().is_err()
        });
        let job = job.expect("the loop is open");
        begun.recv().expect("the job begins");
        drop(gone);
        let here = new_loop();
        let task = here.spawn(job).expect("the loop is open");
        turn(&here);
        drop(go);
        // The result, or why there is none: either is well.
        drop(here.run_until_complete(task).expect("it is told").expect("no panic"));
    });
}

/// A job that still waits in the queue when its loop is dropped.
#[test]
fn tp_006_who_awaits_a_queued_job_of_a_loop_that_closes_is_told() {
    within(|| {
        let gone = EventLoop::builder().max_workers(1).build().expect("a loop");
        let (go, wait) = mpsc::channel::<()>();
        let first = gone.run_in_executor(move || wait.recv().is_err()).expect("it is open");
        let queued = gone.run_in_executor(|| 7).expect("it is open");
        let here = new_loop();
        let task = here.spawn(queued).expect("the loop is open");
        turn(&here);
        drop(gone);
        let result = here.run_until_complete(task).expect("it is told").expect("no panic");
        assert!(result.is_err(), "it never ran");
        drop((first, go));
    });
}
