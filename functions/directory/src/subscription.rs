//! The subscription by which a tenant tells what changes: made when it is read, renewed every day, made anew
//! when it is gone: after what is to be read was read, and in a time of its own. Without one, rounds find
//! the same, later.

use graph::{GraphError, NewSubscription};
use identity::{OrganizationId, Secret};
use jiff::{SignedDuration, Timestamp};
use store::{Stored, Subscription, TableError};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::import::Directory;

/// For how long a renewal may fail of what holds for weeks.
const OVERDUE: SignedDuration = SignedDuration::from_hours(12);
/// How long Graph may take, which asks our own addresses meanwhile.
const PATIENCE: SignedDuration = SignedDuration::from_secs(8);

impl App {
    /// Sees to it that the tenant tells what changes. A round is read whether it does or not.
    pub(crate) async fn keep_subscribed(&self, directory: &Directory<'_>, request_id: &RequestId) {
        let ends = self.clock.now().checked_add(PATIENCE).unwrap_or(directory.until);
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let graph = self.reader.tenant(directory.tenant, correlation, ends);
        if let Err(failure) = self.subscribe(&Directory { graph, ..*directory }).await {
            if self.is_silent(directory).await {
                web::metric::count("SubscriptionFailed", "directory", self.clock.now());
            }
            web::failure::log(&failure, request_id);
        }
    }

    /// Whether nothing is told by the tenant, or was not renewed for so long that it soon is not. Before it
    /// was read for the first time it is tried once more behind that.
    async fn is_silent(&self, directory: &Directory<'_>) -> bool {
        let (organization, now) = (directory.organization, self.clock.now());
        let kept = self.store.subscription(organization, now).await.ok().flatten();
        match kept.filter(|kept| kept.value.tenant == directory.tenant) {
            Some(kept) => now.duration_since(kept.value.renew_at) >= OVERDUE,
            None => {
                let import = self.store.import(organization, now).await.ok().flatten();
                import.is_some_and(|import| import.value.ended_at.is_some())
            }
        }
    }

    /// Subscribes, or renews. Of two who do at once, each may have ended what the other made: whoever is late
    /// looks whether what is kept is there.
    async fn subscribe(&self, directory: &Directory<'_>) -> Result<(), Failure> {
        match self.subscribe_unless(directory, |kept, now| now < kept.renew_at).await {
            Err(Failure::Table(TableError::Conflict { position: 0 })) => {
                self.subscribe_unless(directory, |_, _| false).await
            }
            other => other,
        }
    }

    async fn subscribe_unless(
        &self,
        directory: &Directory<'_>,
        rests: impl Fn(&Subscription, Timestamp) -> bool,
    ) -> Result<(), Failure> {
        let (organization, now) = (directory.organization, self.clock.now());
        let kept = self.store.subscription(organization, now).await?;
        let version = kept.as_ref().map_or(0, |kept| kept.version);
        let kept = kept.filter(|kept| kept.value.tenant == directory.tenant);
        let renewed = match kept {
            Some(kept) if rests(&kept.value, now) => return Ok(()),
            Some(kept) => self.renew(directory, kept).await?,
            None => None,
        };
        let subscription = match renewed {
            Some(renewed) => renewed,
            None => self.make_subscription(directory).await?,
        };
        Ok(self.store.keep_subscription(organization, &subscription, version).await?)
    }

    /// Puts the end off; [`None`] when there is nothing left to renew.
    async fn renew(
        &self,
        directory: &Directory<'_>,
        kept: Stored<Subscription>,
    ) -> Result<Option<Subscription>, Failure> {
        let now = self.clock.now();
        let ends_at = now.checked_add(Subscription::LIFETIME).unwrap_or(now);
        match directory.graph.renew_subscription(kept.value.id, ends_at).await {
            Ok(renewed) => Ok(Some(Subscription {
                ends_at: renewed.expiration_date_time,
                renew_at: now.checked_add(Subscription::RENEWED).unwrap_or(now),
                ..kept.value
            })),
            Err(GraphError::NotFound(_)) => Ok(None),
            Err(error) => Err(Failure::Subscribing(error)),
        }
    }

    async fn make_subscription(&self, directory: &Directory<'_>) -> Result<Subscription, Failure> {
        let (organization, now) = (directory.organization, self.clock.now());
        let base_url = self.base_url(organization).await?;
        let ends_at = now.checked_add(Subscription::LIFETIME).unwrap_or(now);
        let client_state = Secret::mint(&*self.entropy).reveal();
        let url = format!("{base_url}/notifications/{organization}");
        let lifecycle = format!("{url}/lifecycle");
        let new = NewSubscription::new(url.clone(), lifecycle, client_state.clone(), ends_at);
        let made = match directory.graph.subscribe(&new).await {
            // One whose secret nobody kept: its answer was lost, or we were before it was stored.
            Err(GraphError::Conflict { .. }) => {
                self.end_subscriptions(directory).await?;
                directory.graph.subscribe(&new).await
            }
            other => other,
        };
        let made = made.map_err(Failure::Subscribing)?;
        Ok(Subscription {
            id: made.id,
            tenant: directory.tenant,
            client_state: Subscription::hash(&client_state),
            ends_at: made.expiration_date_time,
            renew_at: now.checked_add(Subscription::RENEWED).unwrap_or(now),
        })
    }

    /// Ends what our application subscribed to in the tenant: it is to users alone.
    async fn end_subscriptions(&self, directory: &Directory<'_>) -> Result<(), Failure> {
        for one in directory.graph.subscriptions().await.map_err(Failure::Subscribing)? {
            directory.graph.unsubscribe(one.id).await.map_err(Failure::Subscribing)?;
        }
        Ok(())
    }

    async fn base_url(&self, organization: OrganizationId) -> Result<String, Failure> {
        let found = self.store.organization(organization, self.clock.now()).await?;
        found.map(|organization| organization.value.base_url).ok_or(Failure::NoOrganization)
    }
}
