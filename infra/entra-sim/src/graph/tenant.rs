//! The tenant, its domains, and how they are federated.

use serde_json::{Value, json};

use super::answer::{Answer, set};
use super::request::Request;
use super::shape;
use crate::app::App;
use crate::oauth::account::GLOBAL_ADMINISTRATOR;

/// Templates of the roles that may see how a domain is federated: Domain Name, External Identity
/// Provider, Hybrid Identity, Security and Global Administrator, Security and Global Reader.
const FEDERATION_ROLES: [&str; 7] = [
    "8329153b-31d0-4727-b945-745eb3bc5f31",
    "be2f45a1-457d-42af-a067-6ec1fa63bc45",
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
    "194ae4cb-b126-40b2-bd5b-6091b380977d",
    GLOBAL_ADMINISTRATOR,
    "5d6b6bb7-de71-4623-b4af-96380a352509",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
];

/// `GET /organization`.
pub(crate) fn organization(app: &App, request: &Request) -> Result<Answer, Answer> {
    may_read_organization(request)?;
    request.query.only(&["$select"])?;
    let select = request.query.select();
    let found = shape::selected(shape::organization(&app.directory()), select.as_deref());
    Ok(list(app, "organization", vec![found]))
}

/// Another tenant, which has a name and nothing else.
pub(crate) fn foreign(app: &App, request: &Request) -> Result<Answer, Answer> {
    let tenant = request.claims.tid.as_str();
    if request.method != "GET" || request.path != ["organization"] {
        return Err(Answer::error(400, "BadRequest", "Resource not found for the segment."));
    }
    may_read_organization(request)?;
    let name = app.oauth().known.tenants.get(tenant).map(|tenant| tenant.name.clone());
    let found = json!({ "id": tenant, "displayName": name, "verifiedDomains": [] });
    Ok(list(app, "organization", vec![found]))
}

/// `GET /domains`.
pub(crate) fn domains(app: &App, request: &Request) -> Result<Answer, Answer> {
    may_read_domains(request)?;
    request.query.only(&["$select"])?;
    let select = request.query.select();
    let directory = app.directory();
    let all = directory.domains.values();
    let all =
        all.map(|domain| shape::selected(shape::domain(&directory, domain), select.as_deref()));
    let all = all.collect();
    drop(directory);
    Ok(list(app, "domains", all))
}

/// `GET /domains/{id}`.
pub(crate) fn domain(app: &App, request: &Request, name: &str) -> Result<Answer, Answer> {
    may_read_domains(request)?;
    request.query.only(&["$select"])?;
    let directory = app.directory();
    let found = directory.domains.get(&name.to_ascii_lowercase());
    let found = found.ok_or_else(|| Answer::not_found(name))?;
    let select = request.query.select();
    Ok(Answer::ok(shape::selected(shape::domain(&directory, found), select.as_deref())))
}

/// `GET /domains/{id}/federationConfiguration`: one, or none.
pub(crate) fn federation(app: &App, request: &Request, name: &str) -> Result<Answer, Answer> {
    let permissions = [
        "Domain-InternalFederation.Read.All",
        "Domain-InternalFederation.ReadWrite.All",
        "Domain.ReadWrite.All",
    ];
    // Older pages of Microsoft's name it for whoever acts with their own rights.
    let delegated = [permissions.as_slice(), &["Domain.Read.All"]].concat();
    if !request.claims.lets_somebody(&delegated, &FEDERATION_ROLES) {
        request.needs(&permissions)?;
    }
    request.query.only(&["$select"])?;
    let name = name.to_ascii_lowercase();
    let found = {
        let directory = app.directory();
        if !directory.domains.contains_key(&name) {
            return Err(Answer::not_found(&name));
        }
        directory.federations.get(&name).cloned()
    };
    let select = request.query.select();
    let shown = found.iter().filter_map(|found| serde_json::to_value(found).ok());
    let shown = shown.map(|found| {
        let mut found = shape::selected(found, select.as_deref());
        set(&mut found, "@odata.type", json!("#microsoft.graph.internalDomainFederation"));
        found
    });
    Ok(list(app, "domains/federationConfiguration", shown.collect()))
}

fn may_read_organization(request: &Request) -> Result<(), Answer> {
    request.needs(&[
        "Organization.Read.All",
        "Organization.ReadWrite.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ])
}

fn may_read_domains(request: &Request) -> Result<(), Answer> {
    let permissions = [
        "Domain.Read.All",
        "Domain.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ];
    // Every member may read them; the permission alone decides.
    if request.claims.lets(&permissions) { Ok(()) } else { request.needs(&permissions) }
}

fn list(app: &App, what: &str, value: Vec<Value>) -> Answer {
    let context = format!("{}/$metadata#{what}", app.graph_url());
    Answer::ok(json!({ "@odata.context": context, "value": value }))
}
