//! SP: programs from beginning to end: `run`, `communicate`, streams, environment, errors.

use crate::loops::{manual, on_a_loop, real};
use crate::sockets::pipe;
use oneloop::process::{Command, CommandError, Completed, Stdio};
use oneloop::{run_blocking, running_loop, spawn, timeout};
use std::fs;
use std::io::{ErrorKind, Read, Seek};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Runs a shell's line.
fn sh(line: &str) -> Completed {
    let line = line.to_owned();
    on_a_loop(async move { Command::shell(line).run().await.unwrap() })
}

fn runs(mut command: Command) -> Result<Completed, CommandError> {
    on_a_loop(async move { command.run().await })
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn io_error(result: Result<Completed, CommandError>) -> std::io::Error {
    match result {
        Err(CommandError::Io(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A file to write to and to read again.
fn file(name: &str) -> fs::File {
    let path = std::env::temp_dir().join(format!("oneloop-{name}-{}", std::process::id()));
    let options = fs::File::options().read(true).write(true).create_new(true).open(&path);
    fs::remove_file(path).unwrap();
    options.unwrap()
}

#[test]
fn sp_025_check_makes_an_error_of_a_status_that_is_not_zero() {
    let failed = runs(Command::shell("echo out; echo err >&2; exit 3").check(true)).unwrap_err();
    assert_eq!(failed.to_string(), "`/bin/sh` exited with 3");
    let CommandError::Failed { completed, .. } = failed else { panic!("{failed:?}") };
    assert_eq!((text(&completed.stdout), text(&completed.stderr)), ("out\n", "err\n"));
    assert!(runs(Command::new("true").check(true)).is_ok());
    assert_eq!(runs(Command::new("false")).unwrap().status.code(), Some(1));
}

#[test]
fn sp_026_input_is_fed_and_excludes_another_stdin() {
    assert_eq!(runs(Command::new("cat").input("meow")).unwrap().stdout, b"meow");
    let both = runs(Command::new("cat").input("meow").stdin(Stdio::null()));
    assert_eq!(io_error(both).kind(), ErrorKind::InvalidInput);
}

// SP-029
#[test]
fn sp_028_when_the_time_is_over_the_child_is_killed_and_what_it_wrote_is_told() {
    let on = manual();
    // A grandchild keeps the pipe.
    let ((held, _holds), (hears, tells)) = (pipe(), pipe());
    let ended = on.run_until_complete(async move {
        let line = "exec 3<&0; echo partly; echo now >&2; cat <&3 & wait";
        let mut shell = Command::shell(line).stdin(held).stderr(tells).timeout(MS);
        let run = spawn(async move { shell.run().await });
        run_blocking(move || rustix::io::read(hears, &mut [0; 4])).await.unwrap().unwrap();
        running_loop().unwrap().advance(MS);
        run.await.unwrap()
    });
    match ended.unwrap() {
        Err(CommandError::TimedOut { stdout, .. }) => assert_eq!(text(&stdout), "partly\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sp_030_the_error_names_the_signal() {
    for (signal, told) in [("TERM", "SIGTERM"), ("40", "signal 40")] {
        let failed = runs(Command::shell(format!("kill -{signal} $$")).check(true)).unwrap_err();
        assert_eq!(failed.to_string(), format!("`/bin/sh` was ended by {told}"));
    }
}

// SP-036
#[test]
fn sp_006_megabytes_both_ways_do_not_get_stuck() {
    let flood = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; cat";
    let ended = runs(Command::shell(flood).input(vec![1; 1_000_000])).unwrap();
    assert_eq!((ended.stdout.len(), ended.stderr.len()), (2_000_000, 1_000_000));
}

// SP-038
#[test]
fn sp_007_a_child_that_does_not_read_its_input_is_no_error() {
    assert!(runs(Command::new("true").input(vec![0; 1 << 20])).unwrap().status.success());
    let closes = Command::shell("exec <&-; echo still").input(vec![0; 1 << 20]);
    assert_eq!(runs(closes).unwrap().stdout, b"still\n");
}

#[test]
fn sp_037_a_communicate_that_was_dropped_goes_on_where_it_was() {
    let on = real();
    let ended = on.run_until_complete(async {
        let mut gated = Command::shell("cat; read line <&2; cat <&2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let (gate, opens) = pipe();
        let mut child = gated_by(&mut gated, gate);
        assert!(timeout(MS * 20, child.communicate(vec![7; 500_000])).await.is_err());
        rustix::io::write(&opens, b"open\nlast").unwrap();
        drop(opens);
        child.communicate("").await.unwrap()
    });
    let out = ended.unwrap().stdout;
    assert_eq!(out.len(), 500_004);
    assert!(out.ends_with(b"last"));
}

/// Its stderr is something to read from: a third pipe.
fn gated_by(command: &mut Command, gate: std::os::fd::OwnedFd) -> oneloop::process::Child {
    let taken = std::mem::replace(command, Command::new("true"));
    taken.stderr(gate).spawn().unwrap()
}

#[test]
fn sp_040_what_was_written_before_comes_first() {
    let out = on_a_loop(async {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = cat.spawn().unwrap();
        child.stdin.as_ref().unwrap().write_all(b"first ").await.unwrap();
        child.communicate("second").await.unwrap().stdout
    });
    assert_eq!(text(&out), "first second");
}

#[test]
fn sp_041_streams_may_be_files_and_descriptors() {
    let mut out = file("sp041");
    let (reads, writes) = pipe();
    rustix::io::write(&writes, b"through").unwrap();
    drop(writes);
    let to = out.try_clone().unwrap();
    let ended = runs(Command::new("cat").stdin(reads).stdout(to)).unwrap();
    assert!(ended.status.success() && ended.stdout.is_empty());
    let mut written = String::new();
    out.rewind().unwrap();
    out.read_to_string(&mut written).unwrap();
    assert_eq!(written, "through");
}

#[test]
fn sp_043_stderr_merged_into_stdout_keeps_the_order() {
    let line = "echo 1; echo 2 >&2; echo 3";
    let piped = runs(Command::shell(line).stderr(Stdio::stdout())).unwrap();
    assert_eq!((text(&piped.stdout), text(&piped.stderr)), ("1\n2\n3\n", ""));
    let mut out = file("sp043");
    let to = out.try_clone().unwrap();
    runs(Command::shell(line).stdout(to).stderr(Stdio::stdout())).unwrap();
    let mut written = String::new();
    out.rewind().unwrap();
    out.read_to_string(&mut written).unwrap();
    assert_eq!(written, "1\n2\n3\n");
    let wrong = runs(Command::shell(line).stdout(Stdio::stdout()));
    assert_eq!(io_error(wrong).kind(), ErrorKind::InvalidInput);
}

#[test]
fn sp_044_one_descriptor_may_be_two_streams() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let twice: std::os::fd::OwnedFd = theirs.try_clone().unwrap().into();
    let theirs: std::os::fd::OwnedFd = theirs.into();
    std::io::Write::write_all(&mut &ours, b"both ways").unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    runs(Command::new("cat").stdin(theirs).stdout(twice)).unwrap();
    let mut echo = String::new();
    (&ours).read_to_string(&mut echo).unwrap();
    assert_eq!(echo, "both ways");
}

#[test]
fn sp_045_a_child_gets_no_descriptor_that_was_opened_here() {
    let listed = || runs(Command::new("ls").arg("/proc/self/fd").input("")).unwrap().stdout;
    // This process itself may have been started with more than three.
    let before = listed();
    let _open: Vec<_> = (0..100).map(|_| fs::File::open("/dev/null").unwrap()).collect();
    assert_eq!(text(&listed()), text(&before));
}

#[test]
fn sp_047_no_end_of_a_pipe_leaks_to_the_next_child() {
    on_a_loop(async {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped());
        let (mut one, two) = (cat.spawn().unwrap(), cat.spawn().unwrap());
        one.stdin = None;
        assert!(one.wait().await.unwrap().success());
        assert_eq!(two.poll().unwrap(), None);
        two.kill().unwrap();
    });
}

// SP-017
#[test]
fn sp_048_a_program_that_is_not_there_is_named() {
    let error = io_error(runs(Command::new("no-such-program").input("")));
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("cannot start `no-such-program`"), "{error}");
}

#[test]
fn sp_049_a_directory_that_is_not_there_is_named() {
    let error = io_error(runs(Command::new("true").current_dir("/no/such/directory")));
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no directory `/no/such/directory`"), "{error}");
}

#[test]
fn sp_050_what_no_program_can_be_given_is_refused() {
    let wrong = [
        Command::new("tr\0ue"),
        Command::new("true").arg("a\0b"),
        Command::new("true").env("a=b", "c"),
        Command::new("true").env("", "c"),
        Command::new("true").env("a", "b\0"),
    ];
    for command in wrong {
        assert_eq!(io_error(runs(command)).kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn sp_051_a_program_may_be_given_another_name() {
    let named = runs(Command::new("/bin/sh").arg0("somebody").args(["-c", "echo $0"])).unwrap();
    assert_eq!(named.stdout, b"somebody\n");
}

#[test]
fn sp_052_the_environment_is_what_was_set() {
    let empty = runs(Command::new("/usr/bin/env").env_clear()).unwrap();
    assert_eq!(text(&empty.stdout), "");
    let one = runs(Command::new("/usr/bin/env").env_clear().env("ONE", "1=1")).unwrap();
    assert_eq!(text(&one.stdout), "ONE=1=1\n");
}

#[test]
fn sp_053_a_line_is_for_the_shell_only_if_that_is_asked_for() {
    assert_eq!(sh("echo $((6 * 7)) | cat").stdout, b"42\n");
    let plain = runs(Command::new("echo").arg("$((6 * 7)) | cat")).unwrap();
    assert_eq!(text(&plain.stdout), "$((6 * 7)) | cat\n");
}

#[test]
fn sp_056_a_child_has_sigpipe_at_its_default() {
    let status = sh("grep -E 'SigIgn|SigBlk' /proc/self/status").stdout;
    for line in text(&status).lines() {
        let set = u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap();
        assert_eq!(set & (1 << 12), 0, "{line}");
    }
}

#[test]
fn sp_058_a_child_that_is_dropped_closes_its_pipes() {
    on_a_loop(async {
        let (reads, writes) = pipe();
        drop(Command::new("cat").stdin(Stdio::piped()).stdout(writes).spawn().unwrap());
        let end = run_blocking(move || rustix::io::read(&reads, &mut [0; 1])).await;
        assert_eq!(end.unwrap().unwrap(), 0);
    });
}

#[test]
fn sp_060_a_read_takes_no_more_than_it_was_asked_for() {
    on_a_loop(async {
        let child = Command::shell("printf abc").stdout(Stdio::piped()).spawn().unwrap();
        let mut one = [0; 1];
        let stdout = child.stdout.as_ref().unwrap();
        stdout.read(&mut one).await.unwrap();
        let mut rest = vec![];
        stdout.read_to_end(&mut rest).await.unwrap();
        assert_eq!((&one, &rest[..]), (b"a", &b"bc"[..]));
    });
}

#[test]
fn a_pipeline_ends_as_in_a_shell() {
    on_a_loop(async {
        let mut lines = Command::new("yes").pipe(Command::new("head").arg("-n").arg("1"));
        let output = lines.run().await.unwrap();
        assert_eq!(output.stdout, b"y\n");
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(output.statuses[0].signal(), Some(13));
        assert!(output.statuses[1].success());
        let mut three = Command::new("cat").input("b\na\nb\n").pipe(Command::new("sort"));
        three = three.pipe(Command::new("uniq"));
        assert_eq!(three.run().await.unwrap().stdout, b"a\nb\n");
        let mut broken = Command::new("yes").pipe(Command::new("no-such-program"));
        assert_eq!(broken.run().await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}
