//! Whatever arrives is read or refused, and nothing else.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use proptest::sample::select;
use saml::request::{Malformed, Message, Received, Skew, from_post, from_redirect, hint};

/// Pieces out of which almost-messages are made.
const PIECES: [&str; 48] = [
    "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
    "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
    "</samlp:AuthnRequest>",
    "</samlp:LogoutRequest>",
    " ID=\"_1\"",
    " Version=\"2.0\"",
    " IssueInstant=\"2026-08-21T09:15:00Z\"",
    " NotOnOrAfter=\"2026-08-21T09:15:00Z\"",
    " ForceAuthn=\"1\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:",
    " xmlns:x=\"\"",
    "<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
    "urn:federation:MicrosoftOnline",
    "</Issuer>",
    "<samlp:NameIDPolicy/>",
    "<samlp:Extensions>",
    "</samlp:Extensions>",
    "<samlp:SessionIndex>1</samlp:SessionIndex>",
    "<?xml version=\"1.0\"?>",
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
    "<?xml",
    "?>",
    "<?",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "<!DOCTYPE",
    "<!",
    "<!-- -->",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&#0;",
    "&#xFFFFFFFFFF;",
    "&x;",
    "&",
    ";",
    "<",
    ">",
    "/>",
    "\"",
    "'",
    "=",
    ":",
    " ",
    "\u{FEFF}",
    "\u{0}\u{1F600}",
];

fn almost() -> impl Strategy<Value = String> {
    let piece = prop_oneof![6 => select(&PIECES[..]).prop_map(str::to_owned), 1 => ".{0,4}"];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn encoded(bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    format!("SAMLRequest={}", base64.replace('+', "%2B").replace('=', "%3D"))
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Goes on to the second stage, which must not panic either.
fn go_on(received: Result<Received, Malformed>) {
    let now = "2026-08-21T09:15:00Z".parse().unwrap();
    match received.map(|received| received.message) {
        Ok(Message::Authn(message)) => drop(message.accept(now, Skew::TEN_MINUTES)),
        Ok(Message::Logout(message)) => drop(message.accept(now, Skew::TEN_MINUTES)),
        Err(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn on_any_query_and_any_body(query in ".*", body in prop::collection::vec(any::<u8>(), 0..256)) {
        go_on(from_redirect(&query));
        go_on(from_redirect(&format!("SAMLRequest={query}&RelayState={query}")));
        drop(hint(&query));
        go_on(from_post(&body));
    }

    #[test]
    fn on_any_bytes_inside_the_encodings(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        go_on(from_redirect(&encoded(&bytes)));
        go_on(from_redirect(&encoded(&deflated(&bytes))));
        go_on(from_post(encoded(&bytes).as_bytes()));
    }

    #[test]
    fn on_almost_messages_and_both_bindings_agree(xml in almost()) {
        let redirected = from_redirect(&encoded(&deflated(xml.as_bytes())));
        let posted = from_post(encoded(xml.as_bytes()).as_bytes());

        prop_assert_eq!(&redirected, &posted);
        go_on(redirected);
    }

    #[test]
    fn on_a_message_with_one_byte_changed(position in 0..1000_usize, byte in any::<u8>()) {
        let message = format!(
            "{} ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-08-21T09:15:00Z\">{}{}</Issuer>\
             <samlp:NameIDPolicy/></samlp:AuthnRequest>",
            PIECES[0], PIECES[12], PIECES[13],
        );
        let mut bytes = message.into_bytes();
        let position = position % bytes.len();
        bytes[position] = byte;

        go_on(from_post(encoded(&bytes).as_bytes()));
    }
}
