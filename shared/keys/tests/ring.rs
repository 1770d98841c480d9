//! The steps of a key, and those it may not take.

#![allow(clippy::unwrap_used, reason = "tests")]

mod scripted;

use jiff::Timestamp;
use keys::ring::{KeyRing, RingError, SigningKey};
use keys::{Certificate, CertificateShape, CertificateSubject, KeyId, Validity};
use scripted::Kms;

const FIRST: &str = "2026-01-01T00:00:00Z";
const LAST: &str = "2027-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A key whose certificate holds through 2026.
async fn key(name: &str) -> SigningKey {
    let id = KeyId::parse(format!("alias/{name}")).unwrap();
    let subject = CertificateSubject::parse(name).unwrap();
    let validity = Validity::new(at(FIRST), at(LAST)).unwrap();
    let certificate = Kms::good().keys().certificate(&id, &subject, validity).await.unwrap();
    SigningKey::new(id, &certificate)
}

#[tokio::test]
async fn a_key_is_published_then_signs_then_retires_then_is_forgotten() {
    let now = at("2026-06-01T00:00:00Z");
    let (one, two) = (key("one").await, key("two").await);

    let ring = KeyRing::start(one.clone(), now).unwrap();
    assert_eq!(ring.published().collect::<Vec<_>>(), [&one]);

    let ring = ring.publish(two.clone(), now).unwrap();
    assert_eq!(ring.active, one);
    assert_eq!(ring.published().collect::<Vec<_>>(), [&one, &two]);

    let ring = ring.activate(now).unwrap();
    assert_eq!(ring.active, two);
    assert_eq!(ring.published().collect::<Vec<_>>(), [&two]);
    assert_eq!(ring.retired.iter().map(|retired| &retired.key).collect::<Vec<_>>(), [&one]);
    assert_eq!(ring.retired.first().unwrap().retired_at, now);

    let ring = ring.forget(&one.key).unwrap();
    assert_eq!(ring, KeyRing::start(two, now).unwrap());
}

#[tokio::test]
async fn a_step_out_of_order_is_refused_and_changes_nothing() {
    let now = at("2026-06-01T00:00:00Z");
    let (one, two, three) = (key("one").await, key("two").await, key("three").await);
    let ring = KeyRing::start(one.clone(), now).unwrap();
    let published = ring.publish(two.clone(), now).unwrap();
    let turned = published.activate(now).unwrap();
    let renamed = SigningKey { key: three.key.clone(), ..one.clone() };

    assert_eq!(ring.activate(now), Err(RingError::NoNext));
    assert_eq!(ring.withdraw(), Err(RingError::NoNext));
    assert_eq!(ring.publish(one.clone(), now), Err(RingError::Known));
    assert_eq!(ring.publish(renamed, now), Err(RingError::Known), "the same certificate");
    assert_eq!(ring.forget(&one.key), Err(RingError::NotRetired));
    assert_eq!(published.publish(three, now), Err(RingError::NextTaken));
    assert_eq!(published.forget(&two.key), Err(RingError::NotRetired));
    assert_eq!(published.withdraw(), Ok(ring));
    assert_eq!(turned.publish(one, now), Err(RingError::Known), "retired keys do not return");
}

#[tokio::test]
async fn a_key_signs_from_the_first_second_of_its_certificate_through_the_last() {
    let cases = [
        ("2025-12-31T23:59:59.999Z", Some(RingError::NotYetValid)),
        (FIRST, None),
        (LAST, None),
        ("2027-01-01T00:00:00.999Z", None),
        ("2027-01-01T00:00:01Z", Some(RingError::Expired)),
    ];
    let inside = at("2026-06-01T00:00:00Z");
    let one = key("one").await;
    let two = key("two").await;
    let ring = KeyRing::start(one.clone(), inside).unwrap();
    let published = ring.publish(two.clone(), inside).unwrap();
    for (now, expected) in cases {
        assert_eq!(KeyRing::start(one.clone(), at(now)).err(), expected, "start at {now}");
        assert_eq!(ring.publish(two.clone(), at(now)).err(), expected, "publish at {now}");
        assert_eq!(published.activate(at(now)).err(), expected, "activate at {now}");
    }
}

#[tokio::test]
async fn a_key_without_a_certificate_of_its_own_never_signs() {
    let now = at("2026-06-01T00:00:00Z");
    let good = key("one").await;
    let missing = RingError::Certificate(CertificateShape::NotX509);
    let cases = [
        (SigningKey { certificate: Vec::new(), ..good.clone() }, missing),
        (SigningKey { certificate: b"text".to_vec(), ..good.clone() }, missing),
        (
            SigningKey { not_after: at("2030-01-01T00:00:00Z"), ..good.clone() },
            RingError::OtherDates,
        ),
        (
            SigningKey { not_before: at("2020-01-01T00:00:00Z"), ..good.clone() },
            RingError::OtherDates,
        ),
    ];
    for (bad, expected) in cases {
        let stored = KeyRing { active: good.clone(), next: Some(bad.clone()), retired: Vec::new() };

        assert_eq!(KeyRing::start(bad, now), Err(expected));
        assert_eq!(stored.activate(now), Err(expected), "one that was stored so");
    }
}

#[tokio::test]
async fn a_ring_is_stored_as_plain_text_and_reads_back() {
    let now = at("2026-06-01T00:00:00Z");
    let (one, two) = (key("one").await, key("two").await);
    let ring = KeyRing::start(one.clone(), now).unwrap().publish(two, now).unwrap();
    let turned = ring.activate(now).unwrap();

    for ring in [KeyRing::start(one.clone(), now).unwrap(), ring, turned] {
        let stored = serde_json::to_value(&ring).unwrap();
        assert_eq!(serde_json::from_value::<KeyRing>(stored).unwrap(), ring);
    }
    let stored = serde_json::to_value(KeyRing::start(one.clone(), now).unwrap()).unwrap();
    assert_eq!(
        stored,
        serde_json::json!({ "active": {
            "key": "alias/one",
            "certificate": one.base64(),
            "not_before": FIRST,
            "not_after": LAST,
        }})
    );
}

#[tokio::test]
async fn what_is_shown_of_a_key_is_that_of_its_certificate() {
    let one = key("one").await;
    let certificate = Certificate::from_der(&one.certificate).unwrap();

    assert_eq!(one.fingerprint(), certificate.fingerprint());
    assert_eq!(one.pem(), certificate.pem());
    assert_eq!(one.base64(), certificate.base64());
    assert_eq!(one.fingerprint().sha1.len(), 40);
    assert_eq!(one.fingerprint().sha256.len(), 64);
}
