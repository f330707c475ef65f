//! CA-5: groups and timeouts in each other, with cancels from outside: twelve scripts, whose
//! outcomes are asyncio's, to the turn. `nested.py` makes `nested.txt`.

use crate::support::{virtual_loop, within};
use oneloop::error::{Failure, GroupError};
use oneloop::{Cancelled, TaskGroup, catch_cancel, current_task, running_loop, sleep, timeout};
use oneloop::{TaskRef, yield_now};
use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

/// A script: a word, or a list of them.
#[derive(Clone, Debug)]
enum Op {
    Word(String),
    List(Vec<Op>),
}

impl Op {
    fn parse(text: &str) -> Op {
        let text = text.replace('(', " ( ").replace(')', " ) ");
        Op::next(&mut text.split_whitespace())
    }

    fn next<'a>(words: &mut impl Iterator<Item = &'a str>) -> Op {
        match words.next() {
            Some("(") => {
                let mut inside = Vec::new();
                loop {
                    match Op::next(words) {
                        Op::Word(end) if end == ")" => return Op::List(inside),
                        op => inside.push(op),
                    }
                }
            }
            word => Op::Word(word.expect("the script is complete").to_owned()),
        }
    }

    fn word(&self) -> &str {
        match self {
            Op::Word(word) => word,
            Op::List(_) => panic!("not a word: {self:?}"),
        }
    }

    fn list(&self) -> &[Op] {
        match self {
            Op::List(list) => list,
            Op::Word(_) => panic!("not a list: {self:?}"),
        }
    }

    fn seconds(&self) -> Duration {
        Duration::from_secs(self.number())
    }

    fn number(&self) -> u64 {
        self.word().parse().expect("it is a number")
    }
}

type Outcome = Result<(), String>;
type Log = Rc<RefCell<Vec<String>>>;
type Running = Pin<Box<dyn Future<Output = Outcome>>>;

fn note(log: &Log, what: &str) {
    let turn = running_loop().expect("a script runs").turns();
    let cancelling = current_task().expect("in a task").cancelling();
    log.borrow_mut().push(format!("{what}@{turn}/{cancelling}"));
}

async fn raise(cancelled: Cancelled) -> Outcome {
    match cancelled.resume().await {}
}

/// Runs `body`, and notes how it was left.
async fn block(log: Log, name: String, body: impl Future<Output = Outcome>) -> Outcome {
    let ended = catch_cancel(body).await;
    let how = match &ended {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => error,
        Err(_) => "cancelled",
    };
    note(&log, &format!("{name}={how}"));
    match ended {
        Ok(outcome) => outcome,
        Err(cancelled) => raise(cancelled).await,
    }
}

async fn group(log: Log, children: Vec<Op>, body: Op) -> Outcome {
    let group = TaskGroup::<String>::new();
    let ended = group.run(async {
        for child in children {
            group.spawn(run(&log, &child)).expect("it takes tasks");
        }
        run(&log, &body).await
    });
    ended.await.map_err(name_of)
}

fn name_of(error: GroupError<String>) -> String {
    let names = error.errors().iter().map(|failure| match failure {
        Failure::Error(error) => error.to_string(),
        Failure::Join(error) => error.to_string(),
    });
    format!("[{}]", names.collect::<Vec<_>>().join(" "))
}

async fn caught(log: Log, op: Op) -> Outcome {
    if let Err(error) = run(&log, &op).await {
        note(&log, &format!("caught {error}"));
    }
    Ok(())
}

async fn swallow(log: Log, op: Op) -> Outcome {
    let ended = catch_cancel(run(&log, &op)).await;
    ended.unwrap_or_else(|_| {
        note(&log, "swallowed");
        Ok(())
    })
}

async fn finally(log: Log, op: Op, cleanup: Op) -> Outcome {
    let ended = catch_cancel(run(&log, &op)).await;
    run(&log, &cleanup).await?;
    match ended {
        Ok(outcome) => outcome,
        Err(cancelled) => raise(cancelled).await,
    }
}

async fn sequence(log: Log, ops: Vec<Op>) -> Outcome {
    for op in ops {
        run(&log, &op).await?;
    }
    Ok(())
}

fn run(log: &Log, op: &Op) -> Running {
    let log = log.clone();
    let op = op.list().to_vec();
    let name = op.get(1).map_or_else(String::new, |op| format!("{op:?}"));
    let name = name.trim_start_matches("Word(\"").trim_end_matches("\")").to_owned();
    match op[0].word() {
        "sleep" => Box::pin(async move {
            sleep(op[1].seconds()).await;
            Ok(())
        }),
        "yield" => Box::pin(async move {
            for _ in 0..op[1].number() {
                yield_now().await;
            }
            Ok(())
        }),
        "never" => Box::pin(async {
            let _: Result<(), _> = oneloop::create_future().await;
            pending().await
        }),
        "fail" => Box::pin(async { Err(name) }),
        "seq" => Box::pin(sequence(log, op[1..].to_vec())),
        "swallow" => Box::pin(swallow(log, op[1].clone())),
        "finally" => Box::pin(finally(log, op[1].clone(), op[2].clone())),
        "catch" => Box::pin(caught(log, op[1].clone())),
        "timeout" => {
            let body = run(&log, &op[3]);
            let limit = op[2].seconds();
            let ended =
                async move { timeout(limit, body).await.unwrap_or(Err("timeout".to_owned())) };
            Box::pin(block(log, name, ended))
        }
        "group" => {
            let ended = group(log.clone(), op[2].list().to_vec(), op[3].clone());
            Box::pin(block(log, name, ended))
        }
        other => panic!("{other}?"),
    }
}

fn outcomes(script: &str, cancels: &str) -> String {
    let event_loop = virtual_loop();
    let (log, op) = (Log::default(), Op::parse(script));
    let notes = log.clone();
    // Timeouts count from when they are made: in the task.
    let main = async move {
        let body = {
            let log = notes.clone();
            async move { run(&log, &op).await }
        };
        block(notes, "main".to_owned(), body).await
    };
    let main = event_loop.spawn(main).expect("the loop is open");
    for at in cancels.split_whitespace() {
        let (at, main) = (Op::Word(at.to_owned()).seconds(), TaskRef::clone(&main));
        event_loop.call_at(at, move || assert!(main.cancel())).expect("the loop is open");
    }
    drop(event_loop.run_until_complete(main).expect("it ends"));
    let log = log.borrow();
    log.join(" ")
}

#[test]
fn ca_005_groups_and_timeouts_in_each_other_end_as_on_asyncio() {
    within(|| {
        let mut count = 0;
        for line in include_str!("nested.txt").lines() {
            let parts: Vec<_> = line.split('|').map(str::trim).collect();
            assert_eq!(outcomes(parts[0], parts[1]), parts[2], "\n{line}");
            count += 1;
        }
        assert_eq!(count, 12);
    });
}
