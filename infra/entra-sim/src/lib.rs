//! A simulated Microsoft Entra ID: home-realm discovery, the redirect to a federated identity
//! provider, and `/login.srf` as a strict verifier that answers with AADSTS codes.
//!
//! Also Microsoft Graph, as far as a directory is read and written by it.
//!
//! Also admin consent, sign-in by code and the tokens of applications, tenant by tenant.
//!
//! Also its provisioning service, a SCIM client with Entra's mappings, cycles and dialects.
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
mod crowd;
mod departure;
mod directory;
mod envelope;
mod federation;
mod graph;
mod graph_group;
mod graph_user;
mod instant;
mod journal;
mod login_srf;
mod logout;
mod oauth;
mod pages;
mod pending;
mod policy;
mod portal;
mod provisioning;
mod provisioning_page;
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

pub use crowd::Crowd;
pub use directory::DirectoryError;
pub use federation::{
    AuthenticationProtocol, Domain, FederatedIdpMfaBehavior, InternalDomainFederation,
    PromptLoginBehavior,
};
pub use graph::{
    Delivery, Disorder, Fault, GraphCall, GraphFault, GraphSettings, Lifecycle, Subscription,
};
pub use graph_group::GraphGroup;
pub use graph_user::GraphUser;
pub use oauth::{Application, Consent, ForeignPerson, ForeignTenant};
pub use policy::RootDomains;
pub use provisioning::{
    ConnectionReport, Counts, CycleKind, CycleReport, Dialect, Exchange, FirstCycle,
    FirstCycleError, GroupMapping, Health, Mapping, OnDemandReport, Outcome, Pace, Provisioning,
    ProvisioningError, QuarantineReason, ReferenceCounts, Scope, Shapes, Token, first_cycle,
    population,
};
pub use simulator::{Settings, Simulator, StartError};
