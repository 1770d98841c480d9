//! The certificates of our client key: the one in use, and whichever follow it in good time.
//!
//! Another one is made ninety days before the last one of a key ends, or at once where another key in KMS is
//! to be used, so that it can be uploaded to the application beside the others: several at once are valid in
//! Entra. Nobody tells us that it was. So each is tried in turn, and none goes sooner than it is over.

use jiff::{SignedDuration, Timestamp};
use keys::ring::SigningKey;
use keys::{CertificateError, CertificateSubject, KeyId, KmsKeys, Validity, ValidityError};
use serde::{Deserialize, Deserializer, Serialize};

/// Whose they say they are.
pub const SUBJECT: &str = "Passerelle, proof to Microsoft Entra";
/// How long a certificate holds, in days.
pub const LIFETIME_DAYS: i64 = 730;
/// How long before the end of the last certificate of a key another one is made, in days.
const NEXT_DAYS: i64 = 90;
/// How long before its end a certificate is tried after the others, in days.
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
    /// The one that was made first: it is there already.
    pub current: SigningKey,
    /// Those that follow, in the order in which they were made: whether they are uploaded shows when they are
    /// tried.
    #[serde(default, deserialize_with = "each_or_one")]
    pub next: Vec<SigningKey>,
}

/// A former version wrote one, or none.
fn each_or_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SigningKey>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        Each(Vec<SigningKey>),
        One(Option<Box<SigningKey>>),
    }
    Ok(match Kept::deserialize(deserializer)? {
        Kept::Each(each) => each,
        Kept::One(one) => one.map(|one| *one).into_iter().collect(),
    })
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
        Ok(Self { current: make(keys, key, subject, now).await?, next: Vec::new() })
    }

    /// What the certificates become at `now`; [`None`] when they stay as they are.
    ///
    /// # Errors
    ///
    /// [`RenewalError`] when KMS refuses: the present ones hold.
    pub async fn renewed(
        &self,
        keys: &KmsKeys,
        key: &KeyId,
        subject: &CertificateSubject,
        now: Timestamp,
    ) -> Result<Option<Self>, RenewalError> {
        let mut each = self.that_hold(now);
        if lacks(&each, key, now) {
            each.push(make(keys, key, subject, now).await?);
        }
        let mut each = each.into_iter();
        let renewed = each.next().map(|current| Self { current, next: each.collect() });
        Ok(renewed.filter(|renewed| renewed != self))
    }

    fn that_hold(&self, now: Timestamp) -> Vec<SigningKey> {
        let each = std::iter::once(&self.current).chain(&self.next);
        each.filter(|one| one.not_after > now).cloned().collect()
    }

    /// In the order in which they are tried: last those that end soon, or are of a key that is to be used no
    /// longer.
    pub(crate) fn each(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let mut each: Vec<_> = std::iter::once(&self.current).chain(&self.next).collect();
        let key = each.last().map(|last| &last.key);
        each.sort_by_key(|one| left(one, now) <= days(FIRST_DAYS) || key != Some(&one.key));
        each.into_iter()
    }
}

/// Whether a key that is to be used has no certificate that holds for long.
fn lacks(each: &[SigningKey], key: &KeyId, now: Timestamp) -> bool {
    !each.iter().any(|one| one.key == *key && left(one, now) > days(NEXT_DAYS))
}

fn left(one: &SigningKey, now: Timestamp) -> SignedDuration {
    one.not_after.duration_since(now)
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

    fn certificates(each: &[(&str, &str)]) -> ClientCertificates {
        let mut each = each.iter().map(|(name, ends)| key(name, ends));
        ClientCertificates { current: each.next().unwrap(), next: each.collect() }
    }

    #[test]
    fn another_certificate_is_made_in_time_to_be_uploaded_and_none_goes_before_its_end() {
        let old = ("alias/client", "2028-01-01T00:00:00Z");
        let new = ("alias/client", "2029-10-01T00:00:00Z");
        let other = ("alias/other", "2028-02-01T00:00:00Z");
        let cases: [(&[_], &str, &str, bool, &[_]); 10] = [
            // which, the key to be used, when, whether another one is made, those that hold
            (&[old], "alias/client", "2027-10-02T23:59:59Z", false, &[old]),
            (&[old], "alias/client", "2027-10-03T00:00:00Z", true, &[old]),
            (&[old], "alias/client", "2028-06-01T00:00:00Z", true, &[]),
            (&[old], "alias/other", "2026-02-01T00:00:00Z", true, &[old]),
            (&[old, new], "alias/client", "2027-12-31T23:59:59Z", false, &[old, new]),
            (&[old, new], "alias/client", "2028-01-01T00:00:00Z", false, &[new]),
            (&[old, new], "alias/other", "2027-12-01T00:00:00Z", true, &[old, new]),
            (&[old, other], "alias/other", "2027-11-03T00:00:00Z", true, &[old, other]),
            (&[old, other], "alias/third", "2027-01-01T00:00:00Z", true, &[old, other]),
            // While another version of us names the former key.
            (&[old, other], "alias/client", "2027-01-01T00:00:00Z", false, &[old, other]),
        ];
        for (each, key_id, now, made, hold) in cases {
            let (key_id, now) = (KeyId::parse(key_id).unwrap(), now.parse().unwrap());
            let found = certificates(each).that_hold(now);
            assert_eq!(lacks(&found, &key_id, now), made, "{now}");
            let hold: Vec<_> = hold.iter().map(|(name, ends)| key(name, ends)).collect();
            assert_eq!(found, hold, "{now}");
        }
    }

    #[test]
    fn whichever_is_tried_first_the_others_are_tried_after_it() {
        let [old, next, last] =
            ["2028-01-01T00:00:00Z", "2029-10-01T00:00:00Z", "2029-11-01T00:00:00Z"];
        let both: &[_] = &[("alias/client", old), ("alias/client", next)];
        let rolled: &[_] = &[("alias/client", old), ("alias/other", next)];
        let again: &[_] = &[("alias/client", old), ("alias/other", next), ("alias/client", last)];
        let cases: [(&[_], &str, &[&str]); 5] = [
            (&[("alias/client", old)], old, &[old]),
            (both, "2027-12-01T23:59:59Z", &[old, next]),
            (both, "2027-12-02T00:00:00Z", &[next, old]),
            (rolled, "2026-02-01T00:00:00Z", &[next, old]),
            (again, "2026-02-01T00:00:00Z", &[old, last, next]),
        ];
        for (each, now, expected) in cases {
            let certificates = certificates(each);
            let ends = certificates.each(now.parse().unwrap()).map(|key| key.not_after.to_string());
            assert_eq!(ends.collect::<Vec<_>>(), expected, "{now}");
        }
    }

    #[test]
    fn what_a_former_version_wrote_is_read() {
        let both = certificates(&[("alias/client", "2028-01-01T00:00:00Z"); 2]);
        let (current, next) = (&both.current, both.next.first());
        let cases = [
            (serde_json::json!({ "current": current, "next": next }), both.clone()),
            (
                serde_json::json!({ "current": current, "next": null }),
                ClientCertificates { current: current.clone(), next: Vec::new() },
            ),
            (serde_json::to_value(&both).unwrap(), both.clone()),
        ];
        for (kept, expected) in cases {
            assert_eq!(serde_json::from_value::<ClientCertificates>(kept).unwrap(), expected);
        }
    }
}
