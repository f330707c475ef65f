//! RU: Ctrl-C. A program of its own, because SIGINT is for the main thread's runner: each
//! test is a scene, which this program plays in a process that it starts of itself, and to
//! which it sends SIGINT when that process prints `now`.

use oneloop::{RunError, Runner, call_soon, catch_cancel, current_task, sleep, yield_now};
use rustix::process::{Pid, Signal, kill_process};
use std::future::pending;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Names the scene, in a process that was started to play one.
const SCENE: &str = "ONELOOP_TEST_SCENE";
/// After this long a scene counts as hanging. Nothing else depends on it.
const DEADLINE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// How a process ends that SIGINT ended.
const KILLED: i32 = Signal::INT.as_raw();

type Scene = (&'static str, fn(), &'static [&'static str], Option<i32>);

/// Each with what it prints, and the signal that ends it.
const SCENES: &[Scene] = &[
    ("ru_011_spinning", ru_011_a_main_task_that_spins, &["interrupted"], None),
    ("ru_012_polling", ru_012_a_loop_that_sleeps, &["cleaned up", "interrupted"], None),
    ("ru_012_value", a_main_task_that_ends_with_a_value, &["a value"], None),
    ("ru_013", ru_013_a_task_that_somebody_else_cancelled_too, &["cancelled"], None),
    ("ru_014_second", ru_014_a_second_one, &["cleans up", "interrupted", "closed"], None),
    ("ru_014_third", ru_014_a_third_one, &["cleans up", "interrupted"], Some(KILLED)),
    ("ru_014_close", ru_014_one_while_leftovers_clean_up, &["closes", "interrupted"], None),
    ("ru_014_blocked", ru_014_a_second_one_while_a_callback_blocks, &[], Some(KILLED)),
    ("ru_015_thread", ru_015_a_runner_on_another_thread, &[], Some(KILLED)),
    ("ru_015_handler", ru_015_a_handler_of_the_users, &["the user's"], None),
    ("ru_015_listens", ru_015_who_listens_overrules_the_runner, &["1", "2", "a value"], None),
    ("ru_015_after", ru_015_one_after_the_run, &["ran"], Some(KILLED)),
    ("ru_015_again", ru_015_one_in_a_second_run, &["ran", "interrupted"], None),
    ("ru_015_off", ru_015_one_that_is_not_asked_for, &[], Some(KILLED)),
    ("ru_015_run", ru_015_a_plain_run, &[], Some(KILLED)),
];

fn main() {
    if let Ok(name) = std::env::var(SCENE) {
        let scene = SCENES.iter().find(|scene| scene.0 == name).expect("a scene");
        std::thread::spawn(|| {
            std::thread::sleep(DEADLINE);
            std::process::abort(); // it hangs
        });
        return scene.1();
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let list = std::env::args().any(|arg| arg == "--list");
    let mut wrong = 0;
    for (name, _, lines, signal) in SCENES {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        if list {
            println!("{name}: test");
            continue;
        }
        let played = play(name);
        let right = played == (lines.iter().map(|line| (*line).to_owned()).collect(), *signal);
        println!("test {name} ... {}", if right { "ok".to_owned() } else { format!("{played:?}") });
        wrong += usize::from(!right);
    }
    assert_eq!(wrong, 0, "scenes that went wrong");
}

/// Plays a scene; gives what it printed, and the signal that ended it.
fn play(name: &str) -> (Vec<String>, Option<i32>) {
    let mut command = Command::new(std::env::current_exe().expect("this test is a file"));
    let mut child = command.env(SCENE, name).stdout(Stdio::piped()).spawn().expect("it starts");
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut printed = Vec::new();
    for line in out.lines().map(|line| line.expect("it can be read")) {
        match line.as_str() {
            "now" => interrupt(&child),
            "now, until you die" => {
                while child.try_wait().expect("it can be asked").is_none() {
                    interrupt(&child);
                    std::thread::yield_now();
                }
            }
            _ => printed.push(line),
        }
    }
    (printed, child.wait().expect("it ends").signal())
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).expect("the child has not been awaited");
}

/// Prints a line, which the other process sees at once.
fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody reads");
}

fn say_how<T>(ended: Result<T, RunError>) {
    say(match ended {
        Ok(_) => "a value",
        Err(RunError::Interrupted) => "interrupted",
        Err(RunError::Cancelled) => "cancelled",
        Err(_) => "something else",
    });
}

/// Waits until it is cancelled.
async fn wait() {
    let _ = catch_cancel(pending::<()>()).await;
}

fn ru_011_a_main_task_that_spins() {
    say_how(Runner::new().run(async {
        say("now");
        loop {
            yield_now().await;
        }
    }));
}

fn ru_012_a_loop_that_sleeps() {
    say_how(Runner::new().run(async {
        say("now");
        let cancelled = catch_cancel(sleep(HOUR)).await.unwrap_err();
        yield_now().await;
        say("cleaned up");
        match cancelled.resume().await {}
    }));
}

fn a_main_task_that_ends_with_a_value() {
    say_how(Runner::new().run(async {
        say("now");
        wait().await;
    }));
}

fn ru_013_a_task_that_somebody_else_cancelled_too() {
    say_how(Runner::new().run(async {
        say("now");
        wait().await;
        current_task().unwrap().cancel();
        yield_now().await;
    }));
}

fn ru_014_a_second_one() {
    let mut runner = Runner::new();
    say_how(runner.run(async {
        say("now");
        wait().await;
        say("cleans up");
        say("now");
        sleep(HOUR).await;
    }));
    runner.close().unwrap();
    say("closed");
}

fn ru_014_a_third_one() {
    let mut runner = Runner::new().grace(HOUR);
    say_how(runner.run(async {
        say("now");
        wait().await;
        say("cleans up");
        say("now");
        wait().await;
        say("now"); // cancelled once more, by `close`
        wait().await;
    }));
    say_how(runner.close());
}

fn ru_014_one_while_leftovers_clean_up() {
    let mut runner = Runner::new().grace(HOUR);
    let leave = async {
        drop(oneloop::spawn(async {
            wait().await;
            say("closes");
            say("now");
            wait().await;
        }));
        yield_now().await;
    };
    runner.run(leave).unwrap();
    say_how(runner.close());
}

fn ru_014_a_second_one_while_a_callback_blocks() {
    say_how(Runner::new().run(async {
        call_soon(|| {
            say("now, until you die");
            std::thread::sleep(HOUR);
        });
        sleep(HOUR).await;
    }));
}

fn ru_015_a_runner_on_another_thread() {
    let runs = || {
        say_how(Runner::new().run(async {
            say("now");
            sleep(HOUR).await;
        }));
    };
    std::thread::spawn(runs).join().unwrap();
}

fn ru_015_a_handler_of_the_users() {
    let users = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, users.clone()).unwrap();
    let ended = Runner::new().run(async move {
        say("now");
        while !users.load(Ordering::SeqCst) {
            yield_now().await;
        }
        say("the user's");
    });
    ended.unwrap();
}

fn ru_015_one_after_the_run() {
    let mut runner = Runner::new();
    runner.run(async { say("ran") }).unwrap();
    say("now");
    std::thread::sleep(HOUR);
}

fn ru_015_one_in_a_second_run() {
    let mut runner = Runner::new();
    runner.run(async { say("ran") }).unwrap();
    say_how(runner.run(async {
        say("now");
        sleep(HOUR).await;
    }));
}

fn ru_015_one_that_is_not_asked_for() {
    say_how(Runner::new().ctrl_c(false).run(async {
        say("now");
        sleep(HOUR).await;
    }));
}

fn ru_015_a_plain_run() {
    say_how(oneloop::run(async {
        say("now");
        sleep(HOUR).await;
    }));
}

fn ru_015_who_listens_overrules_the_runner() {
    say_how(Runner::new().run(async {
        let mut signals = oneloop::signal::signal(oneloop::signal::Signal::INT).unwrap();
        for count in ["1", "2"] {
            say("now");
            signals.recv().await.unwrap();
            say(count);
        }
    }));
}
