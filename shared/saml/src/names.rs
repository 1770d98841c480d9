//! Namespaces and identifiers of the SAML 2.0 standards.

use xmldsig::Namespace;

/// The entity ID of Microsoft Entra ID: the issuer of its requests and our audience.
///
/// SAML Core §8.3.6.
pub const ENTRA: &str = "urn:federation:MicrosoftOnline";

/// SAML Core §3.
pub(crate) const PROTOCOL: Namespace =
    Namespace { prefix: "samlp", uri: "urn:oasis:names:tc:SAML:2.0:protocol" };

/// SAML Core §2.
pub(crate) const ASSERTION: Namespace =
    Namespace { prefix: "saml", uri: "urn:oasis:names:tc:SAML:2.0:assertion" };

/// SAML Metadata §2.1.
pub(crate) const METADATA: Namespace =
    Namespace { prefix: "md", uri: "urn:oasis:names:tc:SAML:2.0:metadata" };

/// SAML Core §8.3.7: the only format that Entra takes.
pub(crate) const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// SAML Core §3.2.2.2.
pub(crate) const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// SAML Core §3.2.2.2.
pub(crate) const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";

/// SAML Core §3.2.2.2.
pub(crate) const NO_PASSIVE: &str = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";

/// SAML Bindings §3.4.1.
pub(crate) const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// SAML Bindings §3.5.1.
pub(crate) const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// SAML Bindings §3.4.4.1.
pub(crate) const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
