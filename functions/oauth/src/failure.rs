//! Why a request ends here, and the page that says so.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use entra::EntraError;
use exports::LinkError;
use graph::GraphError;
use http::StatusCode;
use identity::MicrosoftRefusal;
use oidc::{Follows, MalformedCallback, NotACloud, Rejected};
use registration::RegistrationError;
use store::{ConnectError, TableError};
use web::cookie::UnwritableCookie;
use web::csrf::CsrfRefused;
use web::failure::RequestId;
use web::language::Language;
use web::page::{Page, Problem, Trouble};

/// Why a request ends here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is nothing at this address")]
    NotFound,
    #[error("nobody who administers the organization is signed in")]
    SignInFirst,
    #[error("the callback answers nothing")]
    Callback(#[from] MalformedCallback),
    #[error("the journey is over")]
    JourneyOver,
    #[error("the journey belongs to another browser")]
    OtherBrowser,
    #[error("the form is not ours")]
    Form(#[from] CsrfRefused),
    #[error("the form cannot be read")]
    FormUnreadable(#[from] FormRejection),
    #[error("nobody consented")]
    Declined,
    #[error("nobody let us look")]
    LookDeclined,
    #[error("whoever signed in may not see how domains are federated")]
    LookForbidden,
    #[error("Microsoft took too long, or is out of order")]
    Late,
    #[error("the id token is refused")]
    Identity(#[from] Rejected),
    #[error("the sign-in is over, or was declined")]
    SignInOver,
    #[error("the account signs nobody in")]
    Account(#[from] MicrosoftRefusal),
    #[error("the person may not consent for the tenant")]
    NotTenantAdministrator,
    #[error("the organization is connected to another tenant")]
    OtherTenant,
    #[error("the tenant is connected to another organization")]
    TenantTaken,
    #[error("no application is registered for it")]
    NotRegistered,
    #[error("Entra gave nothing")]
    Entra(#[source] EntraError),
    #[error("Graph gave nothing")]
    Graph(#[from] GraphError),
    #[error("Graph shows another tenant")]
    OtherOrganization,
    #[error("the HTTPS client could not be made")]
    GraphClient(#[from] graph::StartError),
    #[error("the organization has no key ring")]
    NoKeys,
    #[error("our registration in Entra is of no use")]
    Registration(#[source] RegistrationError),
    #[error("somebody else changed it at the same time")]
    Changed,
    #[error("the table failed")]
    Table(#[source] TableError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("an address could not be written")]
    Address(#[from] NotACloud),
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

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::TenantTaken => Self::TenantTaken,
            ConnectError::Table(error) => error.into(),
        }
    }
}

impl From<RegistrationError> for Failure {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::NotRegistered => Self::NotRegistered,
            RegistrationError::Entra(error) => error.into(),
            RegistrationError::Changed => Self::Changed,
            RegistrationError::Table(error) => error.into(),
            RegistrationError::Certificate(_) | RegistrationError::Subject(_) => {
                Self::Registration(error)
            }
        }
    }
}

impl From<EntraError> for Failure {
    fn from(error: EntraError) -> Self {
        match error {
            EntraError::IdToken(rejected) => Self::Identity(rejected),
            other => Self::Entra(other),
        }
    }
}

impl Failure {
    /// What the person is told. Exhaustive on purpose: a new variant must choose its page.
    fn trouble(&self) -> Trouble {
        match self {
            Self::NotFound => Trouble::NotFound,
            Self::SignInFirst => Trouble::SignInFirst,
            Self::Callback(_) => Trouble::RequestRefused,
            Self::JourneyOver => Trouble::JourneyOver,
            Self::OtherBrowser => Trouble::OtherBrowser,
            Self::Form(_) | Self::FormUnreadable(_) => Trouble::FormRefused,
            Self::Declined => Trouble::ConsentDeclined,
            Self::LookDeclined => Trouble::LookDeclined,
            Self::LookForbidden => Trouble::LookForbidden,
            Self::Identity(_) => Trouble::IdentityRefused,
            Self::SignInOver => Trouble::SignInOver,
            Self::Account(refusal) => match refusal {
                MicrosoftRefusal::Blocked => Trouble::UserDisabled,
                MicrosoftRefusal::PasskeyOnly => Trouble::PasskeyOnly,
                MicrosoftRefusal::Stranger
                | MicrosoftRefusal::NameDiffers
                | MicrosoftRefusal::OtherAccount
                | MicrosoftRefusal::OtherTenant
                | MicrosoftRefusal::Guest => Trouble::AccountUnknown,
                MicrosoftRefusal::NotTenantAdministrator => Trouble::NotTenantAdministrator,
            },
            Self::NotTenantAdministrator => Trouble::NotTenantAdministrator,
            Self::OtherTenant => Trouble::OtherTenant,
            Self::TenantTaken => Trouble::TenantTaken,
            Self::NotRegistered => Trouble::NotRegistered,
            Self::Entra(error) => match error.follows() {
                Follows::Again(_) => Trouble::ConnectionUnavailable,
                Follows::Credential => Trouble::CertificateUnknown,
                Follows::Consent | Follows::Person => Trouble::JourneyOver,
                Follows::Tenant | Follows::Bug => Trouble::Internal,
            },
            Self::Graph(GraphError::Retry(_)) | Self::Changed | Self::Late => {
                Trouble::ConnectionUnavailable
            }
            Self::Table(TableError::Unavailable(_)) => Trouble::ConnectionUnavailable,
            Self::Table(TableError::Conflict { .. } | TableError::Shape(_))
            | Self::Graph(_)
            | Self::OtherOrganization
            | Self::GraphClient(_)
            | Self::NoKeys
            | Self::Registration(_)
            | Self::Link(_)
            | Self::Address(_)
            | Self::Cookie(_) => Trouble::Internal,
        }
    }

    /// Whether the cause belongs into the log although the person can do something about it.
    fn is_ours(&self) -> bool {
        matches!(self, Self::Entra(_)) || self.trouble().status().is_server_error()
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
    if failure.is_ours() {
        web::failure::log(&*failure, &request_id);
    }
    Problem::of(failure.trouble(), language, request_id.as_str()).respond()
}
