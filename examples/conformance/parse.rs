//! From JSON to a `Scenario`.
//!
//! It is parsed as a whole before it runs: one with a statement that nobody knows does not
//! run at all.

use crate::scenario::{Body, Deed, Kind, Make, Name, Plain, Scenario, Statement, Try, Wait};
use crate::value::{Exc, Value};
use oneloop::ReturnWhen;
use serde_json::Value as Json;
use std::collections::HashMap;

/// Parsed, or what it is that stands in the way.
type Parsed<T> = Result<T, String>;

impl Scenario {
    /// # Errors
    /// The first thing that has no meaning.
    pub(crate) fn parse(json: &Json) -> Parsed<Scenario> {
        let scenario = Scenario {
            objects: list(&json["objects"]).map(object).collect::<Parsed<_>>()?,
            coroutines: bodies(&json["coroutines"], statement)?,
            callbacks: bodies(&json["callbacks"], |json| {
                plain(json)?.ok_or_else(|| op(json).to_owned())
            })?,
        };
        if !scenario.coroutines.contains_key("main") {
            return Err("scenario without main".to_owned());
        }
        Ok(scenario)
    }
}

fn object(json: &Json) -> Parsed<(Name, Kind)> {
    let (kind, size) = (text(&json[1]), json[2].as_u64().unwrap_or(0) as usize);
    let kind = match &*kind {
        "future" => Kind::Future,
        "lock" => Kind::Lock,
        "semaphore" => Kind::Semaphore(size),
        "bounded_semaphore" => Kind::BoundedSemaphore(size),
        "event" => Kind::Event,
        "condition" => Kind::Condition,
        "barrier" => Kind::Barrier(size.try_into().map_err(|_| "barrier of none".to_owned())?),
        "queue" => Kind::Queue(size),
        "lifo_queue" => Kind::LifoQueue(size),
        "priority_queue" => Kind::PriorityQueue(size),
        _ => return Err(kind),
    };
    Ok((text(&json[0]).into(), kind))
}

/// Named bodies: the coroutines, the callbacks, or the handlers of a `try`.
fn bodies<T>(json: &Json, parse: impl Fn(&Json) -> Parsed<T>) -> Parsed<HashMap<Name, Vec<T>>> {
    let bodies = json.as_object().into_iter().flatten();
    bodies
        .map(|(name, body)| {
            Ok((Name::from(&**name), list(body).map(&parse).collect::<Parsed<_>>()?))
        })
        .collect()
}

fn body(json: &Json, key: &str) -> Parsed<Body> {
    list(&json[key]).map(statement).collect()
}

fn statement(json: &Json) -> Parsed<Statement> {
    if let Some(plain) = plain(json)? {
        return Ok(Statement::Plain(plain));
    }
    let wait = match op(json) {
        "return" => return Ok(Statement::Return(value(json)?)),
        "sleep" => return Ok(Statement::Sleep(number(json, "delay")?)),
        "wait" => return Ok(Statement::Wait(futures(json), timeout(json), return_when(json)?)),
        "as_completed" => return Ok(Statement::AsCompleted(futures(json), timeout(json))),
        "timeout" => return Ok(Statement::Timeout(number(json, "delay")?, body(json, "body")?)),
        "task_group" => return Ok(Statement::TaskGroup(body(json, "body")?)),
        "try" => {
            return Ok(Statement::Try(Try {
                body: body(json, "body")?,
                handlers: bodies(&json["except"], statement)?,
                finally: body(json, "finally")?,
            }));
        }
        "await" => Wait::Await,
        "wait_for" => Wait::InTime(timeout(json)),
        "acquire" => Wait::Acquire,
        "with" => Wait::With(body(json, "body")?),
        "wait_event" => Wait::Event,
        "wait_condition" => Wait::Condition,
        "wait_barrier" => Wait::Barrier,
        "put" => Wait::Put(item(json)?),
        "get" => Wait::Get,
        "join" => Wait::Join,
        other => return Err(other.to_owned()),
    };
    Ok(Statement::For(name(json, "on")?, wait))
}

