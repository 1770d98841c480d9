//! What happens when KMS does not do what it is asked: bounded tries, one clear error, never a
//! signature that does not hold.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests; paused time")]

mod scripted;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keys::ring::SigningKey;
use keys::{
    ATTEMPTS, CertificateSubject, KeyId, PublicKeyError, PublicKeyShape, SignError, Signer,
    TOTAL_TIME, Validity,
};
use scripted::{Kms, Step};
use serde_json::json;
use tokio::time::Instant;

const DIGEST: [u8; 32] = [7; 32];

fn key() -> KeyId {
    KeyId::parse("alias/federation").unwrap()
}

async fn signing_key(kms: &Kms) -> SigningKey {
    let subject = CertificateSubject::parse("Contoso").unwrap();
    let validity = Validity::new(
        "2026-01-01T00:00:00Z".parse().unwrap(),
        "2036-01-01T00:00:00Z".parse().unwrap(),
    );
    let certificate = kms.keys().certificate(&key(), &subject, validity.unwrap()).await.unwrap();
    SigningKey::new(key(), &certificate)
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_sent_as_a_digest_and_once() {
    let kms = Kms::good();

    let signature = kms.keys().sign(&key(), DIGEST).await.unwrap();

    assert_eq!(signature.len(), 256);
    assert_eq!(kms.operations(), ["Sign"]);
    assert_eq!(
        kms.last_input(),
        json!({
            "KeyId": "alias/federation",
            "Message": STANDARD.encode(DIGEST),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_three_times_and_what_cannot_is_tried_once() {
    let refused = |status, code| Step::Refuse(status, code);
    let cases = [
        // every answer of KMS, attempts, error
        (refused(400, "ThrottlingException"), ATTEMPTS, SignError::Throttled),
        (refused(500, "KMSInternalException"), ATTEMPTS, SignError::Unavailable),
        (refused(500, "DependencyTimeoutException"), ATTEMPTS, SignError::Slow),
        (refused(503, "ServiceUnavailable"), ATTEMPTS, SignError::Unavailable),
        (refused(400, "DisabledException"), 1, SignError::Disabled),
        (refused(400, "KMSInvalidStateException"), 1, SignError::Disabled),
        (refused(400, "AccessDeniedException"), 1, SignError::Denied),
        (refused(400, "UnrecognizedClientException"), 1, SignError::Denied),
        (refused(400, "NotFoundException"), 1, SignError::Missing),
        (refused(400, "InvalidKeyUsageException"), 1, SignError::Unsuitable),
        (refused(400, "SomethingNewException"), 1, SignError::Unavailable),
        (Step::Answer(502, json!("bad gateway")), ATTEMPTS, SignError::Unavailable),
        (Step::Garbage, 1, SignError::Malformed),
        (Step::Answer(200, json!({})), 1, SignError::Malformed),
        (Step::Answer(200, json!({ "Signature": "" })), 1, SignError::Malformed),
        (
            Step::Answer(200, json!({ "Signature": STANDARD.encode([1; 255]) })),
            1,
            SignError::Malformed,
        ),
        (
            Step::Answer(200, json!({ "Signature": STANDARD.encode([1; 257]) })),
            1,
            SignError::Malformed,
        ),
    ];
    for (step, attempts, expected) in cases {
        let kms = Kms::with(std::iter::repeat_n(step.clone(), 10));
        let begin = Instant::now();

        let found = kms.keys().sign(&key(), DIGEST).await.unwrap_err();

        assert_eq!(found, expected, "{step:?}");
        assert_eq!(kms.operations().len(), attempts as usize, "{step:?}");
        assert!(begin.elapsed() <= TOTAL_TIME, "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_costs_attempts_and_no_signature() {
    let throttled = || Step::Refuse(400, "ThrottlingException");
    let cases = [
        vec![throttled(), throttled()],
        vec![Step::Hang],
        vec![Step::Refuse(500, "KMSInternalException"), throttled()],
    ];
    for steps in cases {
        let kms = Kms::with(steps.clone());

        let signature = kms.keys().sign(&key(), DIGEST).await;

        assert_eq!(signature.unwrap().len(), 256, "{steps:?}");
        assert_eq!(kms.operations().len(), steps.len() + 1, "{steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kms_that_never_answers_is_given_up_after_five_seconds() {
    let kms = Kms::with([Step::Hang, Step::Hang, Step::Hang, Step::Hang]);
    let begin = Instant::now();

    let error = kms.keys().sign(&key(), DIGEST).await.unwrap_err();

    assert_eq!(error, SignError::Slow);
    assert!(begin.elapsed() >= Duration::from_secs(4), "{:?}", begin.elapsed());
    assert!(begin.elapsed() <= TOTAL_TIME + Duration::from_millis(10), "{:?}", begin.elapsed());
    assert!(kms.operations().len() <= ATTEMPTS as usize);
}

#[tokio::test(start_paused = true)]
async fn a_bound_signer_gives_only_what_its_certificate_verifies() {
    let key = signing_key(&Kms::good()).await;
    let other = STANDARD.encode([1; 256]);
    let cases = [
        (Step::Good, Ok(256)),
        // An alias that now names another key, of another size or of the same.
        (Step::OtherKey, Err(SignError::Mismatch)),
        (Step::Answer(200, json!({ "Signature": other })), Err(SignError::Mismatch)),
        (Step::Refuse(400, "DisabledException"), Err(SignError::Disabled)),
    ];
    for (step, expected) in cases {
        let kms = Kms::with([step.clone()]);
        let signer = kms.keys().signer(&key).unwrap();

        let found = signer.sign(DIGEST).await.map(|signature| signature.len());

        assert_eq!(found, expected, "{step:?}");
        assert_eq!(kms.operations(), ["Sign"], "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_key_that_signs_with_rsa_of_2048_bits_is_taken() {
    let good = scripted::public_key_answer(&scripted::spki());
    let with = |name: &str, value: serde_json::Value| {
        let mut answer = good.clone();
        answer.as_object_mut().unwrap().insert(name.to_owned(), value);
        Step::Answer(200, answer)
    };
    let spki = |der: &[u8]| Step::Answer(200, scripted::public_key_answer(der));
    let kms = PublicKeyError::Kms;
    let shape = PublicKeyError::Shape;
    let cases = [
        (with("KeySpec", json!("RSA_2048")), Ok(2048)),
        (spki(&scripted::other_spki()), Ok(3072)),
        (with("KeyUsage", json!("ENCRYPT_DECRYPT")), Err(kms(SignError::Unsuitable))),
        (with("SigningAlgorithms", json!(["RSASSA_PSS_SHA_256"])), Err(kms(SignError::Unsuitable))),
        (with("SigningAlgorithms", json!([])), Err(kms(SignError::Unsuitable))),
        (with("PublicKey", json!(null)), Err(kms(SignError::Malformed))),
        (with("PublicKey", json!("")), Err(shape(PublicKeyShape::NotSpki))),
        (spki(b"no DER"), Err(shape(PublicKeyShape::NotSpki))),
        (spki(include_bytes!("rsa1024.der")), Err(shape(PublicKeyShape::Short(1024)))),
        (spki(include_bytes!("rsa2047.der")), Err(shape(PublicKeyShape::Short(2047)))),
        (spki(include_bytes!("p256.der")), Err(shape(PublicKeyShape::NotRsa))),
        (Step::Refuse(400, "NotFoundException"), Err(kms(SignError::Missing))),
        (Step::Refuse(400, "InvalidArnException"), Err(kms(SignError::Missing))),
        (Step::Refuse(400, "UnsupportedOperationException"), Err(kms(SignError::Unsuitable))),
    ];
    for (step, expected) in cases {
        let kms = Kms::with([step.clone()]);

        let found = kms.keys().public_key(&key()).await.map(|key| key.bits());

        assert_eq!(found, expected, "{step:?}");
    }
}
