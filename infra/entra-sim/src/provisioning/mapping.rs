//! The attribute mappings: which property of a user becomes which SCIM attribute.

use super::settings::Mapping;
use super::target::{ENTERPRISE, PASSERELLE, Target};
use crate::graph_user::GraphUser;

/// One row of the mapping table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The source expression as the portal shows it.
    pub(crate) source: &'static str,
    pub(crate) target: Target,
    pub(crate) read: fn(&GraphUser) -> Option<String>,
}

const fn rule(
    source: &'static str,
    target: Target,
    read: fn(&GraphUser) -> Option<String>,
) -> Rule {
    Rule { source, target, read }
}

/// The target of the user's state, whose source is the switch on `IsSoftDeleted`.
pub(crate) const ACTIVE: Target = Target::Plain("active");
/// The source expression of [`ACTIVE`].
pub(crate) const SWITCH: &str =
    "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")";
/// The target of the manager's reference.
pub(crate) const MANAGER: Target = Target::Extension { schema: ENTERPRISE, attribute: "manager" };
/// The target that the default mapping matches by.
pub(crate) const USER_NAME: Target = Target::Plain("userName");
/// The target of the identifier that the client chooses.
pub(crate) const EXTERNAL_ID: Target = Target::Plain("externalId");

const fn typed(attribute: &'static str, kind: &'static str, part: &'static str) -> Target {
    Target::Typed { attribute, kind, part }
}

const fn enterprise(attribute: &'static str) -> Target {
    Target::Extension { schema: ENTERPRISE, attribute }
}

const fn passerelle(attribute: &'static str) -> Target {
    Target::Extension { schema: PASSERELLE, attribute }
}

/// What both mappings have, in the order of the portal; the state and the manager are apart.
const ALIKE: [Rule; 18] = [
    rule("userPrincipalName", USER_NAME, |user| Some(user.user_principal_name.clone())),
    rule("displayName", Target::Plain("displayName"), |user| present(&user.display_name)),
    rule("jobTitle", Target::Plain("title"), |user| user.job_title.clone()),
    rule("mail", typed("emails", "work", "value"), |user| user.mail.clone()),
    rule("preferredLanguage", Target::Plain("preferredLanguage"), |user| {
        user.preferred_language.clone()
    }),
    rule("givenName", Target::Part("name", "givenName"), |user| user.given_name.clone()),
    rule("surname", Target::Part("name", "familyName"), |user| user.surname.clone()),
    rule("physicalDeliveryOfficeName", typed("addresses", "work", "formatted"), |user| {
        user.office_location.clone()
    }),
    rule("streetAddress", typed("addresses", "work", "streetAddress"), |user| {
        user.street_address.clone()
    }),
    rule("city", typed("addresses", "work", "locality"), |user| user.city.clone()),
    rule("state", typed("addresses", "work", "region"), |user| user.state.clone()),
    rule("postalCode", typed("addresses", "work", "postalCode"), |user| user.postal_code.clone()),
    rule("country", typed("addresses", "work", "country"), |user| user.country.clone()),
    rule("telephoneNumber", typed("phoneNumbers", "work", "value"), |user| {
        user.business_phones.first().cloned()
    }),
    rule("mobile", typed("phoneNumbers", "mobile", "value"), |user| user.mobile_phone.clone()),
    rule("facsimileTelephoneNumber", typed("phoneNumbers", "fax", "value"), |user| {
        user.fax_number.clone()
    }),
    rule("employeeId", enterprise("employeeNumber"), |user| user.employee_id.clone()),
    rule("department", enterprise("department"), |user| user.department.clone()),
];

const FORMATTED: Target = Target::Part("name", "formatted");

const DEFAULT: [Rule; 2] = [
    rule("Join(\" \", [givenName], [surname])", FORMATTED, formatted),
    rule("mailNickname", EXTERNAL_ID, nickname),
];

const RECOMMENDED: [Rule; 4] = [
    rule("displayName", FORMATTED, |user| present(&user.display_name)),
    rule("objectId", EXTERNAL_ID, |user| Some(user.id.clone())),
    rule("onPremisesImmutableId", passerelle("immutableId"), |user| {
        user.on_premises_immutable_id.clone()
    }),
    rule("Item([otherMails], 1)", passerelle("personalEmail"), |user| {
        user.other_mails.first().cloned()
    }),
];

impl Mapping {
    /// The rows but for the state and the manager.
    pub(crate) fn rules(self) -> Vec<Rule> {
        let own: &[Rule] = match self {
            Self::Default => &DEFAULT,
            Self::Recommended => &RECOMMENDED,
        };
        ALIKE.iter().chain(own).copied().collect()
    }

    /// The matching attributes in their precedence.
    pub(crate) fn matching(self) -> &'static [Target] {
        match self {
            Self::Default => &[USER_NAME],
            Self::Recommended => &[EXTERNAL_ID, USER_NAME],
        }
    }

    /// The user's value of a matching attribute.
    pub(crate) fn matching_value(self, target: Target, user: &GraphUser) -> Option<String> {
        self.rules()
            .into_iter()
            .find(|rule| rule.target == target)
            .and_then(|rule| (rule.read)(user))
    }
}

/// The mapping table as the portal shows it: source, target, matching precedence.
pub(crate) fn rows(mapping: Mapping) -> Vec<(&'static str, String, Option<usize>)> {
    let rules = mapping.rules();
    let rules = rules.iter().map(|rule| (rule.source, rule.target));
    let all = rules.chain([(SWITCH, ACTIVE), ("manager", MANAGER)]);
    let precedence = |target| mapping.matching().iter().position(|found| *found == target);
    all.map(|(source, target)| {
        (source, target.to_string(), precedence(target).map(|place| place + 1))
    })
    .collect()
}

fn present(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn formatted(user: &GraphUser) -> Option<String> {
    let parts: Vec<&str> =
        user.given_name.iter().chain(&user.surname).map(String::as_str).collect();
    present(&parts.join(" "))
}

/// Entra makes the alias from the sign-in name when nobody chose one.
fn nickname(user: &GraphUser) -> Option<String> {
    let made = || user.user_principal_name.split('@').next().and_then(present);
    user.mail_nickname.clone().or_else(made)
}
