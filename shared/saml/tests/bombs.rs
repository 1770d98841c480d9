//! Messages made to be expensive are refused before they are.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use saml::request::{MAX_RELAY_STATE, MAX_XML, Malformed, Message, from_post, from_redirect};

const HEAD: &str = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
    ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-08-21T09:15:00Z\">\
    <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:federation:MicrosoftOnline</Issuer>";
const TAIL: &str = "</samlp:AuthnRequest>";

/// A message of exactly `length` bytes.
fn padded(length: usize) -> String {
    let padding = length - HEAD.len() - TAIL.len();
    format!("{HEAD}{}{TAIL}", " ".repeat(padding))
}

fn deflated(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(xml.as_bytes()).unwrap();
    query(&encoder.finish().unwrap())
}

fn query(bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    format!("SAMLRequest={}", base64.replace('+', "%2B").replace('=', "%3D"))
}

fn posted(xml: &str) -> String {
    query(xml.as_bytes())
}

#[test]
fn sixteen_kibibytes_are_taken_and_one_byte_more_is_not() {
    let (most, more) = (padded(MAX_XML), padded(MAX_XML + 1));

    assert!(matches!(from_redirect(&deflated(&most)).unwrap().message, Message::Authn(_)));
    assert!(matches!(from_post(posted(&most).as_bytes()).unwrap().message, Message::Authn(_)));
    assert_eq!(from_redirect(&deflated(&more)), Err(Malformed::TooLarge));
    assert_eq!(from_post(posted(&more).as_bytes()), Err(Malformed::TooLarge));
}

#[test]
fn a_deflate_bomb_stops_at_the_cap() {
    let zeros = std::io::repeat(b' ').take(200 * 1024 * 1024);
    let mut bomb = Vec::new();
    flate2::read::DeflateEncoder::new(zeros, Compression::fast()).read_to_end(&mut bomb).unwrap();

    assert_eq!(from_redirect(&query(&bomb)), Err(Malformed::TooLarge));
}

#[test]
fn a_megabyte_of_query_is_refused() {
    let megabyte = "A".repeat(1024 * 1024);

    assert_eq!(from_redirect(&format!("SAMLRequest={megabyte}")), Err(Malformed::Deflate));
    assert_eq!(from_redirect(&"a&".repeat(512 * 1024)), Err(Malformed::NoMessage));
    assert_eq!(from_redirect(&format!("x={megabyte}")), Err(Malformed::NoMessage));
}

#[test]
fn relay_state_is_taken_up_to_64_kibibytes_decoded() {
    let message = posted(&padded(1024));
    let body = |length| format!("{message}&RelayState={}", "%41".repeat(length));

    let most = from_post(body(MAX_RELAY_STATE).as_bytes()).unwrap();
    assert_eq!(most.relay_state.unwrap(), "A".repeat(MAX_RELAY_STATE));
    let more = from_post(body(MAX_RELAY_STATE + 1).as_bytes());
    assert_eq!(more, Err(Malformed::RelayStateTooLong));
}

#[test]
fn masses_of_attributes_elements_and_comments_are_refused_or_cheap() {
    let wrap = |inside: &str| format!("{HEAD}<samlp:Extensions>{inside}</samlp:Extensions>{TAIL}");
    let attributes: String = (0..1500).map(|index| format!(" a{index}=''")).collect();
    let namespaces: String = (0..600).map(|index| format!(" xmlns:a{index}='u'")).collect();
    let cases = [
        (wrap(&format!("<x{attributes}/>")), Some(Malformed::TooManyAttributes)),
        (wrap(&format!("<x{namespaces}/>")), Some(Malformed::TooManyAttributes)),
        (wrap(&"<x>".repeat(4000)), Some(Malformed::TooDeep)),
        (wrap(&"<x/>".repeat(4000)), None),
        (wrap(&"<!---->".repeat(2200)), None),
        (wrap(&"&lt;".repeat(4000)), None),
    ];
    for (xml, expected) in cases {
        assert!(xml.len() <= MAX_XML);
        assert_eq!(from_post(posted(&xml).as_bytes()).err(), expected);
    }
}
