//! Each message as it goes out, with a line break between tags for reading.

#![allow(clippy::unwrap_used, reason = "tests")]

mod message;

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use saml::Certificate;
use saml::response::{Answer, AuthnContext};

fn lines(xml: &str) -> String {
    xml.replace("><", ">\n<")
}

#[test]
fn response_with_user_verification() {
    let unsigned = message::answer().unsigned(&message::certificate()).unwrap();
    insta::assert_snapshot!(lines(&unsigned.finish(b"signature")));
}

#[test]
fn response_without_user_verification() {
    let answer = Answer { context: AuthnContext::Unspecified, ..message::answer() };
    let unsigned = answer.unsigned(&message::certificate()).unwrap();
    insta::assert_snapshot!(lines(&unsigned.finish(b"signature")));
}

#[test]
fn response_with_hostile_values() {
    let hostile = "\"/><!--&\r\n\t]]>'\u{1F600}";
    let answer = Answer { anchor: hostile, upn: hostile, issuer: hostile, ..message::answer() };
    let unsigned = answer.unsigned(&message::certificate()).unwrap();
    insta::assert_snapshot!(lines(&unsigned.finish(b"signature")));
}

#[test]
fn declined() {
    insta::assert_snapshot!(lines(&message::declined().to_xml().unwrap()));
}

#[test]
fn logout_response() {
    insta::assert_snapshot!(lines(&message::logout().to_xml().unwrap()));
}

/// The compressed message is a matter of the compressor's taste, so it is shown inflated.
#[test]
fn logout_redirect() {
    let unsigned = message::logout().redirect(Some("a b+c&\u{E9}")).unwrap();
    let address = unsigned.finish(b"signature");

    let (before, rest) = address.split_once("SAMLResponse=").unwrap();
    let (message, after) = rest.split_once('&').unwrap();
    let base64 = message.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let deflated = STANDARD.decode(base64).unwrap();
    let mut xml = String::new();
    DeflateDecoder::new(deflated.as_slice()).read_to_string(&mut xml).unwrap();

    assert_eq!(xml, message::logout().to_xml().unwrap());
    insta::assert_snapshot!(format!("{before}SAMLResponse=…&{after}"));
}

#[test]
fn metadata_with_two_certificates() {
    let (active, next) = (message::certificate(), Certificate::from_der(vec![0x30, 0x00]));
    let certificates = [&active, &next];
    let unsigned = message::metadata(&certificates).unsigned(&active).unwrap();
    insta::assert_snapshot!(lines(&unsigned.finish(b"signature")));
}
