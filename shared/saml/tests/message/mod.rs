//! One message of each kind, with fixed values.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test binary uses its own part")]

use jiff::Timestamp;
use saml::Certificate;
use saml::logout::LogoutResponse;
use saml::metadata::EntityDescriptor;
use saml::response::{Answer, AuthnContext, Declined};

pub(crate) const ISSUER: &str = "https://login.contoso.test/saml/contoso.test";
pub(crate) const ENTRA_URL: &str = "https://login.microsoftonline.com/login.srf";

pub(crate) fn now() -> Timestamp {
    "2026-08-21T09:15:30.123456Z".parse().unwrap()
}

pub(crate) fn certificate() -> Certificate {
    Certificate::from_der(vec![0x30, 0x03, 0x02, 0x01, 0x2A])
}

pub(crate) fn answer() -> Answer<'static> {
    Answer {
        response_id: "_11111111-1111-4111-8111-111111111111",
        assertion_id: "_22222222-2222-4222-8222-222222222222",
        issuer: ISSUER,
        reply_url: ENTRA_URL,
        in_response_to: "_3f0c6c2e-1f52-4b53-9d1e-0a1b2c3d4e5f",
        now: now(),
        anchor: "Ab+/cdEF0123456789==",
        upn: "ada@contoso.test",
        authn_instant: "2026-08-21T08:00:00Z".parse().unwrap(),
        context: AuthnContext::MultipleAuthn,
        session_index: "_33333333-3333-4333-8333-333333333333",
    }
}

pub(crate) fn declined() -> Declined<'static> {
    Declined {
        response_id: "_11111111-1111-4111-8111-111111111111",
        issuer: ISSUER,
        reply_url: ENTRA_URL,
        in_response_to: "_3f0c6c2e-1f52-4b53-9d1e-0a1b2c3d4e5f",
        now: now(),
    }
}

pub(crate) fn logout() -> LogoutResponse<'static> {
    LogoutResponse {
        id: "_11111111-1111-4111-8111-111111111111",
        issuer: ISSUER,
        destination: ENTRA_URL,
        in_response_to: "_b1",
        now: now(),
    }
}

pub(crate) fn metadata<'a>(certificates: &'a [&'a Certificate]) -> EntityDescriptor<'a> {
    EntityDescriptor {
        id: "_11111111-1111-4111-8111-111111111111",
        entity_id: ISSUER,
        sso_url: "https://login.contoso.test/saml/contoso.test/sso",
        slo_url: "https://login.contoso.test/saml/contoso.test/slo",
        certificates,
        now: now(),
    }
}
