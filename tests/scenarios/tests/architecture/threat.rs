//! `docs/THREATS.md`: each row's tests, and the tests that exist.

use std::collections::BTreeSet;
use std::path::Path;

use crate::source::{below, read, rust_files};

/// An attack and what shows our answer to it.
#[derive(Debug)]
pub(crate) struct Row {
    /// First column.
    pub(crate) attack: String,
    /// Every name between backticks in the last column.
    pub(crate) tests: Vec<String>,
}

/// The rows of all tables whose last column is called `shown by`.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut within = false;
    for line in text.lines() {
        let Some(line) = line.trim().strip_prefix('|') else {
            within = false;
            continue;
        };
        let cells: Vec<_> = line.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let (Some(attack), Some(last)) = (cells.first(), cells.last()) else { continue };
        if *last == "shown by" {
            within = true;
        } else if within && !attack.starts_with("---") {
            let tests = last.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            rows.push(Row { attack: (*attack).to_owned(), tests });
        }
    }
    rows
}

/// Functions under `#[test]` and its like, and the titles of the browser's tests.
pub(crate) fn tests_of(root: &Path) -> BTreeSet<String> {
    let folders = ["shared", "functions", "infra", "tests"].map(str::to_owned);
    let mut names = BTreeSet::new();
    for file in rust_files(&folders) {
        let text = read(&file);
        // Attributes may stand between `#[test]` and the function; other functions may not.
        for part in text.split("test]").skip(1).chain(text.split("test(").skip(1)) {
            let name = part.split_once("fn ").map(|(_, rest)| rest.split(['(', '<']).next());
            names.extend(name.flatten().map(|name| name.trim().to_owned()));
        }
        // Those that `proptest!` makes.
        for part in text.split("proptest!").skip(1) {
            let all = part.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            names.extend(all.map(|name| name.trim().to_owned()));
        }
    }
    for file in below(&root.join("tests/browser"), "js")
        .into_iter()
        .chain(below(&root.join("tests/browser"), "mjs"))
    {
        for part in read(&file).split("test(").skip(1) {
            let quote = part.chars().next().filter(|first| ['"', '\'', '`'].contains(first));
            let title = quote.and_then(|quote| part.split(quote).nth(1));
            names.extend(title.map(str::to_owned));
        }
    }
    names
}
