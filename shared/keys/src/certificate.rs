//! X.509 certificates as they are published, and how long they say they hold.

use jiff::Timestamp;
use x509_cert::der::{Decode, Encode};
use x509_cert::time::Time;

use crate::{Fingerprint, PublicKey, PublicKeyShape, text};

/// From when to when a certificate says it holds, RFC 5280 §4.1.2.5.
///
/// Both ends are inside, unlike SAML's: a certificate still holds at `not_after`. Whole seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why two instants are no validity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ValidityError {
    /// The end does not come after the beginning.
    #[error("a certificate must end after it begins")]
    Empty,
    /// The beginning is before 1970.
    #[error("a certificate cannot begin before 1970")]
    BeforeEpoch,
}

impl Validity {
    /// Takes the two ends, both inside, and drops fractions of a second, which X.509 has none of.
    ///
    /// # Errors
    /// [`ValidityError`] when nothing lies between them, or the first is before 1970.
    pub fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, ValidityError> {
        if not_before < Timestamp::UNIX_EPOCH {
            return Err(ValidityError::BeforeEpoch);
        }
        let (not_before, not_after) = (whole_second(not_before), whole_second(not_after));
        if not_after <= not_before {
            return Err(ValidityError::Empty);
        }
        Ok(Self { not_before, not_after })
    }

    /// The first second in which the certificate holds.
    pub fn not_before(self) -> Timestamp {
        self.not_before
    }

    /// The last second in which the certificate holds.
    pub fn not_after(self) -> Timestamp {
        self.not_after
    }
}

/// A certificate that was parsed, with the RSA key it is about.
///
/// # Examples
/// ```
/// assert!(keys::Certificate::from_der(b"not a certificate").is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    der: Vec<u8>,
    validity: Validity,
    public_key: PublicKey,
}

/// Why bytes are not a certificate that we publish.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateShape {
    /// Not the DER of a `Certificate`, RFC 5280 §4.1.
    #[error("not an X.509 certificate")]
    NotX509,
    /// It holds at no time.
    #[error("not a validity")]
    Validity(#[from] ValidityError),
    /// It is about a key that we do not sign with.
    #[error("not about a public key to sign with")]
    PublicKey(#[from] PublicKeyShape),
}

impl Certificate {
    /// Reads the DER of a certificate, RFC 5280 §4.1, without asking whose signature it bears.
    ///
    /// # Errors
    /// [`CertificateShape`] when it is none, or not about an RSA key of at least 2048 bits.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateShape> {
        let parsed =
            x509_cert::Certificate::from_der(der).map_err(|_| CertificateShape::NotX509)?;
        let tbs = parsed.tbs_certificate();
        let spki = tbs.subject_public_key_info().to_der().map_err(|_| CertificateShape::NotX509)?;
        Ok(Self {
            der: der.to_vec(),
            validity: Validity::new(
                instant(tbs.validity().not_before)?,
                instant(tbs.validity().not_after)?,
            )?,
            public_key: PublicKey::from_spki(&spki)?,
        })
    }

    /// The bytes that are published.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// From when to when it says it holds.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The key it is about.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The text of a PEM file, RFC 7468 §5.
    pub fn pem(&self) -> String {
        text::pem(&self.der)
    }

    /// Base64 without line breaks: the content of `ds:X509Certificate` and of Microsoft Graph's
    /// `signingCertificate`.
    pub fn base64(&self) -> String {
        text::base64(&self.der)
    }

    /// The digests that people compare.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }
}

/// The instant that a field of a certificate names.
fn instant(time: Time) -> Result<Timestamp, CertificateShape> {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(CertificateShape::NotX509)
}

fn whole_second(instant: Timestamp) -> Timestamp {
    // A whole second between 1970 and an instant that exists does exist.
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_validity_needs_a_second_between_its_ends_after_1970() {
        let cases = [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", None),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Some(ValidityError::Empty)),
            ("2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.9Z", Some(ValidityError::Empty)),
            ("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", Some(ValidityError::Empty)),
            ("1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z", None),
            ("1969-12-31T23:59:59.9Z", "2026-01-01T00:00:00Z", Some(ValidityError::BeforeEpoch)),
        ];
        for (begin, end, expected) in cases {
            let found = Validity::new(at(begin), at(end)).err();
            assert_eq!(found, expected, "{begin} to {end}");
        }
    }
}
