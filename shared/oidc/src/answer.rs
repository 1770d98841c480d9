//! What a token endpoint answers when all is well, RFC 6749 §5.1.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::{Redacted, Rejected, UnverifiedIdToken};

/// The largest answer that is read, in bytes.
const LARGEST: usize = 128 * 1024;
/// The longest that any token is used, whatever is said of it.
const LONGEST_SECONDS: i64 = 24 * 60 * 60;

/// Why an answer is none.
#[derive(Debug, thiserror::Error)]
pub enum MalformedAnswer {
    /// Larger than any answer of Entra's.
    #[error("the answer is too large")]
    TooLarge,
    /// Not the JSON of RFC 6749 §5.1. What it is instead is not told: it may be a token.
    #[error("not a token answer, in line {line}, column {column}")]
    Json {
        /// Where it is not.
        line: usize,
        /// The same.
        column: usize,
    },
    /// Not a bearer token that lives for a while.
    #[error("not a bearer token with a lifetime")]
    Token,
    /// The id token is none.
    #[error("the answer's id token is none")]
    IdToken(#[from] Rejected),
}

/// A token to speak to Microsoft Graph with: kept in memory, never stored, never logged.
#[derive(Clone, Debug)]
pub struct AccessToken {
    token: Redacted,
    expires_at: Timestamp,
    roles: Option<BTreeSet<String>>,
    scopes: BTreeSet<String>,
}

static NO_ROLES: BTreeSet<String> = BTreeSet::new();

impl AccessToken {
    /// The value of `Authorization: Bearer`.
    pub fn reveal(&self) -> &str {
        self.token.reveal()
    }

    /// First instant at which it is refused.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The application permissions that it carries: what is really granted.
    ///
    /// Read from the token itself, which came straight from its issuer; for showing and for not
    /// trying in vain. Graph decides for itself.
    pub const fn roles(&self) -> &BTreeSet<String> {
        match &self.roles {
            Some(roles) => roles,
            None => &NO_ROLES,
        }
    }

    /// Whether nobody but Graph can tell what it carries.
    pub const fn is_opaque(&self) -> bool {
        self.roles.is_none()
    }

