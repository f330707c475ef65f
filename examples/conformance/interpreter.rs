//! The interpreter: runs a scenario on a loop of its own, and keeps its trace.
//!
//! It uses the public API as any program would. A scenario's exceptions are `Err` in
//! coroutines; out of a callback there is no way but a panic, which the loop hands to
//! its exception handler.

use crate::object::{Object, Outcome};
use crate::scenario::{Deed, Exc, Kind, Make, Name, Plain, Scenario, Statement, Value};
use oneloop::error::panic_message;
use oneloop::{CallbackId, Clock, EventLoop, ExceptionContext, LoopHandle, RunError};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;

/// The tick, the time, the actor, and what happened.
pub(crate) type Event = (u64, u64, String, String);

/// A run with more is broken off, as by the reference.
const MAX_EVENTS: usize = 4000;

/// Runs a scenario to its end, on virtual time.
///
/// # Errors
/// Why it has no trace.
pub(crate) fn run(scenario: Scenario) -> Result<Vec<Event>, String> {
    let event_loop = EventLoop::builder().clock(Clock::AutoJump).build();
    let event_loop = event_loop.map_err(|error| error.to_string())?;
    let this = Rc::new(Interpreter::new(scenario, event_loop.handle()));
    let ended = this.run_main();
    this.forget_names();
    ended?;
    if this.trace.borrow().len() > MAX_EVENTS {
        return Err(format!("over {MAX_EVENTS} events"));
    }
    Ok(this.trace.take())
}

struct Interpreter {
    scenario: Scenario,
    handle: LoopHandle,
    trace: RefCell<Vec<Event>>,
    names: RefCell<HashMap<Name, Object>>,
    /// The ids under which each callback was added to futures and tasks.
    added: RefCell<HashMap<Name, Vec<CallbackId>>>,
    /// The turn in which `main` took its first step.
    base: Cell<u64>,
}

impl Interpreter {
    fn new(scenario: Scenario, handle: LoopHandle) -> Self {
        Interpreter {
            scenario,
            handle,
            trace: RefCell::default(),
            names: RefCell::default(),
            added: RefCell::default(),
            base: Cell::new(0),
        }
    }

    // -- running ---------------------------------------------------------

