//! The public half of a signing key.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256};
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::{self, Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use xmldsig::Sha256Digest;

/// `rsaEncryption`, RFC 3279 §2.3.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The smallest modulus that we sign with.
const MIN_BITS: usize = 2048;

/// An RSA public key of at least 2048 bits.
///
/// # Examples
/// ```
/// assert!(keys::PublicKey::from_spki(b"not a key").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct PublicKey {
    spki: Vec<u8>,
    bits: usize,
    verifier: ParsedPublicKey,
}

/// Why bytes are not a public key that we sign with.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublicKeyShape {
    /// Not the DER of a `SubjectPublicKeyInfo`, RFC 5280 §4.1.2.7.
    #[error("not a subject public key info")]
    NotSpki,
    /// A key of another algorithm than RSA.
    #[error("not an RSA key")]
    NotRsa,
    /// An RSA key that is too short to be trusted.
    #[error("an RSA key of {0} bits where at least 2048 are needed")]
    Short(usize),
}

impl PublicKey {
    /// Reads the DER of a `SubjectPublicKeyInfo`, RFC 5280 §4.1.2.7.
    ///
    /// # Errors
    /// [`PublicKeyShape`] when it is none, no RSA key, or shorter than 2048 bits.
    pub fn from_spki(der: &[u8]) -> Result<Self, PublicKeyShape> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| PublicKeyShape::NotSpki)?;
        let null = info.algorithm.parameters.is_some_and(|parameters| parameters == AnyRef::NULL);
        if info.algorithm.oid != RSA_ENCRYPTION || !null {
            return Err(PublicKeyShape::NotRsa);
        }
        let bytes = info.subject_public_key.as_bytes().ok_or(PublicKeyShape::NotRsa)?;
        let (modulus, exponent) = rsa_numbers(bytes).map_err(|_| PublicKeyShape::NotRsa)?;
        let bits = bit_length(modulus.as_bytes());
        if bits < MIN_BITS {
            return Err(PublicKeyShape::Short(bits));
        }
        if exponent.as_bytes().last().is_none_or(|last| last % 2 == 0) {
            return Err(PublicKeyShape::NotRsa);
        }
        let verifier = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .map_err(|_| PublicKeyShape::NotRsa)?;
        Ok(Self { spki: der.to_vec(), bits, verifier })
    }

    /// The DER of the `SubjectPublicKeyInfo`.
    pub fn as_der(&self) -> &[u8] {
        &self.spki
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The length of each signature in bytes, RFC 8017 §8.2.1: that of the modulus.
    pub fn signature_length(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// Tells whether `signature` is this key's RSASSA-PKCS1-v1_5 signature of `digest`,
    /// RFC 8017 §8.2.2.
    pub fn verifies(&self, digest: &Sha256Digest, signature: &[u8]) -> bool {
        Digest::import_less_safe(digest.as_ref(), &SHA256)
            .and_then(|digest| self.verifier.verify_digest_sig(&digest, signature))
            .is_ok()
    }

    /// Tells whether `signature` is this key's RSASSA-PSS signature of `digest` with a salt of 32
    /// bytes, RFC 8017 §8.1.2.
    pub fn verifies_pss(&self, digest: &Sha256Digest, signature: &[u8]) -> bool {
        let Ok(verifier) = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &self.spki) else {
            return false;
        };
        Digest::import_less_safe(digest.as_ref(), &SHA256)
            .and_then(|digest| verifier.verify_digest_sig(&digest, signature))
            .is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

/// The modulus and the public exponent of an `RSAPublicKey`, RFC 8017 §A.1.1.
fn rsa_numbers(der: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    let mut reader = SliceReader::new(der)?;
    let numbers = reader.sequence(|inner| der::Result::Ok((inner.decode()?, inner.decode()?)))?;
    reader.finish()?;
    Ok(numbers)
}

/// Counts the bits of a big-endian number without leading zero bytes.
fn bit_length(bytes: &[u8]) -> usize {
    bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}
