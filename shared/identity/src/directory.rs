//! The directories of an organization: each says how its people sign in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DirectoryId, Method};

/// A part of an organization's people, with their way to sign in.
///
/// Beside these an organization has its own directory, which has no name: whoever is in no other one
/// is in it, its administrators are, and its people sign in with passkeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Names it everywhere.
    pub id: DirectoryId,
    /// What operators call it.
    pub name: String,
    /// How its people sign in.
    pub method: Method,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Directory {
    /// How many an organization may have: they are read with it at every sign-in.
    pub const MOST: usize = 20;
}
