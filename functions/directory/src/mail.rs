//! Mails that follow from decisions: reports, invitations, alerts.

use courier::mail::Letter;
use courier::{Language, mail};
use identity::{
    Address, Organization, OrganizationId, Secret, User, UserId, UserName, settled_address,
};
use jiff::Timestamp;
use store::{Action, Link, OutboxItem, Stored, Task};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// How many administrators one item asks.
const MOST_ASKED: usize = 90;

impl App {
    /// Tells the work address that a passkey was registered. Whoever has none is told on no other
    /// way: the page did.
    pub(crate) async fn report_enrolment(
        &self,
        item: &OutboxItem,
        user: UserId,
        passkey: &str,
        language: &str,
    ) -> Result<(), Failure> {
        let Some((organization, user)) = self.people(item, user).await? else { return Ok(()) };
        let Some(to) = user.value.user_name.address() else { return Ok(()) };
        let language = Language::from_tag(language).unwrap_or_default();
        let letter = mail::enrolled(language, &organization.name, item.created_at, passkey)?;
        self.send(letter, to).await
    }

    /// Mails an enrolment link, made now: a second try mails a second link. Nobody is mailed who has
    /// no address, and no link is made.
    pub(crate) async fn send_invitation(
        &self,
        item: &OutboxItem,
        user: UserId,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let Some((organization, user)) = self.people(item, user).await? else { return Ok(()) };
        if !user.value.has_access(now) {
            return Ok(());
        }
        let settled = settled_address(&user.value, now);
        let Some(to) = settled.or(user.value.user_name.address()) else { return Ok(()) };
        let token = Secret::mint(&*self.entropy);
        let link = Link::new(user.value.id, now);
        let mut audit = self.audit(Action::LinkHandedOut, request_id, now);
        audit.subject = Some(user.value.id);
        let handed = (&token.hash(), &link);
        self.store.hand_out_link(item.organization, &user, handed, &[], &audit).await?;
        let url = organization.enrolment_url(&token);
        let hours = u32::try_from(Link::LIFETIME.as_hours()).unwrap_or_default();
        let letter = mail::invitation(Language::default(), &organization.name, &url, hours)?;
        self.send(letter, to).await
    }

    /// A mail to each of these administrators, or to all, that says when the operator let somebody
    /// in.
    pub(crate) async fn alert_recoveries(
        &self,
        item: &OutboxItem,
        administrators: Option<&[UserId]>,
        user: UserId,
    ) -> Result<Vec<OutboxItem>, Failure> {
        let alert = |administrator| Task::AlertRecovery { administrator, user };
        let rest = |rest| Task::AlertRecoveries { administrators: Some(rest), user };
        self.alert_each(item, administrators, alert, rest).await
    }

    /// Tells an administrator that the operator let somebody in.
    pub(crate) async fn alert_recovery(
        &self,
        item: &OutboxItem,
        administrator: UserId,
        user: UserId,
    ) -> Result<(), Failure> {
        self.tell(item, administrator, (user, None), mail::recovery_alert).await
    }

    /// Tells an administrator that an enrolment waits.
    pub(crate) async fn ask_approval(
        &self,
        item: &OutboxItem,
        administrator: UserId,
        user: UserId,
    ) -> Result<(), Failure> {
        self.tell(item, administrator, (user, None), mail::approval_wanted).await
    }

    /// Asks every administrator of an organization to approve somebody's changed address.
    pub(crate) async fn ask_all(
        &self,
        org: OrganizationId,
        user: UserId,
    ) -> Result<Vec<OutboxItem>, Failure> {
        Ok(self.ask_approvals(org, &self.administrators(org).await?, user))
    }

    /// A mail to each administrator, which the next sweep carries out.
    pub(crate) fn ask_approvals(
        &self,
        org: OrganizationId,
        administrators: &[UserId],
        user: UserId,
    ) -> Vec<OutboxItem> {
        let ask = |administrator| Task::AskApproval { administrator, user };
        let rest = |administrators| Task::AskApprovals { administrators, user };
        let now = self.clock.now();
        let tasks = each(administrators, ask, rest);
        tasks.map(|task| OutboxItem::new(&*self.entropy, org, task, now)).collect()
    }

