//! What is told when somebody loses their access, or gets it back.

use bus::AccessChanged;
use store::{Access, AccessChange, OutboxItem};

use crate::app::App;
use crate::failure::Failure;

impl App {
    /// Says it on the bus, as often as it takes.
    pub(crate) async fn tell_access(
        &self,
        item: &OutboxItem,
        change: &AccessChange,
    ) -> Result<(), Failure> {
        let reasons = match &change.access {
            Access::Taken(blocks) => blocks.iter().copied().map(bus::Reason::from).collect(),
            Access::Deleted => vec![bus::Reason::Deleted],
            Access::Given => Vec::new(),
        };
        let changed = AccessChanged {
            version: 1,
            id: item.id,
            organization: item.organization,
            user: change.user,
            object_id: change.object_id,
            reasons,
            at: item.created_at,
        };
        self.bus.access_changed(&changed).await?;
        // Many of them at once raise an alarm: nobody is held back for it.
        if !changed.reasons.is_empty() {
            web::metric::count("AccessTaken", "directory", self.clock.now());
        }
        tracing::info!(
            user = %change.user, organization = %item.organization, event = changed.detail_type(),
            "the bus is told"
        );
        Ok(())
    }
}
