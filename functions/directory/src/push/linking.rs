//! A user who becomes an account that is there already, since somebody confirmed it.

use graph::{DirectoryUser, GraphError, Told, UserChange};
use identity::{Anchor, User, UserId};
use store::PushReason;
use uuid::Uuid;

use super::{AT_ONCE, Attempt, Both, By, SOON, There};
use crate::anchor::{anchor_of, is_refusal};
use crate::app::App;

/// What an account is, looked at once.
enum Seen {
    /// It may become the user.
    Is(Box<DirectoryUser>),
    /// It may not, and this is why.
    No(PushReason),
    /// Nobody knows now.
    NotNow,
}

impl App {
    /// Looks at the object that somebody confirmed, and gives it an anchor where it has none. Whoever is
    /// synced from on-premises is never written, and whoever holds a directory role never linked: that is
    /// looked at again after the write, since roles come and go.
    pub(super) async fn link_there(
        &self,
        both: &Both<'_>,
        user: &User,
        object: Uuid,
    ) -> Result<Attempt, GraphError> {
        let stopped = |reason| Ok(Attempt::Stopped(reason, Some(object)));
        let waits = |reason| Ok(Attempt::Waits(reason, SOON));
        let mut there = match self.look(both, user, object).await? {
            Seen::Is(there) => there,
            Seen::No(reason) => return stopped(reason),
            Seen::NotNow => return waits(PushReason::Unavailable),
        };
        if anchor_of(&there).is_none() {
            if there.is_synced() {
                return stopped(PushReason::AnchorRefused);
            }
            // Not the one that a user is made with: whoever has that was made by us, and is taken back
            // without a question.
            let anchor = Anchor::of(UserId::mint(&*self.entropy));
            let change = UserChange {
                on_premises_immutable_id: Some(anchor.as_str().to_owned()),
                ..UserChange::default()
            };
            match both.writer.change_user(object, &change).await {
                Ok(()) => {}
                Err(GraphError::Conflict { .. }) => return stopped(PushReason::AnchorTaken),
                Err(refused) if is_refusal(&refused) => return stopped(PushReason::AnchorRefused),
                Err(error) => return Err(error),
            }
            there = match self.look(both, user, object).await? {
                Seen::Is(there) => there,
                Seen::No(reason) => return stopped(reason),
                Seen::NotNow => return waits(PushReason::Unavailable),
            };
        }
        let Some(anchor) = anchor_of(&there) else {
            // What was written is not to be seen yet.
            return Ok(Attempt::Waits(PushReason::Unseen, AT_ONCE));
        };
        let Ok(anchor) = anchor.parse::<Anchor>() else {
            return stopped(PushReason::AnchorNotAssertable);
        };
        Ok(Attempt::Is(There {
            object,
            anchor,
            enabled: there.account_enabled != Told::Value(false),
            synced: there.is_synced(),
            by: By::Link,
            left_out: Vec::new(),
        }))
    }

    /// The account as it is now.
    async fn look(&self, there: &Both<'_>, user: &User, object: Uuid) -> Result<Seen, GraphError> {
        let found = match there.writer.user(object).await {
            Ok(found) => found,
            Err(GraphError::NotFound(_)) => return Ok(Seen::No(PushReason::Gone)),
            Err(error) => return Err(error),
        };
        let name = found.user_principal_name.value().map(|name| name.to_lowercase());
        if name != Some(user.user_name.folded()) {
            return Ok(Seen::No(PushReason::OtherName));
        }
        if found.user_type.value().is_some_and(|kind| kind == "Guest") {
            return Ok(Seen::No(PushReason::Guest));
        }
        match there.reader.holds_role(object).await {
            Ok(true) => Ok(Seen::No(PushReason::Administrator)),
            Ok(false) => Ok(Seen::Is(Box::new(found))),
            Err(GraphError::NotFound(_)) => Ok(Seen::No(PushReason::Gone)),
            Err(error) => self.cannot_read(there, error).map(|()| Seen::NotNow),
        }
    }
}
