//! ARCHITECTURE.md shows the worked example's trace: it must be the one that it leaves.

use std::fs;
use std::path::Path;

#[test]
fn the_trace_in_the_architecture_is_the_one_that_its_example_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let shown = between(&text, "<!-- trace -->\n```text\n", "```\n<!-- /trace -->");
    let example = fs::read_to_string(root.join("examples/20_one_turn.rs")).unwrap();
    let printed: String = between(&example, "//! ```text\n", "//! ```\n")
        .lines()
        .map(|line| line.strip_prefix("//! ").unwrap_or("").to_owned() + "\n")
        .collect();
    // That the header of an example is what it prints is another test's business.
    assert_eq!(shown, printed);
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).expect(from) + from.len();
    let end = text[start..].find(to).expect(to);
    &text[start..start + end]
}
