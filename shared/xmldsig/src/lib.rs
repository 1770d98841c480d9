//! The canonical XML emitter and the enveloped signature.
//!
//! Refuses to know HTTP, KMS and SAML: an [`Element`] becomes exclusive canonical XML, an
//! [`Unsigned`] tells the digest that somebody who holds a key has to sign, and splices the
//! signature that comes back.
//!
//! ```
//! use xmldsig::{Certificate, Element, Namespace, Place, Unsigned};
//!
//! const NS: Namespace = Namespace { prefix: "p", uri: "urn:example" };
//! let root = Element::new(NS, "Order").attribute("ID", "_1").child(Element::new(NS, "Buyer"));
//! let certificate = Certificate::from_der(vec![0x30, 0x00]);
//!
//! let unsigned = Unsigned::new(root, "_1", Place::AfterFirstChild, &certificate)?;
//! let digest = unsigned.digest(); // signed elsewhere, RSASSA-PKCS1-v1_5 over SHA-256
//! # let signature = digest;
//! let xml = unsigned.finish(&signature);
//! assert!(xml.contains("<p:Buyer></p:Buyer><ds:Signature "));
//! # Ok::<(), xmldsig::IllegalCharacter>(())
//! ```

mod certificate;
mod character;
mod digest;
mod element;
mod signature;

pub use certificate::Certificate;
pub use character::{IllegalCharacter, is_legal};
pub use digest::{Sha256Digest, sha256};
pub use element::{Element, Namespace};
pub use signature::{DS, Place, RSA_SHA256, Unsigned};
