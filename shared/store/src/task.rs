//! What can be in the outbox.

use identity::{ChangeId, GroupId, PreflightId, SearchId, SecretHash, UserId, UserName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccessChange, Folding};

/// Why a round failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundCause {
    /// Graph asked for time.
    Throttled,
    /// Graph did not answer, or not in time.
    Unavailable,
    /// Entra or Graph refused, and is asked again before that is believed.
    Refused,
    /// It is ours to mend: the table, or what nobody expected.
    Ours,
}

/// What must happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Somebody typed a work address: find out who that is, and send a code if a claim may enrol
    /// them.
    SendCode {
        /// The enrolment that the code proves.
        enrolment: SecretHash,
        /// Makes the code; gone with this item.
        seed: Vec<u8>,
    },
    /// Tell the work address that a passkey was registered.
    ReportEnrolment {
        /// Whose.
        user: UserId,
        /// What it was named.
        passkey: String,
        /// The language of the person's browser, as a tag.
        language: String,
    },
    /// Mail an enrolment link, made when it is sent.
    SendInvitation {
        /// To whom.
        user: UserId,
    },
    /// Tell administrators that somebody was let in by the operator, each by an item of their own.
    AlertRecoveries {
        /// Which administrators; all, where nobody is named.
        administrators: Option<Vec<UserId>>,
        /// Who was let in.
        user: UserId,
    },
    /// Tell an administrator that somebody was let in by the operator.
    AlertRecovery {
        /// Which administrator.
        administrator: UserId,
        /// Who was let in.
        user: UserId,
    },
    /// Tell every administrator that a user's personal address changed and waits for approval.
    ClaimChanged {
        /// Whose.
        user: UserId,
    },
    /// Tell these administrators that a personal address waits for approval, each by an item of
    /// their own.
    AskApprovals {
        /// Which administrators.
        administrators: Vec<UserId>,
        /// Who waits.
        user: UserId,
    },
    /// Tell an administrator that a personal address waits for approval.
    AskApproval {
        /// Which administrator.
        administrator: UserId,
        /// Who waits.
        user: UserId,
    },
    /// Tell on the bus that somebody lost their access or got it back.
    TellAccess(AccessChange),
    /// Tell administrators that the access of one of them was taken away, each by an item of their
    /// own.
    AlertBlocks {
        /// Which administrators; all, where nobody is named.
        administrators: Option<Vec<UserId>>,
        /// Who was blocked.
        user: UserId,
        /// What the account was called, where it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<UserName>,
    },
    /// Tell an administrator that the access of one of them was taken away.
    AlertBlock {
        /// Which administrator.
        administrator: UserId,
        /// Who was blocked.
        user: UserId,
        /// What the account was called, where it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<UserName>,
    },
    /// See somebody off whose last day is over.
    EndAccess {
        /// Who leaves.
        user: UserId,
        /// When the day is over: another one has an item of its own.
        over_at: Timestamp,
    },
    /// Take away what a deleted user left behind.
    ForgetUser {
        /// Who was deleted.
        user: UserId,
    },
    /// Take away what a deleted group left behind.
    ForgetGroup {
        /// Which was deleted.
        group: GroupId,
        /// The changes of its members that waited.
        changes: Vec<Folding>,
    },
    /// Carry out a change of a group's members that was too large for one write.
    FoldMembers {
        /// Which group.
        group: GroupId,
        /// Which change.
        change: ChangeId,
    },
    /// Read the Entra directory: everybody at first, then what changed. When a round is over the
    /// next one is put down for later.
    ReadDirectory {
        /// Since when the connection works that it is read by: nothing is read by another one.
        since: Timestamp,
    },
    /// Say on the bus that a round failed, and is tried again.
    ReportRoundFailed {
        /// Since when nobody was looked after: the end of the last round, or when it connected.
        since: Timestamp,
        /// How often it failed, one after the other.
        failures: u32,
        /// Why.
        cause: RoundCause,
    },
    /// Say on the bus that a round is late.
    ReportLate {
        /// Since when nobody was looked after.
        since: Timestamp,
    },
    /// Read whom notices named, and what changed since a moment: at once, and again a minute and ten
    /// minutes later, since the directory's own list of changes may lag behind its notices.
    ReadNoticed {
        /// When it was noticed, or when it is read again.
        at: Timestamp,
        /// Whether it is read again afterwards.
        again: bool,
    },
    /// Give an anchor to everybody of the tenant who has none.
    WriteAnchors,
    /// Repair the anchor of a user in Entra, by way of a temporary name.
    RepairAnchor {
        /// Whose.
        user: UserId,
    },
    /// Look at everybody for what stands before their first sign-in, a page of users at a time.
    LookAtEverybody {
        /// Which look: another one is none of its business.
        look: PreflightId,
    },
    /// Look for whoever is missing in the tenant, and take their access as far as that is decided: a page
    /// of users at a time.
    LookForMissing {
        /// Which search: another one is none of its business.
        search: SearchId,
    },
    /// Make users in Entra who were made here, or link them to who is there already: all of one shard.
    PushUsers {
        /// Which shard.
        shard: u8,
    },
    /// End whatever somebody has open in Entra who lost their access here.
    EndSessions {
        /// Who.
        user: UserId,
        /// Which object they are there.
        object: Uuid,
    },
    /// Disable an account in Entra, or enable it again, as somebody here took the access or gave it back.
    ReconcileAccount {
        /// Whose it is.
        user: UserId,
    },
    /// Have the accounts seen to that wait until the tenant lets us: it may by now.
    ResumeAccounts,
    /// Disable an account in Entra of somebody who was deleted here: one that we made, or that was to be
    /// disabled before.
    DisableAccount {
        /// Whose it was; its anchor, where we made it.
        user: UserId,
        /// Which object it is, where that was known.
        object: Option<Uuid>,
        /// The tenant it was made in, where we made it.
        tenant: Option<Uuid>,
    },
    /// Say on the bus that a tenant took its consent back.
    ReportConsentLost {
        /// Which tenant.
        tenant: Uuid,
    },
    /// Say on the bus that more users are missing in a tenant than may lose access unasked.
    ReportMissing {
        /// Which tenant.
        tenant: Uuid,
        /// Which search misses them.
        search: SearchId,
        /// Since when somebody has to decide: a list that is held again is reported anew.
        #[serde(default)]
        since: Option<Timestamp>,
        /// How many are missing.
        missing: u64,
        /// How many the tenant was asked for.
        asked: u64,
    },
}

