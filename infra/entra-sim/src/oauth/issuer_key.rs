//! The keys that id tokens are signed with: one signs, one follows, those before stay published.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::access_token::Unsigned;
use crate::random;

/// How many keys are published at most; the oldest leaves.
const PUBLISHED: usize = 3;

/// One key.
#[derive(Debug)]
pub(crate) struct IssuerKey {
    pub(crate) id: String,
    pair: KeyPair,
}

impl IssuerKey {
    pub(crate) fn generate() -> Result<Self, Unsigned> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Unsigned)?;
        Ok(Self { id: random::blob(20), pair })
    }

    /// RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unsigned> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Unsigned)?;
        Ok(signature)
    }

    /// The public key in DER (PKCS#1).
    pub(crate) fn public_der(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn jwk(&self, issuer: &str) -> Value {
        let key = self.pair.public_key();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id,
            "n": text(key.modulus().big_endian_without_leading_zero()),
            "e": text(key.exponent().big_endian_without_leading_zero()),
            "issuer": issuer,
        })
    }
}

/// The keys of an issuer, newest first; the first one signs.
#[derive(Debug, Default)]
pub(crate) struct IssuerKeys {
    keys: Vec<IssuerKey>,
}

impl IssuerKeys {
    /// The key that signs, made at its first use.
    pub(crate) fn current(&mut self) -> Result<&IssuerKey, Unsigned> {
        if self.keys.is_empty() {
            self.rotate()?;
        }
        self.keys.first().ok_or(Unsigned)
    }

    /// Lets a new key sign at once; the former ones stay published for a while.
    pub(crate) fn rotate(&mut self) -> Result<(), Unsigned> {
        self.keys.insert(0, IssuerKey::generate()?);
        self.keys.truncate(PUBLISHED);
        Ok(())
    }

    /// The set, RFC 7517 §5, each key with the issuer that it is for.
    pub(crate) fn set(&mut self, issuer: &str) -> Result<Value, Unsigned> {
        self.current()?;
        // Entra also publishes keys that are not RSA or not for signing; readers must step over.
        let stranger = json!({ "kty": "EC", "kid": "ec", "crv": "P-256", "x": "", "y": "" });
        let keys = self.keys.iter().map(|key| key.jwk(issuer));
        Ok(json!({ "keys": std::iter::once(stranger).chain(keys).collect::<Vec<_>>() }))
    }
}
