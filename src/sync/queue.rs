//! `Queue`, `LifoQueue`, `PriorityQueue`: asyncio's, which differ only in what comes next.

use super::error::{GetError, PutError, QueueShutDown, TooManyTaskDone};
use super::queue_core::{Core, Heap, Stack};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

/// A queue: what was put first is got first. Clones are the same queue.
///
/// # Ordering
/// Getters are served first come, first served, and putters too (rule 9): an item that is
/// put wakes the first getter, which goes on in the next turn. The item is not kept for
/// it: if somebody else takes it in the meantime, the getter waits again, behind the
/// others. The same goes for putters and free places. All this is asyncio's.
///
/// ```
/// use oneloop::sync::Queue;
///
/// oneloop::run(async {
///     let queue = Queue::new(1);
///     let ours = queue.clone();
///     let task = oneloop::spawn(async move {
///         for item in 0..3 {
///             ours.put(item).await.unwrap();
///         }
///         ours.shutdown(false);
///     });
///     let mut sum = 0;
///     while let Ok(item) = queue.get().await {
///         sum += item;
///     }
///     assert_eq!(sum, 3);
///     task.await.unwrap();
/// })
/// .unwrap();
/// ```
pub struct Queue<T>(Rc<Core<VecDeque<T>>>);

/// A queue of which the newest item is got first; otherwise as [`Queue`].
///
/// ```
/// let stack = oneloop::sync::LifoQueue::new(0);
/// stack.put_nowait("older").unwrap();
/// stack.put_nowait("newer").unwrap();
/// assert_eq!(stack.get_nowait(), Ok("newer"));
/// ```
pub struct LifoQueue<T>(Rc<Core<Stack<T>>>);

/// A queue of which the least item is got first, and of equal ones the oldest; otherwise
/// as [`Queue`].
///
/// # Panics
/// Putting and getting do when the comparison of two items panics, or uses this queue.
///
/// ```
/// let queue = oneloop::sync::PriorityQueue::new(0);
/// queue.put_nowait((2, "later")).unwrap();
/// queue.put_nowait((1, "soon")).unwrap();
/// assert_eq!(queue.get_nowait(), Ok((1, "soon")));
/// ```
pub struct PriorityQueue<T: Ord>(Rc<Core<Heap<T>>>);

macro_rules! queue {
    ($name:ident $(, $bound:ident)?) => {
        impl<T $(: $bound)?> $name<T> {
            /// A queue for `maxsize` items; 0: for any number.
            pub fn new(maxsize: usize) -> Self {
                $name(Rc::new(Core::new(maxsize)))
            }

            /// Puts an item in; waits while the queue is full.
            ///
            /// # Errors
            /// When the queue was shut down; the item comes back.
            ///
            /// # Cancel safety
            /// Cancelled or dropped, it leaves the line, and the item is dropped, not put;
            /// if it had been woken for a free place, the next one is woken instead.
            ///
            /// # Panics
            /// When it has to wait and no loop is running on this thread.
            pub async fn put(&self, item: T) -> Result<(), QueueShutDown<T>> {
                self.0.put(item).await
            }

            /// Puts an item in, if there is room. Passes those who wait to put.
            ///
            /// # Errors
            /// When the queue is full or was shut down; the item comes back.
            pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
                self.0.put_nowait(item)
            }

            /// Takes the next item out; waits while there is none.
            ///
            /// # Errors
            /// When the queue was shut down, and is empty.
            ///
            /// # Cancel safety
            /// Cancelled or dropped, it leaves the line. No item is lost: one that is taken
            /// out is returned at once, and if this getter had been woken for one, the
            /// next getter is woken instead.
            ///
            /// # Panics
            /// When it has to wait and no loop is running on this thread.
            pub async fn get(&self) -> Result<T, QueueShutDown> {
                self.0.get().await
            }

            /// Takes the next item out, if there is one. Passes those who wait to get.
            ///
            /// # Errors
            /// When the queue is empty; then also if it was shut down.
            pub fn get_nowait(&self) -> Result<T, GetError> {
                self.0.get_nowait()
            }

            /// Says that an item that was got has been dealt with, for
            /// [`join`](Self::join).
            ///
            /// # Errors
            /// When all items that were ever put have been dealt with.
            pub fn task_done(&self) -> Result<(), TooManyTaskDone> {
                self.0.task_done()
            }

            /// Waits until [`task_done`](Self::task_done) was called for each item that
            /// was put. Does not suspend if that is so.
            ///
            /// # Cancel safety
            /// Nothing is lost.
            ///
            /// # Panics
            /// When it has to wait and no loop is running on this thread.
            pub async fn join(&self) {
                self.0.join().await;
            }

            /// Ends the queue: nothing can be put any more, what is in it can still be
            /// got, and all who wait find out in the next turn. `immediate`: what is in it
            /// is dropped, and counts as dealt with.
            pub fn shutdown(&self, immediate: bool) {
                self.0.shutdown(immediate);
            }

            /// Whether the queue was shut down.
            pub fn is_shutdown(&self) -> bool {
                self.0.is_shut_down()
            }

            /// How many items are in it.
            #[doc(alias = "qsize")]
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether no item is in it.
            #[doc(alias = "empty")]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether there is room for no more; never if there is no limit.
            #[doc(alias = "full")]
            pub fn is_full(&self) -> bool {
                self.0.is_full()
            }

            /// For how many items there is room in all; 0: for any number.
            pub fn maxsize(&self) -> usize {
                self.0.maxsize()
            }
        }

        impl<T $(: $bound)?> Clone for $name<T> {
            fn clone(&self) -> Self {
                $name(self.0.clone())
            }
        }

        impl<T $(: $bound)?> Default for $name<T> {
            /// A queue without a limit.
            fn default() -> Self {
                Self::new(0)
            }
        }

        impl<T $(: $bound)?> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(stringify!($name), f)
            }
        }
    };
}

queue!(Queue);
queue!(LifoQueue);
queue!(PriorityQueue, Ord);
