//! A source file, as far as a scan of its text can know it.
//!
//! It knows no grammar. It relies on rustfmt's shape: a function ends at the first brace
//! that stands under its first line.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

pub(crate) struct Source {
    /// From the crate's root.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the insides of strings taken out, line for line.
    pub(crate) code: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn sources(directory: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(directory)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            found.extend(sources(&path));
        } else if path.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            found.push(Source { path, code: code(&text), text });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    /// Each function: its name, its first line, and how many lines it has.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        let lines: Vec<&str> = self.code.lines().collect();
        let mut found = Vec::new();
        for (i, line) in lines.iter().enumerate() {
            let Some((before, after)) = line.split_once("fn ") else { continue };
            let is_item = before.chars().all(|c| c.is_alphanumeric() || " ()_".contains(c));
            let name: String = after.chars().take_while(|c| is_name(*c)).collect();
            if !is_item || name.is_empty() {
                continue;
            }
            let indent = &line[..line.len() - line.trim_start().len()];
            let ends = |l: &&str| {
                l.starts_with(&format!("{indent}}}"))
                    || l.ends_with(';') && l.starts_with(&format!("{indent})"))
            };
            let one_line = line.ends_with('}') || line.ends_with(';');
            let length = match one_line {
                true => 1,
                false => 1 + lines[i..].iter().position(ends).unwrap_or(0),
            };
            found.push((name, i + 1, length));
        }
        found
    }

    /// The types for which `Future` or `IntoFuture` is implemented.
    pub(crate) fn futures(&self) -> Vec<&str> {
        let types = self.code.split("Future for ").skip(1);
        types
            .map(|text| name(text.trim_start_matches(['&', '\'']).trim_start_matches("a ")))
            .collect()
    }

    /// The documentation of what begins on the line with that index, attributes included.
    pub(crate) fn doc_above(&self, index: usize) -> String {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let above = lines[..index].iter().rev();
        let doc: Vec<&str> = above
            .take_while(|line| line.starts_with("///") || line.starts_with("#["))
            .copied()
            .collect();
        doc.join("\n")
    }

    /// The paths below `root` that are named, with their lines; for `crate`, those that
    /// begin with `super` as well.
    pub(crate) fn paths(&self, root: &str) -> Vec<(usize, String)> {
        let mut found = named(&self.code, &format!("{root}::"), "");
        if root == "crate" {
            let here = module(self.path.trim_end_matches("/mod.rs"));
            let above =
                here.rsplit_once("::").map_or(String::new(), |(above, _)| format!("{above}::"));
            found.extend(named(&self.code, "super::", &above));
        }
        found
    }
}

/// `src/kernel/ready.rs` is `kernel::ready`.
pub(crate) fn module(path: &str) -> String {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    path.trim_end_matches('/').replace('/', "::")
}

pub(crate) fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// What follows `start` in the code, each branch of a `{tree}` on its own.
fn named(code: &str, start: &str, prefix: &str) -> Vec<(usize, String)> {
    let begins = |at: &usize| !code[..*at].ends_with(is_name);
    let places = code.match_indices(start).map(|(at, _)| at).filter(begins);
    places
        .flat_map(|at| {
            let line = 1 + code[..at].matches('\n').count();
            branches(&code[at + start.len()..]).into_iter().map(move |path| (line, path))
        })
        .map(|(line, path)| (line, format!("{prefix}{path}")))
        .collect()
}

/// The paths that a text begins with: one, or the branches of a `{tree}`.
fn branches(text: &str) -> Vec<String> {
    let length = text.find(|c| !is_name(c) && c != ':').unwrap_or(text.len());
    let (stem, rest) = text.split_at(length);
    let Some(inside) = rest.strip_prefix('{') else { return vec![stem.to_owned()] };
    let (mut depth, mut begin, mut found) = (0, 0, Vec::new());
    for (i, c) in inside.char_indices() {
        match c {
            ',' | '}' if depth == 0 => {
                let branch = inside[begin..i].trim();
                if !branch.is_empty() {
                    found.extend(branches(branch).iter().map(|path| format!("{stem}{path}")));
                }
                if c == '}' {
                    break;
                }
                begin = i + 1;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The modules that the names come from which the crate's root exports.
pub(crate) fn root_exports() -> HashMap<String, String> {
    let root = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let uses = root.split("pub use ").skip(1).flat_map(branches);
    uses.filter_map(|path| {
        let (module, name) = (path.split("::").next()?, path.rsplit("::").next()?);
        Some((name.to_owned(), module.to_owned()))
    })
    .collect()
}

/// Blanks comments and the insides of strings; every line stays where it is.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let raw = rest.starts_with("r#\"") || rest.starts_with("r\"");
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '\'' if rest.starts_with("'\"'") => 3,
            'r' if raw && !code.ends_with(is_name) => {
                let end = if rest.starts_with("r#") { "\"#" } else { "\"" };
                let begin = rest.find('"').map_or(0, |at| at + 1);
                begin + rest[begin..].find(end).map_or(0, |at| at + end.len())
            }
            '"' => string_length(rest),
            _ => {
                code.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
        };
        code.extend(rest[..length].chars().filter(|c| *c == '\n'));
        rest = &rest[length..];
    }
    code
}

/// How long the string is that the text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return i + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// The name that a text begins with.
pub(crate) fn name(text: &str) -> &str {
    text.split(|c| !is_name(c)).next().unwrap_or_default()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` is there, and not as a part of a longer one.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_name) && !line[at + word.len()..].starts_with(is_name)
    })
}

/// What is left of a line when all that is in brackets is taken out.
pub(crate) fn outside_brackets(line: &str) -> String {
    let mut depth = 0;
    let outside = line.chars().filter(|c| {
        depth += i32::from(matches!(c, '(' | '[')) - i32::from(matches!(c, ')' | ']'));
        depth <= 0
    });
    outside.collect()
}
