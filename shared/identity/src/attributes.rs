//! What a directory says of a person besides who they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Address;

/// What a directory says of a person besides who they are: rules and claims go by it.
///
/// Of whoever a provisioning client keeps, the client says it, and it stands with whatever else the
/// client says of them: then nothing of it is here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<AttributeValue>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surname: Option<AttributeValue>,
    /// The primary work address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<Address>,
    /// The mobile number, however it is spelled there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<AttributeValue>,
    /// The department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<AttributeValue>,
    /// The country, by whatever name the directory has for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<AttributeValue>,
}

impl Attributes {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A line of 1 to 128 characters, without space around it: as long as Entra lets any of these be.
///
/// ```
/// let department: identity::AttributeValue = " Research & Development ".parse()?;
/// assert_eq!(department.as_str(), "Research & Development");
/// assert!("two\nlines".parse::<identity::AttributeValue>().is_err());
/// # Ok::<(), identity::NotAnAttributeValue>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttributeValue(String);

impl AttributeValue {
    /// How many characters it has at the most.
    pub const MOST: usize = 128;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is blank, longer than 128 characters, or holds control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a line of 1 to 128 characters")]
pub struct NotAnAttributeValue;

impl FromStr for AttributeValue {
    type Err = NotAnAttributeValue;

    fn from_str(text: &str) -> Result<Self, NotAnAttributeValue> {
        let text = text.trim();
        let good =
            (1..=Self::MOST).contains(&text.chars().count()) && !text.contains(char::is_control);
        if good { Ok(Self(text.to_owned())) } else { Err(NotAnAttributeValue) }
    }
}

impl TryFrom<String> for AttributeValue {
    type Error = NotAnAttributeValue;

    fn try_from(text: String) -> Result<Self, NotAnAttributeValue> {
        text.parse()
    }
}

impl From<AttributeValue> for String {
    fn from(value: AttributeValue) -> Self {
        value.0
    }
}

impl fmt::Debug for AttributeValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_line_of_1_to_128_characters() {
        let (longest, too_long) = ("é".repeat(128), "é".repeat(129));
        let cases = [
            ("Sales", Some("Sales")),
            (" Sales & Marketing\t", Some("Sales & Marketing")),
            (&longest, Some(&*longest)),
            (&too_long, None),
            ("", None),
            (" \n", None),
            ("Sales\nMarketing", None),
            ("Sales\u{85}Marketing", None),
        ];
        for (text, expected) in cases {
            let read = text.parse::<AttributeValue>().ok();
            assert_eq!(read.as_ref().map(AttributeValue::as_str), expected, "{text:?}");
        }
    }
}
