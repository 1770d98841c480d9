//! What outside programs say of messages that came through the whole local account.

mod entra;
mod logout;
mod metadata;
mod ministack;
mod node_saml;
mod pysaml2;
mod relay_state;
mod samael;
mod scim2_server;
mod scim2_tester;
mod signatures;
