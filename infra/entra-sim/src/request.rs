//! The request that sends a browser to its identity provider, in the shape that Entra sends.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::instant;
use crate::pending::{Freshness, MfaRequest};
use crate::random;
use crate::request_key::{RequestKey, SigningError};
use crate::saml::{ASSERTION, MICROSOFT_ONLINE, MULTIPLE_AUTHN, PERSISTENT, PROTOCOL};

/// How the request travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Binding {
    /// In the query, deflated; SAML Bindings §3.4.
    #[default]
    Redirect,
    /// In a form that posts itself; SAML Bindings §3.5.
    Post,
}

/// By which parameter the typed address goes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hint {
    /// `login_hint`, as OpenID Connect names it.
    #[serde(rename = "login_hint")]
    Login,
    /// `username`, as WS-Federation names it.
    #[default]
    Username,
    /// It stays here.
    None,
}

/// Whether the request carries an enveloped signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    Unsigned,
    Signed,
}

/// What the request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) binding: Binding,
    pub(crate) hint: Hint,
    pub(crate) signing: Signing,
    pub(crate) fresh: Freshness,
    pub(crate) mfa: MfaRequest,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) relay_state: String,
    pub(crate) xml: String,
    pub(crate) carrier: Carrier,
}

/// What the browser is given.
#[derive(Clone, Debug)]
pub(crate) enum Carrier {
    /// An address to go to.
    Location(String),
    /// A form to post.
    Form { action: String, fields: Vec<(&'static str, String)> },
}

/// Makes a sign-in request for `address` to the identity provider at `destination`.
pub(crate) fn authn_request(
    shape: Shape,
    destination: &str,
    address: &str,
    now: Timestamp,
    key: impl FnOnce() -> Result<RequestKey, SigningError>,
) -> Result<Outgoing, SigningError> {
    let id = format!("_{}", random::guid());
    let unsigned = xml(shape, &id, destination, now);
    let xml = match shape.signing {
        Signing::Unsigned => unsigned,
        Signing::Signed => key()?.envelop(&unsigned, &id)?,
    };
    let relay_state = relay_state();
    let hint = match shape.hint {
        Hint::Login => Some(("login_hint", address.to_owned())),
        Hint::Username => Some(("username", address.to_owned())),
        Hint::None => None,
    };
    let carrier = match shape.binding {
        Binding::Redirect => {
            let mut query = vec![("SAMLRequest", deflate(&xml))];
            query.push(("RelayState", relay_state.clone()));
            query.extend(hint);
            Carrier::Location(with_query(destination, &query))
        }
        Binding::Post => {
            let mut fields = vec![("SAMLRequest", STANDARD.encode(&xml))];
            fields.push(("RelayState", relay_state.clone()));
            fields.extend(hint);
            Carrier::Form { action: destination.to_owned(), fields }
        }
    };
    Ok(Outgoing { id, relay_state, xml, carrier })
}

/// The opaque kilobyte that comes back with the answer.
pub(crate) fn relay_state() -> String {
    format!("estsredirect=2&estsrequest=rQQIARAA{}", random::blob(750))
}

/// The raw DEFLATE of a message in base64; SAML Bindings §3.4.4.1.
pub(crate) fn deflate(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _written = encoder.write_all(xml.as_bytes());
    STANDARD.encode(encoder.finish().unwrap_or_default())
}

/// Adds parameters to an address that may have some already, with Entra's lower-case escapes.
pub(crate) fn with_query(address: &str, parameters: &[(&'static str, String)]) -> String {
    let (address, fragment) =
        address.split_once('#').map_or((address, None), |(a, f)| (a, Some(f)));
    let mut joined = address.to_owned();
    for (name, value) in parameters {
        joined.push(if joined.contains('?') { '&' } else { '?' });
        joined.push_str(name);
        joined.push('=');
        joined.push_str(&escape(value));
    }
    if let Some(fragment) = fragment {
        joined.push('#');
        joined.push_str(fragment);
    }
    joined
}

fn escape(value: &str) -> String {
    let upper: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let mut escaped = String::with_capacity(upper.len());
    let mut digits = 0;
    for character in upper.chars() {
        if character == '%' {
            digits = 2;
            escaped.push(character);
        } else if digits > 0 {
            digits -= 1;
            escaped.push(character.to_ascii_lowercase());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// The message itself: no `Destination` unless it is signed, never a reply URL or a binding.
fn xml(shape: Shape, id: &str, destination: &str, now: Timestamp) -> String {
    let issued = instant::write(now);
    let mut attributes = String::new();
    if shape.signing == Signing::Signed {
        attributes.push_str(&format!(" Destination=\"{}\"", attribute(destination)));
    }
    if shape.fresh == Freshness::Forced {
        attributes.push_str(" ForceAuthn=\"true\"");
    }
    let context = match shape.mfa {
        MfaRequest::Unasked => String::new(),
        MfaRequest::Asked => format!(
            "<samlp:RequestedAuthnContext Comparison=\"exact\">\
             <AuthnContextClassRef xmlns=\"{ASSERTION}\">{MULTIPLE_AUTHN}</AuthnContextClassRef>\
             </samlp:RequestedAuthnContext>"
        ),
    };
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"{id}\" Version=\"2.0\" \
         IssueInstant=\"{issued}\"{attributes}>\
         <Issuer xmlns=\"{ASSERTION}\">{MICROSOFT_ONLINE}</Issuer>\
         <samlp:NameIDPolicy Format=\"{PERSISTENT}\"/>{context}</samlp:AuthnRequest>"
    )
}

/// Escapes a value for an attribute in double quotes.
pub(crate) fn attribute(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_join_an_address_that_has_some() {
        let cases = [
            ("http://idp.test/sso", "http://idp.test/sso?a=%2f%3d+x"),
            ("http://idp.test/sso?t=1", "http://idp.test/sso?t=1&a=%2f%3d+x"),
            ("http://idp.test/sso#here", "http://idp.test/sso?a=%2f%3d+x#here"),
        ];
        for (address, expected) in cases {
            assert_eq!(with_query(address, &[("a", "/= x".to_owned())]), expected);
        }
    }

    #[test]
    fn the_relay_state_is_a_kilobyte_and_never_the_same() {
        let (one, two) = (relay_state(), relay_state());

        assert_ne!(one, two);
        assert!((1000..1100).contains(&one.len()), "{}", one.len());
        assert!(one.starts_with("estsredirect=2&estsrequest="), "{one}");
    }
}
