//! The statements that may wait.
//!
//! Bodies are in boxes because they nest. What a statement does at its end, however it
//! ends, is done in three ways: after a `catch_cancel` where it counts as a step of the
//! coroutine (`try`, `with`), by the library (`Timeout`, `TaskGroup`), or by dropping a
//! guard where nobody can see when that is.

use crate::interpreter::{Frame, Interpreter};
use crate::object::Object;
use crate::scenario::{Name, Statement, Try, Wait};
use crate::value::{CANCELLED, Exc, Outcome, Value};
use oneloop::error::Failure;
use oneloop::{AsCompleted, Awaitable, Cancelled, JoinError, TaskGroup, Timeout};
use oneloop::{ReturnWhen, catch_cancel};
use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

/// How a block ended. `Some`: by a `return`.
type Ended = Result<Option<Value>, Exc>;

type Block<'a> = Pin<Box<dyn Future<Output = Ended> + 'a>>;

impl Interpreter {
    pub(crate) fn block<'a>(
        self: &'a Rc<Self>,
        body: &'a [Statement],
        frame: &'a Frame,
    ) -> Block<'a> {
        Box::pin(async move {
            for statement in body {
                let returned = self.statement(statement, frame).await?;
                if returned.is_some() {
                    return Ok(returned);
                }
            }
            Ok(None)
        })
    }

    async fn statement(self: &Rc<Self>, statement: &Statement, frame: &Frame) -> Ended {
        match statement {
            Statement::Plain(plain) => self.plain(plain, frame)?,
            Statement::Return(value) => return Ok(Some(value.clone())),
            Statement::Sleep(delay) => {
                oneloop::sleep(Duration::from_secs(*delay)).await;
                self.emit(&frame.actor, format!("slept {delay}"));
            }
            Statement::For(on, wait) => {
                if let Some(object) = self.find(on, frame) {
                    return self.wait_for(on, &object, wait, frame).await;
                }
            }
            Statement::Wait(futures, timeout, until) => {
                self.wait(futures, *timeout, *until, frame).await?;
            }
            Statement::AsCompleted(futures, timeout) => {
                self.as_completed(futures, *timeout, frame).await?;
            }
            Statement::Timeout(delay, body) => {
                return self.timeout(Duration::from_secs(*delay), body, frame).await;
            }
            Statement::TaskGroup(body) => {
                let group = TaskGroup::new();
                let _open = Open::new(&frame.groups, &group);
                let ended = group.run(self.block(body, frame)).await;
                return ended.map_err(|error| {
                    Exc::Group(error.into_errors().into_iter().map(failure).collect())
                });
            }
            Statement::Try(statement) => return self.try_(statement, frame).await,
        }
        Ok(None)
    }

    /// With a handle of the scope only where somebody may want one, so that both of the
    /// library's timeouts are compared.
    async fn timeout(self: &Rc<Self>, limit: Duration, body: &[Statement], frame: &Frame) -> Ended {
        if !body.iter().any(Statement::reschedules) {
            let ended = oneloop::timeout(limit, self.block(body, frame)).await;
            return ended.unwrap_or(Err(Exc::TIMEOUT));
        }
        let scope = Timeout::after(limit);
        let _open = Open::new(&frame.timeouts, &scope);
        let ended = scope.run(self.block(body, frame)).await;
        ended.unwrap_or(Err(Exc::TIMEOUT))
    }

    async fn try_(self: &Rc<Self>, statement: &Try, frame: &Frame) -> Ended {
        let mut ended = catch_cancel(self.block(&statement.body, frame)).await;
        let raised = match &ended {
            Ok(Ok(_)) => None,
            Ok(Err(exc)) => Some((exc.name(), exc.to_string())),
            Err(_) => Some((CANCELLED, CANCELLED.to_owned())),
        };
        let handled = raised.and_then(|(name, exc)| Some((statement.handlers.get(name)?, exc)));
        if let Some((handler, exc)) = handled {
            self.emit(&frame.actor, format!("except {exc}"));
            ended = catch_cancel(self.block(handler, frame)).await;
        }
        if !statement.finally.is_empty() {
            self.emit(&frame.actor, "finally".to_owned());
            self.block(&statement.finally, frame).await?;
        }
        raise_again(ended).await
    }

    async fn wait(
        &self,
        futures: &[Name],
        timeout: Option<u64>,
        until: ReturnWhen,
        frame: &Frame,
    ) -> Result<(), Exc> {
        let timeout = timeout.map(Duration::from_secs);
        let waited = oneloop::wait(self.find_all(futures), timeout, until).await;
        let waited = waited.map_err(|_| Exc::VALUE)?;
        let (done, pending) = (self.names_of(&waited.done), self.names_of(&waited.pending));
        self.emit(&frame.actor, format!("done {done} pending {pending}"));
        Ok(())
    }

    async fn as_completed(
        &self,
        futures: &[Name],
        timeout: Option<u64>,
        frame: &Frame,
    ) -> Result<(), Exc> {
        let timeout = timeout.map(Duration::from_secs);
        let completed = oneloop::as_completed(self.find_all(futures), timeout);
        let mut completed = Kept { completed: Some(completed), list: &self.kept };
        while let Some(next) = completed.next().await {
            let one = next.map_err(|_| Exc::TIMEOUT)?;
            match settle(one.result().expect("it is done")).await {
                Ok(value) => self.emit(&frame.actor, format!("completed {value}")),
                Err(exc @ Exc::Own(_)) => {
                    self.emit(&frame.actor, format!("completed with {exc}"));
                }
                Err(exc) => return Err(exc),
            }
        }
        Ok(())
    }

    async fn wait_for(
        self: &Rc<Self>,
        on: &Name,
        object: &Object,
        wait: &Wait,
        frame: &Frame,
    ) -> Ended {
        let event = match wait {
            Wait::Await => {
                let value = settle(object.awaitable().clone().await).await?;
                format!("await {on} = {value}")
            }
            Wait::InTime(timeout) => {
                let timeout = timeout.map(Duration::from_secs);
                let joined = oneloop::wait_for(object.awaitable(), timeout).await;
                let value = settle(joined.map_err(|_| Exc::TIMEOUT)?).await?;
                format!("in time {value}")
            }
            Wait::Acquire => {
                object.primitive().acquire().await;
                format!("acquired {on}")
            }
            Wait::With(body) => {
                let primitive = object.primitive();
                primitive.acquire().await;
                self.emit(&frame.actor, format!("holds {on}"));
                let ended = catch_cancel(self.block(body, frame)).await;
                primitive.release()?;
                return raise_again(ended).await;
            }
            Wait::Event => {
                object.primitive().wait_event().await;
                format!("saw {on}")
            }
            Wait::Condition => {
                object.primitive().wait_condition().await?;
                format!("notified {on}")
            }
            Wait::Barrier => {
                format!("passed {on} as {}", object.primitive().wait_barrier().await?)
            }
            Wait::Put(item) => {
                object.primitive().put(*item).await?;
                format!("put {on} {item}")
            }
            Wait::Get => format!("got {on} {}", object.primitive().get().await?),
            Wait::Join => {
                object.primitive().join().await;
                format!("joined {on}")
            }
        };
        self.emit(&frame.actor, event);
        Ok(None)
    }
}

