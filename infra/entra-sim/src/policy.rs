//! The federated-token-validation policy: whose domain must match whose.

use serde::{Deserialize, Serialize};

/// For which users' domains the trust's root domain must equal the user's root domain.
///
/// Graph's `federatedTokenValidationPolicy.validatingDomains`; a mismatch is AADSTS5000820.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rootDomains", content = "domainNames", rename_all = "camelCase")]
pub enum RootDomains {
    /// Nothing is compared: any trust of the tenant may assert any user.
    None,
    /// Every user's domain must match.
    #[default]
    All,
    /// A user of a federated domain must match.
    AllFederated,
    /// A user of a managed domain must match, which such a user never does.
    AllManaged,
    /// A user of one of these root domains must match.
    Enumerated(Vec<String>),
    /// A user of a managed domain, or of one of these federated root domains, must match.
    AllManagedAndEnumeratedFederated(Vec<String>),
}

/// How the user's own domain signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    Managed,
    Federated,
}

impl RootDomains {
    /// Whether a user of the root domain `user_root` may be asserted by a trust on `trust_root`.
    pub(crate) fn allows(
        &self,
        trust_root: &str,
        user_root: &str,
        user_domain: Authentication,
    ) -> bool {
        let federated = user_domain == Authentication::Federated;
        let listed = |names: &[String]| names.iter().any(|n| n.eq_ignore_ascii_case(user_root));
        let compared = match self {
            Self::None => false,
            Self::All => true,
            Self::AllFederated => federated,
            Self::AllManaged => !federated,
            Self::Enumerated(names) => listed(names),
            Self::AllManagedAndEnumeratedFederated(names) => !federated || listed(names),
        };
        !compared || trust_root.eq_ignore_ascii_case(user_root)
    }
}

#[cfg(test)]
mod tests {
    use super::Authentication::{Federated, Managed};
    use super::*;

    #[test]
    fn a_domain_must_match_only_where_the_policy_looks() {
        let listed = vec!["fabrikam.test".to_owned()];
        let other = vec!["other.test".to_owned()];
        let cases = [
            // policy, the user's domain, whether contoso.test may assert a fabrikam.test user
            (RootDomains::None, Managed, true),
            (RootDomains::None, Federated, true),
            (RootDomains::All, Managed, false),
            (RootDomains::All, Federated, false),
            (RootDomains::AllFederated, Managed, true),
            (RootDomains::AllFederated, Federated, false),
            (RootDomains::AllManaged, Managed, false),
            (RootDomains::AllManaged, Federated, true),
            (RootDomains::Enumerated(listed.clone()), Federated, false),
            (RootDomains::Enumerated(other.clone()), Federated, true),
            (RootDomains::AllManagedAndEnumeratedFederated(other.clone()), Managed, false),
            (RootDomains::AllManagedAndEnumeratedFederated(other), Federated, true),
            (RootDomains::AllManagedAndEnumeratedFederated(listed), Federated, false),
        ];
        for (policy, domain, allowed) in cases {
            let seen = policy.allows("contoso.test", "fabrikam.test", domain);
            assert_eq!(seen, allowed, "{policy:?} {domain:?}");
            assert!(policy.allows("contoso.test", "Contoso.test", domain), "{policy:?}");
        }
    }

    #[test]
    fn its_json_is_that_of_graph() {
        let policy = RootDomains::Enumerated(vec!["a.test".to_owned()]);

        let json = serde_json::to_value(&policy).ok();

        let expected = serde_json::json!({"rootDomains": "enumerated", "domainNames": ["a.test"]});
        assert_eq!(json, Some(expected));
        let all: Option<RootDomains> = serde_json::from_str(r#"{"rootDomains":"all"}"#).ok();
        assert_eq!(all, Some(RootDomains::All));
    }
}
