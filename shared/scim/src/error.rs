//! What a client is told when it cannot have what it asked for.

use std::borrow::Cow;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::schema::Attribute;

/// The URN of an error message.
pub const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The kinds of error that have a name, RFC 7644 §3.12 and RFC 9865 §2.1: the whole table, those
/// included that nothing here ever answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ScimType {
    /// The filter is malformed, or compares what cannot be compared so.
    InvalidFilter,
    /// The answer would be larger than the server gives.
    TooMany,
    /// A value that must be unique belongs to somebody else.
    Uniqueness,
    /// The attribute may not be changed so.
    Mutability,
    /// The body is not the message it should be.
    InvalidSyntax,
    /// The path of a PATCH operation is malformed.
    InvalidPath,
    /// The path of a PATCH operation selects nothing.
    NoTarget,
    /// A value is missing, of the wrong type or too large.
    InvalidValue,
    /// The protocol version is not spoken here.
    InvalidVers,
    /// The request would put personal data into a URL.
    Sensitive,
    /// The cursor is not one of ours, or belongs to another query.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// The count cannot be used with a cursor.
    InvalidCount,
}

impl ScimType {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }

    /// The status that goes with the kind, RFC 7644 §3.12.
    pub const fn status(self) -> u16 {
        match self {
            Self::Uniqueness => 409,
            Self::Sensitive => 403,
            Self::InvalidFilter
            | Self::TooMany
            | Self::Mutability
            | Self::InvalidSyntax
            | Self::InvalidPath
            | Self::NoTarget
            | Self::InvalidValue
            | Self::InvalidVers
            | Self::InvalidCursor
            | Self::ExpiredCursor
            | Self::InvalidCount => 400,
        }
    }
}

/// An answer that is no resource: status, kind and a fixed text, RFC 7644 §3.12.
///
/// The text never repeats what the client sent, but for names that our own schemas define.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    status: u16,
    scim_type: Option<ScimType>,
    detail: Cow<'static, str>,
}

impl Error {
    /// 401: no key, or one that is not known here.
    pub const UNAUTHORIZED: Self = Self::plain(401, "a valid key is needed");
    /// 403: discovery endpoints are not filtered, RFC 7644 §4.
    pub const DISCOVERY_FILTER: Self = Self::plain(403, "this endpoint cannot be filtered");
    /// 404: unknown, or another organization's.
    pub const NOT_FOUND: Self = Self::plain(404, "there is no such resource");
    /// 405: the endpoint exists, the method does not.
    pub const METHOD_NOT_ALLOWED: Self = Self::plain(405, "the method is not allowed here");
    /// 412: `If-Match` names another version, RFC 7644 §3.14.
    pub const STALE_VERSION: Self = Self::plain(412, "the resource has changed meanwhile");
    /// 413: the body is larger than the service reads.
    pub const TOO_LARGE: Self = Self::plain(413, "the request is too large");
    /// 413: a bulk request has more operations than the service takes, RFC 7644 §3.7.4.
    pub const TOO_MANY_OPERATIONS: Self = Self::plain(413, "the request has too many operations");
    /// 415: the body is neither `application/scim+json` nor `application/json`.
    pub const MEDIA_TYPE: Self = Self::plain(415, "the content type must be application/scim+json");
    /// 500: our fault.
    pub const INTERNAL: Self = Self::plain(500, "something went wrong here");
    /// 501: `/Me`, RFC 7644 §3.11.
    pub const NOT_IMPLEMENTED: Self = Self::plain(501, "this is not offered");
    /// 503: something we lean on is away, or too many writers change one resource at once. Whether
    /// the change was made is not known, if its answer got lost; nothing is half made.
    pub const UNAVAILABLE: Self = Self::plain(503, "try again later");

    /// 409: another user has the name.
    pub const USER_NAME_TAKEN: Self = Self::known(ScimType::Uniqueness, "userName is taken");
    /// 409: another resource has the identifier.
    pub const EXTERNAL_ID_TAKEN: Self = Self::known(ScimType::Uniqueness, "externalId is taken");
    /// 409: another group has the name.
    pub const DISPLAY_NAME_TAKEN: Self = Self::known(ScimType::Uniqueness, "displayName is taken");
    /// 409: another user has the anchor.
    pub const IMMUTABLE_ID_TAKEN: Self = Self::known(ScimType::Uniqueness, "immutableId is taken");
    /// 409: bulk operations wait for each other, RFC 7644 §3.7.1.
    pub const CIRCULAR_REFERENCE: Self = Self::plain(409, "the references form a circle");
    /// 409: the bulk operation that should have made the resource did not.
    pub const UNMET_REFERENCE: Self =
        Self::plain(409, "an operation that this one refers to has failed");

