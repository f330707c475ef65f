//! The numbered examples print exactly what their headers say.
//!
//! A header is the `//!` block at the top of an example. It has the command that runs
//! it, the output as a block of text after the line `Prints:`, and the place in the
//! source that explains it. A plain `cargo test` builds the examples before this runs.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Far more than any example takes: it only ends those that hang.
const DEADLINE: Duration = Duration::from_secs(20);
/// An example fits a page or two.
const LONGEST: usize = 100;

struct Example {
    name: String,
    lines: usize,
    /// The `//!` lines, without their mark.
    header: Vec<String>,
}

#[test]
fn each_example_prints_what_its_header_says() {
    let failures: Vec<String> = examples().iter().filter_map(Example::difference).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn each_header_has_the_command_that_runs_it() {
    for example in examples() {
        let command = format!("    cargo run --example {}", example.name);
        assert!(example.header.contains(&command), "{}: no line `{command}`", example.name);
    }
}

#[test]
fn each_header_names_a_place_in_the_source_that_exists() {
    for example in examples() {
        let (what, file) = example.place().unwrap_or_else(|| {
            panic!("{}: the header does not say: look at `x` in `y.rs`", example.name)
        });
        let sources: Vec<PathBuf> = rust_files(&root().join("src"));
        let found = sources.iter().filter(|path| path.ends_with(&file)).any(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == what)
        });
        assert!(found, "{}: there is no `{what}` in a `{file}`", example.name);
    }
}

#[test]
fn no_two_examples_have_the_same_number() {
    let mut before = String::new();
    for example in examples() {
        let (number, _) = example.name.split_once('_').expect("a number, then a name");
        let numbered = number.len() == 2 && number.parse::<u8>().is_ok();
        assert!(numbered && *number != *before, "{}", example.name);
        before = number.to_owned();
    }
}

#[test]
fn each_example_is_short() {
    for example in examples() {
        assert!(example.lines < LONGEST, "{} has {} lines", example.name, example.lines);
    }
}

#[test]
fn the_table_lists_the_examples_in_their_order() {
    let table = std::fs::read_to_string(root().join("examples/README.md")).unwrap();
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| [`")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let names: Vec<String> = examples().into_iter().map(|example| example.name).collect();
    assert_eq!(listed, names);
}

impl Example {
    /// What is wrong with its output, if anything is.
    fn difference(&self) -> Option<String> {
        let Some(expected) = self.expected() else {
            return Some(format!("{}: the header does not say what it prints", self.name));
        };
        match self.run() {
            Ok(printed) if printed == expected => None,
            Ok(printed) => Some(format!(
                "{}: it prints\n{printed}\nbut its header says\n{expected}",
                self.name
            )),
            Err(why) => Some(format!("{}: {why}", self.name)),
        }
    }

    /// The block of text after the line `Prints:`.
    fn expected(&self) -> Option<String> {
        let mut lines = self.header.iter().skip_while(|line| *line != "Prints:");
        lines.find(|line| *line == "```text")?;
        let block: Vec<&str> =
            lines.map(String::as_str).take_while(|line| *line != "```").collect();
        (!block.is_empty()).then(|| block.join("\n") + "\n")
    }

    /// The `x` and the `y.rs` of "look at `x` in `y.rs`".
    fn place(&self) -> Option<(String, String)> {
        let text = self.header.join(" ");
        let (_, rest) = text.split_once("Look at `").or_else(|| text.split_once("look at `"))?;
        let mut parts = rest.split('`');
        let (what, between, file) = (parts.next()?, parts.next()?, parts.next()?);
        (between == " in ").then(|| (what.to_owned(), file.to_owned()))
    }

    /// Runs the example that cargo built beside this test, and gives what it printed.
    fn run(&self) -> Result<String, String> {
        let test = std::env::current_exe().map_err(|error| error.to_string())?;
        let profile = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
        let binary = profile.join("examples").join(&self.name);
        let mut child = Command::new(&binary)
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{error}; `cargo build --examples` makes it"))?;
        let mut stdout = child.stdout.take().expect("it is piped");
        let (done, wait) = mpsc::channel();
        std::thread::spawn(move || {
            let mut printed = String::new();
            let read = stdout.read_to_string(&mut printed);
            // Fails when the deadline was over: then nobody listens.
            let _ = done.send(read.map(|_| printed));
        });
        let printed = wait.recv_timeout(DEADLINE);
        if printed.is_err() {
            child.kill().map_err(|error| error.to_string())?;
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        match printed {
            Err(_) => Err(format!("it did not end within {DEADLINE:?}")),
            Ok(_) if !status.success() => Err(format!("it failed: {status}")),
            Ok(printed) => printed.map_err(|error| error.to_string()),
        }
    }
}

/// The examples whose names begin with a digit, in order.
fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = rust_files(&root().join("examples"))
        .into_iter()
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let text = std::fs::read_to_string(&path).ok()?;
            let header = text
                .lines()
                .map_while(|line| line.strip_prefix("//!"))
                .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
                .collect();
            let lines = text.lines().count();
            name.starts_with(|c: char| c.is_ascii_digit()).then_some(Example {
                name,
                lines,
                header,
            })
        })
        .collect();
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!examples.is_empty(), "no examples found");
    examples
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(rust_files(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => {
                found.push(path)
            }
            false => {}
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
