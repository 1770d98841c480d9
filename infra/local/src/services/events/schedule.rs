//! Schedules that fire: rules with an expression, and EventBridge Scheduler.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::expression::Expression;
use super::{Buses, Event, input};
use crate::services::delivery::DeliveryError;
use crate::services::protocol::mint_uuid;
use crate::services::{ServicesError, trouble};
use crate::template::model::{self, Input, ScheduleKind};

/// Timers sleep at most this long at once, so that a laptop that slept is late by no more.
const NAP: Duration = Duration::from_secs(30);

/// A schedule of the template.
pub(in crate::services) struct Schedule {
    settings: model::Schedule,
    expression: Expression,
    buses: Arc<Buses>,
    clock: Arc<dyn Clock>,
}

impl Schedule {
    /// Reads the expression, the time zone and the targets.
    pub(in crate::services) fn new(
        settings: &model::Schedule,
        buses: &Arc<Buses>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ServicesError> {
        let zone = match settings.timezone.as_deref() {
            None | Some("UTC") => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| ServicesError::Template {
                resource: settings.logical_id.clone(),
                problem: format!("the time zone {name} is not known on this machine"),
            })?,
        };
        let expression = Expression::parse(&settings.expression, zone).map_err(|source| {
            ServicesError::Expression { schedule: settings.logical_id.clone(), source }
        })?;
        buses.require_targets(&settings.logical_id, &settings.targets)?;
        Ok(Self {
            settings: settings.clone(),
            expression,
            buses: buses.clone(),
            clock: clock.clone(),
        })
    }

    /// Its logical id.
    pub(in crate::services) fn name(&self) -> &str {
        &self.settings.logical_id
    }

    /// Whether the schedule goes by this name.
    pub(in crate::services) fn is(&self, name: &str) -> bool {
        self.settings.logical_id == name || self.settings.alias.as_deref() == Some(name)
    }

    /// Fires whenever the expression says so, until dropped; the first time after one period.
    pub(in crate::services) async fn run(self: Arc<Self>) {
        if !self.settings.enabled {
            return;
        }
        let mut last = self.clock.now();
        while let Some(next) = self.expression.next(last) {
            self.sleep_until(next).await;
            if let Err(error) = self.fire() {
                trouble::log(&error, "a schedule did not fire");
            }
            // A laptop that slept over several firings makes up for one.
            let now = self.clock.now();
            last = match self.expression {
                Expression::Rate(period) if now.duration_since(next) < period => next,
                _ => now.max(next),
            };
        }
    }

    async fn sleep_until(&self, next: Timestamp) {
        loop {
            let left = next.duration_since(self.clock.now());
            match Duration::try_from(left) {
                Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(NAP)).await,
                _ => return,
            }
        }
    }

    /// Sends the schedule's input to every target, now.
    pub(in crate::services) fn fire(&self) -> Result<(), DeliveryError> {
        let arn = &self.settings.arn;
        let rule = input::Rule { name: &self.settings.logical_id, arn };
        let event = self.event();
        for target in &self.settings.targets {
            let target = self.target(target);
            self.buses.deliver(&target, &event, rule, super::HOPS)?;
        }
        Ok(())
    }

    fn event(&self) -> Value {
        let id = mint_uuid(&*self.buses.entropy).to_string();
        match self.settings.kind {
            ScheduleKind::Scheduler => json!({}),
            ScheduleKind::Rule => {
                let event = Event {
                    source: "aws.events".to_owned(),
                    detail_type: "Scheduled Event".to_owned(),
                    detail: json!({}),
                    resources: vec![self.settings.arn.clone()],
                    time: None,
                };
                self.buses.envelope(&id, event)
            }
        }
    }

    /// EventBridge Scheduler User Guide, *Adding context attributes*.
    fn target(&self, target: &model::Target) -> model::Target {
        let mut target = target.clone();
        if let (ScheduleKind::Scheduler, Input::Constant(text)) =
            (self.settings.kind, &mut target.input)
        {
            let now = format!("{:.0}", self.clock.now());
            let id = mint_uuid(&*self.buses.entropy).to_string();
            *text = text
                .replace("<aws.scheduler.schedule-arn>", &self.settings.arn)
                .replace("<aws.scheduler.scheduled-time>", &now)
                .replace("<aws.scheduler.execution-id>", &id)
                .replace("<aws.scheduler.attempt-number>", "1");
        }
        target
    }
}
