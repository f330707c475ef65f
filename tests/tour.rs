//! The tour tells the truth: what it prints is checked against what must be so.
//!
//! The sections on virtual time print the same on every run, and are compared as they
//! stand. The others are checked for what does not depend on the machine's speed. A plain
//! `cargo test` builds the tour before this runs.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

/// Far more than the tour takes: it only ends one that hangs.
const DEADLINE: Duration = Duration::from_secs(60);
/// What the sections on virtual time print.
const EXPECTED: &str = include_str!("tour.expected.txt");
const SECTIONS: [&str; 7] = [
    "1. callbacks and timers, in their order (virtual time)",
    "2. three tasks take turns (virtual time)",
    "3. a heartbeat keeps time while other threads hash src (real time)",
    "4. an echo server and its clients (real time)",
    "5. a call from another thread (real time)",
    "6. a task is cancelled (virtual time)",
    "7. a panic harms nobody (virtual time)",
];
/// The causes, and the rules by which they make somebody ready.
const WHY: [&str; 9] = [
    "call_soon, rule 1",
    "call_soon, rule 2",
    "spawn, rule 7",
    "wake, rule 5",
    "done, rule 8",
    "cancel, rule 10",
    "other thread, rule 4",
    "readiness, rule 4",
    "deadline, rule 3",
];

/// One run, for all tests.
static TOUR: LazyLock<Tour> = LazyLock::new(Tour::take);

struct Tour {
    stdout: String,
    stderr: String,
    succeeded: bool,
}

/// A line in which somebody says something.
#[derive(Debug)]
struct Line {
    turn: u64,
    time: f64,
    who: String,
    what: String,
    why: String,
}

#[test]
fn it_ends_by_itself_and_well() {
    assert!(TOUR.succeeded, "{}", TOUR.stderr);
    assert_eq!(TOUR.stderr, "", "also the panics on purpose are quiet");
}

#[test]
fn every_section_is_there() {
    let titles: Vec<&str> =
        TOUR.stdout.lines().filter_map(|line| line.strip_prefix("== ")).collect();
    assert_eq!(titles[..SECTIONS.len()], SECTIONS);
    assert_eq!(titles[SECTIONS.len()..], ["summary"]);
}

#[test]
fn on_virtual_time_it_is_the_same_on_every_run() {
    let mut printed = String::new();
    for title in SECTIONS.iter().filter(|title| title.contains("virtual")) {
        printed += &format!("== {title}\n{}\n", TOUR.section(title));
    }
    assert_eq!(printed, EXPECTED);
}

#[test]
fn every_line_says_turn_time_who_what_and_why() {
    for title in SECTIONS {
        let lines = TOUR.lines(title);
        assert!(!lines.is_empty(), "{title} is empty");
        let mut before = (0, 0.0);
        for line in lines {
            assert!(line.turn > 0 && !line.who.is_empty() && !line.what.is_empty(), "{line:?}");
            assert!(WHY.contains(&line.why.as_str()), "{line:?}");
            assert!((line.turn, line.time) >= before, "{line:?} is back in time");
            before = (line.turn, line.time);
        }
    }
}

