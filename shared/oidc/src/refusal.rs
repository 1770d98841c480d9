//! What a token endpoint says when it gives no token, RFC 6749 §5.2, by what follows from it.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::callback::{number, plain};

/// The longest pause that anybody may ask of us.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// A refusal of a token endpoint. Its description stays where it came from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token endpoint refused with {status} {code} ({number:?})")]
pub struct TokenRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `invalid_client`: letters, digits, `_`, `-` and `.` only.
    pub code: String,
    /// The number behind `AADSTS`, if there is one.
    pub number: Option<u32>,
    /// What we do about it.
    pub follows: Follows,
}

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// The same again, after a while; how long is said, or left to us.
    Again(Option<SignedDuration>),
    /// There is no consent in that tenant: not yet everywhere, or not any more.
    Consent,
    /// It does not know our certificate (any more), or our application has been disabled.
    Credential,
    /// The person must sign in again: the code is spent, over, or not enough.
    Person,
    /// There is no such tenant.
    Tenant,
    /// We asked for something that cannot be asked for.
    Bug,
}

#[derive(Default, Deserialize)]
struct Body {
    error: Option<String>,
    error_description: Option<String>,
}

impl TokenRefusal {
    /// Reads a refusal; a body that is none counts as an error without a code.
    pub fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let code = plain(&body.error.unwrap_or_default());
        let number = number(&body.error_description.unwrap_or_default());
        let follows = if matches!(status, 408 | 429 | 500..=599) {
            Follows::Again(retry_after.and_then(pause))
        } else {
            follows(&code, number)
        };
        Self { status, code, number, follows }
    }
}

/// Seconds, RFC 9110 §10.2.3; a date is not what Entra sends.
fn pause(retry_after: &str) -> Option<SignedDuration> {
    let seconds: u32 = retry_after.trim().parse().ok()?;
    Some(SignedDuration::from_secs(seconds.into()).min(LONGEST_PAUSE))
}

/// Entra's own number says more than the code.
fn follows(code: &str, number: Option<u32>) -> Follows {
    match number {
        // No service principal in the tenant, or no consent; the application is disabled there.
        Some(700_016 | 7_000_229 | 65_001 | 65_004 | 7_000_112) => Follows::Consent,
        // A wrong or expired secret or key; an assertion whose certificate is not registered.
        Some(7_000_215 | 7_000_222 | 700_027 | 700_023 | 700_024 | 7_000_218) => {
            Follows::Credential
        }
        Some(54_005 | 70_008 | 70_000 | 50_076 | 50_079 | 50_173) => Follows::Person,
        Some(90_002 | 900_023) => Follows::Tenant,
        Some(90_033 | 50_196) => Follows::Again(None),
        Some(_) | None => match code {
            "temporarily_unavailable" | "server_error" => Follows::Again(None),
            "invalid_client" => Follows::Credential,
            "unauthorized_client" | "consent_required" | "access_denied" => Follows::Consent,
            "invalid_grant" | "interaction_required" | "login_required" => Follows::Person,
            _ => Follows::Bug,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_follows() {
        let minute = SignedDuration::from_secs(60);
        let cases = [
            // status, Retry-After, code, number, follows
            (400, None, "invalid_client", 7_000_215, Follows::Credential),
            (401, None, "invalid_client", 7_000_222, Follows::Credential),
            (401, None, "invalid_client", 700_027, Follows::Credential),
            (401, None, "invalid_client", 0, Follows::Credential),
            (400, None, "unauthorized_client", 700_016, Follows::Consent),
            (400, None, "invalid_grant", 65_001, Follows::Consent),
            (400, None, "invalid_client", 7_000_229, Follows::Consent),
            (400, None, "consent_required", 0, Follows::Consent),
            (400, None, "interaction_required", 0, Follows::Person),
            (400, None, "invalid_grant", 54_005, Follows::Person),
            (400, None, "invalid_grant", 70_008, Follows::Person),
            (400, None, "invalid_request", 90_002, Follows::Tenant),
            (400, None, "temporarily_unavailable", 0, Follows::Again(None)),
            (400, None, "invalid_request", 90_014, Follows::Bug),
            (400, None, "invalid_scope", 70_011, Follows::Bug),
            (429, Some("60"), "", 0, Follows::Again(Some(minute))),
            (503, Some("999999"), "", 0, Follows::Again(Some(LONGEST_PAUSE))),
            (503, Some("soon"), "", 0, Follows::Again(None)),
            (500, None, "invalid_client", 7_000_215, Follows::Again(None)),
        ];
        for (status, retry_after, code, number, expected) in cases {
            let description = match number {
                0 => "words".to_owned(),
                number => format!("AADSTS{number}: words. Trace ID: 1"),
            };
            let body = serde_json::json!({ "error": code, "error_description": description });
            let read = TokenRefusal::read(status, retry_after, body.to_string().as_bytes());
            assert_eq!(read.follows, expected, "{status} {code} {number}");
        }
    }

    #[test]
    fn a_page_of_a_gateway_is_a_refusal_too() {
        let again = TokenRefusal::read(502, None, b"<html>bad gateway</html>");
        let bug = TokenRefusal::read(404, None, b"\xff\xfe");
        let bare = br#"{"error":"temporarily_unavailable","error_description":null}"#;
        assert_eq!(TokenRefusal::read(400, None, bare).follows, Follows::Again(None));

        assert_eq!((again.follows, again.code.as_str()), (Follows::Again(None), "other"));
        assert_eq!(bug.follows, Follows::Bug);
    }
}
