//! The four channels: `oneshot` for one answer, `mpsc` for a stream of values, `broadcast`
//! for news to all, `watch` for the latest state.
//!
//!     cargo run --example 36_channels
//!
//! Prints:
//!
//! ```text
//! oneshot: the answer is 42
//! mpsc: 1 of a
//! mpsc: 2 of a
//! mpsc: 1 of b
//! mpsc: 2 of b
//! mpsc: all senders are gone
//! broadcast: ann has rain, bob has rain
//! broadcast: bob was slow: 1 messages were missed
//! broadcast: bob has snow
//! watch: the state is starting
//! watch: the state is ready
//! watch: nobody will change it any more
//! ```
//!
//! Look at `places` in `mpsc.rs` to see why nobody passes a sender that waits.

use oneloop::sync::{broadcast, mpsc, oneshot, watch};
use oneloop::{Clock, EventLoop, sleep, spawn};
use std::time::Duration;

const A_WHILE: Duration = Duration::from_millis(20);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let (answer, question) = oneshot::channel();
        spawn(async move { answer.send(42) });
        println!("oneshot: the answer is {}", question.await?);
        many_to_one().await;
        news().await?;
        state().await
    })?
}

async fn many_to_one() {
    let (sender, mut receiver) = mpsc::channel(1); // who sends too fast waits
    for name in ["a", "b"] {
        let sender = sender.clone();
        spawn(async move {
            for number in 1..=2 {
                sender.send((number, name)).await.expect("it is received");
            }
        });
    }
    drop(sender);
    while let Some((number, name)) = receiver.recv().await {
        println!("mpsc: {number} of {name}");
    }
    println!("mpsc: all senders are gone");
}

async fn news() -> Result<()> {
    let (sender, mut ann) = broadcast::channel(1); // who reads too slowly misses some
    let mut bob = sender.subscribe();
    sender.send("rain")?;
    println!("broadcast: ann has {}, bob has {}", ann.recv().await?, bob.recv().await?);
    sender.send("sun")?;
    sender.send("snow")?;
    if let Err(missed) = bob.recv().await {
        println!("broadcast: bob was slow: {missed}");
    }
    println!("broadcast: bob has {}", bob.recv().await?);
    Ok(())
}

async fn state() -> Result<()> {
    let (sender, mut receiver) = watch::channel("starting");
    println!("watch: the state is {}", receiver.get());
    spawn(async move {
        sleep(A_WHILE).await;
        // Two changes in one turn: only the last one is seen.
        sender.send("loading").and_then(|()| sender.send("ready")).expect("it is received");
        sleep(A_WHILE).await;
    });
    receiver.changed().await?;
    println!("watch: the state is {}", receiver.get());
    if receiver.changed().await.is_err() {
        println!("watch: nobody will change it any more");
    }
    Ok(())
}
