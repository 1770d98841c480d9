//! SCIM 2.0 as a server speaks it: standards in values, RFC 7643 and RFC 7644, RFC 9865.
//!
//! Refuses to know HTTP, storage and the clock: JSON and text in, values and JSON out. Everything
//! it knows of attributes comes from one table, [`schema`], and discovery is derived from it.
//!
//! The way of a request: a body becomes a [`Resource`] or a [`Patch`], a query becomes a
//! [`ListQuery`] with its [`Filter`], an answer passes a [`Projection`] and becomes a
//! [`ListResponse`] or an [`Error`]. Members of a group are never part of a resource: they come
//! out of a body or a patch as [`member`] identifiers, since a group may have many thousands.

mod bulk;
pub mod discovery;
mod error;
pub mod etag;
pub mod filter;
mod list;
pub mod member;
mod patch;
mod path;
mod projection;
mod query;
mod resource;
pub mod schema;
mod value;

pub use bulk::{
    BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, MAX_OPERATIONS, MAX_PAYLOAD,
    Step,
};
pub use error::{ERROR_SCHEMA, Error, ScimType};
pub use filter::{Filter, Lookup, Members};
pub use list::{
    DEFAULT_COUNT, ListQuery, ListResponse, MAX_COUNT, Order, Page, Sort, SortKey, Start,
};
pub use member::MemberChange;
pub use patch::Patch;
pub use path::Target;
pub use projection::Projection;
pub use query::Parameters;
pub use resource::Resource;
pub use schema::ResourceType;
pub use value::MAX_EMAILS;
