//! Any text as text and as an attribute: what the emitter writes is canonical, says the oracle.

#![no_main]

use bergshamra_c14n::{C14nMode, canonicalize};
use xmldsig::{Element, Namespace};

const NS: Namespace = Namespace { prefix: "p", uri: "urn:p" };

libfuzzer_sys::fuzz_target!(|text: &str| {
    let element = Element::new(NS, "r")
        .attribute("a", text)
        .child(Element::new(NS, "c").text(text))
        .text(text);
    if let Ok(written) = element.canonical() {
        let oracle = canonicalize::<&str>(&written, C14nMode::Exclusive, None, &[]);
        assert_eq!(oracle.expect("well-formed"), written.as_bytes());
    }
});
