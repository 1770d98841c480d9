//! What Entra sends: an `AuthnRequest` or a `LogoutRequest`, in stages of belief.
//!
//! No HTTP: a raw query or a form body in, an unverified message out, which `accept` turns into
//! something to act on. Requests are unsigned by default, and an enveloped signature is
//! tolerated without being verified: nothing of a request is trusted but that somebody's browser
//! brought it, and the answer goes to the registered reply URL whatever the request asks.

mod authn;
mod document;
mod logout;
mod malformed;
mod parameters;
mod rules;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Decompress, FlushDecompress, Status};

pub use authn::{AuthnRequest, UnverifiedAuthn};
pub use logout::{LogoutRequest, UnverifiedLogout};
pub use malformed::{Malformed, Parameter};
pub use rules::{Rejected, RequestId, Skew};

use crate::logout::{deflate, percent_encoded};
use crate::names::{DEFLATE, PROTOCOL};
use document::Node;
use parameters::{Parameters, Plus};

/// The most bytes of XML that a message may have, after inflating.
pub const MAX_XML: usize = 16 * 1024;

/// The most bytes of RelayState that are taken and given back.
pub const MAX_RELAY_STATE: usize = 64 * 1024;

/// A message with what came along with it.
///
/// SAML Bindings §3.4.4, SAML Bindings §3.5.4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    /// The message, of which nothing is believed yet.
    pub message: Message,
    /// The sender's opaque state, to be given back as it is.
    pub relay_state: Option<String>,
    /// Who the sender thinks will sign in (`login_hint`, else `username`). Anybody may write it.
    pub hint: Option<String>,
}

/// The two messages that Entra sends.
///
/// SAML Core §3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// Somebody is to sign in.
    Authn(UnverifiedAuthn),
    /// Somebody is to be signed out; Entra may send it to the sign-in address too.
    Logout(UnverifiedLogout),
}

/// Reads a message from the raw query of the HTTP-Redirect binding.
///
/// SAML Bindings §3.4: DEFLATE, base64, URL-encoding. `+` means a space as forms write it,
/// except in the message itself, where a space could mean nothing. `Signature` and `SigAlg` are
/// tolerated and ignored.
///
/// # Errors
///
/// [`Malformed`] says what is wrong with the query, the encoding, the XML or the message.
pub fn from_redirect(raw_query: &str) -> Result<Received, Malformed> {
    let parameters = Parameters::read(raw_query)?;
    if parameters.value(Parameter::SamlEncoding)?.is_some_and(|value| value != DEFLATE) {
        return Err(Malformed::Encoding);
    }
    let base64 = parameters.message(Plus::Literal)?;
    let deflated = STANDARD.decode(base64).map_err(|_| Malformed::Base64)?;
    received(&inflate(&deflated)?, &parameters)
}

/// Reads a message from the body of the HTTP-POST binding, a URL-encoded form.
///
/// SAML Bindings §3.5: base64 without DEFLATE; white space in the base64 is tolerated.
///
/// # Errors
///
/// [`Malformed`] says what is wrong with the form, the encoding, the XML or the message.
pub fn from_post(body: &[u8]) -> Result<Received, Malformed> {
    let parameters = form(body)?;
    received(&posted(&parameters)?, &parameters)
}

/// The message of a form as a query of the HTTP-Redirect binding, for whoever lands a POST and goes
/// on by a GET.
///
/// [`None`] when the query would be longer than `longest` bytes.
///
/// # Errors
///
/// [`Malformed`] says what is wrong with the form or the encoding.
pub fn post_as_redirect(body: &[u8], longest: usize) -> Result<Option<String>, Malformed> {
    let parameters = form(body)?;
    let message = STANDARD.encode(deflate(&posted(&parameters)?));
    let mut query = format!("SAMLRequest={}", percent_encoded(&message));
    if let Some(relay_state) = parameters.value(Parameter::RelayState)? {
        query.push_str("&RelayState=");
        query.push_str(&percent_encoded(&relay_state));
    }
    Ok(Some(query).filter(|query| query.len() <= longest))
}

fn form(body: &[u8]) -> Result<Parameters<'_>, Malformed> {
    Parameters::read(str::from_utf8(body).map_err(|_| Malformed::NotUtf8)?)
}

fn posted(parameters: &Parameters<'_>) -> Result<Vec<u8>, Malformed> {
    let mut base64 = parameters.message(Plus::Space)?;
    base64.retain(|character| !matches!(character, ' ' | '\t' | '\r' | '\n'));
    STANDARD.decode(base64).map_err(|_| Malformed::Base64)
}

/// Reads the hint alone, for a POST whose query carries it.
///
/// # Errors
///
/// [`Malformed`] for a repeated or unreadable parameter.
pub fn hint(raw_query: &str) -> Result<Option<String>, Malformed> {
    Parameters::read(raw_query)?.hint()
}

fn received(xml: &[u8], parameters: &Parameters<'_>) -> Result<Received, Malformed> {
    let relay_state = parameters.value(Parameter::RelayState)?;
    if relay_state.as_ref().is_some_and(|state| state.len() > MAX_RELAY_STATE) {
        return Err(Malformed::RelayStateTooLong);
    }
    let hint = parameters.hint()?;
    Ok(Received { message: message(xml)?, relay_state, hint })
}

fn message(xml: &[u8]) -> Result<Message, Malformed> {
    if xml.len() > MAX_XML {
        return Err(Malformed::TooLarge);
    }
    let root: Node = document::parse(str::from_utf8(xml).map_err(|_| Malformed::NotUtf8)?)?;
    if root.is(PROTOCOL, "AuthnRequest") {
        UnverifiedAuthn::read(&root).map(Message::Authn)
    } else if root.is(PROTOCOL, "LogoutRequest") {
        UnverifiedLogout::read(&root).map(Message::Logout)
    } else {
        Err(Malformed::Root)
    }
}

/// Inflates at most [`MAX_XML`] bytes: the output buffer is the cap, so that a bomb stops there.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut xml = vec![0; MAX_XML + 1];
    let mut stream = Decompress::new(false);
    let status = stream.decompress(deflated, &mut xml, FlushDecompress::Finish);
    let length = usize::try_from(stream.total_out()).unwrap_or(usize::MAX);
    if length > MAX_XML {
        return Err(Malformed::TooLarge);
    }
    let whole = usize::try_from(stream.total_in()) == Ok(deflated.len());
    match status {
        Ok(Status::StreamEnd) if whole => {
            xml.truncate(length);
            Ok(xml)
        }
        Ok(Status::Ok | Status::BufError | Status::StreamEnd) | Err(_) => Err(Malformed::Deflate),
    }
}
