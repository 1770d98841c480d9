//! What Entra matches our assertion by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::UserId;

/// The ImmutableID: opaque, compared byte for byte, at most 64 characters.
///
/// A synced user's is `base64(objectGUID)`, so every printable ASCII character is taken as it
/// comes; one that we mint is the user id, which has nothing that Graph refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Anchor(String);

impl Anchor {
    /// The anchor of somebody who brings none: the user id as 32 lower-case hexadecimal digits.
    pub fn of(user: UserId) -> Self {
        Self(user.to_string())
    }

    /// Whether Graph takes it: it refuses `$` and `_`, which other ways into the directory let pass.
    pub fn is_legal(&self) -> bool {
        !self.0.contains(['$', '_'])
    }

    /// The anchor, exactly as Entra holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is empty, longer than 64 characters, or holds white space or non-ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an anchor of 1 to 64 printable characters")]
pub struct NotAnAnchor;

impl FromStr for Anchor {
    type Err = NotAnAnchor;

    fn from_str(text: &str) -> Result<Self, NotAnAnchor> {
        let good = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if good { Ok(Self(text.to_owned())) } else { Err(NotAnAnchor) }
    }
}

impl TryFrom<String> for Anchor {
    type Error = NotAnAnchor;

    fn try_from(text: String) -> Result<Self, NotAnAnchor> {
        text.parse()
    }
}

impl From<Anchor> for String {
    fn from(anchor: Anchor) -> Self {
        anchor.0
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn case_is_part_of_an_anchor_and_64_is_its_last_length() {
        let longest = "a".repeat(64);
        let longer = "a".repeat(65);
        let cases = [
            ("fs2GqFnzsU2wAAAAAAAAAA==", true),
            (&*longest, true),
            (&*longer, false),
            ("", false),
            ("a b", false),
            ("ä", false),
        ];
        for (text, good) in cases {
            assert_eq!(text.parse::<Anchor>().is_ok(), good, "{text}");
        }
        assert_ne!("Ab".parse::<Anchor>().unwrap(), "ab".parse::<Anchor>().unwrap());
        for (text, legal) in [("fs2GqFnzsU2wAAAAAAAAAA==", true), ("a_b", false), ("a$", false)] {
            assert_eq!(text.parse::<Anchor>().unwrap().is_legal(), legal, "{text}");
        }
    }
}
