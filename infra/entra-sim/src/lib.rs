//! A simulated Microsoft Entra ID: home-realm discovery, the redirect to a federated identity
//! provider, and `/login.srf` as a strict verifier that answers with AADSTS codes.
//!
//! Knows nothing of the product: it shares no protocol code with it, reads XML through
//! bergshamra's parser and lets bergshamra-dsig verify the signature.

mod app;
mod clock;
mod directory;
mod federation;
mod graph_user;
mod policy;
mod random;
mod router;
mod simulator;
mod storage;

pub use directory::DirectoryError;
pub use federation::{
    AuthenticationProtocol, Domain, FederatedIdpMfaBehavior, InternalDomainFederation,
    PromptLoginBehavior,
};
pub use graph_user::GraphUser;
pub use policy::RootDomains;
pub use simulator::{Settings, Simulator, StartError};
