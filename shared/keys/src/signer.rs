//! Who signs, and why a signature may fail to come.

use async_trait::async_trait;
use xmldsig::Sha256Digest;

use crate::{KeyId, KmsKeys, PublicKey};

/// Someone who holds a private key and signs digests with it.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Signs with RSASSA-PKCS1-v1_5 over SHA-256, RFC 8017 §8.2.1, and returns the signature as it
    /// goes on the wire: 256 bytes for a 2048-bit key.
    ///
    /// # Errors
    /// [`SignError`] when no signature could be had. There is no unsigned answer.
    async fn sign(&self, digest: Sha256Digest) -> Result<Vec<u8>, SignError>;
}

/// Why KMS did not do what it was asked.
///
/// The cause (KMS's own code and request id) goes to the log where it is met.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignError {
    /// More requests than the account may make, still after the last attempt.
    #[error("the key service is limiting requests")]
    Throttled,
    /// The key is switched off or is waiting to be deleted.
    #[error("the key is disabled")]
    Disabled,
    /// No answer in the time allowed.
    #[error("the key service did not answer in time")]
    Slow,
    /// The caller may not use the key, or its credentials do not hold.
    #[error("the key service refused the caller")]
    Denied,
    /// There is no such key.
    #[error("there is no such key")]
    Missing,
    /// The key is not one that signs with RSASSA-PKCS1-v1_5 over SHA-256.
    #[error("the key is made for another use")]
    Unsuitable,
    /// The service could not be reached, or failed.
    #[error("the key service is unavailable")]
    Unavailable,
    /// The answer is not one that KMS gives: no signature, or one of a wrong length.
    #[error("the key service gave an answer that makes no sense")]
    Malformed,
    /// The signature does not hold under the certificate that it would be sent with.
    #[error("the signature does not hold under the certificate of the key")]
    Mismatch,
}

/// A key in KMS together with the public key that everybody checks its signatures with.
///
/// Made by [`KmsKeys::signer`]. Each signature is checked before it leaves: one that the published
/// certificate does not verify (an alias that now names another key) is refused here, with its
/// reason, and not by Entra for each person in turn.
#[derive(Clone, Debug)]
pub struct KmsSigner {
    keys: KmsKeys,
    key: KeyId,
    public_key: PublicKey,
}

impl KmsSigner {
    pub(crate) fn new(keys: KmsKeys, key: KeyId, public_key: PublicKey) -> Self {
        Self { keys, key, public_key }
    }
}

#[async_trait]
impl Signer for KmsSigner {
    async fn sign(&self, digest: Sha256Digest) -> Result<Vec<u8>, SignError> {
        let signature = self.keys.sign(&self.key, digest).await?;
        if signature.len() != self.public_key.signature_length()
            || !self.public_key.verifies(&digest, &signature)
        {
            return Err(SignError::Mismatch);
        }
        Ok(signature)
    }
}

/// A key in KMS that signs with RSASSA-PSS over SHA-256 (PS256 of RFC 7518 §3.5), with the public key
/// that its signatures are checked by before they leave.
///
/// Made by [`KmsKeys::pss_signer`].
#[derive(Clone, Debug)]
pub struct PssSigner {
    keys: KmsKeys,
    key: KeyId,
    public_key: PublicKey,
}

impl PssSigner {
    pub(crate) fn new(keys: KmsKeys, key: KeyId, public_key: PublicKey) -> Self {
        Self { keys, key, public_key }
    }

    /// Signs with RSASSA-PSS over SHA-256 and a salt of 32 bytes, RFC 8017 §8.1.1.
    ///
    /// # Errors
    /// [`SignError`] when no signature could be had, or one that the certificate does not verify.
    pub async fn sign(&self, digest: Sha256Digest) -> Result<Vec<u8>, SignError> {
        let signature = self.keys.sign_pss(&self.key, digest).await?;
        if signature.len() != self.public_key.signature_length()
            || !self.public_key.verifies_pss(&digest, &signature)
        {
            return Err(SignError::Mismatch);
        }
        Ok(signature)
    }
}
