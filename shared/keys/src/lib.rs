//! Signing keys that never leave AWS KMS, and the certificates that name them.
//!
//! No protocol and no storage: what is signed arrives as a digest, and a [`ring::KeyRing`] is
//! plain data that somebody else keeps. The only crate that speaks to KMS.

pub mod cache;
pub mod ring;

mod certificate;
mod config;
mod issue;
mod key_id;
mod kms;
mod public_key;
mod signer;
mod text;

pub use certificate::{Certificate, CertificateShape, Validity, ValidityError};
pub use config::{ATTEMPT_TIME, ATTEMPTS, TOTAL_TIME, kms_config};
pub use issue::{CertificateError, CertificateSubject, SubjectError};
pub use key_id::{KeyId, KeyIdError};
pub use kms::{KmsKeys, PublicKeyError};
pub use public_key::{PublicKey, PublicKeyShape};
pub use signer::{KmsSigner, PssSigner, SignError, Signer};
pub use text::Fingerprint;
