//! SAML 2.0 as an identity provider speaks it to Microsoft Entra ID.
//!
//! Refuses to know HTTP, keys, storage and the clock: bytes and `now` in, values out. What comes
//! in is a [`request`] in stages of belief; what goes out is a [`response`], a [`logout`] answer
//! or [`metadata`], each in two phases around a signature that somebody else makes.

mod instant;
pub mod logout;
pub mod metadata;
mod names;
pub mod request;
pub mod response;

pub use names::ENTRA;
pub use xmldsig::{Certificate, IllegalCharacter, Sha256Digest};
