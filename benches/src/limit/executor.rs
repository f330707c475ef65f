//! A bare executor: a slab of tasks, a queue of indices, and a waker that is an
//! index, so that cloning and dropping it does nothing.
use crate::rt::Rt;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

struct Executor {
    tasks: RefCell<Vec<Option<Rc<dyn Runnable>>>>,
    queued: RefCell<Vec<bool>>,
    free: RefCell<Vec<usize>>,
    queue: RefCell<VecDeque<usize>>,
}

thread_local! {
    static EXECUTOR: Executor = const {
        Executor {
            tasks: RefCell::new(Vec::new()),
            queued: RefCell::new(Vec::new()),
            free: RefCell::new(Vec::new()),
            queue: RefCell::new(VecDeque::new()),
        }
    };
}

impl Executor {
    fn push(&self, task: Rc<dyn Runnable>) {
        let id = match self.free.borrow_mut().pop() {
            Some(id) => {
                self.tasks.borrow_mut()[id] = Some(task);
                self.queued.borrow_mut()[id] = true;
                id
            }
            None => {
                self.tasks.borrow_mut().push(Some(task));
                self.queued.borrow_mut().push(true);
                self.tasks.borrow().len() - 1
            }
        };
        self.queue.borrow_mut().push_back(id);
    }

    fn wake(&self, id: usize) {
        if !std::mem::replace(&mut self.queued.borrow_mut()[id], true) {
            self.queue.borrow_mut().push_back(id);
        }
    }

    /// Polls the next task in the queue; false when there is none.
    fn turn(&self) -> bool {
        let Some(id) = self.queue.borrow_mut().pop_front() else {
            return false;
        };
        self.queued.borrow_mut()[id] = false;
        let Some(task) = self.tasks.borrow()[id].clone() else {
            return true;
        };
        let data = std::ptr::without_provenance(id);
        // SAFETY: the data is a number and no pointer, and `VTABLE` takes it for one.
        let waker = unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) };
        if task.run(&mut Context::from_waker(&waker)) {
            self.tasks.borrow_mut()[id] = None;
            self.free.borrow_mut().push(id);
        }
        true
    }
}

/// A wake looks the index up in its own thread's executor: on any other thread
/// that is a panic, never a wrong access.
static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |id| RawWaker::new(id, &VTABLE),
    |id| EXECUTOR.with(|ex| ex.wake(id.addr())),
    |id| EXECUTOR.with(|ex| ex.wake(id.addr())),
    |_| {},
);

trait Runnable {
    /// One poll; true when the task is done.
    fn run(&self, cx: &mut Context<'_>) -> bool;
}

struct Task<F: Future> {
    future: UnsafeCell<Option<F>>,
    output: Cell<Option<F::Output>>,
    joiner: Cell<Option<Waker>>,
}

fn start<F: Future + 'static>(f: F) -> Rc<Task<F>> {
    let task = Rc::new(Task {
        future: UnsafeCell::new(Some(f)),
        output: Cell::new(None),
        joiner: Cell::new(None),
    });
    EXECUTOR.with(|ex| ex.push(task.clone()));
    task
}

impl<F: Future> Runnable for Task<F> {
    fn run(&self, cx: &mut Context<'_>) -> bool {
        // SAFETY: only `turn` calls `run`, and `turn` is called by `block_on`
        // alone, never from inside a poll: this is the only reference.
        let future = unsafe { &mut *self.future.get() };
        let Some(f) = future else { return true };
        // SAFETY: the future lives in an Rc and is dropped there, never moved.
        match unsafe { Pin::new_unchecked(f) }.poll(cx) {
            Poll::Pending => false,
            Poll::Ready(v) => {
                *future = None;
                self.output.set(Some(v));
                if let Some(w) = self.joiner.take() {
                    w.wake();
                }
                true
            }
        }
    }
}

trait Joinable<T> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<T>;
}

impl<F: Future> Joinable<F::Output> for Task<F> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.output.take() {
            Some(v) => Poll::Ready(v),
            None => {
                self.joiner.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

pub struct Join<T>(Rc<dyn Joinable<T>>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.poll_join(cx)
    }
}

pub struct Limit;

impl Rt for Limit {
    type Join<T: 'static> = Join<T>;

    fn block_on<F: Future + 'static>(f: F) -> F::Output
    where
        F::Output: 'static,
    {
        let main = start(f);
        EXECUTOR.with(|ex| {
            loop {
                if let Some(v) = main.output.take() {
                    return v;
                }
                assert!(ex.turn(), "nothing is left that could wake the main task");
            }
        })
    }

    #[inline]
    fn spawn<F: Future + 'static>(f: F) -> Join<F::Output>
    where
        F::Output: 'static,
    {
        Join(start(f))
    }

    #[inline]
    fn detach<F: Future<Output = ()> + 'static>(f: F) {
        drop(start(f));
    }
}
