//! The last day of users who leave.

use identity::{LastDay, User};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Task};
use web::failure::RequestId;

use crate::access::Access;
use crate::app::App;
use crate::failure::Failure;

/// How many leavers one answer lists.
const LISTED: usize = 50;

/// Says when a user's last day is; without a day they stay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetLastDay {
    /// A domain of the organization.
    domain: String,
    /// The user's work address.
    email: String,
    /// The last day with access, as `2026-12-31`.
    last_day: Option<String>,
    /// Where that is: a name of the IANA database, as `Europe/Berlin`.
    time_zone: Option<String>,
}

/// Asks who leaves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLeavers {
    /// A domain of the organization.
    domain: String,
    /// Where the last answer ended.
    after: Option<String>,
}

impl App {
    /// Sets, moves or lifts a user's last day. Access ends with it, at the end of the day where they
    /// are; one that is over already ends it now.
    pub(crate) async fn set_last_day(
        &self,
        asked: SetLastDay,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let last_day = match (&asked.last_day, &asked.time_zone) {
            (Some(day), Some(zone)) => {
                let date: Date = day.parse().map_err(|_| Failure::NotADay)?;
                // Whoever names an hour means it, and it would not hold.
                if date.to_string() != *day {
                    return Err(Failure::NotADay);
                }
                Some(LastDay::new(date, zone)?)
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(Failure::HalfADay),
        };
        let named = Access { domain: asked.domain, email: asked.email };
        let (org, user) = self.named(&named, now).await?;
        let id = user.value.id;
        let mut audit = self.audit(Action::LastDayChanged, request_id, now);
        audit.subject = Some(id);
        audit.reason = last_day.as_ref().map(|day| format!("{} {}", day.date, day.time_zone));
        let mut follows = self.store.change_last_day(org, id, last_day.as_ref(), &audit).await?;
        // What is due later is the sweep's: an event would come too early.
        let over = last_day.is_some_and(|day| day.is_over(now));
        follows.retain(|item| over || !matches!(item.task, Task::EndAccess { .. }));
        self.announce(&follows, request_id).await;
        let user = self.store.user(org, id, now).await?.ok_or(Failure::NoUser)?;
        Ok(shown(&user.value, now))
    }

    /// Lists whose last day is ahead, the next one first.
    pub(crate) async fn list_leavers(&self, asked: ListLeavers) -> Result<Value, Failure> {
        let now = self.clock.now();
        let org = self.owner(&Self::domain(&asked.domain)?, now).await?;
        let leavers = self.store.leavers(org, asked.after.as_deref(), LISTED, now).await?;
        let listed = leavers.users.iter().map(|user| shown(&user.value, now)).collect::<Vec<_>>();
        Ok(json!({ "leavers": listed, "after": leavers.next }))
    }
}

fn shown(user: &User, now: Timestamp) -> Value {
    let day = user.last_day.as_ref();
    json!({
        "email": user.user_name.as_str(),
        "last_day": day.map(|day| day.date),
        "time_zone": day.map(|day| &day.time_zone),
        "access_ends_at": day.map(|day| day.over_at),
        "days_left": day.map(|day| day.days_left(now)),
        "has_access": user.has_access(now),
        "blocks": user.stands_against(now),
    })
}
