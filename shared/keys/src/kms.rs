//! The requests that are made of KMS, and what its refusals mean.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyUsageType, MessageType, SigningAlgorithmSpec};
use xmldsig::Sha256Digest;

use crate::issue::{self, CertificateError, CertificateSubject};
use crate::ring::SigningKey;
use crate::{
    Certificate, CertificateShape, KeyId, KmsSigner, PssSigner, PublicKey, PublicKeyShape,
};
use crate::{SignError, Validity};

/// The lengths of a signature, in bytes, of the RSA keys that KMS makes: 2048, 3072 and 4096 bits.
const SIGNATURE_LENGTHS: [usize; 3] = [256, 384, 512];

/// The signing keys of this deployment, which stay in AWS KMS.
#[derive(Clone, Debug)]
pub struct KmsKeys {
    client: Client,
}

/// Why no public key could be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublicKeyError {
    /// KMS did not give it.
    #[error("no public key from the key service")]
    Kms(#[from] SignError),
    /// KMS gave one that we do not sign with.
    #[error("not a public key to sign with")]
    Shape(#[from] PublicKeyShape),
}

impl KmsKeys {
    /// Speaks to KMS through `client`, which should be made from [`kms_config`](crate::kms_config):
    /// that is where attempts and time are bounded.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Signs a digest with RSASSA-PKCS1-v1_5 over SHA-256, RFC 8017 §8.2.1: one KMS `Sign`.
    ///
    /// # Errors
    /// Each [`SignError`] but [`Mismatch`](SignError::Mismatch).
    pub async fn sign(&self, key: &KeyId, digest: Sha256Digest) -> Result<Vec<u8>, SignError> {
        self.sign_by(SigningAlgorithmSpec::RsassaPkcs1V15Sha256, key, digest).await
    }

    /// Signs a digest with RSASSA-PSS over SHA-256 and a salt of 32 bytes, RFC 8017 §8.1.1: one KMS
    /// `Sign`.
    ///
    /// # Errors
    /// Each [`SignError`] but [`Mismatch`](SignError::Mismatch).
    pub(crate) async fn sign_pss(
        &self,
        key: &KeyId,
        digest: Sha256Digest,
    ) -> Result<Vec<u8>, SignError> {
        self.sign_by(SigningAlgorithmSpec::RsassaPssSha256, key, digest).await
    }

    async fn sign_by(
        &self,
        algorithm: SigningAlgorithmSpec,
        key: &KeyId,
        digest: Sha256Digest,
    ) -> Result<Vec<u8>, SignError> {
        let answer = self
            .client
            .sign()
            .key_id(key.as_str())
            .message_type(MessageType::Digest)
            .message(Blob::new(digest))
            .signing_algorithm(algorithm)
            .send()
            .await
            .map_err(|error| refusal("Sign", &error))?;
        let signature = answer.signature.ok_or(SignError::Malformed)?.into_inner();
        if !SIGNATURE_LENGTHS.contains(&signature.len()) {
            return Err(SignError::Malformed);
        }
        Ok(signature)
    }

    /// Asks for the public key of a key that signs with RSASSA-PKCS1-v1_5 over SHA-256.
    ///
    /// # Errors
    /// [`PublicKeyError`]: KMS refused, the key is for another use, or it is shorter than 2048 bits.
    pub async fn public_key(&self, key: &KeyId) -> Result<PublicKey, PublicKeyError> {
        let answer = self
            .client
            .get_public_key()
            .key_id(key.as_str())
            .send()
            .await
            .map_err(|error| refusal("GetPublicKey", &error))?;
        let signs = answer.key_usage() == Some(&KeyUsageType::SignVerify)
            && answer.signing_algorithms().contains(&SigningAlgorithmSpec::RsassaPkcs1V15Sha256);
        if !signs {
            return Err(SignError::Unsuitable.into());
        }
        let der = answer.public_key().ok_or(SignError::Malformed)?;
        Ok(PublicKey::from_spki(der.as_ref())?)
    }

    /// Makes a self-signed certificate around the public key of `key`, RFC 5280 §4.1: one KMS
    /// `GetPublicKey` and one `Sign`.
    ///
    /// Reproducible: the same key, subject and validity give the same bytes, so that a bootstrap
    /// that was interrupted ends with the certificate it began with.
    ///
    /// # Errors
    /// [`CertificateError`] when KMS refuses, or its signature does not hold under its own key.
    pub async fn certificate(
        &self,
        key: &KeyId,
        subject: &CertificateSubject,
        validity: Validity,
    ) -> Result<Certificate, CertificateError> {
        let public_key = self.public_key(key).await?;
        let unsigned = issue::Unsigned::new(public_key.clone(), subject, validity)?;
        let signer = KmsSigner::new(self.clone(), key.clone(), public_key);
        unsigned.sign(&signer).await
    }

    /// Binds a key to its certificate, to sign with RSASSA-PSS: what a client assertion needs.
    ///
    /// # Errors
    /// [`CertificateShape`] when it has no certificate.
    pub fn pss_signer(&self, key: &SigningKey) -> Result<PssSigner, CertificateShape> {
        let public_key = Certificate::from_der(&key.certificate)?.public_key().clone();
        Ok(PssSigner::new(self.clone(), key.key.clone(), public_key))
    }

    /// Binds a key of a ring to the certificate that is published for it.
    ///
    /// # Errors
    /// [`CertificateShape`] when what the ring holds is no certificate.
    pub fn signer(&self, key: &SigningKey) -> Result<KmsSigner, CertificateShape> {
        let public_key = Certificate::from_der(&key.certificate)?.public_key().clone();
        Ok(KmsSigner::new(self.clone(), key.key.clone(), public_key))
    }
}

/// What a failed request means, with the cause in the log.
fn refusal<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> SignError
where
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let meaning = match error {
        // The status says that all is well, the body says nothing that KMS says.
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => {
            SignError::Malformed
        }
        SdkError::ServiceError(_) => meaning(code.unwrap_or_default()),
        SdkError::TimeoutError(_) => SignError::Slow,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => SignError::Slow,
        SdkError::ResponseError(_) => SignError::Malformed,
        // No connection, no credentials, or a request that could not be built.
        _ => SignError::Unavailable,
    };
    tracing::warn!(
        kms.operation = operation,
        kms.code = code,
        kms.request_id = error.request_id(),
        "KMS did not answer as asked: {meaning}"
    );
    meaning
}

/// What KMS's error code means. An unknown one is a failure of the service.
fn meaning(code: &str) -> SignError {
    match code {
        "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "LimitExceededException" => SignError::Throttled,
        "DisabledException" | "KMSInvalidStateException" => SignError::Disabled,
        "DependencyTimeoutException" => SignError::Slow,
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "IncompleteSignature"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired" => SignError::Denied,
        "NotFoundException" | "InvalidArnException" => SignError::Missing,
        "InvalidKeyUsageException" | "UnsupportedOperationException" => SignError::Unsuitable,
        _ => SignError::Unavailable,
    }
}
