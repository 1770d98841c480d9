//! What an id token must be, case by case, and what no change of it survives.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use oidc::{Cloud, Expected, KeySet, Person, Rejected, UnverifiedIdToken};
use proptest::prelude::*;
use serde_json::{Value, json};

const TENANT: &str = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f";
const OTHER_TENANT: &str = "11112222-3333-4444-8555-666677778888";
const CLIENT: &str = "99999999-2222-4333-8444-555555555555";
const NOW: i64 = 1_800_000_000;

static OURS: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
static STRANGERS: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

fn cloud() -> Cloud {
    Cloud::new("https://login.microsoftonline.com", "https://graph.microsoft.com").unwrap()
}

fn key_set(issuer: &str) -> KeySet {
    let key = OURS.public_key();
    let number = |bytes: &[u8]| {
        URL_SAFE_NO_PAD.encode(bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<_>>())
    };
    let modulus = number(key.modulus().big_endian_without_leading_zero());
    let exponent = number(key.exponent().big_endian_without_leading_zero());
    let key = json!({
        "kty": "RSA", "use": "sig", "kid": "k1", "n": modulus, "e": exponent, "issuer": issuer,
    });
    KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes()).unwrap()
}

fn keys() -> KeySet {
    key_set("https://login.microsoftonline.com/{tenantid}/v2.0")
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
}

fn claims() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "aud": CLIENT, "tid": TENANT, "nonce": "n-1",
        "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
        "oid": "aaaaaaaa-0000-4000-8000-000000000001", "sub": "pairwise", "ver": "2.0",
        "preferred_username": "ada@contoso.com", "name": "Ada",
    })
}

