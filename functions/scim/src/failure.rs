//! Why a request ends here, and the message that says so.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use scim::ScimType;
use store::{Named, Profile, ProvisionError, TableError};
use web::failure::RequestId;

use crate::answer::SCIM_JSON;

/// When a client may try again what could not be done now, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

// One limit, kept where values are read and again where they are written.
const _: () = assert!(scim::MAX_EMAILS == Profile::MOST_EMAILS);

const TOO_MANY_EMAILS: scim::Error =
    scim::Error::known(ScimType::InvalidValue, "emails: takes fewer values");

/// Why a request ends here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the request was refused")]
    Refused(#[from] scim::Error),
    #[error("somebody else changed it at the same time, again and again")]
    Changed,
    #[error("the table failed")]
    Table(#[source] TableError),
    #[error("a stored value is not what its key promises")]
    Stored(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Conflict { .. } => Self::Changed,
            other @ (TableError::Shape(_) | TableError::Unavailable(_)) => Self::Table(other),
        }
    }
}

impl From<ProvisionError> for Failure {
    fn from(error: ProvisionError) -> Self {
        match error {
            ProvisionError::Taken(Named::UserName) => scim::Error::USER_NAME_TAKEN.into(),
            ProvisionError::Taken(Named::ExternalId | Named::ObjectId) => {
                scim::Error::EXTERNAL_ID_TAKEN.into()
            }
            ProvisionError::Taken(Named::DisplayName) => scim::Error::DISPLAY_NAME_TAKEN.into(),
            ProvisionError::Taken(Named::Anchor) => scim::Error::IMMUTABLE_ID_TAKEN.into(),
            ProvisionError::TooLarge => scim::Error::RESOURCE_TOO_LARGE.into(),
            ProvisionError::TooManyEmails => TOO_MANY_EMAILS.into(),
            ProvisionError::NoUser(_) => scim::Error::UNKNOWN_MEMBER.into(),
            ProvisionError::Busy => scim::Error::UNAVAILABLE.into(),
            ProvisionError::Stale => Self::Changed,
            ProvisionError::Table(error) => error.into(),
        }
    }
}

/// Whether somebody else wrote in between, so that the same may be decided and tried again.
pub(crate) const fn is_race(error: &ProvisionError) -> bool {
    matches!(error, ProvisionError::Stale | ProvisionError::Table(TableError::Conflict { .. }))
}

impl Failure {
    /// What the client is told. Exhaustive on purpose: a new variant must choose its answer.
    pub(crate) fn answer(&self) -> scim::Error {
        match self {
            Self::Refused(error) => error.clone(),
            Self::Changed | Self::Table(TableError::Unavailable(_)) => scim::Error::UNAVAILABLE,
            Self::Table(TableError::Conflict { .. } | TableError::Shape(_)) | Self::Stored(_) => {
                scim::Error::INTERNAL
            }
        }
    }
}

impl IntoResponse for Failure {
    /// Leaves the cause to [`log`], which knows the request's number.
    fn into_response(self) -> Response {
        let answer = self.answer();
        let status = StatusCode::from_u16(answer.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, answer.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, SCIM_JSON);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_SECONDS);
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Logs the cause of what is our own fault, once.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = RequestId::of(&parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>()
        && response.status().is_server_error()
    {
        web::failure::log(&*failure, &request_id);
    }
    response
}
