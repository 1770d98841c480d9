//! Tables, buses, rules, schedules, queues, topics, mappings, keys and buckets.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::model::{
    Bucket, Bus, Input, Key, Model, Queue, Redrive, Retry, Rule, Schedule, ScheduleKind, Table,
    Target, Topic, arn_name,
};
use super::properties::Properties;
use super::resolve::{Resolver, text_of};
use super::{Fault, attributes, events};

/// What every account has.
pub(super) fn account(resolver: &Resolver<'_>, model: &mut Model) {
    model.buses.push(Bus {
        logical_id: "default".to_owned(),
        name: "default".to_owned(),
        arn: attributes::arn(resolver, "events", "event-bus/", "default"),
    });
}

/// Adds the resource to the model if it is of a type that is executed here.
pub(super) fn read(
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Value,
    model: &mut Model,
) -> Result<(), Fault> {
    let place = Place { resolver, id, properties: Properties::of_resource(resolver, id, resource) };
    match resource.get("Type").and_then(Value::as_str).unwrap_or_default() {
        "AWS::DynamoDB::Table" => model.tables.push(place.table()?),
        "AWS::Events::EventBus" => model.buses.push(place.bus()?),
        "AWS::Events::Rule" => place.rule(model)?,
        "AWS::Scheduler::Schedule" => model.schedules.push(place.schedule()?),
        "AWS::SQS::Queue" => model.queues.push(place.queue()?),
        "AWS::SNS::Topic" => model.topics.push(place.topic()?),
        "AWS::KMS::Key" => model.keys.push(place.key()?),
        "AWS::S3::Bucket" => model.buckets.push(place.bucket()?),
        "AWS::Lambda::EventSourceMapping" => {
            let queue = place.properties.needed_text("EventSourceArn")?;
            let function = place.properties.needed_text("FunctionName")?;
            let function = arn_name(&function);
            let mapping = events::mapping_of(&place.properties, id.to_owned(), queue, function)?;
            model.mappings.push(mapping);
        }
        "AWS::ApiGatewayV2::Route" | "AWS::Serverless::Api" | "AWS::Serverless::StateMachine" => {
            return Err(Fault::new(
                id,
                "resources of this type are not executed by the local stack",
            ));
        }
        _ => {}
    }
    Ok(())
}

/// Gives each `AWS::KMS::Alias` to its key.
pub(super) fn aliases(resolver: &Resolver<'_>, model: &mut Model) -> Result<(), Fault> {
    for (id, resource) in resolver.active_resources()? {
        if resource.get("Type").and_then(Value::as_str) != Some("AWS::KMS::Alias") {
            continue;
        }
        let properties = Properties::of_resource(resolver, &id, resource);
        let target = properties.needed_text("TargetKeyId")?;
        let Some(key) = model.keys.iter_mut().find(|key| key.id == target || key.arn == target)
        else {
            return Err(Fault::new(&id, "`TargetKeyId` is no key of this template"));
        };
        key.aliases.push(properties.needed_text("AliasName")?);
    }
    Ok(())
}

struct Place<'p> {
    resolver: &'p Resolver<'p>,
    id: &'p str,
    properties: Properties<'p>,
}

