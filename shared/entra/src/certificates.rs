//! The certificates of our client key: the one in use, and the one that is uploaded in good time.
//!
//! The next one is made ninety days before the current one ends, or at once where another key in KMS is
//! to be used, so that it can be uploaded to the application beside it; two at once are valid in Entra.
//! Nobody tells us that it was. So whichever is tried first, the other one is tried after it, and the
//! current one goes no sooner than it is over.

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
/// How long before the end of the current certificate the next one is tried first, in days.
const FIRST_DAYS: i64 = 30;

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
    /// The one that is there already.
    pub current: SigningKey,
    /// The one that follows, once it is made: whether it is uploaded shows when it is tried.
    pub next: Option<SigningKey>,
}

/// What is to be done about the certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    /// Another one is made, to follow the current one.
    Next,
    /// The current one is over: the next one is in its place.
    Switch,
    /// The next one ends soon, too: it is in the place of the current one, and another one is made.
    Both,
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
        key: &KeyId,
        subject: &CertificateSubject,
        now: Timestamp,
    ) -> Result<Option<Self>, RenewalError> {
        let last = self.next.as_ref().unwrap_or(&self.current);
        Ok(match self.due(key, now) {
            Due::Nothing => None,
            Due::Switch => Some(Self { current: last.clone(), next: None }),
            Due::Next => {
                let next = Some(make(keys, key, subject, now).await?);
                Some(Self { current: self.current.clone(), next })
            }
            Due::Both => {
                let next = Some(make(keys, key, subject, now).await?);
                Some(Self { current: last.clone(), next })
            }
        })
    }

    /// What is to be done, where a key is to be used.
    fn due(&self, key: &KeyId, now: Timestamp) -> Due {
        let left = |one: &SigningKey| one.not_after.duration_since(now);
        match &self.next {
            None if self.current.key != *key || left(&self.current) <= days(NEXT_DAYS) => Due::Next,
            Some(_) if left(&self.current) <= SignedDuration::ZERO => Due::Switch,
            Some(next) if next.key != *key => Due::Next,
            Some(next) if left(next) <= days(NEXT_DAYS) => Due::Both,
            None | Some(_) => Due::Nothing,
        }
    }

    /// In the order in which they are tried: the next one first where the current one ends soon, or is of
    /// a key that is to be used no longer.
    pub(crate) fn each(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let Self { current, next } = self;
        let ends_soon = current.not_after.duration_since(now) <= days(FIRST_DAYS);
        let first = next.as_ref().filter(|next| ends_soon || next.key != current.key);
        let last = next.as_ref().filter(|_| first.is_none());
        first.into_iter().chain(std::iter::once(current)).chain(last)
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

    fn key(name: &str, ends: &str) -> SigningKey {
        SigningKey {
            key: KeyId::parse(name).unwrap(),
            certificate: Vec::new(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: ends.parse().unwrap(),
        }
    }

    fn pair(current: (&str, &str), next: Option<(&str, &str)>) -> ClientCertificates {
        let next = next.map(|(name, ends)| key(name, ends));
        ClientCertificates { current: key(current.0, current.1), next }
    }

    #[test]
    fn the_next_certificate_is_made_in_time_to_be_uploaded_and_the_first_one_goes_at_its_end() {
        let old = ("alias/client", "2028-01-01T00:00:00Z");
        let (alone, both) = (pair(old, None), pair(old, Some((old.0, "2029-10-01T00:00:00Z"))));
        // Another key was to be used soon after the first one was made.
        let rolled = pair(old, Some(("alias/other", "2028-02-01T00:00:00Z")));
        let cases = [
            (&alone, "alias/client", "2027-10-02T23:59:59Z", Due::Nothing),
            (&alone, "alias/client", "2027-10-03T00:00:00Z", Due::Next),
            (&alone, "alias/client", "2028-06-01T00:00:00Z", Due::Next),
            (&alone, "alias/other", "2026-02-01T00:00:00Z", Due::Next),
            (&both, "alias/client", "2027-10-03T00:00:00Z", Due::Nothing),
            (&both, "alias/client", "2027-12-31T23:59:59Z", Due::Nothing),
            (&both, "alias/client", "2028-01-01T00:00:00Z", Due::Switch),
            (&both, "alias/other", "2027-12-01T00:00:00Z", Due::Next),
            (&both, "alias/other", "2028-01-01T00:00:00Z", Due::Switch),
            (&rolled, "alias/other", "2027-11-02T23:59:59Z", Due::Nothing),
            (&rolled, "alias/other", "2027-11-03T00:00:00Z", Due::Both),
        ];
        for (certificates, key, now, expected) in cases {
            let key = KeyId::parse(key).unwrap();
            assert_eq!(certificates.due(&key, now.parse().unwrap()), expected, "{now}");
        }
    }

    #[test]
    fn whichever_is_tried_first_the_other_one_is_tried_after_it() {
        let (old, next) = ("2028-01-01T00:00:00Z", "2029-10-01T00:00:00Z");
        let both = pair(("alias/client", old), Some(("alias/client", next)));
        let rolled = pair(("alias/client", old), Some(("alias/other", next)));
        let cases = [
            (&both, "2027-12-01T23:59:59Z", [old, next]),
            (&both, "2027-12-02T00:00:00Z", [next, old]),
            (&rolled, "2026-02-01T00:00:00Z", [next, old]),
        ];
        for (certificates, now, expected) in cases {
            let ends = certificates.each(now.parse().unwrap()).map(|key| key.not_after.to_string());
            assert_eq!(ends.collect::<Vec<_>>(), expected, "{now}");
        }
        let alone = pair(("alias/client", old), None);
        assert_eq!(alone.each(old.parse().unwrap()).count(), 1);
    }
}
