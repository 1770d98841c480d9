//! Anchors of users in federated domains: the plan of a repair, its confirmation, and what is under way.

use identity::{Anchor, DomainName, UserId, UserName};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{
    Action, Actor, Connection, LookUp, OutboxItem, Position, Repair, RepairReason, Stage,
    TenantDomain,
};
use web::failure::RequestId;

use crate::access::Access;
use crate::app::App;
use crate::failure::Failure;

/// How many repairs a page has.
const PAGE: usize = 50;
/// How long a plan can be confirmed.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// What cursors of this list are bound to.
const LIST: &str = "repairs";

/// Asks how somebody's anchor would be repaired, or that it be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepairAnchor {
    /// A domain of the organization.
    domain: String,
    /// The user's work address.
    email: String,
    /// The anchor that the account has in Entra, where it has one that nobody can assert: nothing else
    /// is replaced.
    replaces: Option<String>,
    /// The plan that is to be carried out, as it was answered; otherwise the answer is the plan.
    confirm: Option<String>,
}

/// Asks which repairs are under way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRepairs {
    /// A domain of the organization.
    domain: String,
    /// Where the last page ended.
    next: Option<String>,
}

/// Asks that nobody goes on with a repair.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AbandonRepair {
    /// A domain of the organization.
    domain: String,
    /// The user's id, as `list_repairs` shows it: they may have been deleted.
    user: String,
}

impl App {
    /// Answers what a repair would do, and what it is called by; confirmed by that, decides it. Entra is
    /// asked nothing here: what is really there is looked at before anything is begun.
    pub(crate) async fn repair_anchor(
        &self,
        asked: RepairAnchor,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let access = Access { domain: asked.domain, email: asked.email };
        let (org, user) = self.named(&access, now).await?;
        if self.store.repair(org, user.value.id, now).await?.is_some() {
            return Err(Failure::RepairUnderWay);
        }
        let object = user.value.object_id.ok_or(Failure::NotInEntra)?;
        if user.value.on_premises {
            return Err(Failure::Synced);
        }
        if !user.value.has_access(now) {
            return Err(Failure::NoAccess);
        }
        if user.value.anchor.is_some() && !user.value.unanchored {
            return Err(Failure::HasAnchor);
        }
        let connection = self.store.connection(org, now).await?;
        let connection = connection.filter(|stored| stored.value.stage == Stage::Connected);
        let connection = connection.ok_or(Failure::NoTenant)?;
        if !connection.value.lets_users_be_changed() {
            return Err(Failure::NoWriteConsent);
        }
        let domain = user.value.user_name.address().map(|address| address.domain());
        if !domain.is_some_and(|domain| is_federated(&connection.value, domain)) {
            return Err(Failure::NotFederated);
        }
        let managed = managed(&connection.value).ok_or(Failure::NoManagedDomain)?;
        let temporary = UserName::temporary(user.value.id, &managed);
        let temporary = temporary.map_err(|_| Failure::NoManagedDomain)?;
        if asked.replaces.as_ref().is_some_and(|text| text.parse::<Anchor>().is_ok()) {
            return Err(Failure::HasAnchor);
        }
        let (whom, tenant) = ((&user.value, object), connection.value.tenant);
        let repair = Repair::new(whom, tenant, (temporary, asked.replaces), Actor::Operator, now);
        let holder = self.store.owner(org, LookUp::Anchor(&repair.anchor), now).await?;
        if holder.is_some_and(|holder| holder != user.value.id) {
            return Err(Failure::AnchorTaken);
        }
        let versions = (user.version, connection.version);
        let plan = repair.plan(org, versions, now);
        if let Some(confirmed) = &asked.confirm {
            let shown_at = Repair::shown_at(confirmed).ok_or(Failure::OtherPlan)?;
            let age = now.duration_since(shown_at);
            let is_fresh = age < GOOD_FOR && !age.is_negative();
            if !is_fresh || *confirmed != repair.plan(org, versions, shown_at) {
                return Err(Failure::OtherPlan);
            }
            let item = OutboxItem::repairing(org, repair.user, now);
            let mut audit = self.audit(Action::AnchorRepairBegun, request_id, now);
            audit.subject = Some(repair.user);
            let both = (&user, &connection);
            self.store.begin_repair(org, both, (&repair, &item), &audit).await?;
            self.announce(&[item], request_id).await;
        }
        let confirmed = asked.confirm.is_some();
        Ok(json!({
            "user": repair.user,
            "object_id": repair.object,
            "tenant": repair.tenant,
            "user_name": repair.name,
            "temporary_name": repair.temporary,
            "anchor": repair.anchor,
            "replaces": repair.anchor_before,
            "confirmed": confirmed,
            "plan": plan,
            "confirm": if confirmed { Value::Null } else { json!({ "confirm": plan }) },
            "steps": [
                "look at the account in Entra: nothing is begun unless it has this name, is not synced, and \
                 has no anchor but the one that `replaces` names",
                "give it the temporary name, in a domain whose people Microsoft signs in itself",
                "give it its own name back, together with the anchor, in one call",
                "look at it, and store the anchor here: from then on the person can sign in",
            ],
            "what": [
                "for some seconds the account is called by the temporary name, and people may see it; apps \
                 that are open may ask the person to sign in again",
                "what elsewhere follows the sign-in name, such as an address, may follow it for that moment",
                "as long as it has that name, Microsoft itself signs the account in, by a password if it has one \
                 that somebody knows",
                "where Entra does not take the anchor, an account that had one before gets its name back as \
                 it was; without any anchor Entra takes nobody back, so that such an account keeps the \
                 temporary name until Entra takes one, as one does while Entra cannot be asked: \
                 list_repairs shows it, and RepairStuckAlarm goes off after a quarter of an hour",
                "Entra protects accounts that hold a directory role: they are left as they are",
            ],
        }))
    }

