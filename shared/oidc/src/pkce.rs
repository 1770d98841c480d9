//! Proof that whoever redeems a code is who asked for it, RFC 7636.

use ambient::Entropy;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::Redacted;

/// The code verifier: 256 random bits as 43 characters, RFC 7636 §4.1.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verifier(String);

impl Verifier {
    /// Makes a new one.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        Self(URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()))
    }

    /// What the authorization request carries, RFC 7636 §4.2.
    pub fn challenge(&self) -> Challenge {
        Challenge(URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes())))
    }

    /// What the token request carries, RFC 7636 §4.5.
    pub(crate) fn reveal(&self) -> Redacted {
        Redacted::new(self.0.clone())
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Verifier([redacted])")
    }
}

/// The code challenge of method `S256`, RFC 7636 §4.2; there is no other method here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// The challenge as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standards_example() {
        // RFC 7636 §B.
        let verifier = Verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());

        assert_eq!(verifier.challenge().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_verifier_has_43_characters_and_shows_none() {
        let verifier = Verifier::mint(&SystemEntropy);

        assert_eq!(verifier.reveal().reveal().len(), 43);
        assert_ne!(verifier, Verifier::mint(&SystemEntropy));
        assert_eq!(format!("{verifier:?}"), "Verifier([redacted])");
    }
}
