//! A group as Microsoft Graph shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A group of the tenant, with the names and shapes of Graph's `group` resource.
///
/// What is not named here is kept in [`more`](Self::more) and given back unchanged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GraphGroup {
    /// The object id, a GUID; minted when it is empty.
    pub id: String,
    /// The name shown to people; Entra itself does not keep it unique.
    pub display_name: String,
    /// Object ids of the direct members, which Graph shows as relationships; those of groups are
    /// allowed and, as in Entra, never expanded.
    pub members: BTreeSet<String>,
    /// Every other property that was given.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}
