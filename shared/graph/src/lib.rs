//! Microsoft Graph v1.0: the few calls that we make of it, typed.
//!
//! No storage and no decisions: what a user of the directory means to us is decided elsewhere. Tokens
//! come from a [`TokenSource`], are kept in memory alone, and are written nowhere. A call is tried
//! again within the deadline that it was given; what is left over is an error that says what follows.
//!
//! | noun | what |
//! |---|---|
//! | [`Origin`] | which cloud: the address that every call and every link begins with |
//! | [`Graph`], [`Tenant`] | the client, and one tenant for one piece of work |
//! | [`GraphError`] | what follows: come again, consent is gone, not there, taken, start anew, a bug |
//! | [`Link`], [`Page`] | pages, and where they go on, verbatim |
//! | [`DirectoryUser`], [`Told`] | a user, and what an answer said, or did not say, of each property |
//! | [`Subscription`] | who hears of changes of users, and until when |
//! | [`Batch`] | up to twenty calls as one |

mod address;
mod answer;
mod backoff;
mod batch;
mod body;
mod call;
mod client;
mod domain;
mod error;
mod link;
mod membership;
mod new_user;
mod organization;
mod page;
mod permission;
mod retry_after;
mod send;
mod subscription;
mod tenant;
mod token;
mod told;
mod user;

pub use batch::{Batch, BatchFull};
pub use client::{Graph, StartError};
pub use domain::{Domain, FederationConfiguration};
pub use error::{GraphError, Later, Trace};
pub use link::{ForeignLink, Link, Origin, OriginError};
pub use new_user::{NewUser, Password, UserChange};
pub use organization::{Organization, VerifiedDomain};
pub use page::{Next, Page, Unread};
pub use permission::Permission;
pub use subscription::{NewSubscription, Subscription};
pub use tenant::Tenant;
pub use token::{AccessToken, TokenError, TokenSource};
pub use told::Told;
pub use user::{DirectoryUser, Removal, USER_SELECTION};