/// `None`: it is no statement of this kind.
fn plain(json: &Json) -> Parsed<Option<Plain>> {
    let callback = || name(json, "callback");
    let deed = match op(json) {
        "log" => return Ok(Some(Plain::Log(text(&json["text"])))),
        "raise" => return Ok(Some(Plain::Raise(exception(json)))),
        "reschedule" => return Ok(Some(Plain::Reschedule(number(json, "delay")?))),
        "cancel_handle" => Deed::CancelHandle,
        "set_result" => Deed::SetResult(value(json)?),
        "set_exception" => Deed::SetException(exception(json)),
        "cancel" => Deed::Cancel,
        "uncancel" => Deed::Uncancel,
        "cancelling" => Deed::Cancelling,
        "state" => Deed::State,
        "add_done_callback" => Deed::AddDoneCallback(callback()?),
        "remove_done_callback" => Deed::RemoveDoneCallback(callback()?),
        "shield" => Deed::Shield(name(json, "as")?),
        "release" => Deed::Release,
        "set" => Deed::Set,
        "clear" => Deed::Clear,
        "notify" => Deed::Notify(number(json, "count")? as usize),
        "put_nowait" => Deed::PutNowait(item(json)?),
        "get_nowait" => Deed::GetNowait,
        "task_done" => Deed::TaskDone,
        "shutdown" => Deed::Shutdown(flag(json, "immediate")?),
        _ => return maker(json),
    };
    Ok(Some(Plain::To(name(json, "on")?, deed)))
}

/// A statement that gives something a name.
fn maker(json: &Json) -> Parsed<Option<Plain>> {
    let (coroutine, callback) = (|| name(json, "coroutine"), || name(json, "callback"));
    let make = match op(json) {
        "spawn" => Make::Task(coroutine()?),
        "group_spawn" => Make::GroupTask(coroutine()?),
        "call_soon" => Make::CallSoon(callback()?),
        "call_later" => Make::CallLater(number(json, "delay")?, callback()?),
        "call_at" => Make::CallAt(number(json, "when")?, callback()?),
        "new_future" => Make::Future,
        "gather" => Make::Gather {
            futures: futures(json),
            return_exceptions: flag(json, "return_exceptions")?,
        },
        _ => return Ok(None),
    };
    Ok(Some(Plain::Make(name(json, "as")?, make)))
}

fn return_when(json: &Json) -> Parsed<ReturnWhen> {
    Ok(match json["return_when"].as_str() {
        Some("ALL_COMPLETED") => ReturnWhen::AllCompleted,
        Some("FIRST_COMPLETED") => ReturnWhen::FirstCompleted,
        Some("FIRST_EXCEPTION") => ReturnWhen::FirstException,
        _ => return Err(without(json, "return_when")),
    })
}

fn op(json: &Json) -> &str {
    json["op"].as_str().unwrap_or("(no op)")
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn futures(json: &Json) -> Vec<Name> {
    list(&json["futures"]).filter_map(Json::as_str).map(Name::from).collect()
}

fn timeout(json: &Json) -> Option<u64> {
    json["timeout"].as_u64()
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or("(no text)").to_owned()
}

fn name(json: &Json, key: &str) -> Parsed<Name> {
    json[key].as_str().map(Name::from).ok_or_else(|| without(json, key))
}

fn number(json: &Json, key: &str) -> Parsed<u64> {
    json[key].as_u64().ok_or_else(|| without(json, key))
}

fn flag(json: &Json, key: &str) -> Parsed<bool> {
    json[key].as_bool().ok_or_else(|| without(json, key))
}

/// What is put into a queue.
fn item(json: &Json) -> Parsed<i64> {
    json["value"].as_i64().ok_or_else(|| without(json, "value"))
}

fn value(json: &Json) -> Parsed<Value> {
    if json["value"].is_null() { Ok(Value::None) } else { item(json).map(Value::Int) }
}

fn exception(json: &Json) -> Exc {
    Exc::Own(text(&json["exc"]).into())
}

fn without(json: &Json, key: &str) -> String {
    format!("{} without {key}", op(json))
}
