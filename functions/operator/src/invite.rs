//! Hands out a one-time enrolment link to a user, or mails it.

use identity::{Address, Method, Role, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Link, OutboxItem, Task};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// Asks for an enrolment link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    /// A domain of the organization.
    domain: String,
    /// The user's work address.
    email: String,
    /// How the link gets to the user.
    #[serde(default)]
    by: By,
}

/// How an enrolment link gets to a user.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// In the answer, to be shown as it is or as a QR code.
    #[default]
    Answer,
    /// By mail to the personal address, or to the work address where there is none.
    Mail,
}

impl App {
    /// Hands out a link that enrols a user, whether or not they ever had a passkey.
    pub(crate) async fn invite(
        &self,
        asked: Invite,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let domain = Self::domain(&asked.domain)?;
        let email: Address = asked.email.parse().map_err(|_| Failure::NotAnAddress)?;
        let org = self.store.domain_owner(&domain, now).await?.ok_or(Failure::NoOrganization)?;
        let organization = self.store.organization(org, now).await?;
        let organization = organization.ok_or(Failure::NoOrganization)?.value;
        let user = self.store.user_named(org, &email.into(), now).await?.ok_or(Failure::NoUser)?;
        if !user.value.has_access(now) {
            return Err(Failure::Blocked);
        }
        if organization.method_of(&user.value) == Method::Microsoft {
            return Err(Failure::MicrosoftAccount);
        }
        // An administrator is let in by bootstrap, which tells all the others.
        if user.value.role == Role::Administrator {
            return Err(Failure::Administrator);
        }
        let mut audit = self.audit(Action::LinkHandedOut, request_id, now);
        audit.subject = Some(user.value.id);
        let hours = Link::LIFETIME.as_hours();
        match asked.by {
            By::Answer => {
                let token = Secret::mint(&*self.entropy);
                let link = Link::new(user.value.id, now);
                audit.reason = Some("invitation".to_owned());
                let link = (&token.hash(), &link);
                self.store.hand_out_link(org, &user, link, &[], &audit).await?;
                let url = organization.enrolment_url(&token);
                Ok(json!({ "enrolment_url": url, "enrolment_hours": hours }))
            }
            By::Mail => {
                let task = Task::SendInvitation { user: user.value.id };
                let item = OutboxItem::new(&*self.entropy, org, task, now);
                audit.reason = Some("invitation_by_mail".to_owned());
                self.store.put_in_outbox(org, &item, &audit).await?;
                self.announce(&[item], request_id).await;
                Ok(json!({ "mailed": true, "enrolment_hours": hours }))
            }
        }
    }
}
