//! How an application proves itself: a JWT that one of its uploaded certificates verifies.
//!
//! PS256 and `x5t#S256` only, which is what Entra asks of new applications.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::refusal::OAuthRefusal;
use super::registration::Application;

/// By how many seconds two clocks may differ.
const SKEW: i64 = 300;
/// For how many seconds an assertion may hold; Entra itself states no maximum.
const LONGEST: i64 = 600;

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(rename = "x5t#S256")]
    thumbprint: Option<String>,
}

/// What an assertion says.
#[derive(Debug, Deserialize)]
pub(crate) struct AssertionClaims {
    aud: String,
    iss: String,
    sub: String,
    /// Its own id, good for one use.
    pub(crate) jti: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

fn refuse(number: u32, detail: &str) -> OAuthRefusal {
    OAuthRefusal::new("invalid_client", number, detail)
}

fn part<T: DeserializeOwned>(text: Option<&str>) -> Result<T, OAuthRefusal> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| refuse(50_027, "The assertion is no JWT with the claims that it needs."))
}

/// Checks an assertion that a client sent to a token endpoint.
pub(crate) fn check(
    assertion: &str,
    client_id: &str,
    application: &Application,
    endpoint: &str,
    now: Timestamp,
) -> Result<AssertionClaims, OAuthRefusal> {
    let mut parts = assertion.split('.');
    let header: Header = part(parts.next())?;
    let claims: AssertionClaims = part(parts.next())?;
    if header.alg != "PS256" {
        return Err(refuse(700_027, "The assertion is not signed with PS256."));
    }
    check_signature(assertion, &header, application, now)?;
    if claims.iss != client_id || claims.sub != client_id {
        return Err(refuse(700_021, "Issuer and subject must be the application."));
    }
    if claims.aud != endpoint {
        return Err(refuse(700_023, "The audience is not this token endpoint."));
    }
    let now = now.as_second();
    let begins = claims.nbf.unwrap_or(now);
    if claims.exp + SKEW <= now || begins - SKEW > now || claims.exp - begins > LONGEST {
        return Err(refuse(700_024, "The assertion is not within its valid time range."));
    }
    if claims.jti.is_empty() {
        return Err(refuse(50_027, "The assertion has no jti."));
    }
    Ok(claims)
}

fn check_signature(
    assertion: &str,
    header: &Header,
    application: &Application,
    now: Timestamp,
) -> Result<(), OAuthRefusal> {
    let unknown = || refuse(700_027, "The certificate of the assertion is not registered.");
    let thumbprint = header.thumbprint.as_deref().ok_or_else(unknown)?;
    let certificate = application
        .certificate_ders()
        .find(|der| URL_SAFE_NO_PAD.encode(digest(&SHA256, der)) == thumbprint)
        .ok_or_else(unknown)?;
    let certificate = Certificate::from_der(&certificate).map_err(|_| unknown())?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    if u64::try_from(now.as_second()).is_ok_and(|now| now > end) {
        return Err(refuse(7_000_222, "The certificate of the assertion is expired."));
    }
    let key = certificate.tbs_certificate().subject_public_key_info().to_der();
    let key = key.map_err(|_| unknown())?;
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(unknown)?;
    let wrong = || refuse(700_027, "The signature of the assertion does not hold.");
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong())?;
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| wrong())
}
