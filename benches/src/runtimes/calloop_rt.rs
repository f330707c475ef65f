//! calloop: futures on its executor, callbacks as idle callbacks, timers as Timer
//! sources (removed when dropped), TCP as Generic sources with callbacks.
use crate::meter::Meter;
use crate::outcome::{Outcome, decline};
use crate::rt::{ECHO_BUF, Mode, Rt, RtTime, SINK_BUF};
use crate::workloads::{self, BATCH};
use calloop::futures::{Scheduler, executor};
use calloop::generic::Generic;
use calloop::timer::{TimeoutAction, Timer};
use calloop::{EventLoop, Interest, LoopHandle, PostAction, RegistrationToken};
use futures::channel::oneshot;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

struct Current {
    handle: LoopHandle<'static, ()>,
    scheduler: Scheduler<()>,
}

thread_local!(static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) });

fn with_current<T>(f: impl FnOnce(&Current) -> T) -> T {
    CURRENT.with_borrow(|c| f(c.as_ref().expect("inside block_on")))
}

struct Calloop;

pub struct Join<T>(oneshot::Receiver<T>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|r| r.unwrap())
    }
}

impl Rt for Calloop {
    type Join<T: 'static> = Join<T>;

    fn block_on<F: Future + 'static>(f: F) -> F::Output
    where
        F::Output: 'static,
    {
        let mut event_loop: EventLoop<'static, ()> = EventLoop::try_new().unwrap();
        let handle = event_loop.handle();
        let (executor, scheduler) = executor::<()>().unwrap();
        handle.insert_source(executor, |_, _, _| {}).unwrap();
        CURRENT.set(Some(Current { handle, scheduler }));
        event_loop.block_on(f, &mut (), |_| {}).unwrap().unwrap()
    }

    /// The executor hands results to its callback; a handle is a oneshot, as its docs say.
    #[inline]
    fn spawn<F: Future + 'static>(f: F) -> Join<F::Output>
    where
        F::Output: 'static,
    {
        let (tx, rx) = oneshot::channel();
        Self::detach(async move {
            let _ = tx.send(f.await);
        });
        Join(rx)
    }

    #[inline]
    fn detach<F: Future<Output = ()> + 'static>(f: F) {
        with_current(|c| c.scheduler.schedule(f).unwrap())
    }
}

#[derive(Default)]
struct Fired {
    fired: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

struct Sleep {
    token: RegistrationToken,
    state: Rc<Fired>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.state.fired.get() {
            return Poll::Ready(());
        }
        self.state.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if !self.state.fired.get() {
            with_current(|c| c.handle.remove(self.token));
        }
    }
}

impl RtTime for Calloop {
    fn sleep(d: Duration) -> impl Future<Output = ()> + 'static {
        let state = Rc::new(Fired::default());
        let fire = state.clone();
        let handle = with_current(|c| c.handle.clone());
        let token = handle
            .insert_source(Timer::from_duration(d), move |_, _, _| {
                fire.fired.set(true);
                if let Some(w) = fire.waker.take() {
                    w.wake();
                }
                TimeoutAction::Drop
            })
            .unwrap();
        Sleep { token, state }
    }
}

/// Idle callbacks: first in first out, run at the end of each dispatch.
fn callbacks(n: u64) -> Outcome {
    struct Shared {
        handle: LoopHandle<'static, ()>,
        n: Cell<u64>,
        count: Cell<u64>,
    }
    fn batch(st: &Rc<Shared>) {
        for _ in 1..BATCH {
            let s = st.clone();
            st.handle.insert_idle(move |_| s.count.set(s.count.get() + 1));
        }
        let s = st.clone();
        st.handle.insert_idle(move |_| {
            s.count.set(s.count.get() + 1);
            if s.count.get() < s.n.get() {
                batch(&s);
            }
        });
    }
    let mut event_loop: EventLoop<'static, ()> = EventLoop::try_new().unwrap();
    let st = Rc::new(Shared { handle: event_loop.handle(), n: Cell::new(0), count: Cell::new(0) });
    let mut go = |n: u64| {
        st.n.set(n);
        st.count.set(0);
        batch(&st);
        while st.count.get() < n {
            event_loop.dispatch(Some(Duration::ZERO), &mut ()).unwrap();
        }
        assert_eq!(st.count.get(), n);
    };
    go((n / 10).next_multiple_of(BATCH));
    let m = Meter::start();
    go(n);
    m.stop(n)
}

fn serve(mode: Mode) -> ! {
    let l = workloads::listen();
    l.set_nonblocking(true).unwrap();
    let mut event_loop: EventLoop<'static, ()> = EventLoop::try_new().unwrap();
    let handle = event_loop.handle();
    let accepted = handle.clone();
    let source = Generic::new(l, Interest::READ, calloop::Mode::Level);
    handle
        .insert_source(source, move |_, l, _| {
            while let Ok((s, _)) = l.accept() {
                if mode == Mode::Accept {
                    accepted.insert_idle(move |_| drop(s)); // a later turn closes it
                } else {
                    connect(&accepted, s, mode)?;
                }
            }
            Ok(PostAction::Continue)
        })
        .unwrap();
    loop {
        event_loop.dispatch(None, &mut ()).unwrap();
    }
}

fn connect(handle: &LoopHandle<'static, ()>, s: TcpStream, mode: Mode) -> io::Result<()> {
    s.set_nonblocking(true)?;
    s.set_nodelay(true)?;
    let len = match mode {
        Mode::Echo => ECHO_BUF,
        _ => SINK_BUF,
    };
    let mut buf = vec![0u8; len];
    let mut total = 0u64;
    let source = Generic::new(s, Interest::READ, calloop::Mode::Level);
    handle
        .insert_source(source, move |_, s, _| {
            let mut s: &TcpStream = s;
            match s.read(&mut buf) {
                Ok(0) => {
                    if mode == Mode::Sink {
                        s.write_all(&total.to_le_bytes())?;
                    }
                    Ok(PostAction::Remove)
                }
                Ok(k) => {
                    total += k as u64;
                    if mode == Mode::Echo {
                        s.write_all(&buf[..k])?; // small: never blocks here
                    }
                    Ok(PostAction::Continue)
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(PostAction::Continue),
                Err(_) => Ok(PostAction::Remove),
            }
        })
        .unwrap();
    Ok(())
}

pub fn run(name: &str, n: u64) -> Option<Outcome> {
    match name {
        "callbacks" => Some(callbacks(n)),
        "serve_echo" => serve(Mode::Echo),
        "serve_sink" => serve(Mode::Sink),
        "serve_accept" => serve(Mode::Accept),
        "timers_live1m" | "mem_sleep" => {
            decline("it searches its sources linearly: a million take minutes")
        }
        _ => {
            let core = workloads::core::<Calloop>(name, n);
            core.or_else(|| workloads::time::<Calloop>(name, n))
        }
    }
}