impl Task {
    /// Whom it is about, where that is known.
    pub const fn subject(&self) -> Option<UserId> {
        match self {
            Self::ReportEnrolment { user, .. }
            | Self::SendInvitation { user }
            | Self::AlertRecoveries { user, .. }
            | Self::AlertRecovery { user, .. }
            | Self::ClaimChanged { user }
            | Self::AskApprovals { user, .. }
            | Self::AskApproval { user, .. }
            | Self::AlertBlocks { user, .. }
            | Self::AlertBlock { user, .. }
            | Self::EndAccess { user, .. }
            | Self::TellAccess(AccessChange { user, .. })
            | Self::EndSessions { user, .. }
            | Self::ReconcileAccount { user }
            | Self::DisableAccount { user, .. }
            | Self::RepairAnchor { user }
            | Self::ForgetUser { user } => Some(*user),
            Self::SendCode { .. }
            | Self::ForgetGroup { .. }
            | Self::FoldMembers { .. }
            | Self::ReadDirectory { .. }
            | Self::ReportRoundFailed { .. }
            | Self::ReportLate { .. }
            | Self::ReadNoticed { .. }
            | Self::WriteAnchors
            | Self::ResumeAccounts
            | Self::LookAtEverybody { .. }
            | Self::LookForMissing { .. }
            | Self::PushUsers { .. }
            | Self::ReportConsentLost { .. }
            | Self::ReportMissing { .. } => None,
        }
    }

    /// Whether it goes through everybody of a tenant: it has readers of its own, so that nobody who asked
    /// for a code waits behind it.
    pub const fn is_of_everybody(&self) -> bool {
        matches!(
            self,
            Self::ReadDirectory { .. } | Self::LookForMissing { .. } | Self::LookAtEverybody { .. }
        )
    }

    /// Whether it may take long, or comes by the hundred with nobody waiting: what somebody waits for
    /// goes first.
    pub const fn is_long(&self) -> bool {
        match self {
            Self::EndAccess { .. }
            | Self::TellAccess(_)
            | Self::ForgetUser { .. }
            | Self::ForgetGroup { .. }
            | Self::FoldMembers { .. }
            | Self::ReadDirectory { .. }
            | Self::ReportRoundFailed { .. }
            | Self::ReportLate { .. }
            | Self::ReadNoticed { .. }
            | Self::PushUsers { .. }
            | Self::EndSessions { .. }
            | Self::ReconcileAccount { .. }
            | Self::ResumeAccounts
            | Self::DisableAccount { .. }
            | Self::RepairAnchor { .. }
            | Self::WriteAnchors
            | Self::LookForMissing { .. }
            | Self::LookAtEverybody { .. } => true,
            Self::SendCode { .. }
            | Self::ReportEnrolment { .. }
            | Self::SendInvitation { .. }
            | Self::AlertRecoveries { .. }
            | Self::AlertRecovery { .. }
            | Self::ClaimChanged { .. }
            | Self::AskApprovals { .. }
            | Self::AskApproval { .. }
            | Self::AlertBlocks { .. }
            | Self::AlertBlock { .. }
            | Self::ReportConsentLost { .. }
            | Self::ReportMissing { .. } => false,
        }
    }

    /// Whether nobody waits for it any more after a day. What repairs the table, what others hang their
    /// work on, and what takes access away is never given up.
    pub(crate) const fn may_be_given_up(&self) -> bool {
        let reports = matches!(
            self,
            Self::ReportConsentLost { .. } | Self::ReportMissing { .. } | Self::TellAccess(_)
        );
        !self.is_long() && !reports
    }
}
