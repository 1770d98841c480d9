//! The EventBridge API in AWS JSON 1.1 (`AWSEvents`).

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::{Buses, Event};
use crate::services::protocol::{
    Refusal, aws_json, input, operation, require_signature, unknown_operation,
};
use crate::services::server::Service;
use crate::services::trouble;

/// Most entries of one *PutEvents*.
const ENTRY_LIMIT: usize = 10;

/// Most bytes of one *PutEvents*, as `PutEventsRequestEntry` counts them.
const SIZE_LIMIT: usize = 1024 * 1024;

/// The event bus service of one account and region.
pub(in crate::services) struct EventBridge {
    buses: Arc<Buses>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    time: Option<f64>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    detail_type: String,
    #[serde(default)]
    detail: String,
    event_bus_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TestEventPattern {
    event_pattern: String,
    event: String,
}

/// `ErrorCode` and `ErrorMessage` of one entry.
type EntryError = (&'static str, String);

impl EventBridge {
    /// Serves `buses`.
    pub(in crate::services) fn new(buses: Arc<Buses>) -> Self {
        Self { buses }
    }

    fn run(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        require_signature(request)?;
        let body = request.body();
        match operation(request.headers(), "AWSEvents")? {
            "ListEventBuses" => {
                let buses = self.buses.buses.iter();
                let buses = buses.map(|bus| json!({ "Name": bus.name, "Arn": bus.arn }));
                Ok(json!({ "EventBuses": buses.collect::<Vec<_>>() }))
            }
            "PutEvents" => self.put_events(input(body)?),
            "TestEventPattern" => test_event_pattern(&input(body)?),
            other => Err(unknown_operation(other)),
        }
    }

    fn put_events(&self, input: PutEvents) -> Result<Value, Refusal> {
        if !(1..=ENTRY_LIMIT).contains(&input.entries.len()) {
            return Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: \
                 Member must have length between 1 and 10",
            ));
        }
        if input.entries.iter().map(Entry::size).sum::<usize>() > SIZE_LIMIT {
            return Err(Refusal::new(
                "ValidationException",
                "Total size of the entries in the request is over the limit.",
            ));
        }
        let mut failed = 0;
        let mut answers = Vec::new();
        for entry in input.entries {
            answers.push(match self.put(entry) {
                Ok(id) => json!({ "EventId": id }),
                Err((code, message)) => {
                    failed += 1;
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                }
            });
        }
        Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
    }

    fn put(&self, entry: Entry) -> Result<String, EntryError> {
        let name = entry.event_bus_name.as_deref().unwrap_or("default");
        let missing = |field: &str| {
            let reason =
                format!("Parameter {field} is not valid. Reason: {field} is a required argument.");
            ("InvalidArgument", reason)
        };
        for (field, value) in [
            ("Source", &entry.source),
            ("DetailType", &entry.detail_type),
            ("Detail", &entry.detail),
        ] {
            if value.is_empty() {
                return Err(missing(field));
            }
        }
        if entry.source.starts_with("aws.") {
            let message = "Not authorized for the source.".to_owned();
            return Err(("NotAuthorizedForSourceException", message));
        }
        let detail = serde_json::from_str(&entry.detail).ok().filter(Value::is_object);
        let detail =
            detail.ok_or_else(|| ("MalformedDetail", "Detail is malformed.".to_owned()))?;
        let bus = self.buses.bus(name).ok_or_else(|| {
            ("ResourceNotFoundException", format!("Event bus {name} does not exist."))
        })?;
        let event = Event {
            source: entry.source,
            detail_type: entry.detail_type,
            detail,
            resources: entry.resources,
            time: entry.time.and_then(instant),
        };
        self.buses.publish(bus, event).map_err(|error| {
            trouble::log(&error, "an event could not be kept");
            ("InternalFailure", "The event could not be kept.".to_owned())
        })
    }
}

impl Service for EventBridge {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        aws_json("1.1", self.run(&request))
    }
}

impl Entry {
    /// EventBridge User Guide, *Calculating PutEvents event entry size*: 14 bytes for the time.
    fn size(&self) -> usize {
        let resources: usize = self.resources.iter().map(String::len).sum();
        self.time.map_or(0, |_| 14)
            + self.source.len()
            + self.detail_type.len()
            + self.detail.len()
            + resources
    }
}

fn test_event_pattern(input: &TestEventPattern) -> Result<Value, Refusal> {
    let invalid = |message: String| Refusal::new("InvalidEventPatternException", message);
    let pattern: Value = serde_json::from_str(&input.event_pattern)
        .map_err(|error| invalid(format!("Event pattern is not valid. Reason: {error}")))?;
    let pattern = Pattern::parse(&pattern)
        .map_err(|error| invalid(format!("Event pattern is not valid. Reason: {error}")))?;
    let event: Value = serde_json::from_str(&input.event)
        .map_err(|_| Refusal::new("ValidationException", "Parameter Event is not valid."))?;
    Ok(json!({ "Result": pattern.matches(&event) }))
}

/// `AWS JSON` writes instants as seconds.
fn instant(seconds: f64) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()
}
