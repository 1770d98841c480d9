//! Why a request ends here, and the page that says so.

use std::sync::Arc;

use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use identity::{ClaimRefusal, Proof, Refusal};
use keys::{CertificateShape, SignError};
use passkey::Misconfigured;
use saml::IllegalCharacter;
use saml::request::{Malformed, Rejected};
use store::TableError;
use web::cookie::UnwritableCookie;
use web::csrf::CsrfRefused;
use web::failure::RequestId;
use web::language::Language;
use web::page::{Page, Problem, Trouble};

use crate::enrol::MayNotEnrol;

/// Why a request ends here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is nothing at this address")]
    NotFound,
    #[error("the message cannot be read")]
    Malformed(#[from] Malformed),
    #[error("the message is not one that we answer")]
    Rejected(#[from] Rejected),
    #[error("the request is over")]
    RequestOver,
    #[error("the request belongs to another browser")]
    OtherBrowser,
    #[error("the form is not ours")]
    Form(#[from] CsrfRefused),
    #[error("the form cannot be read")]
    FormUnreadable(#[from] FormRejection),
    #[error("the body cannot be read")]
    BodyUnreadable(#[from] BytesRejection),
    #[error("a limit was reached")]
    TooMany,
    #[error("the link is used or over")]
    LinkOver,
    #[error("the proof enrols nobody any more")]
    MayNotEnrol(#[from] MayNotEnrol),
    #[error("the user may not sign in")]
    Refused(#[from] Refusal),
    #[error("the passkey may be a copy")]
    Cloned,
    #[error("somebody else changed it at the same time")]
    Changed,
    #[error("the table failed")]
    Table(#[source] TableError),
    #[error("nothing could be signed")]
    Sign(#[from] SignError),
    #[error("the organization has no keys")]
    NoKeys,
    #[error("a stored certificate is none")]
    Certificate(#[from] CertificateShape),
    #[error("the passkey ceremony could not begin")]
    Ceremony(#[from] Misconfigured),
    #[error("a stored value cannot be written as XML")]
    Xml(#[from] IllegalCharacter),
    #[error("a cookie could not be written")]
    Cookie(#[from] UnwritableCookie),
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Conflict { .. } => Self::Changed,
            other @ (TableError::Shape(_) | TableError::Unavailable(_)) => Self::Table(other),
        }
    }
}

impl Failure {
    /// What the person is told. Exhaustive on purpose: a new variant must choose its page.
    fn trouble(&self) -> Trouble {
        match self {
            Self::NotFound => Trouble::NotFound,
            Self::Malformed(_) | Self::Rejected(_) => Trouble::RequestRefused,
            Self::RequestOver | Self::MayNotEnrol(MayNotEnrol::ProofOver(Proof::EmailCode)) => {
                Trouble::RequestOver
            }
            Self::OtherBrowser => Trouble::OtherBrowser,
            Self::BodyUnreadable(_) | Self::FormUnreadable(FormRejection::BytesRejection(_)) => {
                Trouble::TooLarge
            }
            Self::Form(_) | Self::FormUnreadable(_) => Trouble::FormRefused,
            Self::TooMany => Trouble::TooMany,
            Self::LinkOver | Self::MayNotEnrol(MayNotEnrol::ProofOver(_)) => Trouble::LinkOver,
            // Whoever proved the code may be told.
            Self::MayNotEnrol(MayNotEnrol::Claim(ClaimRefusal::ChangedLately)) => {
                Trouble::AwaitingApproval
            }
            Self::MayNotEnrol(
                MayNotEnrol::MicrosoftAccount | MayNotEnrol::Claim(ClaimRefusal::MicrosoftAccount),
            )
            | Self::Refused(Refusal::MicrosoftAccount) => Trouble::MicrosoftOnly,
            Self::MayNotEnrol(MayNotEnrol::Claim(_) | MayNotEnrol::UserGone) => {
                Trouble::AskAdministrator
            }
            Self::MayNotEnrol(MayNotEnrol::TooManyPasskeys) => Trouble::TooManyPasskeys,
            Self::MayNotEnrol(MayNotEnrol::Blocked) | Self::Refused(Refusal::Blocked) => {
                Trouble::UserDisabled
            }
            Self::Refused(Refusal::NoAnchor) => Trouble::NoAnchor,
            Self::Refused(Refusal::OutsideDomain) => Trouble::OutsideDomain,
            Self::Cloned => Trouble::PasskeyRefused,
            Self::Changed | Self::Table(TableError::Unavailable(_)) | Self::Sign(_) => {
                Trouble::Unavailable
            }
            Self::Table(TableError::Conflict { .. } | TableError::Shape(_))
            | Self::NoKeys
            | Self::Certificate(_)
            | Self::Ceremony(_)
            | Self::Xml(_)
            | Self::Cookie(_) => Trouble::Internal,
        }
    }
}

impl IntoResponse for Failure {
    /// Leaves the page to [`answer`], which knows the request's language and number.
    fn into_response(self) -> Response {
        let mut response = self.trouble().status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Answers a [`Failure`] with its page, and logs its cause once.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let request_id = RequestId::of(&parts);
    let Ok(language) = Language::from_request_parts(&mut parts, &()).await;
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() else {
        // Only axum's own refusal of a path that is no text, which says so in a bare line.
        return if response.status() == StatusCode::BAD_REQUEST {
            Problem::of(Trouble::NotFound, language, request_id.as_str()).respond()
        } else {
            response
        };
    };
    let trouble = failure.trouble();
    if trouble.status().is_server_error() {
        web::failure::log(&*failure, &request_id);
    }
    Problem::of(trouble, language, request_id.as_str()).respond()
}
