//! Passkey ceremonies: the options that a browser is given, and the judgement on what it answers.
//!
//! Refuses to know HTTP, storage and people beyond their id. A ceremony's state is text that the
//! caller keeps on the server and uses once; a credential is text that the caller stores. Every
//! ceremony requires user verification: there is no way to ask for less.

mod refused;
mod relying_party;

pub use refused::Refused;
pub use relying_party::{
    Begun, Claimed, Misconfigured, Registered, RegistrationAnswer, RelyingParty, SignInAnswer,
    Verified,
};