fn input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn signed_by(
    key: &KeyPair,
    how: &'static dyn RsaEncoding,
    header: &Value,
    claims: &Value,
) -> String {
    let input = input(header, claims);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(how, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signed(header: &Value, claims: &Value) -> String {
    signed_by(&OURS, &RSA_PKCS1_SHA256, header, claims)
}

fn judge_at(token: &str, keys: &KeySet, seconds: i64) -> Result<Person, Rejected> {
    let expected =
        Expected { client_id: CLIENT, nonce: "n-1", tenant: Some(TENANT.parse().unwrap()) };
    let now = Timestamp::from_second(NOW + seconds).unwrap();
    UnverifiedIdToken::parse(token)?.verify(keys, &cloud())?.accept(&expected, now)
}

fn judge(token: &str) -> Result<Person, Rejected> {
    judge_at(token, &keys(), 0)
}

fn changed(mut value: Value, change: &dyn Fn(&mut Value)) -> Value {
    change(&mut value);
    value
}

#[test]
fn a_good_token_says_who_it_is() {
    let person = judge(&signed(&header(), &claims())).unwrap();

    assert_eq!(person.tenant.to_string(), TENANT);
    assert_eq!(person.object_id.to_string(), "aaaaaaaa-0000-4000-8000-000000000001");
    assert_eq!(person.user_name.as_deref(), Some("ada@contoso.com"));
    assert_eq!(person.directory_roles, None);
    assert_eq!(person.may_consent(), None);
}

#[test]
fn a_guest_is_known_by_who_signed_them_in() {
    let own = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let cases = [
        (Value::Null, false),
        (json!(own), false),
        (json!(format!("https://sts.windows.net/{OTHER_TENANT}/")), true),
        (json!("live.com"), true),
        (json!(""), true),
    ];
    for (idp, expected) in cases {
        let claims = changed(claims(), &|claims| claims["idp"] = idp.clone());
        let person = judge(&signed(&header(), &claims)).unwrap();
        assert_eq!(person.is_guest, expected, "{idp}");
    }
}

#[test]
fn only_two_directory_roles_may_consent_and_a_missing_claim_says_nothing() {
    let cases = [
        (json!(["62e90394-69f5-4237-9190-012177145e10"]), Some(true)),
        (json!(["e8611ab8-c189-46e8-94e1-60213ab1f814"]), Some(true)),
        (json!(["b79fbf4d-3ef9-4689-8143-76b194e85509"]), Some(false)),
        // Application administrators may not consent to application permissions.
        (json!(["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"]), Some(false)),
        (json!([]), Some(false)),
        (Value::Null, None),
    ];
    for (wids, expected) in cases {
        let token = signed(&header(), &changed(claims(), &|c| c["wids"] = wids.clone()));
        assert_eq!(judge(&token).unwrap().may_consent(), expected, "{wids}");
    }
}

#[test]
fn each_claim_that_differs_is_refused_for_its_own_reason() {
    let issuer = |tenant: &str| json!(format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    let cases: Vec<(&str, Value, Rejected)> = vec![
        ("aud", json!("other"), Rejected::Audience),
        ("aud", json!([CLIENT]), Rejected::Malformed),
        ("aud", json!(CLIENT.to_uppercase().replace('9', "A")), Rejected::Audience),
        ("nonce", json!("n-2"), Rejected::Nonce),
        ("nonce", json!(""), Rejected::Nonce),
        ("nonce", Value::Null, Rejected::Nonce),
        ("iss", issuer(OTHER_TENANT), Rejected::Issuer),
        ("iss", issuer("{tenantid}"), Rejected::Issuer),
        ("iss", json!("https://login.microsoftonline.com/common/v2.0"), Rejected::Issuer),
        ("iss", json!(format!("https://sts.windows.net/{TENANT}/")), Rejected::Issuer),
        ("iss", json!(format!("https://login.microsoftonline.us/{TENANT}/v2.0")), Rejected::Issuer),
        ("iss", Value::Null, Rejected::Malformed),
        // The issuer and the tenant must agree, whichever of them is the forged one.
        ("tid", json!(OTHER_TENANT), Rejected::Issuer),
        ("tid", json!("common"), Rejected::Malformed),
        ("tid", Value::Null, Rejected::Malformed),
        ("oid", Value::Null, Rejected::Malformed),
        ("oid", json!("ada"), Rejected::Malformed),
        ("exp", Value::Null, Rejected::Malformed),
        ("exp", json!("2030"), Rejected::Malformed),
        ("exp", json!(i64::MAX), Rejected::Malformed),
        ("iat", Value::Null, Rejected::Malformed),
        ("wids", json!("62e90394-69f5-4237-9190-012177145e10"), Rejected::Malformed),
    ];
    for (name, value, expected) in cases {
        let token = signed(&header(), &changed(claims(), &|c| c[name] = value.clone()));
        assert_eq!(judge(&token).err(), Some(expected), "{name} = {value}");
    }
}

#[test]
fn a_token_of_another_tenant_is_whole_and_still_refused() {
    let foreign = changed(claims(), &|c| {
        c["tid"] = json!(OTHER_TENANT);
        c["iss"] = json!(format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"));
    });
    let token = signed(&header(), &foreign);
    let consumers = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let personal = changed(claims(), &|c| {
        c["tid"] = json!(consumers);
        c["iss"] = json!(format!("https://login.microsoftonline.com/{consumers}/v2.0"));
    });
    let personal = signed(&header(), &personal);

    assert_eq!(judge(&token).err(), Some(Rejected::Tenant));
    let anybody = Expected { client_id: CLIENT, nonce: "n-1", tenant: None };
    let now = Timestamp::from_second(NOW).unwrap();
    let accept = |token: &str| {
        UnverifiedIdToken::parse(token)?.verify(&keys(), &cloud())?.accept(&anybody, now)
    };
    assert_eq!(accept(&token).unwrap().tenant.to_string(), OTHER_TENANT);
    assert_eq!(accept(&personal).err(), Some(Rejected::Tenant));
}

#[test]
fn the_end_is_outside_and_five_minutes_are_given_on_both_sides() {
    let cases = [
        // seconds from iat and nbf, expected
        (-301, Some(Rejected::NotYetValid)),
        (-300, None),
        (0, None),
        (3600, None),
        (3899, None),
        (3900, Some(Rejected::Expired)),
    ];
    let token = signed(&header(), &claims());
    for (seconds, expected) in cases {
        assert_eq!(judge_at(&token, &keys(), seconds).err(), expected, "{seconds}");
    }
    let later = signed(&header(), &changed(claims(), &|c| c["nbf"] = json!(NOW + 301)));
    assert_eq!(judge(&later).err(), Some(Rejected::NotYetValid));
}

#[test]
fn none_and_hs256_with_the_public_key_never_reach_a_key() {
    let none = format!("{}.", input(&json!({ "alg": "none", "kid": "k1" }), &claims()));
    let hs256 = json!({ "alg": "HS256", "kid": "k1" });
    let message = input(&hs256, &claims());
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = OURS.public_key().as_der().unwrap();
    let secrets: [&[u8]; 2] = [der.as_ref(), OURS.public_key().as_ref()];

    assert_eq!(judge(&none).err(), Some(Rejected::Algorithm));
    for secret in secrets {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(judge(&token).err(), Some(Rejected::Algorithm));
    }
    for alg in ["RS384", "PS256", "ES256", "EdDSA", "rs256", "RS256 ", ""] {
        let token = signed(&changed(header(), &|h| h["alg"] = json!(alg)), &claims());
        assert_eq!(judge(&token).err(), Some(Rejected::Algorithm), "{alg}");
    }
}

#[test]
fn the_key_must_be_known_the_issuers_own_and_the_one_that_signed() {
    let unknown = signed(&changed(header(), &|h| h["kid"] = json!("k2")), &claims());
    let strangers = signed_by(&STRANGERS, &RSA_PKCS1_SHA256, &header(), &claims());
    let other_padding = signed_by(&OURS, &RSA_PSS_SHA256, &header(), &claims());
    let good = signed(&header(), &claims());

    assert_eq!(judge(&unknown).err(), Some(Rejected::UnknownKey));
    assert_eq!(judge(&strangers).err(), Some(Rejected::Signature));
    assert_eq!(judge(&other_padding).err(), Some(Rejected::Signature));
    let personal = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    assert_eq!(judge_at(&good, &key_set(personal), 0).err(), Some(Rejected::Issuer));
}

#[test]
fn a_header_with_extensions_or_without_a_key_is_refused() {
    let cases: [&dyn Fn(&mut Value); 3] = [
        &|header| header["crit"] = json!(["exp"]),
        &|header| header["kid"] = Value::Null,
        &|header| header["alg"] = json!(1),
    ];
    for (index, change) in cases.into_iter().enumerate() {
        let token = signed(&changed(header(), change), &claims());
        assert_eq!(judge(&token).err(), Some(Rejected::Malformed), "case {index}");
    }
    // A key that the token brings along is not looked at.
    let own = changed(header(), &|header| {
        header["jwk"] = json!({ "kty": "RSA" });
        header["jku"] = json!("https://evil.test/keys");
    });
    assert!(judge(&signed(&own, &claims())).is_ok());
}

#[test]
fn what_has_not_three_parts_is_no_token() {
    let good = signed(&header(), &claims());
    let long = format!("{good}{}", "A".repeat(40_000));
    for token in ["", ".", "..", "...", "a.b.c", &format!("{good}.x"), &format!(" {good}"), &long] {
        assert!(judge(token).is_err(), "{token:.40}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_judged_without_a_panic(token in "\\PC{0,200}") {
        prop_assert!(judge(&token).is_err());
    }

    #[test]
    fn no_change_of_one_character_is_accepted(at in any::<prop::sample::Index>(), with in "[A-Za-z0-9_.-]") {
        static GOOD: LazyLock<String> = LazyLock::new(|| signed(&header(), &claims()));
        let at = at.index(GOOD.len());
        let with = with.as_bytes()[0];
        prop_assume!(GOOD.as_bytes()[at] != with);
        let mut token = GOOD.clone().into_bytes();
        token[at] = with;
        let token = String::from_utf8(token).unwrap();
        prop_assert!(judge(&token).is_err(), "position {at}");
    }
}
