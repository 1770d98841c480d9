//! EventBridge: events to the targets of the rules that match, AWS JSON 1.1 (`AWSEvents`).
//!
//! An event is accepted when every target keeps it, so nothing accepted is lost; a target may
//! receive it more than once.

pub(super) mod expression;
pub(super) mod input;
pub(super) mod pattern;
pub(super) mod schedule;
mod service;

use std::error::Error;
use std::sync::Arc;

use ambient::{Clock, Entropy};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::pattern::Pattern;
use super::delivery::{DeliveryError, Destinations};
use super::protocol::mint_uuid;
use super::queue::Outgoing;
use super::queue::attribute::{Attribute, Attributes};
use super::{Deliveries, ServicesError, trouble};
use crate::template::model;

pub(super) use self::service::EventBridge;

/// A bus passes an event on to another bus, and that one no further.
const HOPS: u8 = 1;

/// The event buses of the account and their rules.
pub(super) struct Buses {
    buses: Vec<model::Bus>,
    rules: Vec<(model::Rule, Pattern)>,
    destinations: Arc<Destinations>,
    deliveries: Deliveries,
    account: String,
    region: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// An event on its way to a bus.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// `source`.
    pub(super) source: String,
    /// `detail-type`.
    pub(super) detail_type: String,
    /// `detail`.
    pub(super) detail: Value,
    /// `resources`.
    pub(super) resources: Vec<String>,
    /// `time`; now when absent.
    pub(super) time: Option<Timestamp>,
}

