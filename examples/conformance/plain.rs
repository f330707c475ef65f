//! The statements that never wait.

use crate::interpreter::{Frame, Interpreter};
use crate::object::Object;
use crate::scenario::{Deed, Make, Name, Plain};
use crate::value::Exc;
use std::rc::Rc;
use std::time::Duration;

impl Interpreter {
    pub(crate) fn plain(self: &Rc<Self>, statement: &Plain, frame: &Frame) -> Result<(), Exc> {
        match statement {
            Plain::Log(text) => self.emit(&frame.actor, text.clone()),
            Plain::Raise(exc) => return Err(exc.clone()),
            Plain::Make(name, make) => {
                if let Some(object) = self.make(name, make, frame)? {
                    self.give_name(name, object);
                }
            }
            Plain::To(on, deed) => {
                if let Some(object) = self.find(on, frame) {
                    return self.act(on, &object, deed, frame);
                }
            }
            Plain::Reschedule(delay) => {
                let innermost = frame.timeouts.borrow().last().cloned();
                if let Some(timeout) = innermost {
                    let when = self.handle.time() + Duration::from_secs(*delay);
                    timeout.reschedule(Some(when)).map_err(|_| Exc::RUNTIME)?;
                }
            }
        }
        Ok(())
    }

    fn make(
        self: &Rc<Self>,
        name: &Name,
        make: &Make,
        frame: &Frame,
    ) -> Result<Option<Object>, Exc> {
        let at = Duration::from_secs;
        Ok(Some(match make {
            Make::Task(coroutine) => self.spawn(coroutine.clone(), name.clone()),
            Make::GroupTask(coroutine) => {
                let innermost = frame.groups.borrow().last().cloned();
                let Some(group) = innermost else { return Ok(None) };
                let body = self.clone().coroutine(coroutine.clone(), name.clone());
                group.spawn_named(&**name, body).map_err(|_| Exc::RUNTIME)?.into()
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
            Make::Future => oneloop::create_future().into(),
            Make::Gather { futures, return_exceptions } => {
                let children = self.find_all(futures);
                self.keep(if *return_exceptions {
                    Object::gather_all(children)
                } else {
                    Object::gather(children)
                })
            }
        }))
    }

    /// For the length of the run.
    fn keep(&self, object: Object) -> Object {
        self.kept.borrow_mut().push(Box::new(object.clone()));
        object
    }

    fn act(
        self: &Rc<Self>,
        on: &Name,
        object: &Object,
        deed: &Deed,
        frame: &Frame,
    ) -> Result<(), Exc> {
        let python = |truth| if truth { "True" } else { "False" };
        let event = match deed {
            Deed::CancelHandle => {
                format!("handle {on} cancelled={}", python(object.cancel_handle()))
            }
            Deed::SetResult(value) => return object.set(Ok(value.clone())),
            Deed::SetException(exc) => return object.set(Err(exc.clone())),
            Deed::Cancel => format!("cancel {on} -> {}", python(object.awaitable().cancel())),
            Deed::Uncancel => format!("uncancel {on} -> {}", object.task().uncancel()),
            Deed::Cancelling => format!("cancelling {on} -> {}", object.task().cancelling()),
            Deed::State => format!("{on}: {}", object.state()),
            Deed::AddDoneCallback(callback) => {
                self.add_done_callback(object, callback);
                return Ok(());
            }
            Deed::RemoveDoneCallback(callback) => {
                format!("removed {}", self.remove_done_callback(object, callback))
            }
            Deed::Shield(name) => {
                self.give_name(name, self.keep(object.shield()));
                return Ok(());
            }
            _ => return self.act_on_primitive(on, object, deed, frame),
        };
        self.emit(&frame.actor, event);
        Ok(())
    }

    fn act_on_primitive(
        &self,
        on: &Name,
        object: &Object,
        deed: &Deed,
        frame: &Frame,
    ) -> Result<(), Exc> {
        let primitive = object.primitive();
        match deed {
            Deed::Release => primitive.release()?,
            Deed::Set => primitive.set(),
            Deed::Clear => primitive.clear(),
            Deed::Notify(count) => primitive.notify(*count)?,
            Deed::PutNowait(item) => {
                primitive.put_nowait(*item)?;
                self.emit(&frame.actor, format!("put {on} {item}"));
            }
            Deed::GetNowait => {
                let item = primitive.get_nowait()?;
                self.emit(&frame.actor, format!("got {on} {item}"));
            }
            Deed::TaskDone => primitive.task_done()?,
            Deed::Shutdown(immediate) => primitive.shutdown(*immediate),
            _ => unreachable!("that is for tasks and futures"),
        }
        Ok(())
    }

    fn add_done_callback(self: &Rc<Self>, object: &Object, callback: &Name) {
        let (this, name, done) = (self.clone(), callback.clone(), object.clone());
        let id = object.awaitable().add_done_callback(move |_| {
            this.call(&name, format!("called {}", done.state()));
        });
        let mut added = self.added.borrow_mut();
        added.entry(callback.clone()).or_default().push((object.clone(), id));
    }

    fn remove_done_callback(&self, object: &Object, callback: &Name) -> usize {
        let added = self.added.borrow().get(callback).cloned().unwrap_or_default();
        let ids = added.into_iter().map(|(_, id)| id);
        ids.filter(|id| object.awaitable().remove_done_callback(*id)).count()
    }
}
