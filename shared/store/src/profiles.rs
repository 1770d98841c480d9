//! What provisioning keeps of a user, beside what signs in.

use identity::{OrganizationId, ScimClient, SecretHash, User, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::item::Item;
use crate::schema::Key;
use crate::table::Found;
use crate::{ProvisioningKey, Store, Stored, TableError, Unread, Version};

/// How many users one look-up reads at once.
const READ_AT_ONCE: usize = 50;
/// About how many bytes of users one look-up holds at once.
const MOST_HELD: usize = 8 * 1024 * 1024;
/// How many users are looked for at once.
const FOUND_AT_ONCE: usize = 1_000;

/// What provisioning keeps of a user, beside what signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The provisioning client's own id: one user of the organization has it.
    pub external_id: Option<String>,
    /// The e-mail addresses by which the user is found, in any case; several may have one.
    pub emails: Vec<String>,
    /// The attributes, as their schema spells them.
    pub attributes: KeptAttributes,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When user or profile were last changed by a provisioning client.
    pub changed_at: Timestamp,
    /// The kind of client that made the user, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<ScimClient>,
}

impl Profile {
    /// How many e-mail addresses a user may be found by: a change of all of them, of every name and
    /// of an administrator's access is one transaction, which holds 100 actions, with room for what follows.
    pub const MOST_EMAILS: usize = 32;
    /// How many bytes of JSON the attributes may be. An item of the table may have 400 KB, but fifty
    /// users are read at once, and that must not take long.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// An empty profile, made now.
    pub fn new(now: Timestamp) -> Self {
        Self {
            external_id: None,
            emails: Vec::new(),
            attributes: KeptAttributes::of(Map::new()),
            created_at: now,
            changed_at: now,
            made_by: None,
        }
    }

    /// What stands for the profile of a user who has none, since nobody provisioned them yet. When
    /// they were made is not known: it is said to be when their sessions last began to count.
    pub fn of(user: &User) -> Self {
        Self::new(user.sessions_valid_from)
    }

    /// The addresses as they are compared, each once, in order.
    pub(crate) fn folded_emails(&self) -> Vec<String> {
        let mut folded = self.emails.iter().map(|email| fold(email)).collect::<Vec<_>>();
        folded.sort_unstable();
        folded.dedup();
        folded
    }

    /// Whether the user is found by an e-mail address.
    pub fn has_email(&self, email: &str) -> bool {
        let folded = fold(email);
        self.emails.iter().any(|own| fold(own) == folded)
    }
}

pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Attributes as one JSON text, into which the store does not look.
///
/// No limit of DynamoDB's on nesting or on numbers applies to what is in it; and it takes as many
/// bytes of memory as it has, of which small values take a hundred times as many once they are
/// read. So whoever holds many users reads one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptAttributes(String);

impl KeptAttributes {
    /// Keeps attributes.
    pub fn of(attributes: Map<String, Value>) -> Self {
        Self(Value::Object(attributes).to_string())
    }

    /// The attributes.
    ///
    /// # Errors
    ///
    /// [`TableError::Shape`] when the table had something else.
    pub fn read(&self) -> Result<Map<String, Value>, TableError> {
        serde_json::from_str(&self.0).map_err(|error| TableError::Shape(error.into()))
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}

pub(crate) fn profile_item(
    org: OrganizationId,
    user: UserId,
    profile: &Profile,
) -> Result<Item, TableError> {
    Item::new(Key::profile(org, user), profile)
}

/// A user as a provisioning client sees them: who signs in, and what it keeps beside.
#[derive(Clone, Debug)]
pub struct Provisioned {
    /// Who signs in.
    pub user: Stored<User>,
    /// What is kept beside; version 0 when nothing is stored yet.
    pub profile: Stored<Profile>,
}

impl Provisioned {
    /// The versions of both, which together name this state of the user.
    pub const fn versions(&self) -> (Version, Version) {
        (self.user.version, self.profile.version)
    }

    pub(crate) fn keys(org: OrganizationId, user: UserId) -> [Key; 2] {
        [Key::user(org, user), Key::profile(org, user)]
    }

