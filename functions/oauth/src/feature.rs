//! What a connection can be good for, and what it needs.

use graph::Permission;
use store::{Connection, Feature, Stage};

/// Every feature, in the order of the page.
pub(crate) const ALL: [Feature; 2] = [Feature::ReadUsers, Feature::WriteUsers];

/// The word in our URLs.
pub(crate) const fn word(feature: Feature) -> &'static str {
    match feature {
        Feature::ReadUsers => "read-users",
        Feature::WriteUsers => "write-users",
    }
}

/// Reads the word of a URL.
pub(crate) fn parse(text: &str) -> Option<Feature> {
    ALL.into_iter().find(|feature| word(*feature) == text)
}

/// The narrowest permissions that it needs.
pub(crate) const fn permissions(feature: Feature) -> &'static [Permission] {
    match feature {
        Feature::ReadUsers => &[Permission::UserRead, Permission::DomainRead],
        Feature::WriteUsers => &[Permission::UserReadWrite],
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
        for feature in ALL {
            assert_eq!(parse(word(feature)), Some(feature));
            assert!(!permissions(feature).is_empty());
        }
        assert_eq!(parse("everything"), None);
    }
}
