//! Why a notice was not taken, and what Graph is told: a status, since nobody reads more.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::rejection::BytesRejection;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use store::TableError;
use web::failure::RequestId;

/// Why a notice was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is nothing at this address")]
    NotFound,
    #[error("the body cannot be read")]
    Body(#[from] BytesRejection),
    #[error("the body is not what Graph sends")]
    Unreadable(#[from] serde_json::Error),
    #[error("the token of the handshake is too long")]
    Handshake,
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the table took too long")]
    Late,
}

impl Failure {
    /// What Graph is told. Exhaustive on purpose: a new variant must choose its status. Graph comes again
    /// after any that is not a success.
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Body(rejection) => rejection.status(),
            Self::Unreadable(_) | Self::Handshake => StatusCode::BAD_REQUEST,
            Self::Table(_) | Self::Late => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Logs the cause of what is ours, once.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = RequestId::of(&parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>()
        && failure.status().is_server_error()
    {
        web::failure::log(&*failure, &request_id);
    }
    response
}
