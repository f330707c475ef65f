//! `shield`: who waits may be cancelled without what is waited for.
//!
//!     cargo run --example 26_shield
//!
//! Prints:
//!
//! ```text
//! unshielded: the save is cancelled with who waits for it
//! shielded: who waits is cancelled: true
//! shielded: the save goes on, done: false
//! saved
//! shielded: the save is done: 42 bytes
//! it took longer than we wait, and goes on
//! saved
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def save(): await asyncio.sleep(0.04); print("saved"); return 42
//! async def wait_for_it(saving, shield): await (asyncio.shield(saving) if shield else saving)
//! async def client(shield):
//!     saving = asyncio.create_task(save())
//!     waits = asyncio.create_task(wait_for_it(saving, shield))
//!     await asyncio.sleep(0.02)
//!     waits.cancel()
//!     await asyncio.wait([waits])
//!     return saving, waits
//! async def main():
//!     saving, _ = await client(shield=False)
//!     if saving.cancelled(): print("unshielded: the save is cancelled with who waits for it")
//!     saving, waits = await client(shield=True)
//!     print("shielded: who waits is cancelled:", str(waits.cancelled()).lower())
//!     print("shielded: the save goes on, done:", str(saving.done()).lower())
//!     print("shielded: the save is done:", await saving, "bytes")
//!     saving = asyncio.create_task(save())
//!     try: await asyncio.wait_for(asyncio.shield(saving), 0.02)
//!     except TimeoutError: print("it took longer than we wait, and goes on")
//!     await saving
//! asyncio.run(main())
//! ```
//!
//! Look at `Watch` in `shield.rs` to see why.

use oneloop::{Awaitable, Clock, EventLoop, ReturnWhen};
use oneloop::{shield, sleep, spawn, wait, wait_for};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let virtual_time = EventLoop::builder().clock(Clock::AutoJump).build()?;
    virtual_time.run(async {
        let (saving, _) = client(false).await;
        if saving.cancelled() {
            println!("unshielded: the save is cancelled with who waits for it");
        }
        let (saving, waits) = client(true).await;
        println!("shielded: who waits is cancelled: {}", waits.cancelled());
        println!("shielded: the save goes on, done: {}", saving.done());
        println!("shielded: the save is done: {} bytes", saving.await?);

        let saving: Awaitable<u32> = spawn(save()).into();
        if wait_for(shield(&saving), Some(MS * 20)).await.is_err() {
            println!("it took longer than we wait, and goes on");
        }
        saving.await?;
        Ok(())
    })?
}

async fn save() -> u32 {
    sleep(MS * 40).await;
    println!("saved");
    42
}

/// Begins to save, waits for it in a task, and has that cancelled half-way.
async fn client(shielded: bool) -> (Awaitable<u32>, Awaitable<()>) {
    let saving: Awaitable<u32> = spawn(save()).into();
    let it = saving.clone();
    let waits: Awaitable<()> = spawn(async move {
        let it = if shielded { shield(it) } else { it };
        it.await.expect("it is saved, or this task is cancelled");
    })
    .into();
    sleep(MS * 20).await;
    waits.cancel();
    let ended = wait([waits.clone()], None, ReturnWhen::AllCompleted).await;
    drop(ended.expect("there is one to wait for"));
    (saving, waits)
}
