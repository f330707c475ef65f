//! `Scenario`: a program in the language of `tests/conformance/README.md`, parsed.
//!
//! It is parsed as a whole before it runs, so that one that uses what is not built is
//! known ahead. What may not wait has a type of its own: a callback is made of `Plain`.

use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

pub(crate) type Name = Rc<str>;

/// Parsed, or what it is that stands in the way.
pub(crate) type Parsed<T> = Result<T, String>;

pub(crate) struct Scenario {
    pub(crate) objects: Vec<(Name, Kind)>,
    pub(crate) coroutines: HashMap<Name, Rc<[Statement]>>,
    pub(crate) callbacks: HashMap<Name, Rc<[Plain]>>,
}

/// What kind of object the scenario starts with.
pub(crate) enum Kind {
    Future,
}

/// A statement of a coroutine.
pub(crate) enum Statement {
    Plain(Plain),
    Return(Value),
    Sleep(u64),
    Await(Name),
}

/// A statement that never waits.
pub(crate) enum Plain {
    Log(String),
    Raise(Exc),
    /// Makes an object and gives it a name.
    Make(Name, Make),
    /// Does something to the object of that name, if there is one.
    To(Name, Deed),
}

pub(crate) enum Make {
    /// Of a coroutine.
    Task(Name),
    CallSoon(Name),
    /// After a delay, a callback.
    CallLater(u64, Name),
    /// At a time, a callback.
    CallAt(u64, Name),
    Future,
}

pub(crate) enum Deed {
    CancelHandle,
    SetResult(Value),
    SetException(Exc),
    State,
    AddDoneCallback(Name),
    RemoveDoneCallback(Name),
}

/// What a coroutine returns, or a future is set to.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    None,
    Int(i64),
}

/// An exception: only its name matters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exc(pub(crate) Cow<'static, str>);

impl Exc {
    pub(crate) const CANCELLED: Exc = Exc(Cow::Borrowed("Cancelled"));
    pub(crate) const INVALID_STATE: Exc = Exc(Cow::Borrowed("InvalidState"));
    pub(crate) const RUNTIME: Exc = Exc(Cow::Borrowed("Runtime"));
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Int(value) => value.fmt(f),
        }
    }
}

impl fmt::Display for Exc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scenario {
    /// # Errors
    /// The name of the first statement or kind of object that is not built.
    pub(crate) fn parse(json: &Json) -> Parsed<Scenario> {
        let scenario = Scenario {
            objects: list(&json["objects"]).map(parse_object).collect::<Parsed<_>>()?,
            coroutines: parse_bodies(&json["coroutines"], parse_statement)?,
            callbacks: parse_bodies(&json["callbacks"], |json| {
                parse_plain(json)?.ok_or_else(|| op(json).to_owned())
            })?,
        };
        if !scenario.coroutines.contains_key("main") {
            return Err("scenario without main".to_owned());
        }
        Ok(scenario)
    }
}

fn parse_object(json: &Json) -> Parsed<(Name, Kind)> {
    let kind = match json[1].as_str() {
        Some("future") => Kind::Future,
        _ => return Err(plain_text(&json[1])),
    };
    Ok((plain_text(&json[0]).into(), kind))
}

/// Named bodies: the coroutines, or the callbacks.
fn parse_bodies<T>(
    json: &Json,
    parse: impl Fn(&Json) -> Parsed<T>,
) -> Parsed<HashMap<Name, Rc<[T]>>> {
    let bodies = json.as_object().into_iter().flatten();
    bodies
        .map(|(name, body)| {
            Ok((Name::from(&**name), list(body).map(&parse).collect::<Parsed<_>>()?))
        })
        .collect()
}

fn parse_statement(json: &Json) -> Parsed<Statement> {
    if let Some(plain) = parse_plain(json)? {
        return Ok(Statement::Plain(plain));
    }
    Ok(match op(json) {
        "return" => Statement::Return(value(json)?),
        "sleep" => Statement::Sleep(number(json, "delay")?),
        "await" => Statement::Await(name(json, "on")?),
        other => return Err(other.to_owned()),
    })
}

/// `None`: it is no statement of this kind.
fn parse_plain(json: &Json) -> Parsed<Option<Plain>> {
    let callback = || name(json, "callback");
    let deed = match op(json) {
        "log" => return Ok(Some(Plain::Log(plain_text(&json["text"])))),
        "raise" => return Ok(Some(Plain::Raise(exception(json)))),
        "spawn" | "call_soon" | "call_later" | "call_at" | "new_future" => {
            return parse_maker(json).map(Some);
        }
        "cancel_handle" => Deed::CancelHandle,
        "set_result" => Deed::SetResult(value(json)?),
        "set_exception" => Deed::SetException(exception(json)),
        "state" => Deed::State,
        "add_done_callback" => Deed::AddDoneCallback(callback()?),
        "remove_done_callback" => Deed::RemoveDoneCallback(callback()?),
        _ => return Ok(None),
    };
    Ok(Some(Plain::To(name(json, "on")?, deed)))
}

/// A statement that gives something a name.
fn parse_maker(json: &Json) -> Parsed<Plain> {
    let (made, callback) = (name(json, "as")?, || name(json, "callback"));
    let make = match op(json) {
        "spawn" => Make::Task(name(json, "coroutine")?),
        "call_soon" => Make::CallSoon(callback()?),
        "call_later" => Make::CallLater(number(json, "delay")?, callback()?),
        "call_at" => Make::CallAt(number(json, "when")?, callback()?),
        _ => Make::Future,
    };
    Ok(Plain::Make(made, make))
}

fn op(json: &Json) -> &str {
    json["op"].as_str().unwrap_or("(no op)")
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn plain_text(json: &Json) -> String {
    json.as_str().unwrap_or("(no text)").to_owned()
}

fn name(json: &Json, key: &str) -> Parsed<Name> {
    json[key].as_str().map(Name::from).ok_or_else(|| without(json, key))
}

fn number(json: &Json, key: &str) -> Parsed<u64> {
    json[key].as_u64().ok_or_else(|| without(json, key))
}

fn value(json: &Json) -> Parsed<Value> {
    match &json["value"] {
        Json::Null => Ok(Value::None),
        value => value.as_i64().map(Value::Int).ok_or_else(|| without(json, "value")),
    }
}

fn exception(json: &Json) -> Exc {
    Exc(Cow::Owned(plain_text(&json["exc"])))
}

fn without(json: &Json, key: &str) -> String {
    format!("{} without {key}", op(json))
}
