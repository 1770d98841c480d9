//! `/saml/{domain}/metadata` and `/certificate`: what an administrator, or Entra, fetches.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use identity::{DomainName, OrganizationId};
use jiff::Timestamp;
use keys::ring::{KeyRing, SigningKey};
use saml::metadata::EntityDescriptor;
use store::{Asking, Facts};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Certificate as CertificatePage, Entry, Page, Role};
use xmldsig::Certificate;

use crate::answer::message_id;
use crate::app::App;
use crate::failure::Failure;

/// The metadata of a domain, signed by its active key. A warm function gives the same document for
/// a minute, so that fetching it in a loop costs no signatures.
pub(super) async fn document(
    State(app): State<App>,
    Path(domain): Path<String>,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (org, domain) = app.domain(&domain, now).await?;
    let read = async || sign(&app, org, &domain, &request_id, now).await;
    let xml = app.metadata.get(domain.clone(), now, read);
    let headers =
        [(CONTENT_TYPE, "application/samlmetadata+xml"), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, xml.await?.to_string()).into_response())
}

async fn sign(
    app: &App,
    org: OrganizationId,
    domain: &DomainName,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Arc<str>, Failure> {
    let (facts, ring) = read(app, org, domain, now).await?;
    let issuer = &facts.domain.issuer;
    let certificates = ring.published().map(certificate_of).collect::<Vec<_>>();
    let unsigned = EntityDescriptor {
        id: &message_id(&*app.entropy),
        entity_id: issuer,
        sso_url: &facts.domain.sso_url(),
        slo_url: &facts.domain.slo_url(),
        certificates: &certificates.iter().collect::<Vec<_>>(),
        now,
    }
    .unsigned(&certificate_of(&ring.active))?;
    let signature = app.sign(&ring.active, unsigned.digest(), now).await?;
    app.audit_key(org, &ring.active, issuer, "metadata", request_id).await?;
    Ok(unsigned.finish(&signature).into())
}

fn certificate_of(key: &SigningKey) -> Certificate {
    Certificate::from_der(key.certificate.clone())
}

async fn read(
    app: &App,
    org: OrganizationId,
    domain: &DomainName,
    now: Timestamp,
) -> Result<(Facts, Arc<KeyRing>), Failure> {
    let asking = Asking { domain, answered: None, request: None, session: None, passkey: None };
    let facts = app.facts(org, &asking, now).await?;
    Ok((facts, app.ring(org, now).await?))
}

/// The certificates of a domain with their fingerprints, for comparing with what Entra shows.
pub(super) async fn certificate(
    State(app): State<App>,
    Path(domain): Path<String>,
    language: Language,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (org, domain) = app.domain(&domain, now).await?;
    let (facts, ring) = read(&app, org, &domain, now).await?;
    let issuer = &facts.domain.issuer;
    let entries = ring.published().zip([Role::Active, Role::Next]).map(|(key, role)| {
        Entry::new(&key.certificate, domain.as_str(), key.not_before, key.not_after, role)
    });
    let page = CertificatePage {
        language,
        organization: &facts.organization.name,
        domain: domain.as_str(),
        issuer,
        entries: &entries.collect::<Vec<_>>(),
        pem_url: &format!("{issuer}/certificate.pem"),
        metadata_url: &format!("{issuer}/metadata"),
    };
    Ok(page.respond())
}

/// The active certificate as PEM (RFC 7468 §5).
pub(super) async fn pem(
    State(app): State<App>,
    Path(domain): Path<String>,
) -> Result<Response, Failure> {
    let (domain, ring) = active(&app, &domain).await?;
    download(&domain, "pem", "application/x-pem-file", ring.active.pem().into_bytes())
}

/// The active certificate as DER (RFC 5280 §4.1).
pub(super) async fn der(
    State(app): State<App>,
    Path(domain): Path<String>,
) -> Result<Response, Failure> {
    let (domain, ring) = active(&app, &domain).await?;
    download(&domain, "cer", "application/pkix-cert", ring.active.certificate.clone())
}

async fn active(app: &App, domain: &str) -> Result<(DomainName, Arc<KeyRing>), Failure> {
    let now = app.clock.now();
    let (org, domain) = app.domain(domain, now).await?;
    Ok((domain, app.ring(org, now).await?))
}

fn download(
    domain: &DomainName,
    extension: &str,
    kind: &'static str,
    body: Vec<u8>,
) -> Result<Response, Failure> {
    let name = format!("attachment; filename=\"passerelle-{domain}.{extension}\"");
    let name = HeaderValue::try_from(name).map_err(|_| Failure::NotFound)?;
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}
