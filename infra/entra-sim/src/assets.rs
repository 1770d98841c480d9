//! Style, script and icon of the pages, and the metadata of the simulated Entra.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::saml::{DSIG, MICROSOFT_ONLINE, PERSISTENT, PROTOCOL};

/// `GET /assets/style.css`.
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/style.css"))
}

/// `GET /assets/post.js`: posts the form of the page.
pub(crate) async fn post_script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../assets/post.js"))
}

/// `GET /assets/icon.svg`.
pub(crate) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("../assets/icon.svg"))
}

/// `GET /federationmetadata/saml20/federationmetadata.xml`: the certificate of signed requests.
pub(crate) async fn metadata(State(app): State<Arc<App>>) -> Response {
    let Ok(key) = app.request_key() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let metadata = format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"{MICROSOFT_ONLINE}\"><SPSSODescriptor WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"{PROTOCOL}\"><KeyDescriptor use=\"signing\">\
         <KeyInfo xmlns=\"{DSIG}\"><X509Data><X509Certificate>{}</X509Certificate></X509Data>\
         </KeyInfo></KeyDescriptor><SingleLogoutService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{url}\"/>\
         <NameIDFormat>{PERSISTENT}</NameIDFormat><AssertionConsumerService index=\"0\" \
         isDefault=\"true\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"{url}\"/></SPSSODescriptor></EntityDescriptor>",
        key.certificate(),
        url = app.site.login_srf_url(),
    );
    ([(CONTENT_TYPE, "application/samlmetadata+xml")], metadata).into_response()
}