impl Place<'_> {
    fn reference(&self) -> Result<String, Fault> {
        attributes::reference(self.resolver, self.id, self.id)
    }

    fn arn(&self) -> Result<String, Fault> {
        attributes::attribute(self.resolver, self.id, "Arn", self.id)
    }

    fn table(&self) -> Result<Table, Fault> {
        let ttl = self.properties.map("TimeToLiveSpecification")?;
        let attribute = ttl.text("AttributeName")?;
        Ok(Table {
            logical_id: self.id.to_owned(),
            name: self.reference()?,
            arn: self.arn()?,
            properties: self.properties.resolved()?,
            ttl_attribute: attribute.filter(|_| matches!(ttl.flag("Enabled"), Ok(Some(true)))),
        })
    }

    fn bus(&self) -> Result<Bus, Fault> {
        Ok(Bus { logical_id: self.id.to_owned(), name: self.reference()?, arn: self.arn()? })
    }

    fn rule(&self, model: &mut Model) -> Result<(), Fault> {
        let enabled = self.properties.text("State")?.as_deref() != Some("DISABLED");
        let mut targets = Vec::new();
        for (index, target) in self.properties.list("Targets")?.into_iter().enumerate() {
            let at = format!("{}.Targets.{index}", self.id);
            targets.push(target_of(&Properties::new(self.resolver, target, at))?);
        }
        let pattern = self.properties.value("EventPattern")?;
        let expression = self.properties.text("ScheduleExpression")?;
        if pattern.is_none() && expression.is_none() {
            return Err(Fault::new(self.id, "a rule needs `EventPattern` or `ScheduleExpression`"));
        }
        if let Some(pattern) = pattern {
            model.rules.push(Rule {
                logical_id: self.id.to_owned(),
                bus: bus_name(self.properties.text("EventBusName")?.as_deref()),
                pattern,
                targets: targets.clone(),
                enabled,
            });
        }
        if let Some(expression) = expression {
            model.schedules.push(Schedule {
                logical_id: self.id.to_owned(),
                alias: None,
                arn: self.arn()?,
                expression,
                timezone: None,
                kind: ScheduleKind::Rule,
                targets,
                enabled,
            });
        }
        Ok(())
    }

    fn schedule(&self) -> Result<Schedule, Fault> {
        let target = self.properties.map("Target")?;
        let mut target = target_of(&target)?;
        target.id = self.id.to_owned();
        Ok(Schedule {
            logical_id: self.id.to_owned(),
            alias: None,
            arn: self.arn()?,
            expression: self.properties.needed_text("ScheduleExpression")?,
            timezone: self.properties.text("ScheduleExpressionTimezone")?,
            kind: ScheduleKind::Scheduler,
            targets: vec![target],
            enabled: self.properties.text("State")?.as_deref() != Some("DISABLED"),
        })
    }

    /// Defaults: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
    fn queue(&self) -> Result<Queue, Fault> {
        let p = &self.properties;
        let name = attributes::attribute(self.resolver, self.id, "QueueName", self.id)?;
        Ok(Queue {
            logical_id: self.id.to_owned(),
            name,
            arn: self.arn()?,
            url: self.reference()?,
            fifo: p.flag("FifoQueue")? == Some(true),
            visibility_timeout: p.seconds("VisibilityTimeout")?.unwrap_or(Duration::from_secs(30)),
            retention: p.seconds("MessageRetentionPeriod")?.unwrap_or(Duration::from_secs(345_600)),
            delay: p.seconds("DelaySeconds")?.unwrap_or_default(),
            wait_time: p.seconds("ReceiveMessageWaitTimeSeconds")?.unwrap_or_default(),
            maximum_message_size: p.number("MaximumMessageSize")?.unwrap_or(1_048_576),
            redrive: self.redrive()?,
        })
    }

    fn redrive(&self) -> Result<Option<Redrive>, Fault> {
        let policy = self.properties.map("RedrivePolicy")?;
        let Some(target_arn) = policy.text("deadLetterTargetArn")? else { return Ok(None) };
        let max_receive_count = policy.number("maxReceiveCount")?;
        let max_receive_count = max_receive_count
            .ok_or_else(|| Fault::new(&policy.at, "`maxReceiveCount` is missing"))?;
        Ok(Some(Redrive { target_arn, max_receive_count }))
    }

    fn topic(&self) -> Result<Topic, Fault> {
        let arn = self.reference()?;
        Ok(Topic { logical_id: self.id.to_owned(), name: arn_name(&arn).to_owned(), arn })
    }

    fn bucket(&self) -> Result<Bucket, Fault> {
        let mut expires_after: Option<Duration> = None;
        let rules = self.properties.map("LifecycleConfiguration")?.list("Rules")?;
        for (index, rule) in rules.into_iter().enumerate() {
            let at = format!("{}.LifecycleConfiguration.Rules.{index}", self.id);
            let rule = Properties::new(self.resolver, rule, at);
            let enabled = rule.text("Status")?.as_deref() == Some("Enabled");
            let days = rule.number("ExpirationInDays")?.filter(|_| enabled);
            let days = days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
            expires_after = expires_after.into_iter().chain(days).min();
        }
        Ok(Bucket {
            logical_id: self.id.to_owned(),
            name: self.reference()?,
            arn: self.arn()?,
            expires_after,
        })
    }

    fn key(&self) -> Result<Key, Fault> {
        let mut tags = BTreeMap::new();
        for tag in self.properties.list("Tags")? {
            let part = |name| tag.get(name).map(text_of).unwrap_or_default();
            tags.insert(part("Key"), part("Value"));
        }
        let text = |name, default: &str| {
            self.properties.text(name).map(|text| text.unwrap_or_else(|| default.to_owned()))
        };
        Ok(Key {
            logical_id: self.id.to_owned(),
            id: self.reference()?,
            arn: self.arn()?,
            spec: text("KeySpec", "SYMMETRIC_DEFAULT")?,
            usage: text("KeyUsage", "ENCRYPT_DECRYPT")?,
            enabled: self.properties.flag("Enabled")? != Some(false),
            aliases: Vec::new(),
            tags,
        })
    }
}

/// A bus is named by its name or its ARN; without one it is the account's own.
pub(super) fn bus_name(named: Option<&str>) -> String {
    named.map_or("default", arn_name).to_owned()
}

fn target_of(target: &Properties<'_>) -> Result<Target, Fault> {
    let (retry, dead_letter) = delivery(target)?;
    Ok(Target {
        id: target.text("Id")?.unwrap_or_default(),
        arn: target.needed_text("Arn")?,
        input: input(target)?,
        retry,
        dead_letter,
        message_group: target.map("SqsParameters")?.text("MessageGroupId")?,
    })
}

/// `RetryPolicy` and `DeadLetterConfig.Arn`.
pub(super) fn delivery(details: &Properties<'_>) -> Result<(Retry, Option<String>), Fault> {
    let policy = details.map("RetryPolicy")?;
    let default = Retry::default();
    let retry = Retry {
        maximum_attempts: policy
            .number("MaximumRetryAttempts")?
            .unwrap_or(default.maximum_attempts),
        maximum_age: policy.seconds("MaximumEventAgeInSeconds")?.unwrap_or(default.maximum_age),
    };
    Ok((retry, details.map("DeadLetterConfig")?.text("Arn")?))
}

/// `Input`, `InputPath` or `InputTransformer`.
pub(super) fn input(details: &Properties<'_>) -> Result<Input, Fault> {
    if let Some(text) = details.value("Input")? {
        return Ok(Input::Constant(text_of(&text)));
    }
    if let Some(path) = details.text("InputPath")? {
        return Ok(Input::Path(path));
    }
    if details.has("InputTransformer") {
        let transformer = details.map("InputTransformer")?;
        return Ok(Input::Transformer {
            paths: transformer.map("InputPathsMap")?.all_texts()?,
            template: transformer.needed_text("InputTemplate")?,
        });
    }
    Ok(Input::Event)
}