/// What an await gives. That somebody else cancelled what was awaited is no value to a
/// coroutine: it is raised where it stands.
async fn settle(joined: Result<Outcome, JoinError>) -> Outcome {
    let cancelled = match joined {
        Ok(Err(Exc::Cancelled(cancelled))) => cancelled,
        Ok(outcome) => return outcome,
        Err(error) => match error.try_into_cancelled() {
            Ok(cancelled) => cancelled,
            Err(error) if error.is_self_await() => return Err(Exc::RUNTIME),
            Err(error) => panic!("a coroutine of the interpreter failed: {error}"),
        },
    };
    match cancelled.resume().await {}
}

/// Ends as what was caught.
async fn raise_again(ended: Result<Ended, Cancelled>) -> Ended {
    match ended {
        Ok(ended) => ended,
        Err(cancelled) => match cancelled.resume().await {},
    }
}

/// One of the failures that a group reports.
fn failure(failure: Failure<Rc<Exc>>) -> Exc {
    match failure {
        Failure::Error(exc) => (*exc).clone(),
        Failure::Join(error) => panic!("a coroutine of the interpreter failed: {error}"),
    }
}

/// A scope that is open in its frame for as long as this lives.
struct Open<'a, T>(&'a RefCell<Vec<T>>);

impl<'a, T: Clone> Open<'a, T> {
    fn new(scopes: &'a RefCell<Vec<T>>, scope: &T) -> Self {
        scopes.borrow_mut().push(scope.clone());
        Open(scopes)
    }
}

impl<T> Drop for Open<'_, T> {
    fn drop(&mut self) {
        let closed = self.0.borrow_mut().pop();
        drop(closed);
    }
}

/// An `as_completed` that goes on after the statement, for the length of the run.
struct Kept<'a> {
    completed: Option<AsCompleted<Outcome>>,
    list: &'a RefCell<Vec<Box<dyn Any>>>,
}

impl Kept<'_> {
    async fn next(&mut self) -> Option<Result<Awaitable<Outcome>, oneloop::error::TimedOut>> {
        self.completed.as_mut()?.next().await
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.list.borrow_mut().push(Box::new(self.completed.take()));
    }
}
