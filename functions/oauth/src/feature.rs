//! What a connection can be good for, and what it needs.

use graph::Permission;
use store::{Connection, Feature, Stage};
use web::page::Purpose;

/// Reads the word of a URL.
pub(crate) fn parse(text: &str) -> Option<Feature> {
    Feature::ALL.into_iter().find(|feature| feature.word() == text)
}

/// What its application is good for: what needs least comes first.
pub(crate) const fn purposes(feature: Feature) -> &'static [Purpose] {
    match feature {
        Feature::ReadUsers => &[Purpose::Read],
        Feature::WriteUsers => &[Purpose::EndAccess, Purpose::Change],
    }
}

/// The narrowest permissions that a purpose needs.
pub(crate) const fn permissions(purpose: Purpose) -> &'static [Permission] {
    match purpose {
        Purpose::Read => &[Permission::UserRead],
        Purpose::EndAccess => &[
            Permission::UserRevokeSessions,
            Permission::UserEnableDisable,
            // Entra lets nobody enable or disable an account who may not read it.
            Permission::UserRead,
        ],
        Purpose::Change => &[Permission::UserReadWrite],
    }
}

/// The documented wider permission that covers them all, for whoever cannot grant the narrow ones.
pub(crate) const fn wider(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Read => "Directory.Read.All",
        Purpose::EndAccess => "User.ReadWrite.All",
        Purpose::Change => "Directory.ReadWrite.All",
    }
}

/// Whether it can be consented to as the connection stands: writing builds on reading.
pub(crate) fn is_offered(feature: Feature, connection: Option<&Connection>) -> bool {
    match feature {
        Feature::ReadUsers => true,
        Feature::WriteUsers => connection.is_some_and(|one| one.stage == Stage::Connected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_has_a_word_of_its_own_and_needs_something() {
        for feature in Feature::ALL {
            assert_eq!(parse(feature.word()), Some(feature));
            assert!(!purposes(feature).is_empty());
            for purpose in purposes(feature) {
                assert!(!permissions(*purpose).is_empty());
                for permission in permissions(*purpose) {
                    assert!(permission.is_covered_by([wider(*purpose)]), "{permission}");
                }
            }
        }
        assert_eq!(parse("everything"), None);
    }
}