    /// 400: the body is no JSON.
    pub const NO_JSON: Self = Self::known(ScimType::InvalidSyntax, "the body is not valid JSON");
    /// 400: the body is JSON, but not an object.
    pub const NO_OBJECT: Self =
        Self::known(ScimType::InvalidSyntax, "the body must be a JSON object");
    /// 400: the body is nested deeper than any resource.
    pub const TOO_DEEP: Self = Self::known(ScimType::InvalidSyntax, "the body is nested too deep");
    /// 400: `userName` and `username` in one body.
    pub const NAMED_TWICE: Self =
        Self::known(ScimType::InvalidSyntax, "an attribute is given twice");
    /// 400: the resource as a whole is larger than what is kept.
    pub const RESOURCE_TOO_LARGE: Self =
        Self::known(ScimType::InvalidValue, "the resource is larger than 64 KiB");
    /// 400: the resource as a whole has more values than are kept.
    pub const TOO_MANY_VALUES: Self =
        Self::known(ScimType::InvalidValue, "the resource has more than 1000 values");
    /// 400: a member that is not a user of the organization.
    pub const UNKNOWN_MEMBER: Self =
        Self::known(ScimType::InvalidValue, "members: each must be a user of the organization");
    /// 400: a group whose members do not fit an answer.
    pub const TOO_MANY_MEMBERS: Self = Self::known(
        ScimType::TooMany,
        "the group has too many members for one answer: use excludedAttributes=members",
    );
    /// 400: a filter that only a reading of everything could answer.
    pub const TOO_MANY_RESULTS: Self = Self::known(
        ScimType::TooMany,
        "the filter needs too many resources to be read: use a narrower one",
    );
    /// 400: the address of somebody now used for somebody else.
    pub const OBJECT_ID_DIFFERS: Self =
        Self::known(ScimType::Mutability, "externalId names another object than the user's own");
    /// 400: somebody enrolled before Entra knew them, so that nobody knows who it was.
    pub const ENROLLED_UNKNOWN: Self = Self::known(
        ScimType::Mutability,
        "the user had enrolled before Entra named them: delete them here first",
    );
    /// 400: the cursor is not ours, or of another query, RFC 9865 §2.1.
    pub const INVALID_CURSOR: Self =
        Self::known(ScimType::InvalidCursor, "the cursor does not belong to this query");
    /// 400: the count cannot be used with a cursor, RFC 9865 §2.1.
    pub const INVALID_COUNT: Self =
        Self::known(ScimType::InvalidCount, "count must be a number of at least 0");

    const fn plain(status: u16, detail: &'static str) -> Self {
        Self { status, scim_type: None, detail: Cow::Borrowed(detail) }
    }

    /// An error of a kind that has a name, with a text of ours.
    pub const fn known(scim_type: ScimType, detail: &'static str) -> Self {
        Self {
            status: scim_type.status(),
            scim_type: Some(scim_type),
            detail: Cow::Borrowed(detail),
        }
    }

    /// An error about one attribute that a schema of ours defines.
    pub(crate) fn about(scim_type: ScimType, attribute: &Attribute, detail: &str) -> Self {
        Self {
            status: scim_type.status(),
            scim_type: Some(scim_type),
            detail: Cow::Owned(format!("{}: {detail}", attribute.name)),
        }
    }

    /// The same about a part of an attribute.
    pub(crate) fn within(self, attribute: &Attribute) -> Self {
        match self.detail {
            Cow::Owned(detail) => {
                Self { detail: Cow::Owned(format!("{}.{detail}", attribute.name)), ..self }
            }
            Cow::Borrowed(_) => self,
        }
    }

    /// The status of the HTTP answer.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The kind, where it has a name.
    pub const fn scim_type(&self) -> Option<ScimType> {
        self.scim_type
    }

    /// The text for a human.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "schemas": [ERROR_SCHEMA],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let (Some(scim_type), Some(body)) = (self.scim_type, body.as_object_mut()) {
            body.insert("scimType".to_owned(), scim_type.name().into());
        }
        body
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = 3 + usize::from(self.scim_type.is_some());
        let mut body = serializer.serialize_struct("Error", length)?;
        body.serialize_field("schemas", &[ERROR_SCHEMA])?;
        body.serialize_field("status", &self.status.to_string())?;
        if let Some(scim_type) = self.scim_type {
            body.serialize_field("scimType", scim_type.name())?;
        }
        body.serialize_field("detail", &self.detail)?;
        body.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_status_is_a_string_and_both_ways_of_writing_agree() {
        for error in [Error::USER_NAME_TAKEN, Error::NOT_FOUND, Error::INVALID_CURSOR] {
            assert_eq!(serde_json::to_value(&error).unwrap(), error.to_json());
        }
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "409",
            "scimType": "uniqueness",
            "detail": "userName is taken",
        });
        assert_eq!(Error::USER_NAME_TAKEN.to_json(), expected);
    }

    #[test]
    fn every_kind_has_the_status_of_the_table() {
        let cases = [
            (ScimType::InvalidFilter, "invalidFilter", 400),
            (ScimType::TooMany, "tooMany", 400),
            (ScimType::Uniqueness, "uniqueness", 409),
            (ScimType::Mutability, "mutability", 400),
            (ScimType::InvalidSyntax, "invalidSyntax", 400),
            (ScimType::InvalidPath, "invalidPath", 400),
            (ScimType::NoTarget, "noTarget", 400),
            (ScimType::InvalidValue, "invalidValue", 400),
            (ScimType::InvalidVers, "invalidVers", 400),
            (ScimType::Sensitive, "sensitive", 403),
            (ScimType::InvalidCursor, "invalidCursor", 400),
            (ScimType::ExpiredCursor, "expiredCursor", 400),
            (ScimType::InvalidCount, "invalidCount", 400),
        ];
        for (kind, name, status) in cases {
            assert_eq!((kind.name(), kind.status()), (name, status));
        }
    }
}
