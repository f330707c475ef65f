//! A thread that is not the loop's, and what it may do there.

use crate::Outcome;
use crate::watch::say;
use oneloop::{RemoteHandle, run_blocking, running_loop, sleep};
use std::rc::Rc;
use std::time::Duration;

pub(crate) async fn calls() -> Outcome<()> {
    let remote = running_loop()?.remote();
    say("main", "starts a thread that has a RemoteHandle");
    let thread = std::thread::spawn(move || visit(&remote));
    // To wait for a thread would block the loop; so that is work for the pool.
    let joined = run_blocking(move || thread.join()).await?;
    joined.map_err(|_| "the thread panicked")??;
    say("main", "has seen the thread end");
    Ok(())
}

/// All that the other thread does.
fn visit(remote: &RemoteHandle) -> Result<(), String> {
    let call = |who: &'static str, what: String| {
        remote.call_soon_threadsafe(move || say(who, what)).map_err(|error| error.to_string())
    };
    call("call 1", "came from the thread; runs on the loop's".to_owned())?;
    call("call 2", "was sent after call 1".to_owned())?;
    let task = remote.spawn(|| async {
        let answer = Rc::new(42);
        say("task", "was made from the thread, and has an Rc");
        sleep(Duration::from_millis(5)).await;
        *answer
    });
    let task = task.map_err(|error| error.to_string())?;
    let answer = task.wait().map_err(|error| error.to_string())?;
    call("call 3", format!("the thread waited for the task, and got {answer}"))
}
