//! Responses that nobody may accept, each made from an honest one.
//!
//! Shares no code with what ships: an honest assertion stands in the response in its exclusive
//! canonical form, so that text can be changed and signed again as it stands.

use std::fmt::Write as _;

use ambient::{Clock as _, SystemClock};
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, MessageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as B64;
use jiff::{SignedDuration, Timestamp};
use keys::{CertificateSubject, KeyId, KmsKeys, Validity};
use scenarios::saml::between;

use crate::site::{FEDERATION_KEY, aws};
use crate::{Response, Site};

/// What is wrong with a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forgery {
    /// One byte of the assertion is another.
    Byte(Spot),
    /// The assertion has no signature.
    Unsigned,
    /// Another key signed, and its certificate stands beside the signature.
    OtherKey,
    /// Another key signed, and our certificate stands beside the signature.
    OtherKeyUnderOurCertificate,
    /// Our key signed the assertion hours ago.
    Expired,
    /// Our key signed an assertion that begins hours from now.
    Early,
    /// Our key signed for another service provider.
    OtherAudience,
    /// Our key signed an answer to a request that was never made.
    OtherRequest,
    /// Our key signed an assertion that is to be presented elsewhere.
    OtherRecipient,
    /// Our key signed in the name of another issuer.
    OtherIssuer,
    /// An assertion without a signature stands before the honest one.
    Wrapped,
}

/// Where a byte is another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Spot {
    /// In the subject.
    Anchor,
    /// In the attribute's value.
    Upn,
    /// In the attribute's name.
    Attribute,
    /// In how the person signed in.
    Context,
    /// In when.
    Instant,
    /// In the digest of the assertion.
    Digest,
    /// In the signature's value.
    Signature,
    /// In the name of the transform that takes the signature out.
    Transform,
}

impl Spot {
    /// What stands before the byte.
    const fn before(self) -> &'static str {
        match self {
            Self::Anchor => "nameid-format:persistent\">",
            Self::Upn => "<saml:AttributeValue>",
            Self::Attribute => "Name=\"IDPEmai",
            Self::Context => "http://schemas.microsoft.com/claims/multipleauth",
            Self::Instant => "AuthnInstant=\"2",
            Self::Digest => "<ds:DigestValue>",
            Self::Signature => "<ds:SignatureValue>",
            Self::Transform => "2000/09/xmldsig#enveloped-signatur",
        }
    }
}

/// All of them.
pub const FORGERIES: [Forgery; 18] = [
    Forgery::Byte(Spot::Anchor),
    Forgery::Byte(Spot::Upn),
    Forgery::Byte(Spot::Context),
    Forgery::Byte(Spot::Instant),
    Forgery::Byte(Spot::Attribute),
    Forgery::Byte(Spot::Digest),
    Forgery::Byte(Spot::Signature),
    Forgery::Byte(Spot::Transform),
    Forgery::Unsigned,
    Forgery::OtherKey,
    Forgery::OtherKeyUnderOurCertificate,
    Forgery::Expired,
    Forgery::Early,
    Forgery::OtherAudience,
    Forgery::OtherRequest,
    Forgery::OtherRecipient,
    Forgery::OtherIssuer,
    Forgery::Wrapped,
];

/// Who forges: with the account's own key, and with another.
pub struct Forger {
    kms: Client,
    other_key: String,
    other_certificate: String,
}

