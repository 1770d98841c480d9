//! Every mail, word for word, in every language.

#![allow(clippy::unwrap_used, reason = "tests")]

use courier::Language;
use courier::mail::{self, Letter, LetterError};
use jiff::Timestamp;

const URL: &str = "https://id.contoso.com/enrol/0f1e2d3c/link/q7Gk2mVx0aT9";

fn when() -> Timestamp {
    "2026-11-21T12:04:56.789Z".parse().unwrap()
}

/// Each mail of one language, with the words that templates have most trouble with.
fn letters(language: Language) -> [(&'static str, Letter); 6] {
    let organization = "Brot & Söhne \"<b>\"";
    [
        ("code", mail::code(language, organization, "042195", 10)),
        ("enrolled", mail::enrolled(language, organization, when(), "iPhone 15.2 (Ada)")),
        ("invitation", mail::invitation(language, organization, URL, 24)),
        ("recovery_alert", mail::recovery_alert(language, organization, "ada@contoso.com", when())),
        ("block_alert", mail::block_alert(language, organization, "ada@contoso.com", when())),
        (
            "approval_wanted",
            mail::approval_wanted(language, organization, "o'hara@contoso.com", when()),
        ),
    ]
    .map(|(name, letter)| (name, letter.unwrap()))
}

#[test]
fn the_texts_are_these() {
    for language in Language::ALL {
        let all: Vec<String> = letters(language)
            .iter()
            .map(|(name, letter)| {
                format!("=== {name}\nSubject: {}\n\n{}", letter.subject(), letter.text())
            })
            .collect();
        insta::assert_snapshot!(format!("text_{}", language.tag()), all.join("\n"));
    }
}

#[test]
fn the_html_is_this() {
    for (name, letter) in letters(Language::English) {
        insta::assert_snapshot!(format!("html_{name}"), letter.html());
    }
}

#[test]
fn html_and_text_say_the_same_and_the_html_loads_nothing() {
    for language in Language::ALL {
        for (name, letter) in letters(language) {
            let html = letter.html();
            let readable = html.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">");
            let readable = readable.replace("&#34;", "\"").replace("&#39;", "'");
            for line in letter.text().lines().filter(|line| !line.is_empty() && *line != "-- ") {
                // A particular is one line of text and two cells of a table.
                let (label, value) = line.split_once(": ").unwrap_or((line, line));
                assert!(readable.contains(label), "{name}, {language:?}: {label}");
                assert!(readable.contains(value), "{name}, {language:?}: {value}");
            }
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())), "{name}");
            assert!(html.len() < 4096, "{name}: {} bytes", html.len());
            for foreign in ["<img", "<link", "<script", "<style", "url(", "src="] {
                assert!(!html.contains(foreign), "{name}: {foreign}");
            }
            assert!(!html.contains("<b>"), "{name}: an unescaped word");
            let links = html.matches("href=").count();
            assert_eq!(links, usize::from(name == "invitation"), "{name}");
        }
    }
}

#[test]
fn a_subject_is_one_line_whatever_the_organization_is_called() {
    let names = [
        "Contoso\r\nBcc: eve@evil.example",
        "Contoso\nSubject: you won",
        "Contoso\u{2028}x\u{85}y\u{0B}z",
        &"long ".repeat(10_000),
        "",
    ];
    for name in names {
        for language in Language::ALL {
            let letter = mail::code(language, name, "000000", 10).unwrap();
            let subject = letter.subject();
            assert!(!subject.chars().any(char::is_control), "{subject:?}");
            assert!(subject.chars().count() <= 160, "{subject:?}");
        }
    }
}

#[test]
fn what_a_stranger_named_is_no_link() {
    let name = "see https://evil.example/reset, or www.evil.example";

    let letter = mail::enrolled(Language::English, "Contoso", when(), name).unwrap();

    for said in [letter.text(), letter.html()] {
        assert!(said.contains("see https evil. example reset, or www. evil. example"), "{said}");
        assert!(!said.contains("://"), "{said}");
    }
}

#[test]
fn a_passkey_without_a_name_leaves_no_empty_line() {
    let letter = mail::enrolled(Language::English, "Contoso", when(), " \u{200B}").unwrap();

    assert!(!letter.text().contains("Passkey:"));
}

#[test]
fn only_our_own_kind_of_link_is_mailed() {
    let long = format!("https://id.contoso.com/{}", "a".repeat(2048));
    let cases = [
        (URL, true),
        ("http://localhost:8080/enrol/1/link/x", true),
        ("http://localhost/enrol", true),
        ("http://localhost.evil.example/enrol", false),
        ("http://id.contoso.com/enrol", false),
        ("javascript:alert(1)", false),
        ("https://id.contoso.com/a b", false),
        ("https://id.contoso.com/\"onclick", false),
        ("https://id.contoso.com/\r\nx", false),
        ("https://id.contoso.com@evil.example/", false),
        ("", false),
        (&long, false),
    ];
    for (url, good) in cases {
        let letter = mail::invitation(Language::English, "Contoso", url, 24);
        match letter {
            Ok(letter) => {
                assert!(good, "{url}");
                assert!(letter.text().contains(url) && letter.html().contains(url), "{url}");
            }
            Err(error) => {
                assert!(!good, "{url}");
                assert!(matches!(error, LetterError::Link), "{url}: {error:?}");
                assert!(url.is_empty() || !format!("{error} {error:?}").contains(url), "{url}");
            }
        }
    }
}
