//! How we prove who we are to a token endpoint: a JWT that our own key signs, RFC 7523 §2.2.
//!
//! Signed by PS256 (RFC 7518 §3.5) in two phases, because the key never leaves KMS.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::Redacted;

/// How long an assertion holds. It is used at once, and once.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// What a client assertion says.
#[derive(Clone, Copy, Debug)]
pub struct AssertionClaims<'a> {
    /// Our application's id: issuer and subject.
    pub client_id: &'a str,
    /// The token endpoint: [`Cloud::token_url`](crate::Cloud::token_url).
    pub audience: &'a str,
    /// The DER of the certificate that is uploaded to the application.
    pub certificate: &'a [u8],
    /// Never used before.
    pub id: Uuid,
}

/// A client assertion that lacks its signature.
#[derive(Clone, Debug)]
pub struct UnsignedAssertion {
    signing_input: String,
}

impl UnsignedAssertion {
    /// Writes header and claims, RFC 7523 §3, to hold from `now` for five minutes.
    pub fn new(claims: &AssertionClaims<'_>, now: Timestamp) -> Self {
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, claims.certificate));
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        let issued = now.as_second();
        let payload = json!({
            "aud": claims.audience,
            "iss": claims.client_id,
            "sub": claims.client_id,
            "jti": claims.id,
            "nbf": issued,
            "iat": issued,
            "exp": issued + LIFETIME.as_secs(),
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        Self { signing_input: format!("{}.{}", part(header), part(payload)) }
    }

    /// What is to be signed with RSASSA-PSS, a salt of 32 bytes: the SHA-256 of the signing input,
    /// RFC 7515 §5.1.
    pub fn digest(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest(&SHA256, self.signing_input.as_bytes()).as_ref());
        octets
    }

    /// Puts the signature behind it: the assertion as it is sent.
    pub fn finish(self, signature: &[u8]) -> Redacted {
        Redacted::new(format!("{}.{}", self.signing_input, URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{
        KeyPair as _, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, UnparsedPublicKey,
    };
    use serde_json::Value;

    use super::*;

    fn part(token: &str, index: usize) -> Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn it_says_who_we_are_to_one_endpoint_for_five_minutes() {
        let claims = AssertionClaims {
            client_id: "11111111-2222-4333-8444-555555555555",
            audience: "https://login.microsoftonline.com/t/oauth2/v2.0/token",
            certificate: b"abc",
            id: Uuid::from_u128(7),
        };
        let now: Timestamp = "2026-01-01T12:00:00.9Z".parse().unwrap();
        let unsigned = UnsignedAssertion::new(&claims, now);
        let input = unsigned.clone();
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        let message = input.signing_input.as_bytes();
        key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();

        let token = unsigned.finish(&signature);

        let token = token.reveal();
        let header = json!({
            "alg": "PS256", "typ": "JWT",
            // The SHA-256 of `abc`.
            "x5t#S256": "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
        });
        assert_eq!(part(token, 0), header);
        assert_eq!(
            part(token, 1),
            json!({
                "aud": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
                "iss": "11111111-2222-4333-8444-555555555555",
                "sub": "11111111-2222-4333-8444-555555555555",
                "jti": "00000000-0000-0000-0000-000000000007",
                "nbf": 1_767_268_800, "iat": 1_767_268_800, "exp": 1_767_269_100,
            })
        );
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref())
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        assert_eq!(input.digest()[..], *digest(&SHA256, signed.as_bytes()).as_ref());
    }
}
