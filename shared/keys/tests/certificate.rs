//! Certificates made by KMS, read back by another parser's eyes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod scripted;

use jiff::Timestamp;
use keys::{
    Certificate, CertificateError, CertificateSubject, KeyId, PublicKeyError, SignError, Validity,
};
use scripted::{Kms, Step};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier,
};
use x509_cert::time::Time;

fn key() -> KeyId {
    KeyId::parse("alias/federation").unwrap()
}

fn validity(begin: &str, end: &str) -> Validity {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Validity::new(at(begin), at(end)).unwrap()
}

async fn make(subject: &str, begin: &str, end: &str) -> Certificate {
    let subject = CertificateSubject::parse(subject).unwrap();
    Kms::good().keys().certificate(&key(), &subject, validity(begin, end)).await.unwrap()
}

async fn ten_years() -> Certificate {
    make("Contoso", "2026-11-21T00:00:00Z", "2036-11-21T00:00:00Z").await
}

fn parse(certificate: &Certificate) -> x509_cert::Certificate {
    x509_cert::Certificate::from_der(certificate.der()).unwrap()
}

#[tokio::test]
async fn the_same_input_gives_the_same_bytes_and_any_other_a_new_serial_number() {
    let serial = |certificate: &Certificate| {
        parse(certificate).tbs_certificate().serial_number().as_bytes().to_vec()
    };
    let first = ten_years().await;
    let others = [
        make("Fabrikam", "2026-11-21T00:00:00Z", "2036-11-21T00:00:00Z").await,
        make("Contoso", "2026-11-21T00:00:01Z", "2036-11-21T00:00:00Z").await,
        make("Contoso", "2026-11-21T00:00:00Z", "2036-11-21T00:00:01Z").await,
    ];

    assert_eq!(ten_years().await.der(), first.der());
    for other in &others {
        assert_ne!(serial(other), serial(&first));
    }
    for certificate in others.iter().chain([&first]) {
        let serial = serial(certificate);
        assert_eq!(serial.len(), 20);
        assert_eq!(serial[0] & 0x80, 0, "negative: {serial:?}");
    }
}

#[tokio::test]
async fn it_names_itself_as_issuer_and_bears_its_own_signature() {
    let certificate = ten_years().await;
    let parsed = parse(&certificate);
    let tbs = parsed.tbs_certificate();

    assert_eq!(tbs.subject().to_string(), "CN=Contoso");
    assert_eq!(tbs.issuer(), tbs.subject());
    assert_eq!(parsed.signature_algorithm(), tbs.signature());
    assert_eq!(tbs.signature().oid.to_string(), "1.2.840.113549.1.1.11");
    assert_eq!(tbs.subject_public_key_info().to_der().unwrap(), scripted::spki());
    let digest = xmldsig::sha256(&tbs.to_der().unwrap());
    let signature = parsed.signature().as_bytes().unwrap();
    assert!(certificate.public_key().verifies(&digest, signature));
    assert!(!certificate.public_key().verifies(&[0; 32], signature));
}

#[tokio::test]
async fn it_may_sign_messages_and_nothing_else() {
    let parsed = parse(&ten_years().await);
    let tbs = parsed.tbs_certificate();

    let (critical, constraints) = tbs.get_extension::<BasicConstraints>().unwrap().unwrap();
    assert!(critical && !constraints.ca && constraints.path_len_constraint.is_none());
    let (critical, usage) = tbs.get_extension::<KeyUsage>().unwrap().unwrap();
    assert!(critical && usage.digital_signature() && !usage.key_cert_sign());
    assert_eq!(usage.0.bits().count_ones(), 1);
    let (critical, subject_key) = tbs.get_extension::<SubjectKeyIdentifier>().unwrap().unwrap();
    assert!(!critical);
    let (critical, authority) = tbs.get_extension::<AuthorityKeyIdentifier>().unwrap().unwrap();
    assert!(!critical);
    assert_eq!(authority.key_identifier, Some(subject_key.0));
    let found: Vec<_> = tbs.extensions().unwrap().iter().map(|found| found.extn_id).collect();
    assert_eq!(
        found,
        [
            BasicConstraints::OID,
            KeyUsage::OID,
            SubjectKeyIdentifier::OID,
            AuthorityKeyIdentifier::OID
        ]
    );
}

#[tokio::test]
async fn years_through_2049_are_utc_time_and_later_ones_generalized_time() {
    let cases = [
        // end, two-digit year
        ("2049-12-31T23:59:59Z", true),
        ("2050-01-01T00:00:00Z", false),
        ("2126-01-01T00:00:00Z", false),
    ];
    for (end, short) in cases {
        let certificate = make("Contoso", "2026-11-21T12:00:00.75Z", end).await;
        let parsed = parse(&certificate);
        let dates = parsed.tbs_certificate().validity();

        assert!(matches!(dates.not_before, Time::UtcTime(_)), "{end}");
        assert_eq!(matches!(dates.not_after, Time::UtcTime(_)), short, "{end}");
        assert_eq!(certificate.validity(), validity("2026-11-21T12:00:00Z", end));
    }
}

#[tokio::test]
async fn a_subject_is_one_common_name_whatever_it_spells() {
    for name in ["a, O=Fabrikam", "CN=x+OU=y", "Größe & Söhne <\"#;=\\>", &"ü".repeat(64)] {
        let certificate = make(name, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z").await;
        let parsed = parse(&certificate);

        let attributes: Vec<_> = parsed.tbs_certificate().subject().iter().collect();
        assert_eq!(attributes.len(), 1, "{name}");
        assert_eq!(attributes[0].oid.to_string(), "2.5.4.3", "{name}");
        assert_eq!(attributes[0].value.value(), name.as_bytes(), "{name}");
    }
    for name in ["", &"ü".repeat(65), "two\nlines", "nul\0"] {
        assert!(CertificateSubject::parse(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn a_signature_by_another_key_makes_no_certificate() {
    let subject = CertificateSubject::parse("Contoso").unwrap();
    let validity = validity("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let kms = Kms::with([Step::Good, Step::OtherKey]);

    let error = kms.keys().certificate(&key(), &subject, validity).await.unwrap_err();

    assert!(matches!(error, CertificateError::Sign(SignError::Mismatch)), "{error:?}");
    assert_eq!(kms.operations(), ["GetPublicKey", "Sign"]);
}

#[tokio::test]
async fn a_disabled_key_gets_no_certificate() {
    let subject = CertificateSubject::parse("Contoso").unwrap();
    let validity = validity("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let kms = Kms::with([Step::Refuse(400, "DisabledException")]);

    let error = kms.keys().certificate(&key(), &subject, validity).await.unwrap_err();

    let disabled = PublicKeyError::Kms(SignError::Disabled);
    assert!(matches!(error, CertificateError::PublicKey(found) if found == disabled), "{error:?}");
}

#[tokio::test]
async fn cut_or_lengthened_bytes_are_no_certificate() {
    let der = ten_years().await.der().to_vec();

    assert!(Certificate::from_der(&der).is_ok());
    for length in [0, 1, 4, der.len() / 2, der.len() - 1] {
        assert!(Certificate::from_der(&der[..length]).is_err(), "{length} bytes");
    }
    assert!(Certificate::from_der(&[&der[..], b"\0"].concat()).is_err());
}
