//! What we sign is accepted by a verifier that we did not write, and nothing else is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../../xmldsig/tests/judge/mod.rs"]
mod judge;
mod message;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use judge::Key;
use proptest::prelude::*;
use saml::response::{Answer, form_value};
use saml::{Certificate, IllegalCharacter};

fn signed(answer: &Answer<'_>, key: &Key) -> String {
    let unsigned = answer.unsigned(&message::certificate()).unwrap();
    let signature = key.sign(&unsigned.digest());
    unsigned.finish(&signature)
}

#[test]
fn a_response_verifies_and_is_canonical() {
    let key = Key::generate();
    let xml = signed(&message::answer(), &key);

    assert!(key.verifies(&xml), "{xml}");
    assert!(!Key::generate().verifies(&xml));
    assert_eq!(judge::canonical(&xml).as_deref(), Some(xml.as_str()));
}

#[test]
fn metadata_verifies() {
    let key = Key::generate();
    let (active, next) = (message::certificate(), Certificate::from_der(vec![0x30, 0x00]));
    let certificates = [&active, &next];
    let unsigned = message::metadata(&certificates).unsigned(&active).unwrap();
    let signature = key.sign(&unsigned.digest());

    assert!(key.verifies(&unsigned.finish(&signature)));
}

/// Every byte of the assertion but those of `KeyInfo`, which nobody has to believe and no
/// signature covers. A change may also be none: a tab for a space inside a tag.
#[test]
fn any_changed_byte_of_a_signed_assertion_is_refused() {
    let key = Key::generate();
    let xml = signed(&message::answer(), &key);
    let canonical = judge::canonical(&xml);
    assert!(key.verifies(&xml));
    let start = xml.find("<saml:Assertion ").unwrap();
    let end = xml.find("</samlp:Response>").unwrap();
    let key_info = xml.find("<ds:KeyInfo>").unwrap()..xml.find("</ds:KeyInfo>").unwrap();

    for position in (start..end).filter(|position| !key_info.contains(position)) {
        let byte = xml.as_bytes()[position];
        for changed in [byte ^ 0x01, byte ^ 0x20, b' '] {
            if changed == byte {
                continue;
            }
            let mut bytes = xml.clone().into_bytes();
            bytes[position] = changed;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let same = judge::canonical(&changed) == canonical;
            assert!(!key.verifies(&changed) || same, "byte {position}: {changed}");
        }
    }
}

#[test]
fn a_logout_redirect_verifies_over_the_query_as_it_is_sent() {
    let key = Key::generate();
    for relay_state in [None, Some(""), Some("a b+c&\u{E9}")] {
        let unsigned = message::logout().redirect(relay_state).unwrap();
        let signature = key.sign(&unsigned.digest());
        let address = unsigned.finish(&signature);

        let (destination, query) = address.split_once('?').unwrap();
        assert_eq!(destination, message::ENTRA_URL);
        let (signed, signature) = query.split_once("&Signature=").unwrap();
        let base64 = signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public())
            .verify(signed.as_bytes(), &STANDARD.decode(base64).unwrap())
            .unwrap();
        assert_eq!(signed.contains("&RelayState="), relay_state.is_some());
    }
}

#[test]
fn a_logout_address_with_a_query_is_continued() {
    let response = saml::logout::LogoutResponse {
        destination: "https://login.example/login.srf?x=1",
        ..message::logout()
    };
    let address = response.redirect(None).unwrap().finish(&[]);
    assert!(address.starts_with("https://login.example/login.srf?x=1&SAMLResponse="), "{address}");
}

#[test]
fn the_form_value_is_plain_base64() {
    let xml = "<a>\u{E9}</a>";
    assert_eq!(STANDARD.decode(form_value(xml)).unwrap(), xml.as_bytes());
}

#[test]
fn what_xml_cannot_carry_is_refused_in_every_message() {
    let illegal = IllegalCharacter('\u{0}');
    let certificate = message::certificate();
    let answers = [
        Answer { anchor: "\0", ..message::answer() },
        Answer { upn: "\0", ..message::answer() },
        Answer { response_id: "\0", ..message::answer() },
        Answer { assertion_id: "\0", ..message::answer() },
    ];
    for answer in answers {
        assert_eq!(answer.unsigned(&certificate).unwrap_err(), illegal);
    }
    let logout = saml::logout::LogoutResponse { id: "\0", ..message::logout() };
    assert_eq!(logout.redirect(None).unwrap_err(), illegal);
    let certificates = [&certificate];
    let metadata =
        saml::metadata::EntityDescriptor { entity_id: "\0", ..message::metadata(&certificates) };
    assert_eq!(metadata.unsigned(&certificate).unwrap_err(), illegal);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_value_breaks_out_of_its_place(
        anchor in "[\\x09\\x0A\\x0D -~\u{A0}-\u{D7FF}\u{10000}-\u{10FFFF}]{0,40}",
        upn in "[<>&\"'\\]!\\[/\\-=a\r\n\t ]{0,40}",
    ) {
        let answer = Answer { anchor: &anchor, upn: &upn, ..message::answer() };
        let xml = answer.unsigned(&message::certificate()).unwrap().finish(b"signature");

        prop_assert_eq!(judge::canonical(&xml), Some(xml.clone()));
        for tag in ["<saml:NameID ", "<saml:Attribute ", "<saml:Assertion ", "<saml:Audience>"] {
            prop_assert_eq!(xml.matches(tag).count(), 1);
        }
    }
}
