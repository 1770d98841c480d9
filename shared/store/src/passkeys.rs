//! The passkeys of a user.

use identity::{OrganizationId, SecretHash, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schema::Key;
use crate::{Store, Stored, TableError};

/// One passkey of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The hash of its credential id, which names it.
    pub id: SecretHash,
    /// What its owner calls it.
    pub name: String,
    /// The credential, as `passkey` writes it: public key, counter, backup state.
    pub credential: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last signed somebody in.
    pub used_at: Option<Timestamp>,
}

impl Passkey {
    /// How many passkeys one user may have.
    pub const MOST: u8 = 20;

    /// The hash that stands for a credential id.
    pub fn id_of(credential_id: &[u8]) -> SecretHash {
        SecretHash::of(&[credential_id])
    }
}

impl Store {
    /// The passkeys of a user, at most 20.
    pub async fn passkeys(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Stored<Passkey>>, TableError> {
        let most = Passkey::MOST.into();
        self.table.list(&Key::user(org, user).pk, "PASSKEY#", most, now).await
    }
}
