//! How an organization's Entra tenant is read.

use identity::MissingLimit;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, OutboxItem, ReadingRules, Stage, Stored};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// Asks for another interval.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckInterval {
    /// A domain of the organization.
    domain: String,
    /// Minutes between two rounds.
    minutes: u16,
}

/// Asks for another limit on how many may lose access unasked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetMissingLimit {
    /// A domain of the organization.
    domain: String,
    /// So many users, or
    users: u32,
    /// so many in a hundred, whichever is more.
    percent: u8,
}

impl App {
    /// Changes how many users may lose access unasked because they are missing in the tenant. What a
    /// search decided before stays.
    pub(crate) async fn missing_limit(
        &self,
        asked: SetMissingLimit,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let limit = MissingLimit { users: asked.users, percent: asked.percent };
        if limit.users > MissingLimit::MOST_USERS || limit.percent > MissingLimit::MOST_PERCENT {
            return Err(Failure::NotAMissingLimit);
        }
        let now = self.clock.now();
        let domain = Self::domain(&asked.domain)?;
        let org = self.store.domain_owner(&domain, now).await?.ok_or(Failure::NoOrganization)?;
        let Stored { value, version } = self.store.reading_rules(org, now).await?;
        let before = value.missing;
        let rules = Stored { value: ReadingRules { missing: limit, ..value }, version };
        let audit = self.audit(Action::ReadingRulesChanged, request_id, now);
        self.store.change_reading_rules(org, &rules, None, &audit).await?;
        Ok(json!({
            "users": limit.users, "percent": limit.percent,
            "users_before": before.users, "percent_before": before.percent,
        }))
    }

    /// Changes how often the directory is asked who is disabled or gone. The next round begins now.
    pub(crate) async fn check_interval(
        &self,
        asked: CheckInterval,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let (least, most) = ReadingRules::MINUTES;
        if !(least..=most).contains(&asked.minutes) {
            return Err(Failure::NotAnInterval);
        }
        let rules = |before| ReadingRules { minutes: asked.minutes, ..before };
        let before = self.change_rules(&asked.domain, rules, request_id).await?;
        Ok(json!({ "minutes": asked.minutes, "minutes_before": before.minutes }))
    }

    /// Changes how a tenant is read, and answers how it was read before.
    async fn change_rules(
        &self,
        domain: &str,
        change: impl FnOnce(ReadingRules) -> ReadingRules,
        request_id: &RequestId,
    ) -> Result<ReadingRules, Failure> {
        let now: Timestamp = self.clock.now();
        let domain = Self::domain(domain)?;
        let org = self.store.domain_owner(&domain, now).await?.ok_or(Failure::NoOrganization)?;
        let Stored { value: before, version } = self.store.reading_rules(org, now).await?;
        let rules = Stored { value: change(before.clone()), version };
        let connection = self.store.connection(org, now).await?;
        let works = connection.filter(|stored| stored.value.stage == Stage::Connected);
        // What was not read for long stays late, whatever the pace is.
        let read_at = self.store.import(org, now).await?.and_then(|import| import.value.ended_at);
        let pace = (read_at.unwrap_or(now), rules.value.interval());
        let next = OutboxItem::round(&*self.entropy, org, now, pace, now);
        let anew = works.as_ref().map(|connection| (connection, &next));
        let audit = self.audit(Action::ReadingRulesChanged, request_id, now);
        self.store.change_reading_rules(org, &rules, anew, &audit).await?;
        if anew.is_some() {
            self.announce(&[next], request_id).await;
        }
        Ok(before)
    }
}
