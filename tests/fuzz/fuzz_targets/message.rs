//! Any bytes as the message itself, through both bindings, which must agree, and both stages.

#![no_main]

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use saml::request::{Message, Skew, from_post, from_redirect};

fn query(bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    format!("SAMLRequest={}", base64.replace('+', "%2B"))
}

libfuzzer_sys::fuzz_target!(|xml: &[u8]| {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(xml).expect("memory");
    let deflated = encoder.finish().expect("memory");

    let posted = from_post(query(xml).as_bytes());
    assert_eq!(posted, from_redirect(&query(&deflated)));

    let now = "2026-08-21T09:15:00Z".parse().expect("an instant");
    match posted.map(|received| received.message) {
        Ok(Message::Authn(message)) => drop(message.accept(now, Skew::TEN_MINUTES)),
        Ok(Message::Logout(message)) => drop(message.accept(now, Skew::TEN_MINUTES)),
        Err(_) => {}
    }
});
