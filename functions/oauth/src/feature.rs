//! What a connection can be good for, and what it needs.

use graph::Permission;
use store::{Connection, Feature, Stage};

/// Reads the word of a URL.
pub(crate) fn parse(text: &str) -> Option<Feature> {
    Feature::ALL.into_iter().find(|feature| feature.word() == text)
}

/// The narrowest permissions that it needs.
pub(crate) const fn permissions(feature: Feature) -> &'static [Permission] {
    match feature {
        Feature::ReadUsers => &[Permission::UserRead],
        Feature::WriteUsers => &[Permission::UserReadWrite],
    }
}

/// The documented wider permission that covers them all, for whoever cannot grant the narrow ones.
pub(crate) const fn wider(feature: Feature) -> &'static str {
    match feature {
        Feature::ReadUsers => "Directory.Read.All",
        Feature::WriteUsers => "Directory.ReadWrite.All",
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
            assert!(!permissions(feature).is_empty());
            for permission in permissions(feature) {
                assert!(permission.is_covered_by([wider(feature)]), "{permission}");
            }
        }
        assert_eq!(parse("everything"), None);
    }
}
