//! What we sign is accepted by a verifier that we did not write, and nothing else is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod judge;

use judge::Key;
use xmldsig::{Certificate, Element, Namespace, Place, Unsigned};

const NS: Namespace = Namespace { prefix: "p", uri: "urn:p" };
const OUTER: Namespace = Namespace { prefix: "o", uri: "urn:o" };
const PLACES: [Place; 3] = [Place::First, Place::AfterFirstChild, Place::Last];

fn unsigned(place: Place) -> Unsigned {
    let root = Element::new(NS, "Root")
        .attribute("ID", "_1")
        .attribute("note", "tab\tquote\"cr\rlf\n&<>")
        .child(Element::new(NS, "A").text("\u{1F600}\r\n&<>\"'"))
        .child(Element::new(OUTER, "B").child(Element::new(NS, "C")));
    Unsigned::new(root, "_1", place, &Certificate::from_der(vec![0x30, 0x00])).unwrap()
}

fn signed(unsigned: Unsigned, key: &Key) -> String {
    let signature = key.sign(&unsigned.digest());
    unsigned.finish(&signature)
}

#[test]
fn a_signature_verifies_in_each_place_alone_and_within_an_envelope() {
    let key = Key::generate();
    for place in PLACES {
        let alone = signed(unsigned(place), &key);
        assert!(key.verifies(&alone), "{place:?}: {alone}");

        let envelope = Element::new(OUTER, "Envelope").attribute("ID", "_0").text(" ");
        let wrapped = signed(unsigned(place).within(envelope).unwrap(), &key);
        assert!(key.verifies(&wrapped), "{place:?}: {wrapped}");
    }
}

#[test]
fn a_signed_document_is_canonical_itself() {
    let key = Key::generate();
    for place in PLACES {
        let xml = signed(unsigned(place), &key);
        assert_eq!(judge::canonical(&xml).as_deref(), Some(xml.as_str()), "{place:?}");
    }
}

#[test]
fn another_key_or_another_digest_does_not_verify() {
    let (key, other) = (Key::generate(), Key::generate());
    let xml = signed(unsigned(Place::Last), &key);
    assert!(!other.verifies(&xml));

    let wrong = unsigned(Place::Last).finish(&key.sign(&[0; 32]));
    assert!(!key.verifies(&wrong));
    let missing = unsigned(Place::Last).finish(&[]);
    assert!(!key.verifies(&missing));
}

#[test]
fn the_reference_must_name_the_element() {
    let key = Key::generate();
    let root = Element::new(NS, "Root").attribute("ID", "_1").child(Element::new(NS, "A"));
    let certificate = Certificate::from_der(vec![0x30, 0x00]);

    let wrong = Unsigned::new(root, "_2", Place::Last, &certificate).unwrap();

    assert!(!key.verifies(&signed(wrong, &key)));
}