    /// A mail to each of these administrators, or to all, that says when one of them was blocked.
    pub(crate) async fn alert_blocks(
        &self,
        item: &OutboxItem,
        administrators: Option<&[UserId]>,
        (user, account): (UserId, Option<&UserName>),
    ) -> Result<Vec<OutboxItem>, Failure> {
        let account = || account.cloned();
        let alert = |administrator| Task::AlertBlock { administrator, user, account: account() };
        let rest =
            |rest| Task::AlertBlocks { administrators: Some(rest), user, account: account() };
        self.alert_each(item, administrators, alert, rest).await
    }

    /// Tells an administrator that one of them was blocked.
    pub(crate) async fn alert_block(
        &self,
        item: &OutboxItem,
        administrator: UserId,
        about: (UserId, Option<&UserName>),
    ) -> Result<(), Failure> {
        self.tell(item, administrator, about, mail::block_alert).await
    }

    /// An item for each of these administrators, or for all, which says when it happened.
    async fn alert_each(
        &self,
        item: &OutboxItem,
        administrators: Option<&[UserId]>,
        one: impl Fn(UserId) -> Task,
        others: impl FnOnce(Vec<UserId>) -> Task,
    ) -> Result<Vec<OutboxItem>, Failure> {
        let (org, now) = (item.organization, self.clock.now());
        let administrators = match administrators {
            Some(named) => named.to_vec(),
            None => self.administrators(org).await?,
        };
        let new = |task| OutboxItem::new(&*self.entropy, org, task, now);
        let happened_at = |next| OutboxItem { created_at: item.created_at, ..next };
        Ok(each(&administrators, one, others).map(new).map(happened_at).collect())
    }

    async fn administrators(&self, org: OrganizationId) -> Result<Vec<UserId>, Failure> {
        let organization = self.store.organization(org, self.clock.now()).await?;
        Ok(organization.map(|stored| stored.value.administrators).unwrap_or_default())
    }

    /// Tells an administrator of an account: by the name that it had, where it may be gone.
    async fn tell(
        &self,
        item: &OutboxItem,
        administrator: UserId,
        (user, account): (UserId, Option<&UserName>),
        write: impl Fn(Language, &str, &str, Timestamp) -> Result<Letter, mail::LetterError>,
    ) -> Result<(), Failure> {
        let (org, now) = (item.organization, self.clock.now());
        let Some(organization) = self.store.organization(org, now).await? else { return Ok(()) };
        let account = match account {
            Some(account) => Some(account.clone()),
            None => self.store.user(org, user, now).await?.map(|user| user.value.user_name),
        };
        let Some(account) = account else { return Ok(()) };
        let to = self.store.user(org, administrator, now).await?;
        // Whoever lost access is told of that, and of nobody else any more.
        let told = to.as_ref().filter(|to| administrator == user || to.value.has_access(now));
        let to = told.and_then(|to| to.value.user_name.address());
        let Some(to) = to else { return Ok(()) };
        let name = &organization.value.name;
        let letter = write(Language::default(), name, account.as_str(), item.created_at)?;
        self.send(letter, to).await
    }

    /// The organization of an item and a user of it: [`None`] when either is gone.
    async fn people(
        &self,
        item: &OutboxItem,
        user: UserId,
    ) -> Result<Option<(Organization, Stored<User>)>, Failure> {
        let now = self.clock.now();
        let organization = self.store.organization(item.organization, now).await?;
        let user = self.store.user(item.organization, user, now).await?;
        Ok(organization.map(|stored| stored.value).zip(user))
    }

    async fn send(&self, letter: Letter, to: &Address) -> Result<(), Failure> {
        Ok(self.courier.send(&letter.to(to.clone())).await?)
    }
}

/// A task for each administrator. A transaction holds only so many: one more is for the rest.
fn each(
    administrators: &[UserId],
    one: impl Fn(UserId) -> Task,
    others: impl FnOnce(Vec<UserId>) -> Task,
) -> impl Iterator<Item = Task> {
    let (first, rest) = administrators.split_at(administrators.len().min(MOST_ASKED));
    let rest = (!rest.is_empty()).then(|| others(rest.to_vec()));
    first.iter().copied().map(one).chain(rest)
}