/// What [`Buses`] are made of, besides the template.
pub(super) struct Surroundings {
    pub(super) destinations: Arc<Destinations>,
    pub(super) deliveries: Deliveries,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Buses {
    /// Reads the rules; each pattern and each target must be one that is served.
    pub(super) fn new(model: &model::Model, around: Surroundings) -> Result<Self, ServicesError> {
        let mut rules = Vec::new();
        for rule in &model.rules {
            let pattern = Pattern::parse(&rule.pattern).map_err(|source| {
                ServicesError::Pattern { rule: rule.logical_id.clone(), source }
            })?;
            rules.push((rule.clone(), pattern));
        }
        let buses = Self {
            buses: model.buses.clone(),
            rules,
            destinations: around.destinations,
            deliveries: around.deliveries,
            account: around.account,
            region: around.region,
            clock: around.clock,
            entropy: around.entropy,
        };
        for rule in &model.rules {
            buses.require_targets(&rule.logical_id, &rule.targets)?;
        }
        for function in model.functions.values() {
            for arn in [&function.asynchronous.on_failure, &function.asynchronous.dead_letter] {
                buses.require_target(&function.logical_id, arn.as_deref())?;
            }
        }
        Ok(buses)
    }

    /// Queues and functions.
    pub(super) fn destinations(&self) -> &Destinations {
        &self.destinations
    }

    /// Refuses targets that nothing here serves.
    pub(super) fn require_targets(
        &self,
        resource: &str,
        targets: &[model::Target],
    ) -> Result<(), ServicesError> {
        for target in targets {
            self.require_target(resource, Some(&target.arn))?;
            self.require_target(resource, target.dead_letter.as_deref())?;
        }
        Ok(())
    }

    fn require_target(&self, resource: &str, arn: Option<&str>) -> Result<(), ServicesError> {
        match arn {
            Some(arn) if !self.destinations.knows(arn) && self.bus(arn).is_none() => {
                Err(ServicesError::Template {
                    resource: resource.to_owned(),
                    problem: format!("nothing here serves its target {arn}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Finds a bus by name or ARN.
    pub(super) fn bus(&self, name: &str) -> Option<&model::Bus> {
        self.buses.iter().find(|bus| bus.name == name || bus.arn == name)
    }

    /// Hands an event to every matching rule of `bus`; answers the event's id.
    pub(super) fn publish(&self, bus: &model::Bus, event: Event) -> Result<String, DeliveryError> {
        let id = mint_uuid(&*self.entropy).to_string();
        let envelope = self.envelope(&id, event);
        for _ in 0..self.deliveries.count() {
            self.route(bus, &envelope, HOPS)?;
        }
        Ok(id)
    }

    /// The event as targets receive it: EventBridge User Guide, *Events*.
    pub(super) fn envelope(&self, id: &str, event: Event) -> Value {
        let time = event.time.unwrap_or_else(|| self.clock.now());
        json!({
            "version": "0",
            "id": id,
            "detail-type": event.detail_type,
            "source": event.source,
            "account": self.account,
            "time": format!("{time:.0}"),
            "region": self.region,
            "resources": event.resources,
            "detail": event.detail,
        })
    }

    fn route(&self, bus: &model::Bus, event: &Value, hops: u8) -> Result<(), DeliveryError> {
        let rules = self.rules.iter().filter(|(rule, pattern)| {
            rule.enabled
                && (rule.bus == bus.name || rule.bus == bus.arn || rule.bus == bus.logical_id)
                && pattern.matches(event)
        });
        for (rule, _) in rules {
            let arn = self.rule_arn(&bus.name, &rule.logical_id);
            let facts = input::Rule { name: &rule.logical_id, arn: &arn };
            for target in &rule.targets {
                self.deliver(target, event, facts, hops)?;
            }
        }
        Ok(())
    }

    /// Sends `event` to one target; what cannot be delivered goes to the target's own dead-letter
    /// queue. EventBridge User Guide, *Using dead-letter queues to process undelivered events*.
    pub(super) fn deliver(
        &self,
        target: &model::Target,
        event: &Value,
        rule: input::Rule<'_>,
        hops: u8,
    ) -> Result<(), DeliveryError> {
        if let Some(bus) = self.bus(&target.arn) {
            return if hops > 0 { self.route(bus, event, hops - 1) } else { Ok(()) };
        }
        let payload = input::payload(&target.input, event, rule);
        match self.destinations.send(&target.arn, Outgoing::body(payload)) {
            Ok(()) => Ok(()),
            Err(DeliveryError::Disk(error)) => Err(DeliveryError::Disk(error)),
            Err(error) => {
                self.bury(target, event, rule, &error);
                Ok(())
            }
        }
    }

    fn bury(
        &self,
        target: &model::Target,
        event: &Value,
        rule: input::Rule<'_>,
        error: &DeliveryError,
    ) {
        tracing::error!(
            error = error as &(dyn Error + 'static),
            target.arn,
            "an event could not be delivered"
        );
        let Some(queue) = &target.dead_letter else { return };
        let message = Outgoing {
            attributes: Attributes::from([
                ("ERROR_CODE".to_owned(), Attribute::text(error.code())),
                ("ERROR_MESSAGE".to_owned(), Attribute::text(error.to_string())),
                ("RULE_ARN".to_owned(), Attribute::text(rule.arn)),
                ("TARGET_ARN".to_owned(), Attribute::text(target.arn.clone())),
            ]),
            ..Outgoing::body(event.to_string())
        };
        if let Err(error) = self.destinations.send(queue, message) {
            trouble::log(&error, "an undelivered event could not be kept either");
        }
    }

    /// Sends the record of a failed invocation to a function's `OnFailure` destination.
    pub(super) fn send_result(
        &self,
        arn: &str,
        function: &str,
        record: &Value,
    ) -> Result<(), DeliveryError> {
        let Some(bus) = self.bus(arn) else {
            return self.destinations.send(arn, Outgoing::body(record.to_string()));
        };
        let event = Event {
            source: "lambda".to_owned(),
            detail_type: "Lambda Function Invocation Result - Failure".to_owned(),
            detail: record.clone(),
            resources: vec![bus.arn.clone(), format!("{function}:$LATEST")],
            time: None,
        };
        self.publish(bus, event).map(drop)
    }

    fn rule_arn(&self, bus: &str, rule: &str) -> String {
        let (region, account) = (&self.region, &self.account);
        if bus == "default" {
            format!("arn:aws:events:{region}:{account}:rule/{rule}")
        } else {
            format!("arn:aws:events:{region}:{account}:rule/{bus}/{rule}")
        }
    }
}
