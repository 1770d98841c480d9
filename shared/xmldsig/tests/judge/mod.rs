//! A key that signs digests as KMS does, and a verifier that we did not write.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test binary uses its own part")]

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use bergshamra_c14n::{C14nMode, canonicalize};
use bergshamra_dsig::verify::verify;
use bergshamra_dsig::{DsigContext, VerifyResult};
use bergshamra_keys::{KeysManager, loader};

pub(crate) struct Key(KeyPair);

impl Key {
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// RSASSA-PKCS1-v1_5 over a SHA-256 digest that was made elsewhere.
    pub(crate) fn sign(&self, digest: &[u8]) -> Vec<u8> {
        let digest = Digest::import_less_safe(digest, &SHA256).unwrap();
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).unwrap();
        signature
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// Verifies the document's signature with this key and no other.
    pub(crate) fn verifies(&self, xml: &str) -> bool {
        let mut keys = KeysManager::new();
        keys.add_key(loader::load_spki_der(&self.public()).unwrap());
        let context = DsigContext::new(keys);
        verify(&context, xml).as_ref().is_ok_and(VerifyResult::all_reference_digests_verified)
    }
}

/// Exclusive C14N without comments, by an implementation that we did not write.
pub(crate) fn canonical(xml: &str) -> Option<String> {
    let bytes = canonicalize::<&str>(xml, C14nMode::Exclusive, None, &[]).ok()?;
    Some(String::from_utf8(bytes).unwrap())
}
