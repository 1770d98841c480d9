//! How things look in Graph's JSON.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use crate::directory::Directory;
use crate::federation::Domain;
use crate::graph_user::GraphUser;

/// What is shown of a user when nothing is selected.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// Properties of a user that exist without a field of their own.
const OTHERS: [&str; 11] = [
    "assignedLicenses",
    "createdDateTime",
    "deletedDateTime",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesSamAccountName",
    "passwordPolicies",
    "proxyAddresses",
    "signInSessionsValidFromDateTime",
    "usageLocation",
    "userType",
];

/// Every property of a user that has a value.
pub(crate) fn properties(user: &GraphUser) -> Map<String, Value> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(user) else { return Map::new() };
    // A relationship, not a property.
    all.remove("manager");
    all.entry("userType").or_insert_with(|| json!("Member"));
    all
}

/// Whether users have a property of this name.
pub(crate) fn is_property(name: &str) -> bool {
    name != "manager"
        && (OTHERS.contains(&name) || properties(&GraphUser::default()).contains_key(name))
}

/// Refuses what no user has.
pub(crate) fn check_select(select: &[String]) -> Result<(), Answer> {
    match select.iter().find(|name| !is_property(name)) {
        None => Ok(()),
        Some(name) => {
            let message =
                format!("Could not find a property named '{name}' on type 'microsoft.graph.user'.");
            Err(Answer::bad(&message))
        }
    }
}

/// A user with the selected properties, those without a value as null or as an empty list.
pub(crate) fn user(user: &GraphUser, select: Option<&[String]>) -> Value {
    let all = properties(user);
    let value = |name: &str| {
        let lists = ["assignedLicenses", "proxyAddresses"];
        let empty = if lists.contains(&name) { json!([]) } else { Value::Null };
        all.get(name).cloned().unwrap_or(empty)
    };
    let shown: Map<String, Value> = match select {
        Some(select) => select.iter().map(|name| (name.clone(), value(name))).collect(),
        None => DEFAULT.iter().map(|name| ((*name).to_owned(), value(name))).collect(),
    };
    let mut shown = shown;
    shown.insert("id".to_owned(), json!(user.id));
    Value::Object(shown)
}

/// Leaves what was selected, and the id.
pub(crate) fn selected(thing: Value, select: Option<&[String]>) -> Value {
    let (Value::Object(mut all), Some(select)) = (thing.clone(), select) else { return thing };
    all.retain(|name, _| name == "id" || select.contains(name));
    Value::Object(all)
}

/// A domain.
pub(crate) fn domain(directory: &Directory, domain: &Domain) -> Value {
    json!({
        "id": domain.id,
        "authenticationType": authentication(directory, &domain.id),
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": domain.is_default,
        "isInitial": is_initial(&domain.id),
        "isRoot": domain.is_root,
        "isVerified": domain.is_verified,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    })
}

/// The tenant.
pub(crate) fn organization(directory: &Directory) -> Value {
    let verified = directory.domains.values().filter(|domain| domain.is_verified);
    let verified: Vec<_> = verified
        .map(|domain| {
            json!({
                "name": domain.id,
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain.is_default,
                "isInitial": is_initial(&domain.id),
                "type": authentication(directory, &domain.id),
            })
        })
        .collect();
    json!({
        "id": directory.tenant_id,
        "displayName": directory.tenant_name,
        "tenantType": "AAD",
        "verifiedDomains": verified,
    })
}

fn is_initial(domain: &str) -> bool {
    domain.ends_with(".onmicrosoft.com")
}

fn authentication(directory: &Directory, domain: &str) -> &'static str {
    let root = directory.root_of(domain);
    if directory.federations.contains_key(&root) { "Federated" } else { "Managed" }
}
