//! A simulated Microsoft Entra ID: home-realm discovery, the redirect to a federated identity
//! provider, and `/login.srf` as a strict verifier that answers with AADSTS codes.
//!
//! Knows nothing of the product: it shares no protocol code with it, reads XML through
//! bergshamra's parser and lets bergshamra-dsig verify the signature.

mod app;
mod assertion;
mod assets;
mod browser;
mod clock;
mod code;
mod control;
mod departure;
mod directory;
mod envelope;
mod federation;
mod graph_user;
mod instant;
mod journal;
mod login_srf;
mod logout;
mod pages;
mod pending;
mod policy;
mod portal;
mod random;
mod refusal_answer;
mod request;
mod request_key;
mod router;
mod saml;
mod session;
mod signature;
mod simulator;
mod storage;
mod verdict;
mod xml;

pub use directory::DirectoryError;
pub use federation::{
    AuthenticationProtocol, Domain, FederatedIdpMfaBehavior, InternalDomainFederation,
    PromptLoginBehavior,
};
pub use graph_user::GraphUser;
pub use policy::RootDomains;
pub use simulator::{Settings, Simulator, StartError};
