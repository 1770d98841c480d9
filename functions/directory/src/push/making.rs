//! A user who is made in Entra: with an anchor of ours, and a password that nobody knows.

use graph::{DirectoryUser, GraphError, NewUser, Password, Tenant, Told};
use identity::{Anchor, User, UserName};
use jiff::SignedDuration;
use store::{Action, Particulars, Push, PushReason};

use super::{AT_ONCE, Attempt, Both, By, LATER, Ready, SOON, There};
use crate::anchor::{anchor_of, is_refusal};
use crate::app::App;

/// How long a name may be taken by nobody whom Entra shows: whoever was just made may not be seen
/// everywhere.
const UNSEEN: SignedDuration = SignedDuration::from_mins(10);

impl App {
    /// Makes the user; where the name is taken, looks whether an earlier attempt took it.
    pub(super) async fn make_there(
        &self,
        both: &Both<'_>,
        ready: &Ready,
        particulars: &Particulars,
    ) -> Result<Attempt, GraphError> {
        let (user, push) = (&ready.user.value, &ready.push.value);
        let mut new = self.new_user(user, particulars);
        let mut left_out = Vec::new();
        let writer = both.writer;
        let mut made = writer.create_user(&new).await;
        if made.as_ref().is_err_and(is_bad_request) {
            match is_verified(both, user).await {
                Ok(true) => {}
                Ok(false) => return Ok(Attempt::Waits(PushReason::DomainUnverified, SOON)),
                Err(error) => {
                    self.cannot_read(both, error)?;
                    return Ok(Attempt::Waits(PushReason::Unavailable, SOON));
                }
            }
            // What Entra asks of a number it does not say: the user is worth more.
            if new.mobile_phone.take().is_some() {
                left_out.push((Action::ProvisioningIgnored, "mobile_phone"));
                new.password_profile = Password::random(&*self.entropy);
                made = writer.create_user(&new).await;
            }
        }
        let (object, enabled, by) = match made {
            Ok(created) => (created.id, true, By::Made),
            Err(refused) if is_bad_request(&refused) => {
                return Ok(Attempt::Waits(PushReason::Refused, LATER));
            }
            Err(GraphError::Conflict { .. }) => match self.taken(writer, user, push).await? {
                Ok(ours) => (ours.id, ours.account_enabled != Told::Value(false), By::Found),
                Err(attempt) => return Ok(attempt),
            },
            Err(error) => return Err(error),
        };
        if !particulars.licences.is_empty() {
            match writer.assign_licences(object, &particulars.licences).await {
                Ok(()) => {}
                Err(refused) if is_refusal(&refused) => {
                    left_out.push((Action::LicenceRefused, "licences"));
                }
                Err(error) => return Err(error),
            }
        }
        let anchor = Anchor::of(user.id);
        Ok(Attempt::Is(There { object, anchor, enabled, synced: false, by, left_out }))
    }

    /// Who has the name, or the anchor: ours, of an earlier attempt, or somebody else, who is never taken
    /// over.
    async fn taken(
        &self,
        writer: Tenant<'_>,
        user: &User,
        push: &Push,
    ) -> Result<Result<DirectoryUser, Attempt>, GraphError> {
        let anchor = Anchor::of(user.id);
        let anchored = writer.user_anchored(anchor.as_str()).await?;
        let named = writer.user_named(user.user_name.as_str()).await?;
        // Whoever was renamed here since has the name there that they were begun with.
        let names =
            [Some(&user.user_name), push.begun_as.as_ref()].map(|name| name.map(UserName::folded));
        let is_ours = |found: &DirectoryUser| {
            let name = found.user_principal_name.value().map(|name| name.to_lowercase());
            anchor_of(found) == Some(anchor.as_str())
                && name.is_some_and(|name| names.contains(&Some(name)))
                && !found.is_synced()
        };
        let stopped = |reason, other: DirectoryUser| Err(Attempt::Stopped(reason, Some(other.id)));
        // What Entra shows may be of two ages.
        Ok(match (anchored, named) {
            (Some(ours), None) | (_, Some(ours)) if is_ours(&ours) => Ok(ours),
            (Some(ours), Some(_)) if is_ours(&ours) => Ok(ours),
            (_, Some(other)) => stopped(PushReason::NameTaken, other),
            (Some(other), None) => stopped(PushReason::AnchorTaken, other),
            (None, None) => Err(self.unseen(push)),
        })
    }

    /// Somebody whom Entra does not show has the name: for a while that may be our own user.
    fn unseen(&self, push: &Push) -> Attempt {
        let since = Some(push.changed_at).filter(|_| push.reason == Some(PushReason::Unseen));
        let over = |since| self.clock.now().duration_since(since) >= UNSEEN;
        if since.is_some_and(over) {
            Attempt::Stopped(PushReason::NameTaken, None)
        } else {
            Attempt::Waits(PushReason::Unseen, AT_ONCE)
        }
    }

    /// The password is drawn here and known to nobody once it is sent.
    fn new_user(&self, user: &User, particulars: &Particulars) -> NewUser {
        let name = user.user_name.as_str();
        let alias = name.rsplit_once('@').map_or(name, |(local, _)| local);
        let personal = user.personal_email.as_ref().map(|address| address.as_str().to_owned());
        NewUser {
            user_principal_name: name.to_owned(),
            display_name: user.display_name.clone(),
            mail_nickname: alias.to_owned(),
            account_enabled: true,
            on_premises_immutable_id: Anchor::of(user.id).as_str().to_owned(),
            given_name: particulars.given_name.clone(),
            surname: particulars.surname.clone(),
            usage_location: particulars.usage_location.as_ref().map(ToString::to_string),
            other_mails: personal.into_iter().collect(),
            mobile_phone: particulars.mobile_phone.clone(),
            password_profile: Password::random(&*self.entropy),
        }
    }
}

fn is_bad_request(error: &GraphError) -> bool {
    matches!(error, GraphError::Bug { trace, .. } if trace.status == Some(400))
}

/// Whether the domain of the user's name is verified in the tenant.
async fn is_verified(both: &Both<'_>, user: &User) -> Result<bool, GraphError> {
    let tenant = both.reader.organization().await?;
    let domain = user.user_name.address().map(|address| address.domain().clone());
    let verified = tenant.verified_domains.iter().filter_map(|domain| domain.name.as_deref());
    let is_it =
        |name: &str| domain.as_ref().is_some_and(|it| it.as_str().eq_ignore_ascii_case(name));
    Ok(verified.into_iter().any(is_it))
}