    /// A page of the repairs that are under way.
    pub(crate) async fn list_repairs(&self, asked: ListRepairs) -> Result<Value, Failure> {
        let now = self.clock.now();
        let org = self.owner(&Self::domain(&asked.domain)?, now).await?;
        let behind = asked.next.as_deref().map(|token| Position::read(token, LIST));
        let behind = match behind {
            Some(None) => return Err(Failure::NotAPlace),
            Some(Some(behind)) => Some(behind),
            None => None,
        };
        let (repairs, next) = self.store.list_repairs(org, behind.as_ref(), PAGE, now).await?;
        let repairs = repairs.iter().map(|repair| {
            json!({
                "user": repair.user,
                "user_name": repair.name,
                "temporary_name": repair.temporary,
                "object_id": repair.object,
                "tenant": repair.tenant,
                "status": repair.step.word(),
                "reason": repair.reason.map(RepairReason::word),
                "cause": repair.cause.map(RepairReason::word),
                "since": repair.created_at,
                "away_since": repair.away_since,
                "stuck": repair.is_stuck(now),
            })
        });
        let repairs = repairs.collect::<Vec<_>>();
        Ok(json!({ "repairs": repairs, "next": next.map(|next| next.token(LIST)) }))
    }

    /// Ends a repair where it is. What the account is called by then is left to whoever asks.
    pub(crate) async fn abandon_repair(
        &self,
        asked: AbandonRepair,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let org = self.owner(&Self::domain(&asked.domain)?, now).await?;
        let user: UserId = asked.user.parse().map_err(|_| Failure::NoRepair)?;
        let repair = self.store.repair(org, user, now).await?.ok_or(Failure::NoRepair)?;
        let mut audit = self.audit(Action::AnchorRepairEnded, request_id, now);
        audit.subject = Some(user);
        audit.reason = Some(RepairReason::Abandoned.word().to_owned());
        self.store.abandon_repair(org, &repair, &audit).await?;
        let name = match repair.value.is_begun() {
            true => {
                "look in Entra, in a minute: the account may have the temporary name, and nobody renames \
                 it any more once a call that is under way is over"
            }
            false => "unchanged: nothing was begun in Entra",
        };
        Ok(json!({
            "user": user,
            "user_name": repair.value.name,
            "temporary_name": repair.value.temporary,
            "object_id": repair.value.object,
            "entra": name,
        }))
    }
}

/// Whether somebody else than Microsoft signs a domain's people in, as the tenant said last.
fn is_federated(connection: &Connection, domain: &DomainName) -> bool {
    let federated = connection.domains.iter().filter(|one| one.federated);
    federated.filter_map(name).any(|root| root.covers(domain))
}

/// The domain of temporary names: the tenant's first one, which is always managed; else any that is.
fn managed(connection: &Connection) -> Option<DomainName> {
    let managed = connection.domains.iter().filter(|one| !one.federated);
    let managed = managed.filter_map(name).filter(|domain| !is_federated(connection, domain));
    managed.min_by_key(|domain| {
        let labels = domain.as_str().split('.').count();
        let is_microsofts = domain.as_str().ends_with(".onmicrosoft.com");
        (!is_microsofts, labels, domain.as_str().to_owned())
    })
}

fn name(domain: &TenantDomain) -> Option<DomainName> {
    domain.name.parse().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use store::Feature;
    use uuid::Uuid;

    use super::*;

    fn connection(domains: &[(&str, bool)]) -> Connection {
        let domain = |(name, federated): &(&str, bool)| TenantDomain {
            name: (*name).to_owned(),
            federated: *federated,
        };
        Connection {
            tenant: Uuid::nil(),
            stage: Stage::Connected,
            since: jiff::Timestamp::UNIX_EPOCH,
            feature: Feature::WriteUsers,
            authorised: None,
            granted: std::collections::BTreeMap::new(),
            name: None,
            domains: domains.iter().map(domain).collect(),
            checked_at: None,
            lost: [].into(),
        }
    }

    #[test]
    fn a_temporary_name_is_in_the_tenants_first_domain_or_in_another_managed_one() {
        let all = [
            ("aaa.test", false),
            ("contoso.test", true),
            ("sub.contoso.test", false),
            ("contoso.mail.onmicrosoft.com", false),
            ("Contoso.onmicrosoft.com", false),
        ];
        let cases = [
            (&all[..], Some("contoso.onmicrosoft.com")),
            (&all[..4], Some("contoso.mail.onmicrosoft.com")),
            (&all[..3], Some("aaa.test")),
            // What is below a federated domain goes by it.
            (&all[1..3], None),
            (&[], None),
        ];
        for (domains, expected) in cases {
            let managed = managed(&connection(domains));
            assert_eq!(managed.as_ref().map(DomainName::as_str), expected, "{domains:?}");
        }
        let connection = connection(&all);
        let cases = [("contoso.test", true), ("x.contoso.test", true), ("aaa.test", false)];
        for (domain, federated) in cases {
            assert_eq!(is_federated(&connection, &domain.parse().unwrap()), federated, "{domain}");
        }
    }
}
