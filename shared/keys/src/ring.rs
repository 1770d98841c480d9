//! The signing keys of an organization, and the steps a key goes through.
//!
//! No KMS, no storage: values and transitions. A key is made with its certificate, *published as
//! next* (metadata shows it, Entra is told), *activated* (it signs; the former one is *retired*),
//! and at last *forgotten*.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Certificate, CertificateShape, Fingerprint, KeyId, text};

/// A key together with the certificate that is published for it: there is no key without one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SigningKey {
    /// Where the private half is.
    pub key: KeyId,
    /// The DER of the certificate, kept as base64.
    #[serde(with = "text::serde_der")]
    pub certificate: Vec<u8>,
    /// The first second in which the certificate holds.
    pub not_before: Timestamp,
    /// The last second in which the certificate holds.
    pub not_after: Timestamp,
}

impl SigningKey {
    /// Joins a key and its certificate.
    pub fn new(key: KeyId, certificate: &Certificate) -> Self {
        Self {
            key,
            certificate: certificate.der().to_vec(),
            not_before: certificate.validity().not_before(),
            not_after: certificate.validity().not_after(),
        }
    }

    /// The digests of the certificate that people compare.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// The certificate as the text of a PEM file, RFC 7468 §5.
    pub fn pem(&self) -> String {
        text::pem(&self.certificate)
    }

    /// The certificate as base64 without line breaks, as XML signatures and Microsoft Graph want it.
    pub fn base64(&self) -> String {
        text::base64(&self.certificate)
    }

    /// Refuses a key whose certificate is none, says other dates, or does not hold at `now`.
    fn check(&self, now: Timestamp) -> Result<(), RingError> {
        let certificate = Certificate::from_der(&self.certificate)?;
        let validity = certificate.validity();
        if validity.not_before() != self.not_before || validity.not_after() != self.not_after {
            return Err(RingError::OtherDates);
        }
        if now < self.not_before {
            return Err(RingError::NotYetValid);
        }
        // The last second is inside, RFC 5280 §4.1.2.5.
        if now.as_second() > self.not_after.as_second() {
            return Err(RingError::Expired);
        }
        Ok(())
    }
}

/// A key that signs no more; what it signed can still be checked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Retired {
    /// The key and its certificate.
    pub key: SigningKey,
    /// When another one took its place.
    pub retired_at: Timestamp,
}

/// The keys of an organization: one that signs, at most one that will, and those that did.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyRing {
    /// Signs every assertion.
    pub active: SigningKey,
    /// Published already, so that everybody knows it before it signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<SigningKey>,
    /// Signed once, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

/// Why a key cannot take a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RingError {
    /// What should be a certificate is none.
    #[error("the key has no usable certificate")]
    Certificate(#[from] CertificateShape),
    /// The dates beside the certificate are not those in it.
    #[error("the certificate says other dates than the ring")]
    OtherDates,
    /// The certificate does not hold yet.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The certificate holds no more.
    #[error("the certificate has expired")]
    Expired,
    /// The key or its certificate is in the ring already.
    #[error("the key is in the ring already")]
    Known,
    /// Another key is published as the next one.
    #[error("another key is published as the next one")]
    NextTaken,
    /// No key is published as the next one.
    #[error("no key is published as the next one")]
    NoNext,
    /// No such key is retired.
    #[error("no such key is retired")]
    NotRetired,
}

impl KeyRing {
    /// Begins a ring with its first key, which signs at once: nobody trusts another one yet.
    ///
    /// # Errors
    /// [`RingError::Certificate`], [`OtherDates`](RingError::OtherDates),
    /// [`NotYetValid`](RingError::NotYetValid) or [`Expired`](RingError::Expired).
    pub fn start(first: SigningKey, now: Timestamp) -> Result<Self, RingError> {
        first.check(now)?;
        Ok(Self { active: first, next: None, retired: Vec::new() })
    }

    /// Publishes a key as the next one.
    ///
    /// # Errors
    /// [`RingError::NextTaken`], [`Known`](RingError::Known), or those of [`start`](Self::start).
    pub fn publish(&self, key: SigningKey, now: Timestamp) -> Result<Self, RingError> {
        if self.next.is_some() {
            return Err(RingError::NextTaken);
        }
        let known =
            |other: &SigningKey| other.key == key.key || other.certificate == key.certificate;
        if known(&self.active) || self.retired.iter().any(|retired| known(&retired.key)) {
            return Err(RingError::Known);
        }
        key.check(now)?;
        Ok(Self { next: Some(key), ..self.clone() })
    }

    /// Takes the next key back; it never signed.
    ///
    /// # Errors
    /// [`RingError::NoNext`].
    pub fn withdraw(&self) -> Result<Self, RingError> {
        self.next.as_ref().ok_or(RingError::NoNext)?;
        Ok(Self { next: None, ..self.clone() })
    }

    /// Lets the next key sign and retires the one that did.
    ///
    /// # Errors
    /// [`RingError::NoNext`], or those of [`start`](Self::start).
    pub fn activate(&self, now: Timestamp) -> Result<Self, RingError> {
        let active = self.next.clone().ok_or(RingError::NoNext)?;
        active.check(now)?;
        let mut retired = self.retired.clone();
        retired.push(Retired { key: self.active.clone(), retired_at: now });
        Ok(Self { active, next: None, retired })
    }

    /// Forgets a retired key.
    ///
    /// # Errors
    /// [`RingError::NotRetired`]: the active and the next key cannot be forgotten.
    pub fn forget(&self, key: &KeyId) -> Result<Self, RingError> {
        let retired: Vec<Retired> =
            self.retired.iter().filter(|retired| retired.key.key != *key).cloned().collect();
        if retired.len() == self.retired.len() {
            return Err(RingError::NotRetired);
        }
        Ok(Self { retired, ..self.clone() })
    }

    /// The keys whose certificates metadata shows: the active one, then the next.
    pub fn published(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.active).chain(&self.next)
    }
}
