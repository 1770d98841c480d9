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
        Ok(self.bus.access_changed(&changed).await?)
    }
}
