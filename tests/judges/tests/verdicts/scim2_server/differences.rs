//! `tests/vectors/scim/differences.json`: what the two servers may disagree about, and who is right.

use std::collections::BTreeSet;
use std::fs;

use judges::functions::root;
use serde_json::Value;

use super::comparison::Disagreement;
use super::request::Request;

/// One class of differences.
struct Difference {
    name: String,
    requests: Vec<String>,
    aspects: Vec<String>,
    ours: Option<String>,
    reference: Option<String>,
}

/// All classes, and which of them were met.
pub(super) struct Differences {
    all: Vec<Difference>,
    met: BTreeSet<String>,
}

impl Differences {
    pub(super) fn read() -> Self {
        let path = root().join("tests/vectors/scim/differences.json");
        let text = fs::read_to_string(path).unwrap();
        let listed: Vec<Value> = serde_json::from_str(&text).unwrap();
        let all = listed.iter().map(Difference::read).collect::<Vec<_>>();
        let names = all.iter().map(|difference| &difference.name).collect::<BTreeSet<_>>();
        assert_eq!(names.len(), all.len(), "two differences have one name");
        Self { all, met: BTreeSet::new() }
    }

    /// Whether a disagreement is of a class that is explained.
    pub(super) fn explain(&mut self, request: &Request, disagreement: &Disagreement) -> bool {
        let explained = self.all.iter().find(|it| it.covers(&request.what, disagreement));
        if let Some(difference) = explained {
            self.met.insert(difference.name.clone());
        }
        explained.is_some()
    }

    /// Classes that were not met: what they explain is over.
    pub(super) fn stale(&self) -> Vec<&str> {
        let names = self.all.iter().map(|difference| difference.name.as_str());
        names.filter(|name| !self.met.contains(*name)).collect()
    }
}

impl Difference {
    fn read(entry: &Value) -> Self {
        let members = entry.as_object().unwrap();
        let known =
            ["name", "requests", "aspects", "ours", "reference", "right", "section", "because"];
        for name in members.keys() {
            assert!(known.contains(&name.as_str()), "{name} means nothing: {entry}");
        }
        let text = |name: &str| members.get(name).map(|it| it.as_str().unwrap().to_owned());
        let texts = |name: &str| {
            let items = members[name].as_array().unwrap().iter();
            items.map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert!(["ours", "reference", "both"].contains(&&*text("right").unwrap()), "{entry}");
        assert!(text("section").unwrap().starts_with("RFC "), "{entry}");
        assert!(text("because").unwrap().len() > 20, "{entry}");
        Self {
            name: text("name").unwrap(),
            requests: texts("requests"),
            aspects: texts("aspects"),
            ours: text("ours"),
            reference: text("reference"),
        }
    }

    fn covers(&self, what: &str, disagreement: &Disagreement) -> bool {
        let said = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| fits(pattern, text))
        };
        self.requests.iter().any(|pattern| fits(pattern, what))
            && self.aspects.iter().any(|pattern| fits(pattern, &disagreement.aspect))
            && said(&self.ours, &disagreement.ours)
            && said(&self.reference, &disagreement.reference)
    }
}

/// Whether a text is what a pattern says, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| fits(tail, &rest[at..]))
}

#[test]
fn a_star_stands_for_anything() {
    for (pattern, text, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a*", "a", true),
        ("a*", "ab", true),
        ("*b", "ab", true),
        ("*b", "ba", false),
        ("a*c*e", "abcde", true),
        ("a*c*e", "abde", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}
