//! Where an organization's users come from.

use serde::{Deserialize, Serialize};

/// Where an organization's users come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// On-premises, by way of Entra: they are read there, and nobody is made here for Entra.
    #[default]
    Hybrid,
    /// From here: whoever is made here is made in Entra too.
    Cloud,
}

impl Mode {
    /// The word in answers and in the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Cloud => "cloud",
        }
    }
}
