//! An enveloped RSA-SHA256 signature in two phases: digest, then splice.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;
use crate::character::IllegalCharacter;
use crate::digest::{Sha256Digest, sha256};
use crate::element::{Element, Namespace};

/// The XML Signature namespace.
///
/// XML Signature §1.3. `http`, not `https`: identifiers are compared, never fetched.
pub const DS: Namespace = Namespace { prefix: "ds", uri: "http://www.w3.org/2000/09/xmldsig#" };

/// The identifier of RSASSA-PKCS1-v1_5 with SHA-256.
///
/// XML Signature §6.4.2.
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Where the signature stands among the children of the element that it signs.
///
/// SAML Core §5.4.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Before everything else, as SAML metadata wants it.
    First,
    /// Behind the first child, as SAML 2.0 wants it: behind the issuer.
    AfterFirstChild,
    /// Behind everything else, as SAML 1.1 wants it.
    Last,
}

/// An element with an ID that awaits its enveloped signature.
///
/// XML Signature §4. The digest is of `SignedInfo` as a verifier canonicalises it: on its own,
/// with the `ds` namespace declared on `SignedInfo` itself, although the document declares it
/// one element further out.
#[derive(Clone, Debug)]
pub struct Unsigned {
    document: Element,
    digest: Sha256Digest,
}

impl Unsigned {
    /// Prepares the signature over `root`, whose ID attribute is `id`.
    ///
    /// XML Signature §4.4.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn new(
        root: Element,
        id: &str,
        place: Place,
        certificate: &Certificate,
    ) -> Result<Self, IllegalCharacter> {
        let signed_info = signed_info(id, sha256(root.canonical()?.as_bytes()));
        let digest = sha256(signed_info.canonical()?.as_bytes());
        let signature = signature(signed_info, certificate);
        let document = match place {
            Place::First => {
                let mut document = root;
                document.insert_first(signature);
                document
            }
            Place::AfterFirstChild => {
                let mut document = root;
                document.insert_after_first_child(signature);
                document
            }
            Place::Last => root.child(signature),
        };
        Ok(Self { document, digest })
    }

    /// Makes the signed element the last child of `envelope`, which stays unsigned.
    ///
    /// Exclusive C14N §1: what is around a signed element does not change its canonical form,
    /// so the digest stays the same.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value of `envelope` holds a character that XML cannot carry.
    pub fn within(self, envelope: Element) -> Result<Self, IllegalCharacter> {
        envelope.check()?;
        Ok(Self { document: envelope.child(self.document), digest: self.digest })
    }

    /// The SHA-256 digest of the canonical `SignedInfo`, which is what the key signs.
    ///
    /// XML Signature §4.3.
    #[must_use]
    pub const fn digest(&self) -> Sha256Digest {
        self.digest
    }

    /// Splices the signature's bytes in and renders the complete document.
    ///
    /// XML Signature §4.3.
    #[must_use]
    pub fn finish(self, signature: &[u8]) -> String {
        self.document.filled(&STANDARD.encode(signature))
    }
}

fn signed_info(id: &str, digest: Sha256Digest) -> Element {
    let transforms = Element::new(DS, "Transforms")
        .child(algorithm("Transform", ENVELOPED))
        .child(algorithm("Transform", EXCLUSIVE_C14N));
    let reference = Element::new(DS, "Reference")
        .attribute("URI", format!("#{id}"))
        .child(transforms)
        .child(algorithm("DigestMethod", SHA256))
        .child(Element::new(DS, "DigestValue").text(STANDARD.encode(digest)));
    Element::new(DS, "SignedInfo")
        .child(algorithm("CanonicalizationMethod", EXCLUSIVE_C14N))
        .child(algorithm("SignatureMethod", RSA_SHA256))
        .child(reference)
}

fn signature(signed_info: Element, certificate: &Certificate) -> Element {
    let certificate = Element::new(DS, "X509Certificate").text(certificate.base64());
    let key_info =
        Element::new(DS, "KeyInfo").child(Element::new(DS, "X509Data").child(certificate));
    Element::new(DS, "Signature")
        .child(signed_info)
        .child(Element::new(DS, "SignatureValue").hole())
        .child(key_info)
}

fn algorithm(name: &'static str, uri: &'static str) -> Element {
    Element::new(DS, name).attribute("Algorithm", uri)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const NS: Namespace = Namespace { prefix: "p", uri: "urn:p" };

    fn root() -> Element {
        Element::new(NS, "Root")
            .attribute("ID", "_1")
            .child(Element::new(NS, "A"))
            .child(Element::new(NS, "B"))
    }

    fn unsigned(place: Place) -> Unsigned {
        Unsigned::new(root(), "_1", place, &Certificate::from_der(vec![1, 2, 3])).unwrap()
    }

    #[test]
    fn the_signature_stands_where_the_standard_wants_it() {
        let cases = [
            (Place::First, "ID=\"_1\"><ds:Signature "),
            (Place::AfterFirstChild, "</p:A><ds:Signature "),
            (Place::Last, "</p:B><ds:Signature "),
        ];
        for (place, expected) in cases {
            let xml = unsigned(place).finish(&[0; 4]);
            assert!(xml.contains(expected), "{place:?}: {xml}");
            assert_eq!(xml.matches("<ds:Signature ").count(), 1, "{place:?}");
        }
    }

    #[test]
    fn the_place_changes_nothing_of_what_is_signed() {
        assert_eq!(unsigned(Place::First).digest(), unsigned(Place::Last).digest());
    }

    #[test]
    fn an_envelope_changes_nothing_of_what_is_signed() {
        let alone = unsigned(Place::Last);
        let digest = alone.digest();
        let inner = alone.clone().finish(&[7]);

        let wrapped = alone.within(Element::new(DS, "Envelope")).unwrap();

        assert_eq!(wrapped.digest(), digest);
        let outer = wrapped.finish(&[7]);
        assert!(outer.starts_with("<ds:Envelope "), "{outer}");
        // The envelope declares `ds` already, so only that declaration may be missing inside.
        let declaration = format!(" xmlns:ds=\"{}\"", DS.uri);
        assert!(outer.contains(&inner.replace(&declaration, "")), "{outer}");
    }

    #[test]
    fn the_signature_value_is_base64_of_the_given_bytes() {
        let xml = unsigned(Place::Last).finish(b"signature");
        assert!(xml.contains("<ds:SignatureValue>c2lnbmF0dXJl</ds:SignatureValue>"), "{xml}");
        assert!(xml.contains("<ds:X509Certificate>AQID</ds:X509Certificate>"), "{xml}");
    }

    #[test]
    fn what_xml_cannot_carry_is_refused_in_root_id_and_envelope() {
        let certificate = Certificate::from_der(vec![]);
        let refused = |root, id| Unsigned::new(root, id, Place::Last, &certificate).unwrap_err();

        assert_eq!(refused(root().text("\u{FFFF}"), "_1"), IllegalCharacter('\u{FFFF}'));
        assert_eq!(refused(root(), "\u{1}"), IllegalCharacter('\u{1}'));
        let envelope = Element::new(NS, "E").attribute("v", "\u{2}");
        let error = unsigned(Place::Last).within(envelope).unwrap_err();
        assert_eq!(error, IllegalCharacter('\u{2}'));
    }
}
