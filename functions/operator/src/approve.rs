//! Lets a changed personal address enrol at once.

use serde_json::{Value, json};
use store::Action;
use web::failure::RequestId;

use crate::access::Access;
use crate::app::App;
use crate::failure::Failure;

impl App {
    /// Approves the personal address that a user has now.
    pub(crate) async fn approve(
        &self,
        asked: Access,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (org, user) = self.named(&asked, now).await?;
        let mut audit = self.audit(Action::ClaimApproved, request_id, now);
        audit.subject = Some(user.value.id);
        self.store.approve_claim(org, user.value.id, &audit).await?;
        Ok(json!({ "personal_email": user.value.personal_email }))
    }
}
