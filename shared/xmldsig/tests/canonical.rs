//! What the emitter writes is what an independent canonicaliser makes of the same document.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod judge;

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::select;
use xmldsig::{Element, IllegalCharacter, Namespace, is_legal};

/// Prefixes collide on purpose; the last has neither prefix nor namespace.
const NAMESPACES: [Namespace; 6] = [
    Namespace { prefix: "a", uri: "urn:a" },
    Namespace { prefix: "b", uri: "urn:b" },
    Namespace { prefix: "a", uri: "urn:other?x=1&y=2" },
    Namespace { prefix: "b", uri: "urn:a" },
    Namespace { prefix: "", uri: "urn:default" },
    Namespace { prefix: "", uri: "" },
];
const NAMES: [&str; 5] = ["Root", "x", "x-1", "_", "\u{E9}l\u{E9}ment"];
const ATTRIBUTES: [&str; 8] = ["ID", "a", "aa", "a-b", "a.b", "Z", "_", "\u{E9}"];

#[derive(Clone, Debug)]
struct Tree {
    namespace: Namespace,
    name: &'static str,
    attributes: BTreeMap<&'static str, String>,
    children: Vec<Child>,
}

#[derive(Clone, Debug)]
enum Child {
    Tree(Tree),
    Text(String),
}

impl Tree {
    fn element(&self) -> Element {
        let element = Element::new(self.namespace, self.name);
        // Backwards, so that the emitter has something to sort.
        let element = self
            .attributes
            .iter()
            .rev()
            .fold(element, |element, (name, value)| element.attribute(name, value));
        self.children.iter().fold(element, |element, child| match child {
            Child::Tree(tree) => element.child(tree.element()),
            Child::Text(text) => element.text(text),
        })
    }

    /// Writes the same document as far from canonical as XML allows: namespaces declared
    /// everywhere and for nothing, attributes backwards in single quotes, everything special as
    /// a character reference, comments, CDATA, empty-element tags.
    fn wild(&self, out: &mut String) {
        let Namespace { prefix, uri } = self.namespace;
        let colon = if prefix.is_empty() { "" } else { ":" };
        let uri = uri.replace('&', "&amp;");
        write!(out, "<{prefix}{colon}{}  xmlns:unused='urn:unused'", self.name).unwrap();
        write!(out, "\n xmlns{colon}{prefix}='{uri}'").unwrap();
        for (name, value) in self.attributes.iter().rev() {
            write!(out, "\t{name} = '").unwrap();
            for character in value.chars() {
                match character {
                    '\t' | '\n' | '\r' | '&' | '<' | '\'' => {
                        write!(out, "&#{};", u32::from(character)).unwrap();
                    }
                    other => out.push(other),
                }
            }
            out.push('\'');
        }
        if self.children.is_empty() {
            out.push_str(" />");
            return;
        }
        out.push_str(" >");
        for child in &self.children {
            match child {
                Child::Tree(tree) => tree.wild(out),
                Child::Text(text) => wild_text(text, out),
            }
        }
        write!(out, "</{prefix}{colon}{} >", self.name).unwrap();
    }
}

fn wild_text(text: &str, out: &mut String) {
    for (index, character) in text.chars().enumerate() {
        match character {
            '&' if index % 2 == 0 => out.push_str("<![CDATA[&]]>"),
            '\r' | '&' | '<' | '>' => write!(out, "&#x{:x};", u32::from(character)).unwrap(),
            other => out.push(other),
        }
        if index % 5 == 3 {
            out.push_str("<!-- comment -->");
        }
    }
}

fn value() -> impl Strategy<Value = String> {
    let special = select(
        "\t\n\r &<>\"']\u{7F}\u{85}\u{2028}\u{FFFD}\u{1F600}\u{10FFFF}".chars().collect::<Vec<_>>(),
    );
    let legal = any::<char>().prop_filter("legal", |&character| is_legal(character));
    let character = prop_oneof![3 => special, 2 => proptest::char::range(' ', '~'), 2 => legal];
    prop::collection::vec(character, 0..12).prop_map(String::from_iter)
}

fn tree() -> impl Strategy<Value = Tree> {
    let head = || {
        let attributes = prop::collection::btree_map(select(&ATTRIBUTES[..]), value(), 0..5);
        (select(&NAMESPACES[..]), select(&NAMES[..]), attributes)
    };
    let leaf = (head(), prop::collection::vec(value().prop_map(Child::Text), 0..2));
    let leaf = leaf.prop_map(build);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let child =
            prop_oneof![2 => inner.prop_map(Child::Tree), 1 => value().prop_map(Child::Text)];
        (head(), prop::collection::vec(child, 0..4)).prop_map(build)
    })
}

type Head = (Namespace, &'static str, BTreeMap<&'static str, String>);

fn build(((namespace, name, attributes), children): (Head, Vec<Child>)) -> Tree {
    Tree { namespace, name, attributes, children }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(5000))]

    #[test]
    fn the_emitter_writes_what_the_oracle_makes_of_the_wildest_spelling(tree in tree()) {
        let mut wild = String::new();
        tree.wild(&mut wild);
        let canonical = tree.element().canonical().unwrap();

        prop_assert_eq!(judge::canonical(&wild), Some(canonical), "{}", wild);
    }

    #[test]
    fn what_the_emitter_writes_is_canonical_already(tree in tree()) {
        let canonical = tree.element().canonical().unwrap();

        prop_assert_eq!(judge::canonical(&canonical), Some(canonical));
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn an_illegal_character_anywhere_is_refused(
        tree in tree(),
        illegal in any::<char>().prop_union(proptest::char::range('\0', '\u{1F}'))
            .prop_filter("illegal", |&character| !is_legal(character)),
        before in value(),
        after in value(),
    ) {
        let text = format!("{before}{illegal}{after}");
        let refused = Err(IllegalCharacter(illegal));

        prop_assert_eq!(tree.element().text(text.as_str()).canonical(), refused.clone());
        prop_assert_eq!(tree.element().attribute("a", text).canonical(), refused);
    }
}
