//! The end of a session, and what Entra is told of it.

use std::io::Read as _;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use flate2::read::DeflateDecoder;
use jiff::{SignedDuration, Timestamp};
use scenarios::saml::{between, redirect_value};
use scenarios::world::{DOMAIN, REPLY_URL};
use scenarios::{Page, World};

const MICROSOFT: &str = "https://login.microsoftonline.com";

/// A `LogoutRequest` of Entra's, with attributes of the story's own.
fn logout(id: &str, at: Timestamp, attributes: &str) -> String {
    format!(
        "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{id}\" \
         Version=\"2.0\" IssueInstant=\"{at:.3}\"{attributes}>\
         <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         urn:federation:MicrosoftOnline</Issuer></samlp:LogoutRequest>"
    )
}

fn url(place: &str, xml: &str) -> String {
    format!("/saml/{DOMAIN}/{place}?SAMLRequest={}&RelayState=a%26b%3D1", redirect_value(xml))
}

/// The public key of the certificate that bootstrap handed out, as `RSAPublicKey`.
fn public_key(world: &World) -> Vec<u8> {
    let der = B64.decode(world.bootstrap["certificate_base64"].as_str().unwrap()).unwrap();
    // `rsaEncryption` with its NULL, then a BIT STRING with no unused bits around the key.
    let algorithm = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1, 0x05, 0, 0x03, 0x82];
    let at = der.windows(algorithm.len()).position(|bytes| bytes == algorithm).unwrap();
    let rest = &der[at + algorithm.len()..];
    let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    assert_eq!(rest[2], 0, "no unused bits");
    rest[3..2 + length].to_vec()
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(out).unwrap()
}

/// The `LogoutResponse` that a page redirects to Entra with, once its signature is verified
/// (SAML Bindings §3.4.4.1).
fn verified(world: &World, page: &Page) -> (String, Option<String>) {
    assert_eq!(page.status, 303, "{}", page.text);
    let location = page.location().unwrap();
    let (place, query) = location.split_once('?').unwrap();
    assert_eq!(place, REPLY_URL);
    let (signed, signature) = query.split_once("&Signature=").unwrap();
    let names = signed.split('&').map(|pair| pair.split('=').next().unwrap());
    let names = names.collect::<Vec<_>>();
    assert!(["SAMLResponse", "SigAlg"].iter().all(|name| names.contains(name)), "{names:?}");
    let parameter = |name: &str| {
        let value = signed.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        value.map(decoded)
    };
    let algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    assert_eq!(parameter("SigAlg").as_deref(), Some(algorithm));
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key(world));
    let signature = B64.decode(decoded(signature)).unwrap();
    key.verify(signed.as_bytes(), &signature).expect("the certificate's key signed it");
    assert!(key.verify(query.as_bytes(), &signature).is_err());

    let mut xml = String::new();
    let deflated = B64.decode(parameter("SAMLResponse").unwrap()).unwrap();
    DeflateDecoder::new(&deflated[..]).read_to_string(&mut xml).unwrap();
    (xml, parameter("RelayState"))
}

#[tokio::test]
async fn a_plain_visit_ends_the_session() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut thief = person.browser.clone();
    let before = world.quiet().await;

    let page = person.browser.visit(&format!("/saml/{DOMAIN}/slo")).await;

    assert_eq!(page.status, 200);
    page.assert_guarded("signed out");
    assert_eq!(person.browser.cookie("s-"), None, "the cookie is taken away");
    let after = world.quiet().await;
    assert_eq!(after.count("SESSION#"), before.count("SESSION#") - 1);
    assert_eq!(after.audited_since(&before), [("signed_out".to_owned(), None)]);
    for browser in [&mut person.browser, &mut thief] {
        let page = browser.visit(&world.sso("_after")).await;
        assert!(page.answer().is_none(), "the session is over, whoever holds it");
        page.options();
    }
}

#[tokio::test]
async fn entra_is_told_at_the_fixed_address_and_can_verify_it() {
    let world = World::start().await;
    let user = world.user("ada").await;
    for (place, id) in [("slo", "_at-slo"), ("sso", "_at-sso")] {
        let person = world.enrolled(&world.contoso(), user.clone()).await;
        let mut browser = person.browser;
        let mut thief = browser.clone();
        let hostile = " Destination=\"https://evil.test/\"";

        let page = browser.get(&url(place, &logout(id, world.now(), hostile))).await;

        let (xml, relay_state) = verified(&world, &page);
        assert_eq!(relay_state.as_deref(), Some("a&b=1"), "{place}");
        assert_eq!(between(&xml, "InResponseTo=\"", "\""), Some(id));
        assert_eq!(between(&xml, "Destination=\"", "\""), Some(REPLY_URL));
        assert!(xml.contains("urn:oasis:names:tc:SAML:2.0:status:Success"), "{xml}");
        let issuer = format!(">{}/saml/{DOMAIN}<", world.base_url);
        assert!(xml.contains(&issuer), "{xml}");
        assert!(!xml.contains("evil"), "{xml}");
        assert_eq!(browser.cookie("s-"), None, "{place}");
        let page = thief.visit(&world.sso(&format!("{id}-after"))).await;
        assert!(page.answer().is_none(), "{place}: the session is over");
    }
}

