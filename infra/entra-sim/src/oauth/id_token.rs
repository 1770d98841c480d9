//! Id tokens, right ones and those with a fault that was asked for.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::access_token::Unsigned;
use super::account::{Account, USER};
use super::fault::IdTokenFault;
use super::issuer_key::{IssuerKey, IssuerKeys};
use crate::random;

/// How long an id token is good for, in seconds.
const LIFETIME: i64 = 3600;

/// What an id token is about.
pub(crate) struct Subject<'a> {
    pub(crate) site: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) account: &'a Account,
    /// Whether directory roles are named.
    pub(crate) roles: bool,
}

/// Issues an id token, with a fault where one was asked for.
pub(crate) fn issue(
    keys: &mut IssuerKeys,
    subject: &Subject<'_>,
    fault: Option<IdTokenFault>,
    now: Timestamp,
) -> Result<String, Unsigned> {
    let claims = claims(subject, fault, now);
    let key = keys.current()?;
    match fault {
        Some(IdTokenFault::AlgorithmNone) => {
            Ok(format!("{}.", input(&json!({ "typ": "JWT", "alg": "none" }), &claims)))
        }
        Some(IdTokenFault::PublicKeyAsSecret) => {
            let header = json!({ "typ": "JWT", "alg": "HS256", "kid": key.id });
            let input = input(&header, &claims);
            let secret = hmac::Key::new(hmac::HMAC_SHA256, key.public_der());
            let tag = hmac::sign(&secret, input.as_bytes());
            Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag)))
        }
        Some(IdTokenFault::UnknownKey) => {
            let stranger = IssuerKey::generate()?;
            signed(&stranger, &stranger.id, &claims)
        }
        Some(IdTokenFault::Signature) => signed(&IssuerKey::generate()?, &key.id, &claims),
        Some(_) | None => signed(key, &key.id, &claims),
    }
}

fn claims(subject: &Subject<'_>, fault: Option<IdTokenFault>, now: Timestamp) -> Value {
    let Subject { site, client_id, nonce, account, roles } = subject;
    let issued = match fault {
        Some(IdTokenFault::Expired) => now.as_second() - 2 * LIFETIME,
        Some(IdTokenFault::NotYetValid) => now.as_second() + LIFETIME,
        Some(_) | None => now.as_second(),
    };
    let tenant = match fault {
        Some(IdTokenFault::Tenant) => random::guid(),
        Some(_) | None => account.tenant.clone(),
    };
    let issuer = match fault {
        Some(IdTokenFault::Issuer) => format!("https://sts.windows.net/{tenant}/"),
        Some(_) | None => format!("{site}/{tenant}/v2.0"),
    };
    let audience = match fault {
        Some(IdTokenFault::Audience) => random::guid(),
        Some(_) | None => (*client_id).to_owned(),
    };
    let nonce = match fault {
        Some(IdTokenFault::Nonce) => Some(random::secret()),
        Some(_) | None => nonce.map(str::to_owned),
    };
    let mut claims = json!({
        "ver": "2.0",
        "iss": issuer,
        "aud": audience,
        "tid": tenant,
        "oid": account.object_id,
        "sub": random::blob(32),
        "name": account.name,
        "preferred_username": account.upn,
        "nonce": nonce,
        "iat": issued,
        "nbf": issued,
        "exp": issued + LIFETIME,
    });
    if let Some(claims) = claims.as_object_mut().filter(|_| *roles) {
        let wids = account.roles.iter().map(String::as_str).chain([USER]);
        claims.insert("wids".to_owned(), wids.collect::<Vec<_>>().into());
    }
    claims
}

fn input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn signed(key: &IssuerKey, name: &str, claims: &Value) -> Result<String, Unsigned> {
    let input = input(&json!({ "typ": "JWT", "alg": "RS256", "kid": name }), claims);
    let signature = key.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
