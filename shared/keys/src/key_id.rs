//! Which key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name that KMS takes.
const MAX_LENGTH: usize = 2048;

/// The name of a KMS key: its ARN, its id, or `alias/` and a name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// Why a text is no name of a KMS key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a key is named by an ARN, an id or an alias: 1 to 2048 letters, digits and :/_-")]
pub struct KeyIdError;

impl KeyId {
    /// Reads the name of a key.
    ///
    /// # Errors
    /// [`KeyIdError`] when the text is empty, too long, or has a character that no key's name has.
    pub fn parse(text: impl Into<String>) -> Result<Self, KeyIdError> {
        let text = text.into();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
        if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(known) {
            return Err(KeyIdError);
        }
        Ok(Self(text))
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl From<KeyId> for String {
    fn from(key: KeyId) -> Self {
        key.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_ids_and_aliases_are_names_and_nothing_else_is() {
        let cases = [
            (
                "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                true,
            ),
            ("arn:aws:kms:eu-central-1:111122223333:alias/passerelle-federation", true),
            ("1234abcd-12ab-34cd-56ef-1234567890ab", true),
            ("mrk-1234abcd12ab34cd56ef1234567890ab", true),
            ("alias/federation_1", true),
            ("", false),
            ("alias/two words", false),
            ("alias/line\nbreak", false),
            ("alias/clé", false),
        ];
        for (text, good) in cases {
            assert_eq!(KeyId::parse(text).is_ok(), good, "{text:?}");
        }
        assert!(KeyId::parse("a".repeat(2048)).is_ok());
        assert_eq!(KeyId::parse("a".repeat(2049)), Err(KeyIdError));
    }
}
