//! A user of the directory, as far as we ask.

use serde::Deserialize;
use uuid::Uuid;

use crate::told::Told;

/// What is asked of every user, always by name: half of it is not in Graph's default set.
pub(crate) const SELECT: &str = "id,userPrincipalName,displayName,givenName,surname,mail,otherMails,\
                                 mobilePhone,preferredLanguage,department,country,accountEnabled,\
                                 onPremisesImmutableId,onPremisesSyncEnabled,userType,usageLocation";

/// Counts what was selected over time, and kept of it. What is selected stays fixed in a link for every
/// round behind it: by one of a lower number less is told than is wanted now.
pub const USER_SELECTION: u32 = 1;

/// A user of the directory, or what a round of changes says of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryUser {
    /// The object id, which never changes.
    pub id: Uuid,
    /// The sign-in name.
    #[serde(default)]
    pub user_principal_name: Told<String>,
    /// The name shown to people.
    #[serde(default)]
    pub display_name: Told<String>,
    /// The given name.
    #[serde(default)]
    pub given_name: Told<String>,
    /// The family name.
    #[serde(default)]
    pub surname: Told<String>,
    /// The primary work address.
    #[serde(default)]
    pub mail: Told<String>,
    /// Further addresses, the personal ones among them.
    #[serde(default)]
    pub other_mails: Told<Vec<String>>,
    /// The mobile number.
    #[serde(default)]
    pub mobile_phone: Told<String>,
    /// The language in which the user is addressed.
    #[serde(default)]
    pub preferred_language: Told<String>,
    /// The department.
    #[serde(default)]
    pub department: Told<String>,
    /// The country, as free text.
    #[serde(default)]
    pub country: Told<String>,
    /// Whether the user may sign in.
    #[serde(default)]
    pub account_enabled: Told<bool>,
    /// The anchor.
    #[serde(default)]
    pub on_premises_immutable_id: Told<String>,
    /// Whether the user is mastered on-premises.
    #[serde(default)]
    pub on_premises_sync_enabled: Told<bool>,
    /// `Member` or `Guest`.
    #[serde(default)]
    pub user_type: Told<String>,
    /// The country whose services a licence may bring, two letters.
    #[serde(default)]
    pub usage_location: Told<String>,
    /// That the user is not in the directory any more.
    #[serde(default, rename = "@removed")]
    pub removed: Option<Removal>,
}

impl DirectoryUser {
    /// Whether the directory is only a copy, and the anchor therefore not ours to write.
    pub fn is_synced(&self) -> bool {
        self.on_premises_sync_enabled.value() == Some(&true)
    }
}

/// How a user left the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum Removal {
    /// Into the recycle bin, from where the user may come back.
    Changed,
    /// For good.
    Deleted,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_empty() {
        let user: DirectoryUser = serde_json::from_str(
            r#"{"id":"7c2f1a34-0f8e-4a7f-9a51-2d1f0c9be001","mail":null,"otherMails":[],
                "accountEnabled":false,"extension_0123456789abcdef0123456789abcdef_x":1}"#,
        )
        .unwrap();

        assert_eq!(user.display_name, Told::Unsaid);
        assert_eq!(user.mail, Told::Empty);
        assert_eq!(user.other_mails, Told::Value(Vec::new()));
        assert_eq!(user.account_enabled, Told::Value(false));
        assert_eq!(user.removed, None);
        assert!(!user.is_synced());
    }

    #[test]
    fn a_removal_says_whether_it_is_for_good() {
        let read = |reason: &str| {
            let id = "7c2f1a34-0f8e-4a7f-9a51-2d1f0c9be001";
            let text = format!(r#"{{"id":"{id}","@removed":{{"reason":"{reason}"}}}}"#);
            serde_json::from_str::<DirectoryUser>(&text).map(|user| user.removed)
        };

        assert_eq!(read("changed").unwrap(), Some(Removal::Changed));
        assert_eq!(read("deleted").unwrap(), Some(Removal::Deleted));
        assert!(read("moved").is_err());
    }

    #[test]
    fn every_property_that_is_read_is_asked_for() {
        let asked: Vec<_> = SELECT.split(',').collect();
        // The names that serde knows, from its own complaint about a field of the wrong kind.
        for name in &asked {
            let id = "7c2f1a34-0f8e-4a7f-9a51-2d1f0c9be001";
            let text = match *name {
                "id" => r#"{"id":{}}"#.to_owned(),
                name => format!(r#"{{"id":"{id}","{name}":{{"wrong":1}}}}"#),
            };
            assert!(serde_json::from_str::<DirectoryUser>(&text).is_err(), "{name} is not read");
        }
        assert_eq!(asked.len(), 16);
    }

    #[test]
    fn another_selection_has_another_number() {
        // Links that lead to less must be told from those of today: whoever changes one changes the other.
        let selected = "id,userPrincipalName,displayName,givenName,surname,mail,otherMails,\
                        mobilePhone,preferredLanguage,department,country,accountEnabled,\
                        onPremisesImmutableId,onPremisesSyncEnabled,userType,usageLocation";
        assert_eq!((USER_SELECTION, SELECT), (1, selected));
    }
}
