//! The rules of the product: who a person is, what a domain covers, when access is refused.
//!
//! Refuses to know HTTP, storage, AWS and the wire formats of any standard. Everything here is a
//! value or a decision over values; time and randomness are arguments.

mod address;
mod anchor;
mod attributes;
mod code;
mod country;
mod directory;
mod domain;
mod enrolment;
mod federation;
mod held_session;
mod hint;
mod id;
mod last_day;
mod limit;
mod method;
mod microsoft;
mod missing;
mod mode;
mod organization;
mod preflight;
mod scim_key;
mod secret;
mod sign_in;
mod user;
mod user_name;

pub use address::{Address, NotAnAddress};
pub use anchor::{Anchor, NotAnAnchor};
pub use attributes::{AttributeValue, Attributes, NotAnAttributeValue};
pub use code::{Code, NotACode};
pub use country::{Country, NotACountry};
pub use directory::Directory;
pub use domain::{DomainName, FederatedDomain, NotADomainName};
pub use enrolment::{ClaimRefusal, Proof, claim_may_enrol, settled_address};
pub use federation::{
    DomainStanding, FederationDifference, FederationProperty, PublishedCertificates,
    TenantFederation, Weight, harmless,
};
pub use held_session::HeldSession;
pub use hint::Hint;
pub use id::{
    ChangeId, DirectoryId, GroupId, Id, NotAnId, OrganizationId, OutboxId, PreflightId, ScimKeyId,
    SearchId, UserId,
};
pub use last_day::{LastDay, NotALastDay};
pub use limit::{Attempt, Limit};
pub use method::Method;
pub use microsoft::{
    MicrosoftAccount, MicrosoftRefusal, Recognition, may_enter, microsoft_cookie_name, recognise,
};
pub use missing::{Missed, MissingLimit};
pub use mode::Mode;
pub use organization::{Organization, SESSION_HOURS};
pub use preflight::{ClaimUse, Listed, Match, Obstacle, obstacles, obstacles_there, signs_in_here};
pub use scim_key::{NotAScimKey, ScimClient, ScimKey};
pub use secret::{NotASecret, RecoveryCode, Secret, SecretHash};
pub use sign_in::{Refusal, Session, accept_session, may_administer, may_sign_in};
pub use user::{Block, DisabledAccount, Role, User};
pub use user_name::{NotAUserName, UserName};
