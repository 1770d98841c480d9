//! Accounts that wait until the tenant lets us see to them: they are seen to once somebody consents. Between
//! two consents nobody asks.

use store::OutboxItem;

use crate::app::App;
use crate::connection::may_disable;
use crate::failure::Failure;
use crate::outbox::{Outcome, Turn};

/// How many are named at once.
const TOGETHER: usize = 100;

impl App {
    /// Has each of them seen to, by the item of its user, as long as there is time.
    pub(crate) async fn resume_accounts(
        &self,
        item: &OutboxItem,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let (org, now) = (item.organization, self.clock.now());
        let connection = self.store.connection(org, now).await?;
        // What was granted may be something else: then they wait for the next consent.
        if !connection.is_some_and(|stored| may_disable(&stored.value)) {
            return Ok(Outcome::default());
        }
        let mut behind = None;
        loop {
            let now = self.clock.now();
            let some = self.store.left_accounts(org, behind, TOGETHER, now).await?;
            let Some(last) = some.last() else { return Ok(Outcome::default()) };
            behind = Some(*last);
            for user in some {
                let now = self.clock.now();
                if now >= turn.long_ends {
                    return Err(Failure::Unfinished);
                }
                self.store.resume_account(org, user, now).await?;
            }
        }
    }
}
