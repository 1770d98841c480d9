//! The certificates of our client key: the one in use, and the one that is uploaded in good time.
//!
//! Both are of the same key in KMS. The next one is made ninety days before the current one ends, so
//! that it can be uploaded to the application beside it; two at once are valid in Entra.

use jiff::{SignedDuration, Timestamp};
use keys::ring::SigningKey;
use keys::{CertificateError, CertificateSubject, KeyId, KmsKeys, Validity, ValidityError};
use serde::{Deserialize, Serialize};

/// Whose they say they are.
pub const SUBJECT: &str = "Passerelle, proof to Microsoft Entra";
/// How long a certificate holds, in days.
pub const LIFETIME_DAYS: i64 = 730;
/// How long before the end of the current certificate the next one is made, in days.
const NEXT_DAYS: i64 = 90;
/// How long before its end a certificate is no longer used, in days.
const SWITCH_DAYS: i64 = 30;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// The clock is not one by which a certificate can hold.
    #[error("the certificate would hold at no time")]
    Validity(#[from] ValidityError),
    /// KMS refused.
    #[error("the certificate could not be made")]
    Certificate(#[from] CertificateError),
}

/// What an application's registration should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificates {
    /// The one whose thumbprint our assertions name.
    pub current: SigningKey,
    /// The one that follows, once it is made.
    pub next: Option<SigningKey>,
}

/// What is to be done about the certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Next,
    Switch,
}

impl ClientCertificates {
    /// Makes the first certificate.
    ///
    /// # Errors
    ///
    /// [`RenewalError`] when KMS refuses.
    pub async fn first(
        keys: &KmsKeys,
        key: &KeyId,
        subject: &CertificateSubject,
        now: Timestamp,
    ) -> Result<Self, RenewalError> {
        Ok(Self { current: make(keys, key, subject, now).await?, next: None })
    }

    /// What the certificates become at `now`; [`None`] when they stay as they are.
    ///
    /// # Errors
    ///
    /// [`RenewalError`] when KMS refuses.
    pub async fn renewed(
        &self,
        keys: &KmsKeys,
        subject: &CertificateSubject,
        now: Timestamp,
    ) -> Result<Option<Self>, RenewalError> {
        let Self { current, next } = self;
        Ok(match self.due(now) {
            Due::Nothing => None,
            Due::Next => {
                let next = make(keys, &current.key, subject, now).await?;
                Some(Self { current: current.clone(), next: Some(next) })
            }
            Due::Switch => next.clone().map(|current| Self { current, next: None }),
        })
    }

    fn due(&self, now: Timestamp) -> Due {
        let left = self.current.not_after.duration_since(now);
        match &self.next {
            None if left <= days(NEXT_DAYS) => Due::Next,
            Some(_) if left <= days(SWITCH_DAYS) => Due::Switch,
            None | Some(_) => Due::Nothing,
        }
    }

    /// In the order in which they are tried.
    pub(crate) fn each(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(&self.next)
    }
}

async fn make(
    keys: &KmsKeys,
    key: &KeyId,
    subject: &CertificateSubject,
    now: Timestamp,
) -> Result<SigningKey, RenewalError> {
    // A day early: a clock that is behind ours sees a certificate that holds.
    let begin = now.checked_sub(days(1)).unwrap_or(now);
    let end = now.checked_add(days(LIFETIME_DAYS)).unwrap_or(now);
    let validity = Validity::new(begin, end)?;
    Ok(SigningKey::new(key.clone(), &keys.certificate(key, subject, validity).await?))
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn key(ends: &str) -> SigningKey {
        SigningKey {
            key: KeyId::parse("alias/client").unwrap(),
            certificate: Vec::new(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: ends.parse().unwrap(),
        }
    }

    #[test]
    fn the_next_certificate_is_made_in_time_to_be_uploaded_and_then_used() {
        let alone = ClientCertificates { current: key("2028-01-01T00:00:00Z"), next: None };
        let both = ClientCertificates { next: Some(key("2029-10-01T00:00:00Z")), ..alone.clone() };
        let cases = [
            (&alone, "2027-10-02T23:59:59Z", Due::Nothing),
            (&alone, "2027-10-03T00:00:00Z", Due::Next),
            (&alone, "2028-06-01T00:00:00Z", Due::Next),
            (&both, "2027-10-03T00:00:00Z", Due::Nothing),
            (&both, "2027-12-01T23:59:59Z", Due::Nothing),
            (&both, "2027-12-02T00:00:00Z", Due::Switch),
        ];
        for (certificates, now, expected) in cases {
            assert_eq!(certificates.due(now.parse().unwrap()), expected, "{now}");
        }
    }
}
