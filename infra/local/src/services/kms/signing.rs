//! The RSA signing algorithms of KMS.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self, RsaEncoding, UnparsedPublicKey, VerificationAlgorithm};

use crate::services::protocol::Refusal;

/// Names of all algorithms, in the order in which KMS lists them.
pub(super) const NAMES: [&str; 6] = [
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
];

/// Longest `Message` of *Sign* and *Verify* with `MessageType` `RAW`, in bytes.
const RAW_LIMIT: usize = 4096;

/// A `SigningAlgorithmSpec` for RSA keys.
///
/// The salt of the PSS algorithms is as long as the digest, as KMS makes it.
#[derive(Clone, Copy)]
pub(super) struct Algorithm {
    /// Its name in the API.
    pub(super) name: &'static str,
    digest: &'static digest::Algorithm,
    encoding: &'static dyn RsaEncoding,
    verification: &'static dyn VerificationAlgorithm,
}

impl Algorithm {
    /// Finds an algorithm by its name in the API.
    pub(super) fn parse(name: &str) -> Result<Self, Refusal> {
        let (name, digest, encoding, verification): (
            _,
            _,
            &'static dyn RsaEncoding,
            &'static dyn VerificationAlgorithm,
        ) = match name {
            "RSASSA_PKCS1_V1_5_SHA_256" => (
                "RSASSA_PKCS1_V1_5_SHA_256",
                &digest::SHA256,
                &signature::RSA_PKCS1_SHA256,
                &signature::RSA_PKCS1_2048_8192_SHA256,
            ),
            "RSASSA_PKCS1_V1_5_SHA_384" => (
                "RSASSA_PKCS1_V1_5_SHA_384",
                &digest::SHA384,
                &signature::RSA_PKCS1_SHA384,
                &signature::RSA_PKCS1_2048_8192_SHA384,
            ),
            "RSASSA_PKCS1_V1_5_SHA_512" => (
                "RSASSA_PKCS1_V1_5_SHA_512",
                &digest::SHA512,
                &signature::RSA_PKCS1_SHA512,
                &signature::RSA_PKCS1_2048_8192_SHA512,
            ),
            "RSASSA_PSS_SHA_256" => (
                "RSASSA_PSS_SHA_256",
                &digest::SHA256,
                &signature::RSA_PSS_SHA256,
                &signature::RSA_PSS_2048_8192_SHA256,
            ),
            "RSASSA_PSS_SHA_384" => (
                "RSASSA_PSS_SHA_384",
                &digest::SHA384,
                &signature::RSA_PSS_SHA384,
                &signature::RSA_PSS_2048_8192_SHA384,
            ),
            "RSASSA_PSS_SHA_512" => (
                "RSASSA_PSS_SHA_512",
                &digest::SHA512,
                &signature::RSA_PSS_SHA512,
                &signature::RSA_PSS_2048_8192_SHA512,
            ),
            other => {
                return Err(Refusal::new(
                    "ValidationException",
                    format!("Algorithm {other} is incompatible with an RSA key."),
                ));
            }
        };
        Ok(Self { name, digest, encoding, verification })
    }

    /// Signs a digest; the digest is not hashed again.
    pub(super) fn sign(
        self,
        pair: &aws_lc_rs::rsa::KeyPair,
        digest: &Digest,
    ) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign_digest(self.encoding, digest, &mut signature)?;
        Ok(signature)
    }

    /// Whether `signature` is one of `digest` by the owner of `public`.
    pub(super) fn is_signature(self, public: &[u8], digest: &Digest, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.verification, public).verify_digest(digest, signature).is_ok()
    }

    /// Makes the digest that is signed of what the caller sent.
    pub(super) fn digest(self, message: &Message) -> Result<Digest, Refusal> {
        match message {
            Message::Raw(bytes) if bytes.is_empty() || bytes.len() > RAW_LIMIT => {
                Err(Refusal::new(
                    "ValidationException",
                    "1 validation error detected: Value at 'message' failed to satisfy constraint: \
                     Member must have length between 1 and 4096",
                ))
            }
            Message::Raw(bytes) => Ok(digest::digest(self.digest, bytes)),
            Message::Digest(bytes) => Digest::import_less_safe(bytes, self.digest).map_err(|_| {
                Refusal::new(
                    "ValidationException",
                    format!("Digest is invalid length for algorithm {}.", self.name),
                )
            }),
        }
    }
}

/// `Message` and `MessageType` of *Sign* and *Verify*.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Message {
    /// `RAW`: KMS hashes it.
    Raw(Vec<u8>),
    /// `DIGEST`: the caller hashed it.
    Digest(Vec<u8>),
}