#[test]
fn no_line_is_too_long() {
    for line in TOUR.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn three_tasks_alternate_strictly() {
    let lines = TOUR.lines(SECTIONS[1]);
    let turns: Vec<(u64, &str)> = lines
        .iter()
        .filter(|line| line.who != "main")
        .map(|line| (line.turn, line.who.as_str()))
        .collect();
    assert_eq!(turns.len(), 12);
    for (round, three) in turns.chunks(3).enumerate() {
        let turn = 2 + round as u64;
        assert_eq!(three, [(turn, "ann"), (turn, "bob"), (turn, "cleo")]);
    }
}

#[test]
fn every_file_of_src_has_its_digest() {
    let section = TOUR.section(SECTIONS[2]);
    let mut printed = BTreeMap::new();
    let mut name = None;
    for line in section.lines() {
        match line.trim_start() {
            digest if is_digest(digest) => {
                let name = name.take().expect("a digest follows its file");
                printed.insert(name, digest.to_owned());
            }
            _ => {
                let line = Line::parse(line);
                let file = line.what.split(' ').next().filter(|_| line.who.starts_with("hash "));
                name = file.map(str::to_owned);
            }
        }
    }
    assert_eq!(printed, digests());
}

#[test]
fn the_heart_beats_while_others_hash() {
    let lines = TOUR.lines(SECTIONS[2]);
    let beats: Vec<&Line> = lines.iter().filter(|line| line.who == "heart").collect();
    for (i, beat) in beats.iter().enumerate() {
        assert!(beat.what.starts_with(&format!("beat {}, ", i + 1)), "{beat:?}");
    }
    assert!(beats.len() >= 2, "it began to beat, and did not go on");
    assert_eq!(TOUR.number("heartbeats"), beats.len() as u64);
}

#[test]
fn the_clients_are_there_at_once_and_get_back_what_they_sent() {
    let lines = TOUR.lines(SECTIONS[3]);
    let is_answer = |line: &&Line| line.what.ends_with(" bytes came back");
    let first = lines.iter().position(|line| is_answer(&line)).expect("an answer");
    let accepted = |lines: &[Line]| lines.iter().filter(|line| line.who == "server").count();
    assert_eq!((accepted(&lines[..first]), accepted(&lines[first..])), (4, 0));

    let mut of_client = BTreeMap::new();
    for line in lines.iter().filter(is_answer) {
        let bytes = line.what.split(": ").nth(1).and_then(|text| text.split(' ').next());
        let bytes: u64 = bytes.expect("a count of bytes").parse().unwrap();
        of_client.entry(line.who.clone()).or_insert_with(Vec::new).push(bytes);
    }
    for n in 1..=4 {
        let sizes = [1, 2, 3].map(|round| n * round * 1024);
        assert_eq!(of_client.remove(&format!("client {n}")).unwrap_or_default(), sizes);
    }
    assert!(of_client.is_empty(), "{of_client:?}");
    assert_eq!(TOUR.number("bytes echoed"), 1024 * (1 + 2 + 3) * (1 + 2 + 3 + 4));
}

#[test]
fn what_another_thread_sends_arrives_in_order() {
    let lines = TOUR.lines(SECTIONS[4]);
    let who: Vec<&str> = lines.iter().map(|line| line.who.as_str()).collect();
    assert_eq!(who, ["main", "call 1", "call 2", "task", "call 3", "main"]);
    assert!(lines[4].what.ends_with("got 42"), "{:?}", lines[4]);
}

#[test]
fn the_table_of_the_summary_adds_up() {
    let rows = TOUR.table();
    let (total, sections) = rows.split_last().expect("a table");
    assert_eq!(sections.len(), SECTIONS.len());
    let mut sum = [0; 6];
    for row in &rows {
        let [turns, entries, kinds @ ..] = row;
        assert!(*turns > 0);
        assert_eq!(*entries, kinds.iter().sum::<u64>(), "the kinds of {row:?}");
    }
    for row in sections {
        sum.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell);
    }
    assert_eq!(sum, *total);
    assert_eq!(TOUR.rules().values().sum::<u64>(), total[1], "each entry has a rule");
}

#[test]
fn the_facts_of_the_summary_are_so() {
    let total = *TOUR.table().last().expect("a table");
    let files = digests().len() as u64;
    // A task a section and a file, and those that the sections make by name.
    let tasks = SECTIONS.len() as u64 + files + 3 + 1 + 9 + 1 + 1 + 1;
    assert!(TOUR.number("tasks") >= tasks, "less than {tasks}");
    assert!(TOUR.fact("tasks").ends_with(" 2 cancelled"), "the heart, and the sleeper");
    assert!(TOUR.fact("timers").ends_with(&format!(" {} came due", total[4])));
    assert!(TOUR.number("timers") > total[4], "some were cancelled");
    assert_eq!(TOUR.number("files hashed"), files);
    assert!(TOUR.number("hashes") >= files, "each file is hashed once at least");
    let bytes: u64 = files_of_src().iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(TOUR.fact("files hashed").ends_with(&format!(" {bytes} bytes")));
    assert_eq!(TOUR.number("panics contained"), 2);
}

