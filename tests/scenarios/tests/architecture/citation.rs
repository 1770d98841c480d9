//! Citations in comments: a standard's name, then a section, as in `RFC 9110 §15`.

use std::collections::{BTreeMap, BTreeSet};

/// The standards that may be cited, and their sections: `docs/standards.toml`.
#[derive(Debug)]
pub(crate) struct Standards(BTreeMap<String, BTreeSet<String>>);

impl Standards {
    /// Reads tables of the form `["Name"]` with a string `sections`, on one line or between
    /// triple quotes.
    pub(crate) fn parse(text: &str) -> Self {
        let mut standards = BTreeMap::<String, BTreeSet<String>>::new();
        for table in text.split("\n[\"").flat_map(|part| part.strip_prefix("[\"").or(Some(part))) {
            let Some((name, body)) = table.split_once("\"]") else { continue };
            let sections = body.split_once("sections = \"").map_or("", |(_, rest)| {
                match rest.strip_prefix("\"\"") {
                    Some(long) => long.split("\"\"\"").next().unwrap_or_default(),
                    None => rest.split('"').next().unwrap_or_default(),
                }
            });
            let sections = sections.split_whitespace().map(str::to_owned).collect();
            assert!(standards.insert(name.to_owned(), sections).is_none(), "{name} is there twice");
        }
        assert!(!standards.is_empty(), "no standard is listed");
        Self(standards)
    }

    /// The listed standard whose name these words end with; the longest wins.
    fn ends(&self, words: &[String]) -> Option<&str> {
        let bare = |word: &String| word.trim_start_matches(['(', '[', '"', '`']).to_owned();
        let last = words.get(words.len().saturating_sub(5)..).unwrap_or_default();
        let text = last.iter().map(bare).collect::<Vec<_>>().join(" ");
        let ending = |name: &&String| text == **name || text.ends_with(&format!(" {name}"));
        self.0.keys().filter(ending).max_by_key(|name| name.len()).map(String::as_str)
    }
}

/// One place of one standard.
#[derive(Debug)]
pub(crate) struct Citation {
    #[expect(dead_code, reason = "shown by a failing assertion")]
    text: String,
}

impl Citation {
    /// Every citation in a text, right or with what is wrong with it.
    pub(crate) fn all<'a>(
        words: &'a [String],
        standards: &'a Standards,
    ) -> impl Iterator<Item = Result<Self, String>> + 'a {
        words.iter().enumerate().filter_map(|(at, word)| {
            let before = words.get(at.saturating_sub(4)..at).unwrap_or_default();
            if let Some((_, section)) = word.split_once('§') {
                // A second section is of the same standard as the first: `RFC 9110 §15, §15.1`.
                let name = before.iter().rposition(|word| !word.contains('§')).and_then(|last| {
                    let start = at - before.len();
                    standards.ends(words.get(..=start + last).unwrap_or_default())
                });
                return Some(Self::check(name, before, section, standards));
            }
            let number = word.trim_end_matches(|last: char| !last.is_ascii_digit());
            let is_rfc =
                before.last().is_some_and(|word| word.trim_start_matches(['(', '[', '`']) == "RFC")
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit());
            let followed = words.get(at + 1).is_some_and(|next| next.contains('§'));
            (is_rfc && !followed).then(|| {
                let name = format!("RFC {number}");
                match standards.0.contains_key(&name) {
                    true => Ok(Self { text: name }),
                    false => Err(format!("{name} is not in docs/standards.toml")),
                }
            })
        })
    }

    fn check(
        name: Option<&str>,
        before: &[String],
        section: &str,
        standards: &Standards,
    ) -> Result<Self, String> {
        let Some(name) = name else {
            return Err(format!("{} §{section}: no listed standard before it", before.join(" ")));
        };
        let end = section.find(|next: char| !next.is_ascii_alphanumeric() && next != '.');
        let section = section.get(..end.unwrap_or(section.len())).unwrap_or_default();
        let section = section.trim_end_matches('.');
        let known = standards.0.get(name).is_some_and(|sections| sections.contains(section));
        let text = format!("{name} §{section}");
        if known { Ok(Self { text }) } else { Err(format!("{text} is not in docs/standards.toml")) }
    }
}

/// The words of a Rust file's comments, line after line.
pub(crate) fn comments(source: &str) -> Vec<String> {
    let text = source.lines().filter_map(|line| {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        doc.or_else(|| line.strip_prefix("//"))
    });
    text.flat_map(str::split_whitespace).map(str::to_owned).collect()
}