#[tokio::test]
async fn nothing_is_signed_for_a_sign_out_that_ends_no_session() {
    let world = World::start().await;
    let person = world.person("ada").await;
    let before = world.quiet().await;
    let (name, value) = person.browser.cookie("s-").unwrap();
    let (id, _) = value.split_once('.').unwrap();
    let mut forged = world.browser();
    forged.cookies.insert(name, format!("{id}.{}", "A".repeat(43)));

    for (browser, id) in [(&mut world.browser(), "_none"), (&mut forged, "_forged")] {
        let page = browser.get(&url("slo", &logout(id, world.now(), ""))).await;

        assert_eq!(page.status, 200, "{id}");
        assert!(page.location().is_none(), "{id}: the page says that nobody is signed in");
    }
    assert!(world.login.calls().iter().all(|call| call.operation != "Sign"));
    world.unchanged_since(&before, "a sign-out without a session").await;
    let mut browser = person.browser;
    assert!(browser.visit(&world.sso("_still")).await.answer().is_some(), "hers goes on");
}

#[tokio::test]
async fn a_sign_out_ends_the_session_of_its_own_browser_only() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut second = world.browser();
    let page = second.visit(&world.sso("_second")).await;
    assert!(second.sign_in(&page, &mut person.authenticator).await.answer().is_some());

    second.get(&url("slo", &logout("_out", world.now(), ""))).await;

    assert!(second.visit(&world.sso("_1")).await.answer().is_none());
    assert!(person.browser.visit(&world.sso("_2")).await.answer().is_some());
}

#[tokio::test]
async fn a_stale_or_foreign_sign_out_is_refused_and_the_session_goes_on() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let now = world.now();
    let ago =
        |milliseconds: i64| now.checked_sub(SignedDuration::from_millis(milliseconds)).unwrap();
    let end = format!(" NotOnOrAfter=\"{:.3}\"", ago(600_000));
    let foreign = logout("_f", now, "").replace("urn:federation:MicrosoftOnline", "urn:evil");
    let cases = [
        ("ten minutes old", logout("_a", ago(600_000), "")),
        ("from the future", logout("_b", ago(-600_001), "")),
        ("over by its own word", logout("_c", now, &end)),
        ("of another issuer", foreign),
        ("of another version", logout("_d", now, "").replace("2.0\" Issue", "1.1\" Issue")),
        ("no XML", "<samlp:LogoutRequest".to_owned()),
    ];
    let before = world.quiet().await;
    for (what, xml) in cases {
        for place in ["slo", "sso"] {
            let page = person.browser.get(&url(place, &xml)).await;
            page.assert_refused(400, what);
        }
        assert!(person.browser.cookie("s-").is_some(), "{what}: the cookie stays");
    }
    world.unchanged_since(&before, "a sign-out that is none of Entra's").await;
    assert!(person.browser.visit(&world.sso("_on")).await.answer().is_some());
    let last = person.browser.get(&url("slo", &logout("_e", ago(599_999), ""))).await;
    verified(&world, &last);
}

/// A cross-site POST carries no cookie: our own GET does, and ends the session.
#[tokio::test]
async fn a_sign_out_by_post_is_landed_ends_the_session_and_is_answered() {
    let world = World::start().await;
    let xml = B64.encode(logout("_post", world.now(), ""));
    let user = world.user("ada").await;
    for place in ["slo", "sso"] {
        let person = world.enrolled(&world.contoso(), user.clone()).await;
        let mut browser = person.browser;
        let fields = [("SAMLRequest", xml.as_str()), ("RelayState", "a=b&c")];
        let path = format!("/saml/{DOMAIN}/{place}");

        let landed = browser.post_from(MICROSOFT, &path, &fields).await;
        assert_eq!(landed.status, 303, "{place}");
        assert!(browser.cookie("s-").is_some(), "{place}: nothing ends without its cookie");
        let page = browser.get(&landed.location().unwrap()).await;

        let (_, state) = verified(&world, &page);
        assert_eq!(state.as_deref(), Some("a=b&c"), "{place}");
        assert_eq!(browser.cookie("s-"), None, "{place}");
        assert!(browser.visit(&world.sso(&format!("_{place}"))).await.answer().is_none());
    }
}

/// The state that Entra's answer needs is signed with it, byte for byte.
#[tokio::test]
async fn the_relay_state_of_a_sign_out_comes_back_byte_for_byte() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let states = [None, Some(""), Some("a=b&c=%20+\"'<>;/?€"), Some("estsredirect=2")];
    for (position, state) in states.into_iter().enumerate() {
        let xml = logout(&format!("_{position}"), world.now(), "");
        let mut url = format!("/saml/{DOMAIN}/slo?SAMLRequest={}", redirect_value(&xml));
        if let Some(state) = state {
            url = format!("{url}&RelayState={}", scenarios::saml::escape(state));
        }
        let mut browser = world.enrolled(&world.contoso(), user.clone()).await.browser;
        let page = browser.get(&url).await;
        let (_, back) = verified(&world, &page);
        assert_eq!(back.as_deref(), state);
    }
}
