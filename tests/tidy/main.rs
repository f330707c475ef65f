//! The house rules, held by a scan of the text: sizes, layers, words, the code map.
//!
//! All that may have to change with the project is data, at the top.

mod source;

use source::{
    Source, has_word, is_in, module, name, outside_brackets, root, root_exports, sources,
};
use std::fs;

/// Who may use whom, from the ground up: a line names only modules of lines above it. The
/// longest path that fits a file counts, and what is below that path is the file's own.
/// `root` stands for the kernel's names that the crate's root exports.
const LAYERS: &[(&str, &[&str])] = &[
    // the ground
    ("src/error/", &[]),
    ("src/call.rs", &[]),
    ("src/clock.rs", &[]),
    ("src/observe.rs", &[]),
    ("src/stage.rs", &["error"]),
    ("src/exception.rs", &["error", "call"]),
    // the kernel: first the files that know no task, then the rest
    ("src/kernel/slots.rs", &[]),
    ("src/kernel/timers.rs", &["clock"]),
    ("src/kernel/ready.rs", &["call", "kernel::slots"]),
    ("src/kernel/waiters.rs", &["call", "observe"]),
    ("src/kernel/injector.rs", &["kernel::sync"]),
    ("src/kernel/reactor.rs", &["error", "kernel::slots", "kernel::waiters"]),
    ("src/kernel/", &["error", "call", "clock", "observe", "stage", "exception"]),
    // what implements the kernel's own traits for it
    ("src/awaiting.rs", &["kernel"]),
    ("src/watch.rs", &["observe", "kernel"]),
    ("src/leaf.rs", &["kernel"]),
    ("src/virtual_time.rs", &["clock", "observe", "kernel"]),
    // the handles, on what the kernel exports
    ("src/callback.rs", &["error", "call", "clock", "observe", "kernel", "root"]),
    ("src/future_cell.rs", &["observe", "exception", "kernel"]),
    ("src/future.rs", &["error", "call", "observe", "future_cell", "kernel", "root"]),
    ("src/remote.rs", &["error", "kernel", "root"]),
    ("src/time/", &["clock", "observe", "kernel", "root"]),
    ("src/task_ref.rs", &["call", "observe", "future", "kernel", "root"]),
    ("src/cancel.rs", &["observe", "stage", "task_ref", "kernel", "root"]),
    ("src/task_tree.rs", &["task_ref", "kernel", "root"]),
    ("src/catch_cancel.rs", &["error", "kernel", "root"]),
    ("src/task.rs", &["error", "exception", "stage", "task_ref", "time", "kernel", "root"]),
    ("src/awaitable.rs", &["error", "call", "observe", "future", "task", "root"]),
    ("src/debug.rs", &["observe", "kernel", "root"]),
    ("src/event_loop.rs", &["error", "clock", "observe", "exception", "kernel", "root"]),
    ("src/closing.rs", &["error", "observe", "kernel"]),
    ("src/running.rs", &["error", "exception", "observe", "task", "task_ref", "kernel", "root"]),
    ("src/io/registration.rs", &["error", "kernel", "root"]),
    ("src/io/callbacks.rs", &["error", "call", "kernel", "root"]),
    // the kernel's public face; all below here builds on it, and not on the kernel
    ("src/lowlevel.rs", &["error", "kernel", "root", "io::registration"]),
    ("src/io/", &["error", "root", "lowlevel", "clock", "time"]),
    ("src/sync/", &["root", "future", "catch_cancel", "time"]),
    ("src/concurrent/", &["error", "root", "lowlevel", "time", "event_loop", "io"]),
    ("src/fs/", &["root", "io", "concurrent"]),
    // the end of a run shuts the pool down, hence its place
    (
        "src/ending.rs",
        &[
            "error",
            "kernel",
            "root",
            "callback",
            "future",
            "task_ref",
            "cancel",
            "time",
            "event_loop",
            "running",
            "concurrent",
        ],
    ),
    (
        "src/run.rs",
        &[
            "error",
            "clock",
            "stage",
            "kernel",
            "root",
            "callback",
            "future",
            "task",
            "task_ref",
            "event_loop",
            "ending",
        ],
    ),
    ("src/signal/", &["error", "root", "io", "sync"]),
    ("src/ctrl_c.rs", &["clock", "root", "signal"]),
    ("src/runner.rs", &["error", "root", "task_ref", "event_loop", "running", "ending", "ctrl_c"]),
    (
        "src/combinators/",
        &[
            "error",
            "clock",
            "kernel",
            "exception",
            "stage",
            "callback",
            "future",
            "task",
            "task_ref",
            "awaitable",
            "catch_cancel",
            "run",
            "sync",
            "root",
        ],
    ),
    ("src/stream.rs", &["error", "root", "sync", "combinators", "time", "awaitable"]),
    // sockets of names need threads and deadlines, hence their place
    ("src/net/", &["error", "root", "lowlevel", "io", "time", "concurrent", "combinators"]),
    // streams use what any program may
    (
        "src/streams/",
        &[
            "error",
            "root",
            "net",
            "sync",
            "task",
            "task_ref",
            "catch_cancel",
            "time",
            "combinators",
        ],
    ),
    (
        "src/process/",
        &["error", "root", "lowlevel", "io", "sync", "concurrent", "signal", "combinators", "run"],
    ),
];

