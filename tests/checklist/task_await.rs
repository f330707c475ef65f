//! TA: what can be awaited, and what becomes a task: asyncio's `ensure_future`, in Rust's
//! terms `spawn` and `IntoFuture`.

use crate::diary::Diary;
use crate::loops::manual;
use std::future::{IntoFuture, Ready, ready};

#[test]
fn ta_036_spawning_makes_a_new_task_and_awaiting_makes_none() {
    let on = manual();
    let numbers = on
        .run_until_complete(async {
            let runs = Diary::default();
            let inner = runs.clone();
            let task = oneloop::spawn(async move { inner.note("ran") });
            let first = task.id();
            (&task).await.unwrap();
            (&task).await.unwrap();
            task.await.unwrap();
            assert_eq!(runs.read(), ["ran"]);
            (first, oneloop::spawn(async {}).id())
        })
        .unwrap();
    assert_eq!(numbers, (2, 3), "the main task is the first; awaiting made no other");
}

/// Something that can be awaited and is no future itself.
struct Order(&'static str);

impl IntoFuture for Order {
    type Output = &'static str;
    type IntoFuture = Ready<&'static str>;

    fn into_future(self) -> Self::IntoFuture {
        ready(self.0)
    }
}

#[test]
fn ta_038_whatever_can_be_awaited_can_be_a_task() {
    let on = manual();
    on.run_until_complete(async {
        assert_eq!(oneloop::spawn(ready(1)).await.unwrap(), 1);
        assert_eq!(oneloop::spawn(Order("tea").into_future()).await.unwrap(), "tea");
        assert_eq!(oneloop::spawn(async { Order("milk").await }).await.unwrap(), "milk");
        let future = oneloop::create_future();
        future.set_result("set").unwrap();
        assert_eq!(oneloop::spawn(future).await.unwrap(), Ok("set"));
        let inner = oneloop::spawn(ready(2));
        assert_eq!(oneloop::spawn(inner).await.unwrap().unwrap(), 2);
    })
    .unwrap();
}
