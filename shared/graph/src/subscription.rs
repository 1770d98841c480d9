//! Who hears of changes, as far as we ask.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is asked of each.
pub(crate) const SELECT: &str = "id,resource,changeType,notificationUrl,expirationDateTime";

/// What is heard of. What Graph calls updated covers users who are new and those who are moved to
/// the recycle bin.
pub(crate) const CHANGES: &str = "updated,deleted";

/// Whose changes.
pub(crate) const RESOURCE: &str = "users";

/// A subscription to the changes of users that is to be made.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription {
    change_type: &'static str,
    resource: &'static str,
    notification_url: String,
    lifecycle_notification_url: String,
    client_state: String,
    expiration_date_time: Timestamp,
}

impl NewSubscription {
    /// `client_state` comes back with every notification and proves it: a secret of at most 128
    /// characters. `ends_at` is at most 41,760 minutes away.
    pub const fn new(
        notification_url: String,
        lifecycle_notification_url: String,
        client_state: String,
        ends_at: Timestamp,
    ) -> Self {
        Self {
            change_type: CHANGES,
            resource: RESOURCE,
            notification_url,
            lifecycle_notification_url,
            client_state,
            expiration_date_time: ends_at,
        }
    }
}

impl std::fmt::Debug for NewSubscription {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewSubscription").finish_non_exhaustive()
    }
}

/// A subscription that Graph keeps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Names it.
    pub id: Uuid,
    /// What is heard of.
    #[serde(default)]
    pub resource: String,
    /// Where notifications go.
    #[serde(default)]
    pub notification_url: String,
    /// When it ends.
    pub expiration_date_time: Timestamp,
}
