//! A producer, two consumers, and a queue between them that is made by hand of what the
//! earlier examples have: a list of items, and a list of futures of those who wait.
//!
//!     cargo run --example 19_producer_consumer
//!
//! Prints:
//!
//! ```text
//! a has 0
//! b has 1
//! a has 2
//! b has 3
//! a is done
//! b is done
//! ```
//!
//! In asyncio:
//!
//! ```python
//! import asyncio
//! async def consume(name, queue):
//!     while (item := await queue.get()) is not None: print(name, "has", item)
//! async def produce(queue, pause):
//!     for item in 0, 1, 2, 3, None, None: queue.put_nowait(item); await asyncio.sleep(pause)
//! async def main(q): await asyncio.gather(consume("a", q), consume("b", q), produce(q, 1))
//! asyncio.run(main(asyncio.Queue()))
//! ```
//!
//! The two consumers are served in turn, first come, first served: look at `Waiters` in
//! `waiters.rs` for the list that the loop's own futures have.

use oneloop::{Clock, EventLoop, Future, create_future, sleep, spawn};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// A queue without a bound; `None` is the end.
#[derive(Default)]
struct Queue {
    items: RefCell<VecDeque<Option<u32>>>,
    waiting: RefCell<VecDeque<Future<()>>>,
}

impl Queue {
    fn put(&self, item: Option<u32>) {
        self.items.borrow_mut().push_back(item);
        if let Some(first) = self.waiting.borrow_mut().pop_front() {
            first.set_result(()).expect("nobody else sets it");
        }
    }

    async fn get(&self) -> Option<u32> {
        loop {
            if let Some(item) = self.items.borrow_mut().pop_front() {
                return item;
            }
            let my_turn = create_future();
            self.waiting.borrow_mut().push_back(my_turn.clone());
            my_turn.await.expect("nobody cancels it");
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    EventLoop::builder().clock(Clock::AutoJump).build()?.run(async {
        let queue = Rc::new(Queue::default());
        let consumers = ["a", "b"].map(|name| spawn(consume(name, queue.clone())));
        spawn(produce(queue)).await?;
        for consumer in consumers {
            consumer.await?;
        }
        Ok(())
    })?
}

async fn produce(queue: Rc<Queue>) {
    for item in [Some(0), Some(1), Some(2), Some(3), None, None] {
        queue.put(item);
        sleep(Duration::from_secs(1)).await;
    }
}

async fn consume(name: &str, queue: Rc<Queue>) {
    while let Some(item) = queue.get().await {
        println!("{name} has {item}");
    }
    println!("{name} is done");
}
