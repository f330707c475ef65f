//! The interpreter: runs a scenario on a loop of its own, and keeps its trace.
//!
//! It uses the public API as any program would. A scenario's exceptions are `Err` in
//! coroutines; out of a callback there is no way but a panic, which the loop hands to
//! its exception handler. A cancellation is no value: it is caught by `catch_cancel`, and
//! raised by `Cancelled::resume`.

use crate::object::{Names, Object};
use crate::primitive::Primitive;
use crate::scenario::{Name, Scenario};
use crate::value::{Exc, Outcome, Value};
use oneloop::error::panic_message;
use oneloop::{CallbackId, Clock, EventLoop, ExceptionContext, LoopHandle, RunError};
use oneloop::{TaskGroup, Timeout, catch_cancel};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::rc::Rc;

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
    drop(event_loop);
    this.forget();
    ended?;
    if this.trace.borrow().len() > MAX_EVENTS {
        return Err(format!("over {MAX_EVENTS} events"));
    }
    Ok(this.trace.take())
}

pub(crate) struct Interpreter {
    pub(crate) scenario: Scenario,
    pub(crate) handle: LoopHandle,
    trace: RefCell<Vec<Event>>,
    names: RefCell<Names>,
    /// What each callback was added to, and the id that it has there.
    pub(crate) added: RefCell<HashMap<Name, Vec<(Object, CallbackId)>>>,
    /// Every gather, shield and `as_completed`: in asyncio the callbacks on their children
    /// keep them, here whoever wants them does.
    pub(crate) kept: RefCell<Vec<Box<dyn Any>>>,
    /// The turn in which `main` took its first step.
    base: Cell<u64>,
}

/// Who acts, and the scopes that are open in it.
pub(crate) struct Frame {
    pub(crate) actor: Name,
    pub(crate) groups: RefCell<Vec<TaskGroup<Exc>>>,
    pub(crate) timeouts: RefCell<Vec<Timeout>>,
}

impl Frame {
    fn new(actor: Name) -> Self {
        Frame { actor, groups: RefCell::default(), timeouts: RefCell::default() }
    }
}

impl Interpreter {
    fn new(scenario: Scenario, handle: LoopHandle) -> Self {
        Interpreter {
            scenario,
            handle,
            trace: RefCell::default(),
            names: RefCell::default(),
            added: RefCell::default(),
            kept: RefCell::default(),
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
            let object = match Primitive::new(kind) {
                Some(primitive) => Object::Primitive(primitive),
                None => self.handle.create_future().into(),
            };
            self.give_name(name, object);
        }
        let main = self.spawn("main".into(), "main".into());
        let handle = self.handle.clone();
        main.task().add_done_callback(move |_| handle.stop());
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

    pub(crate) fn emit(&self, actor: &str, text: String) {
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

    /// Callbacks hold the interpreter, and what they were added to: circles, opened here.
    fn forget(&self) {
        for (object, id) in self.added.take().into_values().flatten() {
            object.awaitable().remove_done_callback(id);
        }
        drop(self.names.take());
        drop(self.kept.take());
    }

    // -- names -------------------------------------------------------------

    pub(crate) fn give_name(&self, name: &Name, object: Object) {
        let before = self.names.borrow_mut().give(name, object);
        drop(before);
    }

    /// The object called `on`; without one, that is an event.
    pub(crate) fn find(&self, on: &Name, frame: &Frame) -> Option<Object> {
        let found = self.names.borrow().get(on).cloned();
        if found.is_none() {
            self.emit(&frame.actor, format!("undefined {on}"));
        }
        found
    }

    /// Those that there are.
    pub(crate) fn find_all(&self, futures: &[Name]) -> Vec<oneloop::Awaitable<Outcome>> {
        let names = self.names.borrow();
        futures.iter().filter_map(|name| Some(names.get(name)?.awaitable().clone())).collect()
    }

    /// The names of some, sorted.
    pub(crate) fn names_of(&self, some: &[oneloop::Awaitable<Outcome>]) -> String {
        let names = self.names.borrow();
        let mut found: Vec<_> = some.iter().map(|one| names.name_of(one)).collect();
        found.sort_unstable();
        format!("[{}]", found.join(", "))
    }

    // -- coroutines and callbacks ------------------------------------------

    pub(crate) fn spawn(self: &Rc<Self>, coroutine: Name, name: Name) -> Object {
        let task = self.handle.spawn_fallible(self.clone().coroutine(coroutine, name.clone()));
        let task = task.expect("the loop is open");
        task.set_name(&*name);
        let task = Object::from(task);
        self.give_name(&name, task.clone());
        task
    }

    pub(crate) async fn coroutine(self: Rc<Self>, name: Name, actor: Name) -> Outcome {
        if &*actor == "main" {
            self.base.set(self.handle.turns());
        }
        self.emit(&actor, "start".to_owned());
        let frame = Frame::new(actor.clone());
        let body = &self.scenario.coroutines[&name];
        let ended = match catch_cancel(self.block(body, &frame)).await {
            Ok(ended) => ended,
            Err(cancelled) => {
                self.emit(&actor, "cancelled".to_owned());
                match cancelled.resume().await {}
            }
        };
        let outcome = ended.map(|returned| returned.unwrap_or(Value::None));
        match &outcome {
            Ok(value) => self.emit(&actor, format!("return {value}")),
            Err(exc) => self.emit(&actor, format!("raise {exc}")),
        }
        outcome
    }

    /// A function that runs the callback `name`.
    pub(crate) fn callback(self: &Rc<Self>, name: &Name) -> impl FnOnce() + 'static {
        let (this, name) = (self.clone(), name.clone());
        move || this.call(&name, "called".to_owned())
    }

    pub(crate) fn call(self: &Rc<Self>, name: &Name, called: String) {
        self.emit(name, called);
        let frame = Frame::new(name.clone());
        for statement in &self.scenario.callbacks[name] {
            if let Err(exc) = self.plain(statement, &frame) {
                resume_unwind(Box::new(exc)); // a panic, without a word on stderr
            }
        }
    }
}