/// Above all layers: the crate's face, and the pages that link to all of it.
const NAME_ALL: &[&str] = &["src/lib.rs", "src/guide.rs"];

/// Foreign names that belong to few files; the longest name that fits counts.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("mio", &["src/kernel/reactor.rs", "src/kernel/mod.rs"]),
    ("slab", &["src/kernel/", "src/event_loop.rs"]),
    ("pin_project_lite", &["src/stage.rs", "src/catch_cancel.rs", "src/combinators/limited.rs"]),
    ("signal_hook", &["src/signal/"]),
    ("futures_core", &["src/stream.rs"]),
    ("futures_io", &["src/net/futures_io.rs"]),
    ("std::thread", &["src/concurrent/", "src/kernel/tests/"]),
];

const UNSAFE_IN: &[&str] = &[
    "src/kernel/waker.rs",
    "src/call.rs",
    "tests/checklist/allocations.rs",
    "tests/reliability/hooks.rs",
];
const NEVER_IN_SRC: &[&str] =
    &["todo!", "unimplemented!", "dbg!", "println!", "eprintln!", "print!", "eprint!"];
const DEPENDENCIES: &[&str] = &[
    "mio",
    "slab",
    "log",
    "rustix",
    "pin-project-lite",
    "signal-hook",
    "futures-core",
    "futures-io",
];
const RULES: u32 = 12;

const KERNEL_LINES: usize = 2_000;
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
/// The function to read first: its file, its name, its lines, and the last line that it
/// may begin on to be seen at once.
const HEART: (&str, &str, usize, usize) = ("src/kernel/event_loop.rs", "run_once", 40, 80);

#[test]
fn the_kernel_can_be_read_in_an_evening() {
    let kernel = sources("src/kernel").into_iter().filter(|f| !f.path.contains("/tests/"));
    let lines: usize = kernel.map(|file| file.text.lines().count()).sum();
    assert!(lines <= KERNEL_LINES, "the kernel has {lines} lines, more than {KERNEL_LINES}");
}

#[test]
fn one_turn_is_a_short_function_on_the_first_screen_of_its_file() {
    let (path, name, most, last) = HEART;
    let files = sources("src");
    let file = files.iter().find(|file| file.path == path).expect("the heart's file is there");
    let functions = file.functions();
    let (_, begin, length) = functions.iter().find(|(n, _, _)| n == name).expect(name);
    assert!(*length <= most, "{path}: {name} has {length} lines, more than {most}");
    assert!(*begin <= last, "{path}: {name} begins on line {begin}, not on the first {last}");
}

#[test]
fn files_and_functions_are_short() {
    for_each(&["src", "tests", "examples"], |file, wrong| {
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            wrong(lines, format!("the file is longer than {FILE_LINES} lines"));
        }
        for (name, line, length) in file.functions() {
            if length > FUNCTION_LINES {
                wrong(line, format!("{name} has {length} lines, more than {FUNCTION_LINES}"));
            }
        }
    });
}

#[test]
fn each_file_says_first_what_it_is() {
    for_each(&["src", "tests", "examples"], |file, wrong| {
        if !file.text.starts_with("//! ") {
            wrong(1, "there is no `//!` header".to_owned());
        }
    });
}

#[test]
fn unsafe_code_is_where_it_may_be_and_says_why_it_is_sound() {
    for_each(&["src", "tests", "examples"], |file, wrong| {
        let lines: Vec<&str> = file.text.lines().collect();
        for (i, line) in file.code.lines().enumerate() {
            if has_word(line, "unsafe") && !UNSAFE_IN.contains(&file.path.as_str()) {
                wrong(i + 1, "no `unsafe` in this file".to_owned());
            }
            let is_block = line.contains("unsafe {") || line.contains("unsafe impl");
            if is_block && !lines[i.saturating_sub(4)..=i].iter().any(|l| l.contains("SAFETY:")) {
                wrong(i + 1, "`unsafe` without a SAFETY comment".to_owned());
            }
        }
    });
}

#[test]
fn the_library_prints_nothing_and_leaves_nothing_to_do() {
    for_each(&["src"], |file, wrong| {
        let lines = file.code.lines().enumerate().filter(|_| !file.path.contains("/tests/"));
        for (i, line) in lines {
            for word in NEVER_IN_SRC.iter().filter(|word| has_word(line, word)) {
                wrong(i + 1, format!("`{word}`"));
            }
        }
    });
}

