//! The key that signs requests: RSA with SHA-1, which Entra still uses here and nobody else may.

use std::str::FromStr as _;
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra_c14n::{C14nMode, canonicalize};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, pkcs1v15};
use thiserror::Error;
use x509_cert::builder::{Builder as _, CertificateBuilder, profile};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

use crate::saml::{DSIG, ENVELOPED, EXCLUSIVE_C14N, RSA_SHA1, SHA1};

/// A DER prefix: the `DigestInfo` of SHA-1, RFC 8017 §9.2.
const SHA1_PREFIX: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// Why a request could not be signed.
#[derive(Debug, Error)]
#[error("the request cannot be signed: {0}")]
pub(crate) struct SigningError(String);

impl SigningError {
    pub(crate) fn new(cause: impl ToString) -> Self {
        Self(cause.to_string())
    }
}

/// The key and its self-signed certificate.
#[derive(Clone)]
pub(crate) struct RequestKey {
    key: RsaPrivateKey,
    certificate: Vec<u8>,
}

/// What is kept of a key: its PKCS#8 form and its certificate.
pub(crate) struct Kept {
    pub(crate) pkcs8: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

impl RequestKey {
    /// Makes a key of 2048 bits and certifies itself for ten years.
    pub(crate) fn generate() -> Result<(Self, Kept), SigningError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(SigningError::new)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(SigningError::new)?;
        let pkcs8 = pkcs8.as_ref().to_vec();
        let key = RsaPrivateKey::from_pkcs8_der(&pkcs8).map_err(SigningError::new)?;
        let certificate = certify(&key)?;
        let kept = Kept { pkcs8, certificate: certificate.clone() };
        Ok((Self { key, certificate }, kept))
    }

    /// Takes a key up again.
    pub(crate) fn restore(kept: Kept) -> Result<Self, SigningError> {
        let key = RsaPrivateKey::from_pkcs8_der(&kept.pkcs8).map_err(SigningError::new)?;
        Ok(Self { key, certificate: kept.certificate })
    }

    /// The certificate in base64 on one line.
    pub(crate) fn certificate(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    /// Puts an enveloped signature after the Issuer of a request.
    pub(crate) fn envelop(&self, unsigned: &str, id: &str) -> Result<String, SigningError> {
        let canonical = canonicalize(unsigned, C14nMode::Exclusive, None, &[] as &[&str])
            .map_err(SigningError::new)?;
        let digest = STANDARD.encode(sha1(&canonical));
        let content = format!(
            "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\">\
             </ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{RSA_SHA1}\"></ds:SignatureMethod>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
             <ds:Transform Algorithm=\"{EXCLUSIVE_C14N}\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{SHA1}\"></ds:DigestMethod>\
             <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        );
        let info = format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">{content}");
        let padding = Pkcs1v15Sign { hash_len: Some(20), prefix: Box::new(SHA1_PREFIX) };
        let signature =
            self.key.sign(padding, &sha1(info.as_bytes())).map_err(SigningError::new)?;
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>{content}\
             <ds:SignatureValue>{}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
             <ds:X509SKI>{}</ds:X509SKI></ds:X509Data><ds:KeyName>MicrosoftOnline</ds:KeyName>\
             </ds:KeyInfo></ds:Signature>",
            STANDARD.encode(signature),
            STANDARD.encode(self.key_identifier()?),
        );
        let end = "</Issuer>";
        Ok(unsigned.replacen(end, &format!("{end}{signature}"), 1))
    }

    /// The subject key identifier, RFC 5280 §4.2.1.2 method 1.
    fn key_identifier(&self) -> Result<Vec<u8>, SigningError> {
        let spki = self.key.to_public_key().to_public_key_der().map_err(SigningError::new)?;
        let spki =
            SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).map_err(SigningError::new)?;
        Ok(sha1(spki.subject_public_key.raw_bytes()))
    }
}

impl std::fmt::Debug for RequestKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RequestKey")
    }
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

fn certify(key: &RsaPrivateKey) -> Result<Vec<u8>, SigningError> {
    let signer = pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(key.clone());
    let spki = key.to_public_key().to_public_key_der().map_err(SigningError::new)?;
    let spki = SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).map_err(SigningError::new)?;
    let name = Name::from_str("CN=Simulated MicrosoftOnline,O=Simulated,C=US")
        .map_err(SigningError::new)?;
    let profile = profile::cabf::Root::new(false, name).map_err(SigningError::new)?;
    let ten_years =
        Validity::from_now(Duration::from_secs(10 * 365 * 24 * 3600)).map_err(SigningError::new)?;
    let builder = CertificateBuilder::new(profile, SerialNumber::from(1_u32), ten_years, spki)
        .map_err(SigningError::new)?;
    let certificate = builder.build(&signer).map_err(SigningError::new)?;
    certificate.to_der().map_err(SigningError::new)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bergshamra_dsig::{DsigContext, verify};
    use bergshamra_keys::{KeysManager, loader};

    use super::*;

    #[test]
    fn a_signed_request_verifies_by_its_certificate_and_not_after_a_change() {
        let (key, kept) = RequestKey::generate().unwrap();
        let unsigned = "<p:R xmlns:p=\"urn:p\" ID=\"_1\"><Issuer xmlns=\"urn:a\">me</Issuer>\
                        <p:N F=\"x\"/></p:R>";
        let mut keys = KeysManager::new();
        keys.add_key(loader::load_x509_cert_der(&kept.certificate).unwrap());
        let context = DsigContext::new(keys);

        let signed = key.envelop(unsigned, "_1").unwrap();

        assert!(verify::verify(&context, &signed).unwrap().is_valid(), "{signed}");
        let changed = signed.replace("F=\"x\"", "F=\"y\"");
        assert!(!verify::verify(&context, &changed).unwrap().is_valid());
        assert!(signed.contains("<ds:KeyName>MicrosoftOnline</ds:KeyName>"), "{signed}");
        assert!(!signed.contains("X509Certificate"), "{signed}");
        let again = RequestKey::restore(kept).unwrap();
        assert_eq!(again.envelop(unsigned, "_1").unwrap(), signed);
    }
}
