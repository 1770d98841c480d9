//! What is told when somebody loses their access, or gets it back.

use bus::AccessChanged;
use store::{Access, AccessChange, OutboxItem, Task};

use crate::app::App;
use crate::failure::Failure;
use crate::outbox::Outcome;

impl App {
    /// Says it on the bus, as often as it takes, and has the administrators told where it is one of them.
    pub(crate) async fn tell_access(
        &self,
        item: &OutboxItem,
        change: &AccessChange,
    ) -> Result<Outcome, Failure> {
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
        let alert = change.administrator.clone().map(|account| {
            let (user, account) = (change.user, Some(account));
            let task = Task::AlertBlocks { administrators: None, user, account };
            let alert = OutboxItem::new(&*self.entropy, item.organization, task, self.clock.now());
            // The mail says when it happened.
            OutboxItem { created_at: item.created_at, ..alert }
        });
        Ok(Outcome { audit: None, next: alert.into_iter().collect() })
    }
}
