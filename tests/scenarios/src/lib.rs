//! What the stories stand on: the functions in one process, the account's services around them,
//! and people with browsers and authenticators.
//!
//! [`World`] runs the functions' own code in this process, by a clock that a story turns, over the
//! local stack's DynamoDB, KMS, EventBridge, SQS, SES and S3. Every call to them passes a [`Wire`],
//! which counts it and may lose, delay or refuse it. [`Browser`] is somebody at a keyboard;
//! [`Provisioner`] is a client with a key;
//! [`Authenticator`] is what they sign in with, and lies when it is told to.

pub mod authenticator;
pub mod browser;
pub mod case;
pub mod clock;
pub mod dice;
mod exchanges;
pub mod invariants;
pub mod microsoft;
pub mod mishap;
pub mod mute;
mod organizations;
pub mod people;
pub mod records;
pub mod saml;
pub mod scim;
pub mod ways;
pub mod wire;
pub mod world;

pub use authenticator::Authenticator;
pub use browser::{Browser, Page};
pub use case::{Case, Failing, Spell};
pub use clock::TestClock;
pub use dice::Dice;
pub use exchanges::exchanges;
pub use microsoft::Connector;
pub use people::{Company, Person};
pub use records::Records;
pub use scim::{Answer, Provisioner};
pub use wire::{Call, Capacity, Effect, Ended, Fault, Wire};
pub use world::World;