impl Forger {
    /// A forger who may use the account's key, so that what is signed can be a lie, too.
    pub async fn new(site: &Site) -> Self {
        let kms = Client::new(&aws(&site.ready().kms_endpoint).await);
        let made = kms.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::SignVerify);
        let other_key = made.send().await.unwrap().key_metadata.unwrap().key_id;
        let now = SystemClock.now();
        let later = now.checked_add(SignedDuration::from_hours(24 * 365)).unwrap();
        let subject = CertificateSubject::parse("Contoso").unwrap();
        let (keys, key) = (KmsKeys::new(kms.clone()), KeyId::parse(other_key.clone()).unwrap());
        let validity = Validity::new(now, later).unwrap();
        let certificate = keys.certificate(&key, &subject, validity).await.unwrap();
        let other_certificate = certificate.base64();
        Self { kms, other_key, other_certificate }
    }

    /// The forgery of an honest response.
    pub async fn forge(&self, honest: &Response, forgery: Forgery) -> Response {
        let xml = &honest.xml;
        let forged = match forgery {
            Forgery::Byte(spot) => change_byte(xml, spot),
            Forgery::Unsigned => without_signature(xml),
            Forgery::OtherKey => {
                let own = between(xml, "<ds:X509Certificate>", "</ds:X509Certificate>").unwrap();
                let xml = xml.replace(own, &self.other_certificate);
                self.sign(&xml, &self.other_key).await
            }
            Forgery::OtherKeyUnderOurCertificate => self.sign(xml, &self.other_key).await,
            Forgery::Expired => self.sign_own(&shift(xml, SignedDuration::from_hours(-6))).await,
            Forgery::Early => self.sign_own(&shift(xml, SignedDuration::from_hours(6))).await,
            Forgery::OtherAudience => {
                let end = "</saml:Audience>";
                self.sign_own(&xml.replacen(end, &format!("X{end}"), 1)).await
            }
            Forgery::OtherRequest => {
                let id = between(xml, " InResponseTo=\"", "\"").unwrap();
                self.sign_own(&xml.replace(id, "_never-made")).await
            }
            Forgery::OtherRecipient => {
                let recipient = "Recipient=\"";
                self.sign_own(&xml.replace(recipient, &format!("{recipient}X"))).await
            }
            Forgery::OtherIssuer => {
                let end = "</saml:Issuer>";
                self.sign_own(&xml.replace(end, &format!("X{end}"))).await
            }
            Forgery::Wrapped => wrapped(xml),
        };
        with_xml(honest, forged)
    }

    /// The same response, signed again by our own key with nothing changed.
    pub async fn sign_again(&self, honest: &Response) -> Response {
        with_xml(honest, self.sign_own(&honest.xml).await)
    }

    async fn sign_own(&self, xml: &str) -> String {
        self.sign(xml, FEDERATION_KEY).await
    }

    async fn sign(&self, xml: &str, key: &str) -> String {
        let bare = assertion(&without_signature(xml)).to_owned();
        let xml = fill(xml, "ds:DigestValue", digest(&SHA256, bare.as_bytes()).as_ref());
        // Exclusive C14N §3: the prefix is declared on what is canonicalised.
        let info = between(&xml, "<ds:SignedInfo>", "</ds:SignedInfo>").unwrap();
        let info = format!(
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}</ds:SignedInfo>"
        );
        let signed = self
            .kms
            .sign()
            .key_id(key)
            .message(Blob::new(digest(&SHA256, info.as_bytes()).as_ref()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256);
        let signature = signed.send().await.unwrap().signature.unwrap();
        fill(&xml, "ds:SignatureValue", signature.as_ref())
    }
}

fn with_xml(honest: &Response, xml: String) -> Response {
    Response { form_value: B64.encode(&xml), xml, ..honest.clone() }
}

fn assertion(xml: &str) -> &str {
    let end = "</saml:Assertion>";
    let (start, last) = (xml.find("<saml:Assertion").unwrap(), xml.find(end).unwrap());
    &xml[start..last + end.len()]
}

fn without_signature(xml: &str) -> String {
    let end = "</ds:Signature>";
    let (start, last) = (xml.find("<ds:Signature ").unwrap(), xml.find(end).unwrap());
    format!("{}{}", &xml[..start], &xml[last + end.len()..])
}

/// An evil assertion, whose id is its own, before the one that is signed.
fn wrapped(xml: &str) -> String {
    let id = between(assertion(xml), " ID=\"", "\"").unwrap();
    let evil = assertion(&without_signature(xml)).replace(id, "_evil");
    let evil = change_byte(&evil, Spot::Anchor);
    xml.replacen("<saml:Assertion", &format!("{evil}<saml:Assertion"), 1)
}

/// Writes base64 between the tags of an element.
fn fill(xml: &str, element: &str, value: &[u8]) -> String {
    let (before, rest) = xml.split_once(&format!("<{element}>")).unwrap();
    let (_, after) = rest.split_once(&format!("</{element}>")).unwrap();
    format!("{before}<{element}>{}</{element}>{after}", B64.encode(value))
}

/// Makes another letter or digit of one in the assertion.
fn change_byte(xml: &str, spot: Spot) -> String {
    let (start, before) = (xml.find("<saml:Assertion").unwrap(), spot.before());
    let at = start + xml[start..].find(before).unwrap() + before.len();
    let other = match xml.as_bytes()[at] {
        b'A' => 'B',
        b'0' => '1',
        byte if byte.is_ascii_digit() => '0',
        _ => 'A',
    };
    format!("{}{other}{}", &xml[..at], &xml[at + 1..])
}

/// Moves every instant in an attribute.
fn shift(xml: &str, by: SignedDuration) -> String {
    let mut shifted = String::new();
    for (index, part) in xml.split('"').enumerate() {
        let separator = if index == 0 { "" } else { "\"" };
        match part.parse::<Timestamp>() {
            Ok(instant) => {
                let moved = instant.checked_add(by).unwrap();
                write!(shifted, "{separator}{moved:.3}").unwrap();
            }
            Err(_) => write!(shifted, "{separator}{part}").unwrap(),
        }
    }
    shifted
}
