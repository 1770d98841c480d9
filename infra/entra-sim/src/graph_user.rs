//! A user as Microsoft Graph shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A user of the tenant, with the names and shapes of Graph's `user` resource.
///
/// What is not named here is kept in [`more`](Self::more) and given back unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GraphUser {
    /// The object id, a GUID; minted when it is empty.
    pub id: String,
    /// The sign-in name, unique in the tenant whatever its case.
    pub user_principal_name: String,
    /// The name shown to people.
    pub display_name: String,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub surname: Option<String>,
    /// The primary work address.
    pub mail: Option<String>,
    /// Further addresses, the personal ones among them.
    pub other_mails: Vec<String>,
    /// The alias, neither immutable nor unique; made from the sign-in name when it is absent.
    pub mail_nickname: Option<String>,
    /// The numbers at work; the first one is provisioned.
    pub business_phones: Vec<String>,
    /// The mobile number.
    pub mobile_phone: Option<String>,
    /// The fax number.
    pub fax_number: Option<String>,
    /// The title at work.
    pub job_title: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// The number of the employee.
    pub employee_id: Option<String>,
    /// The language in which the user is addressed.
    pub preferred_language: Option<String>,
    /// The office's name.
    pub office_location: Option<String>,
    /// Street and number.
    pub street_address: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The state or province.
    pub state: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The object id of the manager, which Graph shows as a relationship.
    pub manager: Option<String>,
    /// Whether the user may sign in; true unless said otherwise.
    pub account_enabled: bool,
    /// The anchor that a federated identity provider asserts, compared case-sensitively.
    pub on_premises_immutable_id: Option<String>,
    /// Whether the user is mastered on-premises; absent for a cloud user.
    pub on_premises_sync_enabled: Option<bool>,
    /// Every other property that was given.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

impl Default for GraphUser {
    fn default() -> Self {
        Self {
            id: String::new(),
            user_principal_name: String::new(),
            display_name: String::new(),
            given_name: None,
            surname: None,
            mail: None,
            other_mails: Vec::new(),
            mail_nickname: None,
            business_phones: Vec::new(),
            mobile_phone: None,
            fax_number: None,
            job_title: None,
            department: None,
            employee_id: None,
            preferred_language: None,
            office_location: None,
            street_address: None,
            city: None,
            state: None,
            postal_code: None,
            country: None,
            manager: None,
            account_enabled: true,
            on_premises_immutable_id: None,
            on_premises_sync_enabled: None,
            more: BTreeMap::new(),
        }
    }
}

impl GraphUser {
    /// The domain part of the sign-in name in lower case.
    #[must_use]
    pub fn domain(&self) -> Option<String> {
        domain_of(&self.user_principal_name)
    }
}

/// The part behind the `@` of an address in lower case, when both parts are there.
pub(crate) fn domain_of(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    if local.is_empty() || domain.is_empty() || local.contains('@') {
        return None;
    }
    Some(domain.to_ascii_lowercase())
}