#[test]
fn the_readme_shows_what_the_tour_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- tour -->").expect("the README shows the tour");
    let (shown, _) = rest.split_once("<!-- /tour -->").expect("what it shows ends");
    let mut is_virtual = false;
    let mut compared = 0;
    for line in shown.lines() {
        if let Some(title) = line.strip_prefix("== ") {
            assert!(SECTIONS.contains(&title) || title == "summary", "{title}");
            is_virtual = title.contains("virtual");
        }
        if is_virtual && !line.is_empty() && !line.starts_with("```") && line != "..." {
            assert!(EXPECTED.lines().any(|expected| expected == line), "{line}");
            compared += 1;
        }
    }
    assert!(compared > 10, "the README shows next to nothing");
}

impl Tour {
    /// Runs the tour that cargo built beside this test.
    fn take() -> Tour {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
        let binary = profile.join("examples").join("tour");
        let mut child = Command::new(&binary)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{error}; `cargo build --example tour` makes it"));
        let stdout = read_all(child.stdout.take().expect("it is piped"));
        let stderr = read_all(child.stderr.take().expect("it is piped"));
        let printed = stdout.recv_timeout(DEADLINE);
        if printed.is_err() {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let stdout = printed.unwrap_or_else(|_| panic!("it did not end within {DEADLINE:?}"));
        Tour { stdout, stderr: stderr.recv().unwrap(), succeeded: status.success() }
    }

    /// The lines between a section's title and the blank line before the next.
    fn section(&self, title: &str) -> &str {
        let begin = format!("== {title}\n");
        let (_, rest) = self.stdout.split_once(&begin).unwrap_or_else(|| panic!("no {title}"));
        rest.split_once("\n\n").map_or(rest, |(section, _)| section)
    }

    fn lines(&self, title: &str) -> Vec<Line> {
        let lines = self.section(title).lines();
        lines.filter(|line| !is_digest(line.trim_start())).map(Line::parse).collect()
    }

    /// The numbers of the summary's table; the totals are the last row.
    fn table(&self) -> Vec<[u64; 6]> {
        let section = self.section("summary");
        let rows = section.lines().skip(1).take(SECTIONS.len() + 1);
        rows.map(|row| {
            let cells = row[56..].split_whitespace().map(|cell| cell.parse().unwrap());
            cells.collect::<Vec<u64>>().try_into().unwrap_or_else(|_| panic!("{row}"))
        })
        .collect()
    }

    /// How many entries each rule gave their place.
    fn rules(&self) -> BTreeMap<u64, u64> {
        let title = "\nentries, by the rule that gave each its place\n";
        let (_, rest) = self.stdout.split_once(title).expect("the counts by rule");
        let rows = rest.lines().take_while(|line| !line.is_empty());
        rows.map(|row| {
            let mut words = row.split_whitespace();
            let count = words.next().expect("a count").parse().unwrap();
            let number = words.nth(1).expect("the number of a rule").parse().unwrap();
            (number, count)
        })
        .collect()
    }

    /// What the summary says of something.
    fn fact(&self, name: &str) -> &str {
        let begin = format!("{name:<24}");
        let mut facts = self.stdout.lines().filter_map(|line| line.strip_prefix(&begin));
        facts.next_back().unwrap_or_else(|| panic!("the summary has no {name}"))
    }

    /// The number with which a fact begins.
    fn number(&self, name: &str) -> u64 {
        let fact = self.fact(name);
        fact.split([' ', ',']).next().and_then(|n| n.parse().ok()).expect(fact)
    }
}

impl Line {
    /// Takes a line apart at its columns.
    fn parse(line: &str) -> Line {
        let part = |from: usize, to: usize| match line.get(from..to.min(line.len())) {
            Some(part) => part.trim().to_owned(),
            None => panic!("not in columns: {line:?}"),
        };
        Line {
            turn: part(0, 4).parse().unwrap_or_else(|_| panic!("no turn: {line:?}")),
            time: part(6, 14).parse().unwrap_or_else(|_| panic!("no time: {line:?}")),
            who: part(16, 26),
            what: part(28, 78),
            why: part(80, line.len()),
        }
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        // Fails when the deadline was over: then nobody listens.
        let _ = send.send(text);
    });
    receive
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The digests of all files of `src`, by their names.
fn digests() -> BTreeMap<String, String> {
    let digest = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let digest = Sha256::digest(std::fs::read(path).unwrap());
        (name, digest.iter().map(|byte| format!("{byte:02x}")).collect())
    };
    files_of_src().into_iter().map(digest).collect()
}

fn files_of_src() -> Vec<PathBuf> {
    let mut directories = vec![root().join("src")];
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