#[test]
fn what_can_be_awaited_says_what_becomes_of_it_when_it_is_cancelled() {
    for_each(&["src"], |file, wrong| {
        let futures = file.futures();
        for (i, line) in file.code.lines().enumerate() {
            let line = line.trim_start();
            let awaited = match line.strip_prefix("pub struct ") {
                Some(rest) => futures.contains(&name(rest)),
                None => line.starts_with("pub async fn "),
            };
            if awaited && !file.doc_above(i).contains("# Cancel safety") {
                wrong(i + 1, "no section on cancel safety".to_owned());
            }
        }
    });
}

#[test]
fn a_condition_is_no_let_chain_because_rust_1_85_has_none() {
    for_each(&["src", "tests", "examples"], |file, wrong| {
        for (at, _) in file.code.match_indices("let ") {
            let before = file.code[..at].trim_end();
            let value = file.code[at..].split_once('=').map_or("", |(_, value)| value);
            let value = outside_brackets(value.split(['{', ';']).next().unwrap_or_default());
            let begins = before.ends_with("if") || before.ends_with("while");
            if before.ends_with("&&") || (begins && value.contains("&&")) {
                wrong(before.lines().count(), "a let-chain".to_owned());
            }
        }
    });
}

#[test]
fn a_file_uses_only_what_is_below_it() {
    let exports = root_exports();
    for_each(&["src"], |file, wrong| {
        if NAME_ALL.contains(&file.path.as_str()) || file.path.contains("/tests/") {
            return;
        }
        let fits = LAYERS.iter().filter(|(path, _)| file.path.starts_with(path));
        let Some((own, may_use)) = fits.max_by_key(|(path, _)| path.len()) else {
            return wrong(1, "this file is in no layer".to_owned());
        };
        for (line, used) in file.paths("crate") {
            let name = used.split("::").next().unwrap_or_default();
            let used = match exports.get(name).map(String::as_str) {
                Some("kernel") => "root".to_owned(),
                Some(module) => module.to_owned(),
                None => used,
            };
            if !is_in(&used, &module(own)) && !may_use.iter().any(|path| is_in(&used, path)) {
                wrong(line, format!("`{used}` is not below this file"));
            }
        }
    });
}

#[test]
fn the_layers_go_from_the_ground_up() {
    for (i, (path, may_use)) in LAYERS.iter().enumerate() {
        for used in may_use.iter().filter(|used| **used != "root" && **used != "kernel::sync") {
            let earlier = LAYERS[..i].iter().any(|(earlier, _)| is_in(&module(earlier), used));
            assert!(earlier, "{path} may use {used}, which comes later");
        }
    }
}

#[test]
fn what_few_files_may_name_nobody_else_names() {
    for_each(&["src"], |file, wrong| {
        for root in
            ["mio", "slab", "pin_project_lite", "signal_hook", "futures_core", "futures_io", "std"]
        {
            for (line, used) in file.paths(root) {
                let used = format!("{root}::{used}");
                let fits = ONLY_IN.iter().filter(|(name, _)| is_in(&used, name));
                let Some((name, files)) = fits.max_by_key(|(name, _)| name.len()) else { continue };
                if !files.iter().any(|path| file.path.starts_with(path)) {
                    wrong(line, format!("`{name}` is for {files:?}"));
                }
            }
        }
    });
}

#[test]
fn each_dependency_is_one_of_few_and_says_why_it_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]\n").nth(1).expect("a section of dependencies");
    let mut before = "";
    for line in section.lines().take_while(|line| !line.starts_with('[')) {
        if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let name = name.trim();
            assert!(DEPENDENCIES.contains(&name), "{name} is no dependency of ours");
            assert!(before.starts_with("# "), "{name} does not say why it is there");
        }
        before = line;
    }
}

#[test]
fn the_code_map_has_every_source_file() {
    // The map comes with the architecture page.
    let Ok(map) = fs::read_to_string(root().join("ARCHITECTURE.md")) else { return };
    for_each(&["src"], |file, wrong| {
        let short = file.path.trim_start_matches("src/");
        let listed = |(at, _): (usize, &str)| !map[..at].ends_with(['/', '_']);
        if !map.contains(&file.path) && !map.match_indices(short).any(listed) {
            wrong(1, "the file is missing in ARCHITECTURE.md".to_owned());
        }
    });
}

#[test]
fn each_rule_of_order_has_a_test_that_bears_its_number() {
    let tests: String = sources("tests").into_iter().map(|file| file.code).collect();
    for rule in 1..=RULES {
        let name = format!("fn rule_{rule:02}_");
        assert!(tests.contains(&name), "no test is called {name}...");
    }
}

/// Shows each file to `look`, and fails if that finds anything wrong, with all of it.
fn for_each(directories: &[&str], look: impl Fn(&Source, &mut dyn FnMut(usize, String))) {
    let mut found = String::new();
    for file in directories.iter().flat_map(|directory| sources(directory)) {
        look(&file, &mut |line, what| found += &format!("\n{}:{line}: {what}", file.path));
    }
    assert!(found.is_empty(), "{found}");
}
