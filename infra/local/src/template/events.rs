//! The `Events` of a function: its routes, queues, rules and schedules.

use std::time::Duration;

use serde_json::Value;

use super::model::{
    BatchFailures, Function, Mapping, Model, Route, Rule, Schedule, ScheduleKind, Target,
};
use super::properties::Properties;
use super::resolve::Resolver;
use super::resources::{bus_name, delivery, input};
use super::{Fault, attributes};

/// The longest that an HTTP API waits for its integration.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const LONGEST_INTEGRATION: Duration = Duration::from_secs(30);

pub(super) fn read(
    resolver: &Resolver<'_>,
    function: &Function,
    properties: &Properties<'_>,
    model: &mut Model,
) -> Result<(), Fault> {
    let events = properties.map("Events")?;
    for name in events.names() {
        let event = events.map(&name)?;
        let details = event.map("Properties")?;
        let event = Event { resolver, function, name: &name, details: &details };
        match events.map(&name)?.needed_text("Type")?.as_str() {
            "HttpApi" => model.routes.push(event.route()?),
            "SQS" => model.mappings.push(event.mapping()?),
            "EventBridgeRule" | "CloudWatchEvent" => model.rules.push(event.rule()?),
            "Schedule" => model.schedules.push(event.schedule(ScheduleKind::Rule)?),
            "ScheduleV2" => model.schedules.push(event.schedule(ScheduleKind::Scheduler)?),
            other => {
                let what = format!("events of type `{other}` are not executed by the local stack");
                return Err(Fault::new(&details.at, what));
            }
        }
    }
    Ok(())
}

struct Event<'e> {
    resolver: &'e Resolver<'e>,
    function: &'e Function,
    name: &'e str,
    details: &'e Properties<'e>,
}

impl Event<'_> {
    /// SAM's name for the resource that the event becomes.
    fn id(&self) -> String {
        format!("{}{}", self.function.logical_id, self.name)
    }

    fn route(&self) -> Result<Route, Fault> {
        let (method, path) = (self.details.text("Method")?, self.details.text("Path")?);
        let milliseconds = self.details.number("TimeoutInMillis")?;
        let timeout = milliseconds.map(|number| Duration::from_millis(number.into()));
        let method = method.map(|method| method.to_ascii_uppercase());
        Ok(Route {
            method: method
                .filter(|method| method != "ANY" && method != "X-AMAZON-APIGATEWAY-ANY-METHOD"),
            path: path.filter(|path| path != "$default"),
            function: self.function.logical_id.clone(),
            timeout: timeout.unwrap_or(LONGEST_INTEGRATION).min(LONGEST_INTEGRATION),
        })
    }

    fn mapping(&self) -> Result<Mapping, Fault> {
        mapping_of(
            self.details,
            self.id(),
            self.details.needed_text("Queue")?,
            &self.function.logical_id,
        )
    }

    fn rule(&self) -> Result<Rule, Fault> {
        let Some(pattern) = self.details.value("Pattern")? else {
            return Err(Fault::new(&self.details.at, "`Pattern` is missing"));
        };
        let target = self.target(&self.details.map("Target")?.text("Id")?)?;
        let state = self.details.text("State")?;
        Ok(Rule {
            logical_id: self.id(),
            bus: bus_name(self.details.text("EventBusName")?.as_deref()),
            pattern,
            targets: vec![target],
            enabled: state.as_deref() != Some("DISABLED"),
        })
    }

    fn schedule(&self, kind: ScheduleKind) -> Result<Schedule, Fault> {
        let (property, service, prefix) = match kind {
            ScheduleKind::Rule => ("Schedule", "events", "rule/"),
            ScheduleKind::Scheduler => ("ScheduleExpression", "scheduler", "schedule/default/"),
        };
        let physical = match self.details.text("Name")? {
            Some(name) => name,
            None => attributes::named(self.resolver, &self.id()),
        };
        let disabled = self.details.text("State")?.as_deref() == Some("DISABLED");
        Ok(Schedule {
            logical_id: self.name.to_owned(),
            alias: Some(self.id()),
            arn: attributes::arn(self.resolver, service, prefix, &physical),
            expression: self.details.needed_text(property)?,
            timezone: self.details.text("ScheduleExpressionTimezone")?,
            kind,
            targets: vec![self.target(&None)?],
            enabled: !disabled && self.details.flag("Enabled")? != Some(false),
        })
    }

    fn target(&self, id: &Option<String>) -> Result<Target, Fault> {
        let (retry, dead_letter) = delivery(self.details)?;
        Ok(Target {
            id: id.clone().unwrap_or_else(|| format!("{}LambdaTarget", self.id())),
            arn: self.function.arn.clone(),
            input: input(self.details)?,
            retry,
            dead_letter,
            message_group: None,
        })
    }
}

/// What an event source mapping says, in a function's event or as its own resource.
pub(super) fn mapping_of(
    details: &Properties<'_>,
    logical_id: String,
    queue_arn: String,
    function: &str,
) -> Result<Mapping, Fault> {
    let reported = details.list("FunctionResponseTypes")?;
    let reported = reported.contains(&Value::from("ReportBatchItemFailures"));
    Ok(Mapping {
        logical_id,
        queue_arn,
        function: function.to_owned(),
        batch_size: details.number("BatchSize")?.unwrap_or(10),
        window: details.seconds("MaximumBatchingWindowInSeconds")?.unwrap_or_default(),
        maximum_concurrency: details.map("ScalingConfig")?.number("MaximumConcurrency")?,
        failures: if reported { BatchFailures::Reported } else { BatchFailures::WholeBatch },
        enabled: details.flag("Enabled")? != Some(false),
    })
}
