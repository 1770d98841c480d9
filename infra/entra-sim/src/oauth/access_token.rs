//! Access tokens for Graph: JSON web tokens signed with RS256 by a key of the simulator's own, which no
//! restart survives.
//!
//! The real ones are opaque to their holders; these are read by the simulated Graph alone.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::account::Account;
use crate::random;

/// The resource that the tokens are for.
pub(crate) const AUDIENCE: &str = "https://graph.microsoft.com";

/// How long a token is good for; Entra's own live between 60 and 90 minutes.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(60);

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The resource: [`AUDIENCE`].
    pub(crate) aud: String,
    /// The tenant in which the application may act.
    pub(crate) tid: String,
    /// The application.
    pub(crate) appid: String,
    /// The application permissions that were consented to.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// The delegated permissions, with spaces between: the application acts with somebody's rights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scp: Option<String>,
    /// Whose rights, by object id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) oid: Option<String>,
    /// Templates of the directory roles that the person has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) wids: Vec<String>,
    /// Since when it is good, in seconds since the epoch.
    pub(crate) iat: i64,
    /// When it is no longer good, in seconds since the epoch.
    pub(crate) exp: i64,
    /// Its own id.
    pub(crate) jti: String,
}

impl Claims {
    /// What a token says that is issued now.
    pub(crate) fn new(tenant: &str, application: &str, roles: Vec<String>, now: Timestamp) -> Self {
        Self {
            aud: AUDIENCE.to_owned(),
            tid: tenant.to_owned(),
            appid: application.to_owned(),
            roles,
            scp: None,
            oid: None,
            wids: Vec::new(),
            iat: now.as_second(),
            exp: now.as_second() + LIFETIME.as_secs(),
            jti: random::guid(),
        }
    }

    /// What a token says by which an application acts with somebody's rights.
    pub(crate) fn delegated(
        account: &Account,
        application: &str,
        scope: String,
        now: Timestamp,
    ) -> Self {
        Self {
            scp: Some(scope),
            oid: Some(account.object_id.clone()),
            wids: account.roles.iter().cloned().collect(),
            ..Self::new(&account.tenant, application, Vec::new(), now)
        }
    }

    /// Whether one of these delegated permissions was consented to, and the person has one of these
    /// roles.
    pub(crate) fn lets_somebody(&self, permissions: &[&str], roles: &[&str]) -> bool {
        self.lets(permissions) && self.wids.iter().any(|role| roles.contains(&role.as_str()))
    }

    /// Whether one of these delegated permissions was consented to.
    pub(crate) fn lets(&self, permissions: &[&str]) -> bool {
        let mut scopes = self.scp.iter().flat_map(|scp| scp.split(' '));
        scopes.any(|scope| permissions.contains(&scope))
    }

    /// Whether one of these permissions was consented to.
    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        self.roles.iter().any(|role| permissions.contains(&role.as_str()))
    }
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Rejected {
    /// It is not three parts of base64url with JSON in the first two.
    #[error("the token is malformed")]
    Malformed,
    /// It is not signed with RS256 by the simulator's key.
    #[error("the signature is wrong")]
    Signature,
    /// It is for another resource.
    #[error("the audience is wrong")]
    Audience,
    /// Its hour is over, or has not begun.
    #[error("the lifetime is over")]
    Lifetime,
}

/// The simulator's key could not be made or used.
#[derive(Debug, Error)]
#[error("the access token cannot be signed")]
pub(crate) struct Unsigned;

/// Issues tokens and reads them back.
#[derive(Debug, Default)]
pub(crate) struct AccessTokens {
    key: OnceLock<KeyPair>,
}

impl AccessTokens {
    /// Signs a token.
    pub(crate) fn issue(&self, claims: &Claims) -> Result<String, Unsigned> {
        let header = URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"RS256","kid":"graph"}"#);
        let payload = serde_json::to_vec(claims).map_err(|_| Unsigned)?;
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let key = self.key()?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|_| Unsigned)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Reads a token that is good at `now`.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Rejected> {
        let (message, signature) = token.rsplit_once('.').ok_or(Rejected::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Rejected::Malformed)?;
        let header: serde_json::Value = part(header)?;
        if header.get("alg").and_then(serde_json::Value::as_str) != Some("RS256") {
            return Err(Rejected::Signature);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Rejected::Malformed)?;
        let key = self.key.get().ok_or(Rejected::Signature)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
            .verify(message.as_bytes(), &signature)
            .map_err(|_| Rejected::Signature)?;
        let claims: Claims = part(payload)?;
        if claims.aud != AUDIENCE {
            return Err(Rejected::Audience);
        }
        let now = now.as_second();
        if now < claims.iat || now >= claims.exp {
            return Err(Rejected::Lifetime);
        }
        Ok(claims)
    }

    fn key(&self) -> Result<&KeyPair, Unsigned> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let made = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Unsigned)?;
        Ok(self.key.get_or_init(|| made))
    }
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Rejected> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Rejected::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Rejected::Malformed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn claims() -> Claims {
        Claims::new("tenant", "application", vec!["User.Read.All".to_owned()], at(1_000))
    }

    #[test]
    fn a_token_says_what_it_was_issued_for_until_its_hour_is_over() {
        let tokens = AccessTokens::default();
        let token = tokens.issue(&claims()).unwrap();

        let cases = [
            (999, Err(Rejected::Lifetime)),
            (1_000, Ok(())),
            (4_599, Ok(())),
            (4_600, Err(Rejected::Lifetime)),
        ];

        for (second, expected) in cases {
            assert_eq!(tokens.verify(&token, at(second)).map(|_| ()), expected, "{second}");
        }
        let read = tokens.verify(&token, at(1_000)).unwrap();
        assert!(read.has_any(&["User.ReadWrite.All", "User.Read.All"]));
        assert!(!read.has_any(&["Domain.Read.All"]));
    }

    #[test]
    fn only_what_the_simulator_itself_signed_for_graph_is_taken() {
        let tokens = AccessTokens::default();
        let good = tokens.issue(&claims()).unwrap();
        let elsewhere =
            tokens.issue(&Claims { aud: "https://vault.azure.net".into(), ..claims() }).unwrap();
        let stranger = AccessTokens::default().issue(&claims()).unwrap();
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (_, payload) = message.split_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none"}"#);
        let widened = Claims { roles: vec!["User.ReadWrite.All".into()], ..claims() };
        let widened = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&widened).unwrap());
        let header = message.split_once('.').unwrap().0;

        let cases = [
            (elsewhere, Rejected::Audience),
            (stranger, Rejected::Signature),
            (format!("{none}.{payload}."), Rejected::Signature),
            (format!("{header}.{widened}.{signature}"), Rejected::Signature),
            (good.replace('.', ""), Rejected::Malformed),
            (String::new(), Rejected::Malformed),
        ];

        for (token, why) in cases {
            assert_eq!(tokens.verify(&token, at(1_000)), Err(why), "{token}");
        }
    }
}
