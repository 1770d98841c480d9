//! The signature over the assertion: its exact profile, the registered certificate, and the
//! element that it really covers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra_dsig::{DsigContext, VerifyResult, verify};
use bergshamra_keys::{KeysManager, loader};
use bergshamra_xml::Document;

use crate::code::{Code, Refusal, shown};
use crate::saml::{ASSERTION, DSIG, ENVELOPED, EXCLUSIVE_C14N, RSA_SHA256, SHA256};
use crate::xml::Node;

/// An assertion that was reached through a verified reference, and by no other way.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'d> {
    pub(crate) assertion: Node<'d>,
    /// The certificate slot whose key verified it.
    pub(crate) slot: &'static str,
}

/// A registered certificate: the slot's name and the DER form.
pub(crate) type Slot = (&'static str, Vec<u8>);

/// Verifies every signature of the answer and gives the assertion that the first one covers.
pub(crate) fn verify_assertion<'d>(
    document: &'d Document<'d>,
    source: &str,
    root: Node<'d>,
    assertion: Node<'d>,
    slots: &[Slot],
) -> Result<Signed<'d>, Refusal> {
    check_places(root, assertion)?;
    let mut used = None;
    for owner in [assertion, root] {
        let Some(signature) = owner.only(DSIG, "Signature") else { continue };
        let certificate = check_profile(signature, owner)?;
        let slot = slots.iter().find(|(_, der)| *der == certificate).ok_or_else(|| {
            let detail = "the X509Certificate of the signature is in no slot of the domain";
            Refusal::new(Code::SigningKey, "certificate", detail)
        })?;
        if used.is_some_and(|(name, _): &Slot| *name != slot.0) {
            let detail = "the Response and the Assertion are signed by different certificates";
            return Err(Refusal::new(Code::SigningKey, "certificate", detail));
        }
        used = Some(slot);
    }
    let Some((name, der)) = used else {
        return Err(Refusal::new(Code::Assertion, "unsigned", "the Assertion is not signed"));
    };
    let covered = covered_assertion(document, source, assertion, der)?;
    Ok(Signed { assertion: covered, slot: name })
}

/// A signature may stand in two places only: directly after the Issuer of the assertion, where it
/// must be, and directly after the Issuer of the response.
fn check_places(root: Node<'_>, assertion: Node<'_>) -> Result<(), Refusal> {
    let second = |node: Node<'_>| {
        let children = node.children();
        let issuer = children.first().is_some_and(|c| c.is(ASSERTION, "Issuer"));
        let signature = children.get(1).filter(|c| c.is(DSIG, "Signature"));
        if issuer { signature.map(|found| found.id()) } else { None }
    };
    let Some(own) = second(assertion) else {
        let detail = "no Signature stands directly after the Issuer of the Assertion";
        return Err(Refusal::new(Code::Assertion, "unsigned", detail));
    };
    let outer = second(root);
    let stray = root
        .descendants()
        .into_iter()
        .filter(|node| node.local_name() == "Signature")
        .any(|node| node.id() != own && Some(node.id()) != outer);
    if stray {
        let detail = "a Signature stands where none may be";
        return Err(Refusal::new(Code::Assertion, "signature_place", detail));
    }
    Ok(())
}

/// Lets bergshamra verify with that one certificate and takes the assertion from its reference.
fn covered_assertion<'d>(
    document: &'d Document<'d>,
    source: &str,
    assertion: Node<'d>,
    certificate: &[u8],
) -> Result<Node<'d>, Refusal> {
    let invalid = |detail: String| Refusal::new(Code::Signature, "signature", detail);
    let key = loader::load_x509_cert_der(certificate)
        .map_err(|error| Refusal::new(Code::SigningKey, "certificate", error.to_string()))?;
    let mut keys = KeysManager::new();
    keys.add_key(key);
    let context = DsigContext::new(keys);
    let results = verify::verify_all_document_with_source(&context, document, Some(source))
        .map_err(|error| invalid(error.to_string()))?;
    let mut covered = None;
    for result in results {
        match result {
            VerifyResult::Invalid { reason } => return Err(invalid(reason)),
            VerifyResult::Valid { references, .. } => {
                let own = references.iter().find(|r| r.resolved_node == Some(assertion.id()));
                covered = covered.or_else(|| own.filter(|r| r.digest_verified)?.resolved_node);
            }
        }
    }
    covered
        .map(|node| Node::at(document, node))
        .ok_or_else(|| invalid("no verified reference covers the Assertion".to_owned()))
}

/// Checks each algorithm, the one reference and the key, and gives the certificate in DER.
fn check_profile(signature: Node<'_>, owner: Node<'_>) -> Result<Vec<u8>, Refusal> {
    let [info, _value, key] = named(signature, ["SignedInfo", "SignatureValue", "KeyInfo"])?;
    let [c14n, method, reference] =
        named(info, ["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    algorithm(c14n, EXCLUSIVE_C14N)?;
    algorithm(method, RSA_SHA256)?;
    let uri = format!("#{}", owner.attribute("ID").unwrap_or_default());
    if reference.attribute("URI") != Some(uri.as_str()) {
        let found = reference.attribute("URI");
        let what = "URI of the Reference";
        return Err(Refusal::unequal(Code::Assertion, "reference", what, found, &uri));
    }
    let [transforms, digest, _value] =
        named(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
    algorithm(digest, SHA256)?;
    let [enveloped, exclusive] = named(transforms, ["Transform", "Transform"])?;
    algorithm(enveloped, ENVELOPED)?;
    algorithm(exclusive, EXCLUSIVE_C14N)?;
    let [data] = named(key, ["X509Data"])?;
    let [certificate] = named(data, ["X509Certificate"])?;
    let text = certificate.text().unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| {
        let detail = "the X509Certificate of the signature is not base64";
        Refusal::new(Code::Assertion, "certificate", detail)
    })
}

/// The child elements of a signature part, which must be exactly these in this order.
fn named<'d, const N: usize>(node: Node<'d>, names: [&str; N]) -> Result<[Node<'d>; N], Refusal> {
    let children = node.children();
    let fits = children.len() == N
        && children.iter().zip(names).all(|(child, name)| child.is(DSIG, name))
        && node.holds_elements_only();
    let children = if fits { <[Node<'d>; N]>::try_from(children).ok() } else { None };
    children.ok_or_else(|| {
        let detail = format!("{} must hold exactly {}", node.local_name(), names.join(", "));
        Refusal::new(Code::Assertion, "signature_profile", detail)
    })
}

/// Checks an algorithm's URI, and that it takes no parameters.
fn algorithm(node: Node<'_>, expected: &str) -> Result<(), Refusal> {
    let found = node.attribute("Algorithm");
    if found != Some(expected) {
        let what = format!("Algorithm of the {}", node.local_name());
        return Err(Refusal::unequal(Code::Assertion, "algorithm", &what, found, expected));
    }
    if !node.children().is_empty() {
        let parameter = node.children().first().map_or("", |child| child.local_name());
        let detail = format!("{} has a parameter {}", node.local_name(), shown(parameter));
        return Err(Refusal::new(Code::Assertion, "algorithm", detail));
    }
    Ok(())
}