    /// What the answer says that it is good for with somebody's own rights, RFC 6749 §5.1: what was
    /// asked for, and whatever was granted before.
    pub const fn scopes(&self) -> &BTreeSet<String> {
        &self.scopes
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token_type: String,
    access_token: String,
    expires_in: i64,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct Roles {
    #[serde(default)]
    roles: BTreeSet<String>,
}

/// Reads the access token of an answer that was given at `now`.
///
/// # Errors
///
/// [`MalformedAnswer`] when it holds no bearer token.
pub fn access_token(body: &[u8], now: Timestamp) -> Result<AccessToken, MalformedAnswer> {
    let answer: TokenAnswer = read(body)?;
    let seconds = answer.expires_in.min(LONGEST_SECONDS);
    let bearer = answer.token_type.eq_ignore_ascii_case("Bearer");
    // What goes into a header is visible ASCII, RFC 6750 §2.1.
    let sendable = !answer.access_token.is_empty()
        && answer.access_token.bytes().all(|byte| byte.is_ascii_graphic());
    if !bearer || seconds <= 0 || !sendable {
        return Err(MalformedAnswer::Token);
    }
    let life = SignedDuration::from_secs(seconds);
    let expires_at = now.checked_add(life).map_err(|_| MalformedAnswer::Token)?;
    Ok(AccessToken {
        expires_at,
        roles: roles(&answer.access_token),
        scopes: answer.scope.split_ascii_whitespace().map(str::to_owned).collect(),
        token: Redacted::new(answer.access_token),
    })
}

/// The roles that a token names; nothing where it is opaque to us.
fn roles(token: &str) -> Option<BTreeSet<String>> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Roles>(&payload).ok().map(|claims| claims.roles)
}

/// What redeeming a code gave.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who signed in, it says.
    pub id_token: UnverifiedIdToken,
}

#[derive(Deserialize)]
struct SignInAnswer {
    id_token: String,
}

/// Reads the answer to a redeemed code, OIDC Core §3.1.3.3. Its access token is left alone.
///
/// # Errors
///
/// [`MalformedAnswer`] when it holds no id token.
pub fn signed_in(body: &[u8]) -> Result<SignedIn, MalformedAnswer> {
    let answer: SignInAnswer = read(body)?;
    Ok(SignedIn { id_token: UnverifiedIdToken::parse(&answer.id_token)? })
}

fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, MalformedAnswer> {
    if body.len() > LARGEST {
        return Err(MalformedAnswer::TooLarge);
    }
    serde_json::from_slice(body).map_err(|error: serde_json::Error| MalformedAnswer::Json {
        line: error.line(),
        column: error.column(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn answer(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let payload = URL_SAFE_NO_PAD.encode(json!({ "roles": ["User.Read.All"] }).to_string());
        let mut body = json!({
            "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
            "access_token": format!("e30.{payload}.sig"),
        });
        change(&mut body);
        body.to_string().into_bytes()
    }

    #[test]
    fn a_token_ends_when_the_answer_says_and_after_a_day_at_the_latest() {
        for (expires_in, seconds) in [(1, 1), (3599, 3599), (999_999, 86_400)] {
            let body = answer(|body| body["expires_in"] = json!(expires_in));
            let token = access_token(&body, at(0)).unwrap();
            assert_eq!(token.expires_at(), at(seconds), "{expires_in}");
        }
    }

    #[test]
    fn its_roles_are_what_is_granted() {
        let token = access_token(&answer(|_| ()), at(0)).unwrap();
        let opaque = answer(|body| body["access_token"] = json!("opaque"));

        assert_eq!(token.roles().iter().collect::<Vec<_>>(), ["User.Read.All"]);
        let none = answer(|body| body["access_token"] = json!("e30.e30.sig"));
        for (body, is_opaque) in [(opaque, true), (none, false)] {
            let token = access_token(&body, at(0)).unwrap();
            assert_eq!((token.roles().len(), token.is_opaque()), (0, is_opaque));
        }
        assert!(!format!("{token:?}").contains("sig"));
    }

    #[test]
    fn its_scopes_are_what_the_answer_says() {
        let given = answer(|body| body["scope"] = json!("openid  https://graph/Domain.Read.All"));
        let token = access_token(&given, at(0)).unwrap();

        assert_eq!(
            token.scopes().iter().collect::<Vec<_>>(),
            ["https://graph/Domain.Read.All", "openid"]
        );
        assert_eq!(access_token(&answer(|_| ()), at(0)).unwrap().scopes().len(), 0);
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_quoted_in_no_error() {
        let secret = "eyJ0eXAiOiJKV1Qi.secret";
        for body in [
            json!(secret),
            json!({ "token_type": "Bearer", "access_token": "a", "expires_in": secret }),
            json!({ "token_type": "Bearer", "access_token": [secret], "expires_in": 1 }),
            json!({ "token_type": secret, "access_token": secret, "expires_in": 1 }),
        ] {
            let body = body.to_string().into_bytes();
            let error = access_token(&body, at(0)).unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{error} {error:?} {source:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn what_is_no_bearer_token_is_refused() {
        let cases: [fn(&mut Value); 6] = [
            |body| body["token_type"] = json!("pop"),
            |body| body["expires_in"] = json!(0),
            |body| body["expires_in"] = json!("3599"),
            |body| body["access_token"] = json!(""),
            |body| body["access_token"] = json!("a\r\nb"),
            |body| body["access_token"] = Value::Null,
        ];
        for (index, change) in cases.into_iter().enumerate() {
            assert!(access_token(&answer(change), at(0)).is_err(), "case {index}");
        }
        let large = vec![b' '; LARGEST + 1];
        assert!(matches!(access_token(&large, at(0)), Err(MalformedAnswer::TooLarge)));
        assert!(signed_in(b"{}").is_err());
        assert!(signed_in(br#"{"id_token":"a.b"}"#).is_err());
    }
}
