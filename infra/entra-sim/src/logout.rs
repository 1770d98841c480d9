//! Sign-out: the request that Entra sends, and the answer that it reads.

use std::io::Read as _;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use jiff::Timestamp;
use url::form_urlencoded;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use crate::code::{Code, Refusal};
use crate::envelope::{check_header_of, check_issuer, check_status};
use crate::instant;
use crate::pending::SignOut;
use crate::random;
use crate::request::{attribute, deflate, relay_state, with_query};
use crate::saml::{ASSERTION, MICROSOFT_ONLINE, PERSISTENT, PROTOCOL, RSA_SHA256};
use crate::signature::Slot;
use crate::verdict::LARGEST_XML;
use crate::xml::{self, Node};

/// A sign-out request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) relay_state: String,
    pub(crate) location: String,
}

/// Makes a `LogoutRequest` for the Redirect binding, unsigned; SAML Core §3.7.1.
pub(crate) fn logout_request(
    sign_out_uri: &str,
    anchor: &str,
    session_index: Option<&str>,
    now: Timestamp,
) -> Outgoing {
    let id = format!("_{}", random::guid());
    let session = session_index.map_or_else(String::new, |index| {
        format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", attribute(index))
    });
    let xml = format!(
        "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"{id}\" Version=\"2.0\" \
         IssueInstant=\"{}\" Destination=\"{}\"><Issuer xmlns=\"{ASSERTION}\">\
         {MICROSOFT_ONLINE}</Issuer><NameID xmlns=\"{ASSERTION}\" Format=\"{PERSISTENT}\">{}\
         </NameID>{session}</samlp:LogoutRequest>",
        instant::write(now),
        attribute(sign_out_uri),
        attribute(anchor),
    );
    let relay_state = relay_state();
    let query = [("SAMLRequest", deflate(&xml)), ("RelayState", relay_state.clone())];
    Outgoing { id, relay_state, location: with_query(sign_out_uri, &query) }
}

/// The parameters of the Redirect binding as they arrived.
#[derive(Clone, Debug)]
pub(crate) struct Query<'q> {
    raw: &'q str,
    parameters: Vec<(String, String)>,
}

impl<'q> Query<'q> {
    /// Takes a query apart and refuses doubled parameters.
    pub(crate) fn parse(raw: &'q str) -> Result<Self, Refusal> {
        let parameters: Vec<(String, String)> =
            form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        let mut names: Vec<_> = parameters.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            let detail = "a parameter of the query is there twice";
            return Err(Refusal::new(Code::Binding, "duplicate_parameter", detail));
        }
        Ok(Self { raw, parameters })
    }

    /// The value of a parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A parameter exactly as it stands in the query, with its name.
    fn part(&self, name: &str) -> Option<&'q str> {
        let named = |part: &&str| part.split('=').next() == Some(name);
        self.raw.split('&').find(named)
    }
}

/// What a `LogoutResponse` must fit to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) sign_out: &'a SignOut,
    pub(crate) issuer: &'a str,
    pub(crate) destination: &'a str,
    pub(crate) slots: &'a [Slot],
    pub(crate) now: Timestamp,
}

/// Judges a `LogoutResponse`; SAML Core §3.7.2.
pub(crate) fn judge(query: &Query<'_>, expected: Expected<'_>) -> Result<(), Refusal> {
    check_signature(query, expected.slots)?;
    let text = inflate(query.value("SAMLResponse").unwrap_or_default())?;
    let document = xml::parse(&text).map_err(|error| Refusal::new(Code::Message, "xml", error))?;
    let Some(root) = Node::root(&document).filter(|root| root.is(PROTOCOL, "LogoutResponse"))
    else {
        let detail = "the root element is not a LogoutResponse";
        return Err(Refusal::new(Code::ResponseType, "root", detail));
    };
    check_header_of(root, "LogoutResponse", expected.now)?;
    let cases = [
        ("destination", "Destination", expected.destination),
        ("in_response_to", "InResponseTo", expected.sign_out.id.as_str()),
    ];
    for (reason, name, value) in cases {
        let found = root.attribute(name);
        if found != Some(value) {
            let what = format!("{name} of the LogoutResponse");
            return Err(Refusal::unequal(Code::TokenInvalid, reason, &what, found, value));
        }
    }
    check_issuer(root, "LogoutResponse", expected.issuer)?;
    check_status(root)
}

/// Undoes the Redirect binding's encoding, to a limit.
fn inflate(value: &str) -> Result<String, Refusal> {
    let binding = |detail: &str| Refusal::new(Code::Binding, "encoding", detail);
    let bytes = STANDARD.decode(value).map_err(|_| binding("the message is not base64"))?;
    let mut text = String::new();
    let limit = u64::try_from(LARGEST_XML).unwrap_or(u64::MAX).saturating_add(1);
    DeflateDecoder::new(bytes.as_slice())
        .take(limit)
        .read_to_string(&mut text)
        .map_err(|_| binding("the message is not deflated text"))?;
    if text.len() > LARGEST_XML {
        return Err(Refusal::new(Code::Message, "size", "the message is too large"));
    }
    Ok(text)
}

/// Verifies the query's signature when there is one, over the octets as they arrived; SAML
/// Bindings §3.4.4.1.
fn check_signature(query: &Query<'_>, slots: &[Slot]) -> Result<(), Refusal> {
    let (algorithm, value) = match (query.value("SigAlg"), query.value("Signature")) {
        (None, None) => return Ok(()),
        (Some(algorithm), Some(value)) => (algorithm, value),
        _ => {
            let detail = "SigAlg and Signature must come together";
            return Err(Refusal::new(Code::Signature, "signature", detail));
        }
    };
    if algorithm != RSA_SHA256 {
        let what = "SigAlg";
        let found = Some(algorithm);
        return Err(Refusal::unequal(Code::Signature, "algorithm", what, found, RSA_SHA256));
    }
    let invalid = |detail: String| Refusal::new(Code::Signature, "signature", detail);
    let signature =
        STANDARD.decode(value).map_err(|_| invalid("the Signature is not base64".to_owned()))?;
    let parts = ["SAMLResponse", "RelayState", "SigAlg"];
    let signed: Vec<&str> = parts.into_iter().filter_map(|name| query.part(name)).collect();
    let signed = signed.join("&");
    if slots.iter().any(|(_, der)| verifies(der, signed.as_bytes(), &signature)) {
        return Ok(());
    }
    Err(invalid(format!("no registered key verifies the {} octets of the query", signed.len())))
}

fn verifies(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return false };
    let key = certificate.tbs_certificate().subject_public_key_info();
    let Ok(spki) = key.to_der() else { return false };
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).verify(message, signature).is_ok()
}