    pub(crate) fn take(
        found: &mut Found,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, TableError> {
        let user: Option<Stored<User>> = found.take(&Key::user(org, user), now)?;
        let Some(user) = user else { return Ok(None) };
        let profile = found.take(&Key::profile(org, user.value.id), now)?;
        let profile =
            profile.unwrap_or_else(|| Stored { value: Profile::of(&user.value), version: 0 });
        Ok(Some(Self { user, profile }))
    }

    /// As they are just after they were made.
    pub(crate) fn new(user: &User, profile: &Profile) -> Self {
        let (user, profile) = (user.clone(), profile.clone());
        Self {
            user: Stored { value: user, version: 1 },
            profile: Stored { value: profile, version: 1 },
        }
    }

    /// About how many bytes the user takes, in memory as in an answer.
    pub fn size(&self) -> usize {
        let (user, profile) = (&self.user.value, &self.profile.value);
        let external_id = profile.external_id.as_ref().map_or(0, String::len);
        let emails = profile.emails.iter().map(String::len).sum::<usize>();
        400 + user.display_name.len() + external_id + emails + profile.attributes.len()
    }
}

impl Store {
    /// A user with their profile, in one read.
    pub async fn provisioned(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Provisioned>, TableError> {
        let mut found = self.table.get_many(Provisioned::keys(org, user).to_vec()).await?;
        Provisioned::take(&mut found, org, user, now)
    }

    /// A provisioning key and a user with their profile, in one read.
    pub async fn scim_key_and_user(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<(Option<Stored<ProvisioningKey>>, Unread<Provisioned>), TableError> {
        let key = Key::scim_key(org, hash);
        let [user_key, profile_key] = Provisioned::keys(org, user);
        let mut found = self.table.get_many(vec![key.clone(), user_key, profile_key]).await?;
        let key = found.take(&key, now)?;
        Ok((key, Unread::of(move || Provisioned::take(&mut found, org, user, now))))
    }

    /// Users with their profiles, in the order asked, those that exist, each once.
    pub async fn all_provisioned(
        &self,
        org: OrganizationId,
        users: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<Provisioned>, TableError> {
        let keys = users.iter().flat_map(|user| Provisioned::keys(org, *user)).collect();
        let mut found = self.table.get_all(keys).await?;
        let take = |user: &UserId| Provisioned::take(&mut found, org, *user, now).transpose();
        users.iter().filter_map(take).collect()
    }

    /// The users who have an e-mail address, or [`None`] when they are more than `most` or larger
    /// than what is held in memory at once.
    pub async fn users_with_email(
        &self,
        org: OrganizationId,
        email: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<Option<Vec<Provisioned>>, TableError> {
        let enough = most.saturating_add(1);
        let candidates = self.table.sort_keys(&Key::email(org, &fold(email)), "", enough).await?;
        if candidates.len() > most {
            return Ok(None);
        }
        let candidates = candidates.iter().filter_map(|id| id.parse().ok()).collect::<Vec<_>>();
        let (mut users, mut bytes) = (Vec::new(), 0);
        for some in candidates.chunks(READ_AT_ONCE) {
            let mut some = self.all_provisioned(org, some, now).await?;
            some.retain(|user| user.profile.value.has_email(email));
            bytes += some.iter().map(Provisioned::size).sum::<usize>();
            if bytes > MOST_HELD {
                return Ok(None);
            }
            users.extend(some);
        }
        Ok(Some(users))
    }

    /// Which of these are not users of the organization.
    pub async fn strangers(
        &self,
        org: OrganizationId,
        users: &[UserId],
    ) -> Result<Vec<UserId>, TableError> {
        let mut strangers = Vec::new();
        for some in users.chunks(FOUND_AT_ONCE) {
            let keys = some.iter().map(|user| Key::user(org, *user)).collect();
            let found = self.table.find_all(keys).await?;
            strangers.extend(some.iter().filter(|user| !found.has(&Key::user(org, **user))));
        }
        Ok(strangers)
    }
}
