//! What an answer said of a property.

use serde::{Deserialize, Deserializer};

/// What an answer said of a property. A round of changes leaves out what did not change, so what is
/// not said is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Told<T> {
    /// Nothing: whatever was known of it stands.
    #[default]
    Unsaid,
    /// That it has no value.
    Empty,
    /// Its value.
    Value(T),
}

impl<T> Told<T> {
    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unsaid | Self::Empty => None,
        }
    }

    /// Whether anything was said.
    pub fn is_said(&self) -> bool {
        !matches!(self, Self::Unsaid)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(deserializer)?;
        Ok(value.map_or(Self::Empty, Self::Value))
    }
}
