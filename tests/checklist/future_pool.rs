//! FU: `Blocking`, the future of a job on another thread, where asyncio wraps one.

use crate::loops::{real, tick};
use crate::reports::Reports;
use oneloop::Blocking;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[test]
fn fu_023_a_job_gives_its_value_and_its_task_goes_on_at_home() {
    let on = real();
    let job = on.run_in_executor(|| "value").unwrap();
    let task = on.spawn(async { job.await.unwrap() }).unwrap();
    let home = thread::current().id();
    let handle = on.handle();
    task.add_done_callback(move |_| {
        assert_eq!(thread::current().id(), home);
        handle.stop();
    });
    on.run_forever().unwrap();
    assert_eq!(task.result().unwrap().unwrap(), "value");
}

/// Awaits a job that is kept elsewhere, so that a cancelled await does not take it along.
async fn lent(job: Rc<RefCell<Blocking<u32>>>) -> u32 {
    poll_fn(|cx| Pin::new(&mut *job.borrow_mut()).poll(cx)).await.unwrap()
}

#[test]
fn fu_024_cancelling_who_awaits_a_job_that_has_just_ended_keeps_its_result() {
    let on = real();
    let reports = Reports::of(&on);
    let (end, ended) = mpsc::channel();
    // Dropped when the job's thread is done with it, its value handed in.
    struct Ends(mpsc::Sender<()>);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let ends = Ends(end);
    let job = on.run_in_executor(move || {
        let _ends = ends;
        7
    });
    let job = Rc::new(RefCell::new(job.unwrap()));
    let waiter = on.spawn(lent(job.clone())).unwrap();
    tick(&on);
    ended.recv().unwrap();
    assert!(waiter.cancel());
    assert!(on.run_until_complete(waiter).unwrap().unwrap_err().is_cancelled());
    assert_eq!(on.run_until_complete(lent(job)).unwrap(), 7);
    assert_eq!(reports.count(), 0);
}

#[test]
fn fu_025_a_job_that_outlives_its_loop_ends_quietly() {
    /// Tells whether it was dropped by a thread in good health.
    struct Value(mpsc::Sender<bool>);
    impl Drop for Value {
        fn drop(&mut self) {
            let _ = self.0.send(!thread::panicking());
        }
    }
    let on = real();
    let (begun, begins) = mpsc::channel();
    let (release, gate) = mpsc::channel();
    let (tell, healthy) = mpsc::channel();
    let job = on
        .run_in_executor(move || {
            begun.send(()).unwrap();
            gate.recv_timeout(Duration::from_secs(60)).unwrap();
            Value(tell)
        })
        .unwrap();
    drop(job);
    begins.recv().unwrap();
    on.close().unwrap();
    release.send(()).unwrap();
    assert!(healthy.recv().unwrap());
}
