//! One struct per page; the struct is the whole contract with its template.
//!
//! A page knows nothing of where its values come from. Every field is escaped by the template, so
//! callers pass plain text. Forms post `application/x-www-form-urlencoded` with the hidden field
//! `csrf`; the other field names are at each page.

mod address;
mod auto_post;
mod certificate;
mod code;
mod connection;
mod federation;
mod invitation;
mod microsoft;
mod notice;
mod preflight;
mod problem;
mod recover;
mod recovery;
mod register;
mod sign_in;
mod signed_out;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

pub use self::address::Address;
pub use self::auto_post::AutoPost;
pub use self::certificate::{Certificate, Entry, Role};
pub use self::code::Code;
pub use self::connection::{
    ConnectedTenant, Connection, ConnectionState, ConsentPurpose, FailingReading, FailureCause,
    MissingUsers, Purpose, ReadingStatus, UploadCertificate, UserSource, WantedConsent,
    WantedPermission,
};
pub use self::federation::{CheckedDomain, CheckedFederation, Federation, Reach, WantedLook};
pub use self::invitation::Invitation;
pub use self::microsoft::{Microsoft, MicrosoftStep};
pub use self::notice::Notice;
pub use self::preflight::{
    FileLinks, Found, FoundObstacle, ListedUser, LookStatus, LookStep, Preflight, PreflightList,
};
pub use self::problem::{Problem, Trouble};
pub use self::recover::Recover;
pub use self::recovery::Recovery;
pub use self::register::Register;
pub use self::sign_in::SignIn;
pub use self::signed_out::SignedOut;

/// Content Security Policy Level 3 §6: nothing but our own files, forms to ourselves only.
const OWN_FORMS: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; \
     trusted-types 'none'",
);

/// As [`OWN_FORMS`] without `form-action`: Chromium checks it against every redirect that follows
/// the POST, and login.srf redirects where it likes.
const FOREIGN_FORM: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

/// Only the origin, even to ourselves, so that no path (a one-time link is one) reaches a log.
/// `no-referrer` would be stricter, but browsers then send `Origin: null` with our own forms, and
/// [`csrf::same_origin`](crate::csrf::same_origin) could tell nothing.
pub(crate) const REFERRER: HeaderValue = HeaderValue::from_static("strict-origin");

/// Everything off but passkeys, and the clipboard for the recovery code.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "publickey-credentials-get=(self), publickey-credentials-create=(self), \
     clipboard-write=(self), accelerometer=(), autoplay=(), camera=(), \
     clipboard-read=(), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), \
     geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), \
     microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), \
     storage-access=(), usb=(), xr-spatial-tracking=()",
);

/// Any other value cuts a sign-in popup off from the application that opened it, even after the
/// popup has gone back to Microsoft: the application would see it as closed by the person.
const OPENER: HeaderValue = HeaderValue::from_static("unsafe-none");

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Where a page's forms may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// To our own origin.
    Own,
    /// Anywhere: only the page that posts an answer to a registered reply URL.
    Foreign,
}

/// A page and the headers that it must be sent with.
pub trait Page: Template {
    /// The HTTP status; 200 unless the page says that something ends here.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// Where the page's forms may go.
    fn forms(&self) -> Forms {
        Forms::Own
    }

    /// Renders the page with its status and headers.
    fn respond(&self) -> Response {
        let html = match self.render() {
            Ok(html) => html,
            Err(error) => {
                // Only a failing `Display` of a field could cause it, and our fields' cannot fail.
                tracing::error!(error = %error, "a page could not be rendered");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        let policy = match self.forms() {
            Forms::Own => OWN_FORMS,
            Forms::Foreign => FOREIGN_FORM,
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (CONTENT_SECURITY_POLICY, policy),
            (REFERRER_POLICY, REFERRER),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (PERMISSIONS_POLICY, PERMISSIONS),
            (OPENER_POLICY, OPENER),
            (RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
        ];
        (self.status(), headers, html).into_response()
    }
}

/// Lets a handler return a page as its answer.
macro_rules! answers {
    ($($page:ident),+) => {$(
        impl IntoResponse for $page<'_> {
            fn into_response(self) -> Response {
                self.respond()
            }
        }
    )+};
}

answers!(
    Address,
    AutoPost,
    Certificate,
    Code,
    Connection,
    Federation,
    Invitation,
    Microsoft,
    Preflight,
    PreflightList,
    Problem,
    Recover,
    Recovery,
    Register,
    SignIn,
    SignedOut
);
