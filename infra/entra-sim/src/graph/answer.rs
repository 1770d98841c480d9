//! What Graph answers, before it is HTTP or a part of a batch.

use serde_json::{Map, Value, json};

use crate::directory::DirectoryError;

/// Puts a member into an object.
pub(crate) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Answer {
    /// 200 with a body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// 201 with a body.
    pub(crate) fn created(body: Value) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self { status: 204, ..Self::default() }
    }

    /// An error with Graph's code.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "error": { "code": code, "message": message, "innerError": {} } });
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// A request that is wrong.
    pub(crate) fn bad(message: &str) -> Self {
        Self::error(400, "Request_BadRequest", message)
    }

    /// No such thing.
    pub(crate) fn not_found(id: &str) -> Self {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are \
             not present."
        );
        Self::error(404, "Request_ResourceNotFound", &message)
    }

    /// A name that another object has.
    pub(crate) fn clash(property: &str) -> Self {
        let message =
            format!("Another object with the same value for property {property} already exists.");
        let mut answer = Self::bad(&message);
        let detail = json!([{ "code": "ObjectConflict", "message": message, "target": property }]);
        if let Some(error) = answer.body.as_mut().and_then(|body| body.get_mut("error")) {
            set(error, "details", detail);
        }
        answer
    }

    /// With another header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As a batch would write it.
    pub(crate) fn part(&self) -> Value {
        let headers = self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        let headers: Map<_, _> = headers.collect();
        let mut part = json!({ "status": self.status, "headers": headers });
        if let Some(body) = &self.body {
            set(&mut part, "body", body.clone());
        }
        part
    }
}

impl From<DirectoryError> for Answer {
    fn from(error: DirectoryError) -> Self {
        let invalid = |property: &str| {
            let message =
                format!("Invalid value specified for property '{property}' of resource 'User'.");
            Self::bad(&message)
        };
        match error {
            DirectoryError::UserPrincipalNameTaken => Self::clash("userPrincipalName"),
            DirectoryError::ImmutableIdTaken => Self::clash("onPremisesImmutableId"),
            DirectoryError::UserPrincipalName => invalid("userPrincipalName"),
            DirectoryError::ImmutableId => invalid("onPremisesImmutableId"),
            DirectoryError::UserUnknown => Self::not_found("user"),
            DirectoryError::Patch(_) => Self::bad("A property has a value of the wrong type."),
            DirectoryError::Save(_) => {
                Self::error(500, "InternalServerError", "The directory could not be saved.")
            }
            DirectoryError::GroupUnknown
            | DirectoryError::GroupName
            | DirectoryError::NotFederated
            | DirectoryError::OnMicrosoft
            | DirectoryError::DefaultDomain
            | DirectoryError::Unverified
            | DirectoryError::IssuerUri
            | DirectoryError::Uri(_)
            | DirectoryError::Certificate(_) => Self::bad(&error.to_string()),
        }
    }
}
