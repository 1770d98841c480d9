//! Who did what, to which relying party, when and why.

use identity::{DirectoryId, GroupId, OrganizationId, OutboxId, ScimKeyId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::TableError;
use crate::item::Item;
use crate::schema::Key;

/// How long an entry is kept, in days.
const KEPT_DAYS: i64 = 400;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A user of the organization.
    User(UserId),
    /// Whoever may invoke the operator function.
    Operator,
    /// A provisioning client, by its key.
    Client(ScimKeyId),
    /// Nobody that we know.
    Stranger,
    /// We ourselves, carrying out what was decided before.
    System,
}

/// What was done, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An organization came into being.
    OrganizationFounded,
    /// A relying party was told who signed in.
    SignedIn,
    /// Somebody signed in with Microsoft, and has a session here.
    SignedInWithMicrosoft,
    /// A sign-in was refused.
    SignInRefused,
    /// A session was ended by its browser.
    SignedOut,
    /// A passkey was registered.
    Enrolled,
    /// An enrolment was refused.
    EnrolmentRefused,
    /// An enrolment waits for an administrator.
    EnrolmentWaits,
    /// A one-time code was sent to a personal address.
    CodeSent,
    /// A user's access was taken away, for the reason that is named.
    AccessTaken,
    /// A reason why a user had no access is gone.
    AccessGiven,
    /// A user's last day was set, moved or lifted: the reason is the day, where there is one. What
    /// the one before it took is given back.
    LastDayChanged,
    /// A changed personal address was approved.
    ClaimApproved,
    /// An enrolment link was handed out.
    LinkHandedOut,
    /// A passkey's counter went back: the authenticator may be a copy.
    PasskeyCloned,
    /// A KMS key signed something.
    KeyUsed,
    /// A user was made by a provisioning client.
    UserCreated,
    /// A user was changed by a provisioning client.
    UserChanged,
    /// A user was deleted by a provisioning client.
    UserDeleted,
    /// Everything that a deleted user left behind is gone.
    UserForgotten,
    /// A group was made.
    GroupCreated,
    /// A group, or who is in it, was changed.
    GroupChanged,
    /// A group was deleted.
    GroupDeleted,
    /// A provisioning client asked for a change that is refused for safety: the reason says which.
    ProvisioningRefused,
    /// A part of what a provisioning client asked was left out for safety: the reason says which.
    ProvisioningIgnored,
    /// A directory was made: the reason is its method.
    DirectoryCreated,
    /// A directory's people sign in by another method: the reason is the new one.
    DirectoryMethodChanged,
    /// A user is in another directory: the reason is its method.
    UserMoved,
    /// A provisioning key was made.
    ScimKeyCreated,
    /// A provisioning key was taken away.
    ScimKeyRevoked,
    /// A mail could not be delivered for a day and was given up.
    MailGivenUp,
    /// Somebody of an Entra tenant authorised the connection to it.
    TenantAuthorised,
    /// The connection to an Entra tenant works, with what is granted now.
    TenantConnected,
    /// The connection to an Entra tenant was ended.
    TenantDisconnected,
    /// A connection to an Entra tenant was refused: the reason says why.
    ConnectionRefused,
    /// How the domains are federated in the Entra tenant was looked at, with the rights of somebody
    /// of it: the reason says whether it differs from what we publish.
    FederationChecked,
    /// Such a look was refused: the reason says why.
    FederationRefused,
    /// How an Entra tenant is read was changed.
    ReadingRulesChanged,
    /// What was granted in an Entra tenant is gone.
    ConsentLost,
    /// More users are missing in an Entra tenant than may lose access unasked: nobody did.
    MissingHeld,
    /// Somebody decided that those who are missing lose access.
    MissingApproved,
    /// Somebody decided that those who are missing keep access.
    MissingDismissed,
    /// A user's anchor was written to Entra, or found there.
    AnchorWritten,
    /// A user has no anchor in Entra, and it cannot be written: the reason says why.
    AnchorRefused,
    /// The repair of a user's anchor in Entra was confirmed.
    AnchorRepairBegun,
    /// A user's anchor was written to Entra by way of a temporary name, and they have their own again.
    AnchorRepaired,
    /// A repair of a user's anchor ended, and no anchor was given: the reason says why.
    AnchorRepairEnded,
    /// An account has a temporary name in Entra, and nobody repairs its anchor: somebody has to look.
    TemporaryNameFound,
    /// A look at everybody began, for what stands before their first sign-in.
    PreflightBegun,
    /// What such a look found was fetched as a file: the reason names which.
    PreflightFetched,
    /// Where an organization's users come from was changed: the reason says to what.
    ModeChanged,
    /// A user is in Entra now: the reason says whether they were made, found or linked there.
    UserPushed,
    /// A user cannot be made in Entra, and somebody has to decide: the reason says why.
    PushStopped,
    /// A user who was not in Entra is to be tried again, or linked: the reason says which.
    PushResumed,
    /// A licence was not assigned in Entra.
    LicenceRefused,
    /// Whatever somebody had open in Entra was ended, who lost their access here.
    SessionsEnded,
    /// It was left as it is: the reason says why.
    SessionsLeft,
    /// An account in Entra was disabled, of somebody whose access was taken or who was deleted here.
    AccountDisabled,
    /// An account in Entra is enabled again that we had disabled.
    AccountEnabled,
    /// An account in Entra was left as it is: the reason says why.
    AccountLeft,
}

/// What a change was made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A user.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// A directory.
    Directory(DirectoryId),
}

/// One fact of the audit. Holds identifiers and reasons, never a secret or an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Names the entry.
    pub id: OutboxId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// To whom, where it is not the actor.
    pub subject: Option<UserId>,
    /// The relying party or domain that it concerns.
    pub relying_party: Option<String>,
    /// Why, or by what: a fixed word, such as a refusal or a proof.
    pub reason: Option<String>,
    /// The KMS key that signed, if one did.
    pub key: Option<String>,
    /// The request that it happened in.
    pub request_id: Option<String>,
    /// The resource that was changed, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The names of the attributes that were changed; never what they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

impl AuditEntry {
    /// An entry that says who did what, and when.
    pub const fn new(id: OutboxId, at: Timestamp, actor: Actor, action: Action) -> Self {
        Self {
            id,
            at,
            actor,
            action,
            subject: None,
            relying_party: None,
            reason: None,
            key: None,
            request_id: None,
            resource: None,
            attributes: Vec::new(),
        }
    }

    /// An entry of the same instant, by the same actor, in the same transaction.
    pub(crate) fn beside(&self, action: Action) -> Self {
        let mut id = *self.id.uuid().as_bytes();
        if let Some(last) = id.last_mut() {
            *last ^= 1;
        }
        let mut beside = Self::new(OutboxId::from_bytes(id), self.at, self.actor, action);
        beside.request_id.clone_from(&self.request_id);
        beside
    }

    pub(crate) fn item(&self, org: OrganizationId) -> Result<Item, TableError> {
        let item = Item::new(Key::audit(org, self.at, self.id), self)?;
        Ok(item.until(self.at.as_second() + KEPT_DAYS * 86_400))
    }
}
