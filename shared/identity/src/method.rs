//! How somebody signs in.

use serde::{Deserialize, Serialize};

/// How somebody signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Here, with a passkey.
    #[default]
    Passkey,
    /// At Microsoft, with an account of the organization's tenant.
    Microsoft,
}

impl Method {
    /// The word for it, in the audit and for operators.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Microsoft => "microsoft",
        }
    }
}
