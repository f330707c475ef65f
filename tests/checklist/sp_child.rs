//! SP: programs that were started: their end, their pipes, signals to them.

use crate::loops::{on_a_loop, real};
use crate::sockets::pipe;
use oneloop::process::{Child, Command, Stdio};
use oneloop::signal::Signal;
use oneloop::{Clock, EventLoop, spawn, timeout, yield_now};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::rc::Rc;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// A program that waits until its stdin is closed, or it is killed.
fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// A shell, whose stdout is piped.
fn sh(line: &str) -> Child {
    Command::shell(line).stdout(Stdio::piped()).spawn().unwrap()
}

/// Waits until a process has ended, and leaves its status to others.
fn await_end(child: &Child) {
    waitid(WaitId::Pid(pid(child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

// SP-012, SP-054
#[test]
fn sp_001_a_child_ended_by_a_signal_says_which() {
    on_a_loop(async {
        for signal in [Signal::KILL, Signal::TERM, Signal::HUP] {
            let child = cat();
            match signal {
                Signal::KILL => child.kill().unwrap(),
                Signal::TERM => child.terminate().unwrap(),
                other => child.send_signal(other).unwrap(),
            }
            assert_eq!(child.wait().await.unwrap().signal(), Some(signal.as_raw()));
        }
    });
}

// SP-033
#[test]
fn sp_002_all_who_wait_get_the_same_status_and_so_do_later_ones() {
    on_a_loop(async {
        let child = Rc::new(sh("read line; exit 7"));
        let waits: Vec<_> = (0..3)
            .map(|_| {
                let child = child.clone();
                spawn(async move { child.wait().await.unwrap().code() })
            })
            .collect();
        for wait in waits {
            assert_eq!(wait.await.unwrap(), Some(7));
        }
        assert_eq!(child.wait().await.unwrap().code(), Some(7));
    });
}

#[test]
fn sp_003_a_wait_that_is_cancelled_leaves_the_child_alone() {
    on_a_loop(async {
        let child = Rc::new(cat());
        let waits = child.clone();
        let task = spawn(async move { waits.wait().await });
        yield_now().await;
        task.cancel();
        assert!(task.await.is_err());
        assert_eq!(child.poll().unwrap(), None);
        child.kill().unwrap();
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

#[test]
fn sp_004_a_wait_ends_with_the_child_though_a_grandchild_holds_the_pipe() {
    on_a_loop(async {
        let (held, holds) = pipe();
        let line = Command::shell("exec 3<&0; cat <&3 & exit 3")
            .stdin(held)
            .stdout(Stdio::piped())
            .spawn();
        let child = line.unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(3));
        drop(holds); // the grandchild ends
        let mut left = vec![];
        child.stdout.as_ref().unwrap().read_to_end(&mut left).await.unwrap();
        assert!(left.is_empty());
    });
}

// SP-020
#[test]
fn sp_005_what_is_written_is_read_back_until_stdin_is_closed() {
    on_a_loop(async {
        let mut child = cat();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        for word in [b"one", b"two"] {
            stdin.write_all(word).await.unwrap();
            let mut echo = [0; 3];
            assert_eq!(stdout.read(&mut echo).await.unwrap(), 3);
            assert_eq!(&echo, word);
        }
        stdin.shutdown();
        assert_eq!(stdout.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn sp_020_a_child_whose_output_nobody_reads_gets_a_broken_pipe() {
    on_a_loop(async {
        let mut child = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
        child.stdout = None;
        let status = child.wait().await.unwrap();
        assert_eq!(status.signal(), Some(Signal::PIPE.as_raw()));
    });
}

#[test]
fn sp_008_writing_by_hand_to_a_child_that_has_ended_is_a_broken_pipe() {
    on_a_loop(async {
        let child = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.as_ref().unwrap();
        let error = stdin.write_all(&vec![0; 1 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

// SP-010
#[test]
fn sp_009_a_slow_reader_loses_nothing_also_after_the_end() {
    on_a_loop(async {
        let child = sh("head -c 300000 /dev/zero");
        let mut count = 0;
        let stdout = child.stdout.as_ref().unwrap();
        while count < 250_000 {
            count += stdout.read(&mut [0; 10_000]).await.unwrap();
            yield_now().await;
        }
        child.wait().await.unwrap();
        let mut rest = vec![];
        stdout.read_to_end(&mut rest).await.unwrap();
        assert_eq!(count + rest.len(), 300_000);
    });
}

// SP-042
#[test]
fn sp_011_a_stream_that_is_not_piped_has_no_end_here() {
    on_a_loop(async {
        let null = Command::new("cat").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = null.stderr(Stdio::inherit()).spawn().unwrap();
        assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
        let completed = child.communicate("").await.unwrap();
        assert!(completed.status.success() && completed.stdout.is_empty());
        let mut deaf = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
        let error = deaf.communicate("input").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

// SP-055
#[test]
fn sp_013_a_child_that_has_ended_is_not_signalled() {
    on_a_loop(async {
        let child = Command::new("true").spawn().unwrap();
        await_end(&child); // nobody has noticed yet
        assert_eq!(child.kill().unwrap_err().kind(), ErrorKind::NotFound);
        assert!(child.wait().await.unwrap().success());
        assert_eq!(child.terminate().unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn sp_014_a_signal_in_the_moment_of_the_end_does_not_spoil_the_status() {
    on_a_loop(async {
        for _ in 0..20 {
            let child = Command::new("true").spawn().unwrap();
            let _ = child.terminate();
            let status = child.wait().await.unwrap();
            assert!(status.success() || status.signal() == Some(15), "{status}");
        }
    });
}

#[test]
fn sp_015_killing_a_shell_spares_what_it_started_unless_the_group_is_signalled() {
    on_a_loop(async {
        let line = "cat <&3 3<&- & echo ready; wait";
        for group in [false, true] {
            let (held, holds) = pipe();
            let shell = Command::shell(format!("exec 3<&0; {line}")).process_group();
            let child = shell.stdin(held).stdout(Stdio::piped()).spawn().unwrap();
            let stdout = child.stdout.as_ref().unwrap();
            assert_eq!(stdout.read(&mut [0; 6]).await.unwrap(), 6);
            if group { child.signal_group(Signal::KILL) } else { child.kill() }.unwrap();
            assert_eq!(child.wait().await.unwrap().signal(), Some(9));
            if !group {
                rustix::io::write(&holds, b"alive").unwrap();
                assert_eq!(stdout.read(&mut [0; 8]).await.unwrap(), 5);
                drop(holds);
            }
            // The grandchild was the last to hold the pipe.
            assert_eq!(stdout.read(&mut [0; 8]).await.unwrap(), 0);
        }
    });
}

#[test]
fn sp_016_a_run_that_is_dropped_kills_the_child() {
    on_a_loop(async {
        let (reads, writes) = pipe();
        let (held, _holds) = pipe();
        let task = spawn(async move {
            let _ = Command::new("cat").stdin(held).stdout(writes).run().await;
        });
        yield_now().await;
        task.cancel();
        assert!(task.await.is_err());
        let end = oneloop::run_blocking(move || rustix::io::read(&reads, &mut [0; 1])).await;
        assert_eq!(end.unwrap().unwrap(), 0);
    });
}

// SP-057
#[test]
fn sp_018_a_child_in_a_group_of_its_own_is_noticed_as_any() {
    on_a_loop(async {
        let line = "test $(cut -d' ' -f5 /proc/$$/stat) = $$";
        let grouped = Command::shell(line).process_group().run().await.unwrap();
        assert!(grouped.status.success());
        let ours = Command::shell(line).run().await.unwrap();
        assert_eq!(ours.status.code(), Some(1));
    });
}

#[test]
fn sp_021_two_children_that_end_at_the_same_time_are_told_apart() {
    on_a_loop(async {
        let children = [sh("exit 1"), sh("exit 2")];
        children.iter().for_each(await_end);
        for (child, code) in children.iter().zip([1, 2]) {
            assert_eq!(child.wait().await.unwrap().code(), Some(code));
        }
    });
}

#[test]
fn sp_022_a_child_that_ended_before_anybody_waited_is_noticed() {
    on_a_loop(async {
        let child = sh("exit 4");
        await_end(&child);
        assert_eq!(child.wait().await.unwrap().code(), Some(4));
    });
}

#[test]
fn sp_023_a_status_that_somebody_else_took_is_255() {
    on_a_loop(async {
        let child = sh("exit 4");
        waitid(WaitId::Pid(pid(&child)), WaitIdOptions::EXITED).unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(255));
    });
}

#[test]
fn sp_024_a_child_that_the_loop_did_not_start_is_left_to_who_did() {
    on_a_loop(async {
        let mut theirs = std::process::Command::new("false").spawn().unwrap();
        Command::new("true").run().await.unwrap();
        yield_now().await;
        assert_eq!(theirs.wait().unwrap().code(), Some(1));
    });
}

#[test]
fn sp_032_poll_does_not_wait_and_answers_again_and_again() {
    on_a_loop(async {
        let child = cat();
        assert_eq!(child.poll().unwrap(), None);
        child.kill().unwrap();
        await_end(&child);
        for _ in 0..2 {
            assert_eq!(child.poll().unwrap().unwrap().signal(), Some(9));
        }
    });
}

#[test]
fn sp_035_a_child_that_is_stopped_has_not_ended() {
    on_a_loop(async {
        let child = cat();
        child.send_signal(Signal::STOP).unwrap();
        waitid(WaitId::Pid(pid(&child)), WaitIdOptions::STOPPED).unwrap();
        yield_now().await;
        assert_eq!(child.poll().unwrap(), None);
        child.kill().unwrap();
        child.wait().await.unwrap();
    });
}

/// Whether the kernel has it no more.
fn is_gone(pid: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid), options).is_err()
}

#[test]
fn sp_059_a_child_that_was_dropped_leaves_no_zombie() {
    let left = on_a_loop(async {
        let child = Command::new("true").spawn().unwrap();
        await_end(&child);
        let noticed = pid(&child);
        drop(child);
        while !is_gone(noticed) {
            yield_now().await;
        }
        cat() // outlives the loop
    });
    left.kill().unwrap();
    await_end(&left);
    let left_pid = pid(&left);
    drop(left);
    assert!(is_gone(left_pid));
}

#[test]
fn a_child_that_outlives_its_loop_is_looked_after_by_the_next_spawn() {
    let (holds, orphan) = {
        let on = real();
        let spawned = on.run_until_complete(async {
            let (held, holds) = pipe();
            (holds, pid(&Command::new("cat").stdin(held).spawn().unwrap()))
        });
        spawned.unwrap()
    };
    drop(holds);
    waitid(WaitId::Pid(orphan), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    on_a_loop(async {
        Command::new("true").run().await.unwrap();
    });
    assert!(is_gone(orphan));
}

#[test]
fn waiting_for_a_child_of_a_closed_loop_is_an_error() {
    let child = on_a_loop(async { cat() });
    on_a_loop(async move {
        assert!(child.wait().await.is_err());
        child.kill().unwrap();
        await_end(&child);
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

#[test]
fn virtual_time_does_not_jump_while_a_child_is_alive() {
    let on = EventLoop::builder().clock(Clock::AutoJump).build().unwrap();
    let ended = on.run(async {
        let mut ends = Command::new("true");
        timeout(MS, async move { ends.spawn().unwrap().wait().await.unwrap() }).await
    });
    assert!(ended.unwrap().unwrap().success());
}