    fn run_main(self: &Rc<Self>) -> Result<(), String> {
        let weak = Rc::downgrade(self);
        self.handle.set_exception_handler(move |context| {
            if let Some(this) = weak.upgrade() {
                this.on_exception(context);
            }
        });
        for (name, kind) in &self.scenario.objects {
            let object = match kind {
                Kind::Future => Object::Future(self.handle.create_future()),
            };
            self.give_name(name, object);
        }
        let main = self.spawn("main".into(), "main".into());
        let handle = self.handle.clone();
        main.add_done_callback(move |_| handle.stop());
        match self.handle.run_forever() {
            Ok(()) => Ok(()),
            Err(RunError::Deadlock(deadlock)) => {
                let mut tasks: Vec<_> =
                    deadlock.waiting().iter().map(|waiting| &*waiting.task).collect();
                tasks.sort_unstable();
                self.emit("loop", format!("deadlock: {}", tasks.join(", ")));
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn emit(&self, actor: &str, text: String) {
        let mut trace = self.trace.borrow_mut();
        if trace.len() > MAX_EVENTS {
            return self.handle.stop();
        }
        let tick = self.handle.turns() - self.base.get();
        trace.push((tick, self.handle.time().as_secs(), actor.to_owned(), text));
    }

    /// What escaped from a callback. Any other report is about what the end of the run
    /// left over, or a future whose exception nobody asked for: no events.
    fn on_exception(&self, context: &ExceptionContext) {
        if context.message() != "Exception in callback" {
            return;
        }
        let text = match context.payload() {
            Some(payload) => match payload.downcast_ref::<Exc>() {
                Some(exc) => exc.to_string(),
                None => panic_message(payload).to_owned(),
            },
            None => "nothing".to_owned(),
        };
        self.emit("loop", format!("exception in callback: {text}"));
    }

    fn give_name(&self, name: &Name, object: Object) {
        let before = self.names.borrow_mut().insert(name.clone(), object);
        drop(before);
    }

    /// Names hold futures whose callbacks hold the interpreter: a circle, opened here.
    fn forget_names(&self) {
        let names = self.names.take();
        drop(names);
    }

    // -- coroutines and callbacks ------------------------------------------

    fn spawn(self: &Rc<Self>, coroutine: Name, name: Name) -> Object {
        let task = self.handle.spawn_named(&*name, self.clone().coroutine(coroutine, name.clone()));
        let task = Object::Task(Rc::new(task.expect("the loop is open")));
        self.give_name(&name, task.clone());
        task
    }

    async fn coroutine(self: Rc<Self>, name: Name, actor: Name) -> Outcome {
        if &*actor == "main" {
            self.base.set(self.handle.turns());
        }
        self.emit(&actor, "start".to_owned());
        let body = &self.scenario.coroutines[&name];
        let ended = self.block(body, &actor).await;
        let outcome = ended.map(|returned| returned.unwrap_or(Value::None));
        match &outcome {
            Ok(value) => self.emit(&actor, format!("return {value}")),
            Err(exc) => self.emit(&actor, format!("raise {exc}")),
        }
        outcome
    }

    /// A function that runs the callback `name`.
    fn callback(self: &Rc<Self>, name: &Name) -> impl FnOnce() + 'static {
        let (this, name) = (self.clone(), name.clone());
        move || this.call(&name, "called".to_owned())
    }

    fn call(self: &Rc<Self>, name: &Name, called: String) {
        self.emit(name, called);
        for statement in &*self.scenario.callbacks[name] {
            if let Err(exc) = self.plain(statement, name) {
                resume_unwind(Box::new(exc)); // a panic, without a word on stderr
            }
        }
    }

    // -- statements that never wait ------------------------------------------

    fn plain(self: &Rc<Self>, statement: &Plain, actor: &Name) -> Result<(), Exc> {
        match statement {
            Plain::Log(text) => self.emit(actor, text.clone()),
            Plain::Raise(exc) => return Err(exc.clone()),
            Plain::Make(name, make) => self.make(name, make),
            Plain::To(on, deed) => {
                if let Some(object) = self.find(on, actor) {
                    return self.act(on, &object, deed, actor);
                }
            }
        }
        Ok(())
    }

    fn make(self: &Rc<Self>, name: &Name, make: &Make) {
        let at = Duration::from_secs;
        let object = match make {
            Make::Task(coroutine) => {
                self.spawn(coroutine.clone(), name.clone());
                return;
            }
            Make::CallSoon(callback) => {
                Object::Handle(Rc::new(oneloop::call_soon(self.callback(callback))))
            }
            Make::CallLater(delay, callback) => {
                Object::Timer(Rc::new(oneloop::call_later(at(*delay), self.callback(callback))))
            }
            Make::CallAt(when, callback) => {
                Object::Timer(Rc::new(oneloop::call_at(at(*when), self.callback(callback))))
            }
            Make::Future => Object::Future(oneloop::create_future()),
        };
        self.give_name(name, object);
    }

    /// The object called `on`; without one, that is an event.
    fn find(&self, on: &Name, actor: &Name) -> Option<Object> {
        let found = self.names.borrow().get(on).cloned();
        if found.is_none() {
            self.emit(actor, format!("undefined {on}"));
        }
        found
    }

    fn act(
        self: &Rc<Self>,
        on: &Name,
        object: &Object,
        deed: &Deed,
        actor: &Name,
    ) -> Result<(), Exc> {
        match deed {
            Deed::CancelHandle => {
                let cancelled = if object.cancel_handle() { "True" } else { "False" };
                self.emit(actor, format!("handle {on} cancelled={cancelled}"));
            }
            Deed::SetResult(value) => object.set(Ok(value.clone()))?,
            Deed::SetException(exc) => object.set(Err(exc.clone()))?,
            Deed::State => self.emit(actor, format!("{on}: {}", object.state())),
            Deed::AddDoneCallback(callback) => self.add_done_callback(object, callback),
            Deed::RemoveDoneCallback(callback) => {
                let ids = self.added.borrow().get(callback).cloned().unwrap_or_default();
                let removed = ids.into_iter().filter(|id| object.remove_done_callback(*id)).count();
                self.emit(actor, format!("removed {removed}"));
            }
        }
        Ok(())
    }

    fn add_done_callback(self: &Rc<Self>, object: &Object, callback: &Name) {
        let (this, name) = (self.clone(), callback.clone());
        let id = object.add_done_callback(move |done| {
            this.call(&name, format!("called {}", done.state()));
        });
        self.added.borrow_mut().entry(callback.clone()).or_default().push(id);
    }

    // -- statements that may wait ---------------------------------------------

    /// `Some`: a `return` ended it.
    async fn block(
        self: &Rc<Self>,
        body: &[Statement],
        actor: &Name,
    ) -> Result<Option<Value>, Exc> {
        for statement in body {
            let returned = self.statement(statement, actor).await?;
            if returned.is_some() {
                return Ok(returned);
            }
        }
        Ok(None)
    }

    async fn statement(
        self: &Rc<Self>,
        statement: &Statement,
        actor: &Name,
    ) -> Result<Option<Value>, Exc> {
        match statement {
            Statement::Plain(plain) => self.plain(plain, actor)?,
            Statement::Return(value) => return Ok(Some(value.clone())),
            Statement::Sleep(delay) => {
                oneloop::sleep(Duration::from_secs(*delay)).await;
                self.emit(actor, format!("slept {delay}"));
            }
            Statement::Await(on) => {
                if let Some(object) = self.find(on, actor) {
                    let value = object.outcome().await?;
                    self.emit(actor, format!("await {on} = {value}"));
                }
            }
        }
        Ok(None)
    }
}
