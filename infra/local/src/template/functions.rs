//! `AWS::Serverless::Function` with the template's `Globals`.

use std::time::Duration;

use serde_json::Value;

use super::model::{Asynchronous, Function, Model};
use super::properties::Properties;
use super::resolve::Resolver;
use super::{Fault, attributes, events};

/// Lambda's defaults. <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
const TIMEOUT: Duration = Duration::from_secs(3);
const MEMORY: u32 = 128;

pub(super) fn read(
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Value,
    model: &mut Model,
) -> Result<(), Fault> {
    match resource.get("Type").and_then(Value::as_str) {
        Some("AWS::Serverless::Function") => {}
        Some("AWS::Lambda::Function") => {
            return Err(Fault::new(
                id,
                "only functions of AWS::Serverless::Function are built here",
            ));
        }
        _ => return Ok(()),
    }
    let own = resource.get("Properties").cloned().unwrap_or_default();
    let properties = Properties::new(resolver, merged(resolver.globals("Function"), own), id);
    let metadata = Properties::new(
        resolver,
        resource.get("Metadata").cloned().unwrap_or_default(),
        format!("{id}.Metadata"),
    );
    let binary = metadata.map("BuildProperties")?.text("Binary")?;
    let function = Function {
        logical_id: id.to_owned(),
        arn: attributes::arn(resolver, "lambda", "function:", id),
        binary: binary.unwrap_or_else(|| id.to_owned()),
        environment: properties.map("Environment")?.map("Variables")?.all_texts()?,
        timeout: properties.seconds("Timeout")?.unwrap_or(TIMEOUT),
        memory: properties.number("MemorySize")?.unwrap_or(MEMORY),
        reserved_concurrency: properties.number("ReservedConcurrentExecutions")?,
        asynchronous: asynchronous(&properties)?,
    };
    events::read(resolver, &function, &properties, model)?;
    model.functions.insert(id.to_owned(), function);
    Ok(())
}

fn asynchronous(properties: &Properties<'_>) -> Result<Asynchronous, Fault> {
    let config = properties.map("EventInvokeConfig")?;
    let failure = config.map("DestinationConfig")?.map("OnFailure")?;
    let lambda = Asynchronous::default();
    if failure.has("Type") && !failure.has("Destination") {
        return Err(Fault::new(&failure.at, "`Destination` is missing: make the queue yourself"));
    }
    Ok(Asynchronous {
        maximum_retries: config.number("MaximumRetryAttempts")?.unwrap_or(lambda.maximum_retries),
        maximum_age: config.seconds("MaximumEventAgeInSeconds")?.unwrap_or(lambda.maximum_age),
        on_failure: failure.text("Destination")?,
        dead_letter: properties.map("DeadLetterQueue")?.text("TargetArn")?,
    })
}

/// SAM: maps are merged, lists are joined (the global ones first), the function's scalars win.
fn merged(global: Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(mut global), Value::Object(own)) => {
            for (name, value) in own {
                let value = match global.remove(&name) {
                    Some(base) => merged(base, value),
                    None => value,
                };
                global.insert(name, value);
            }
            Value::Object(global)
        }
        (Value::Array(mut global), Value::Array(own)) => {
            global.extend(own);
            Value::Array(global)
        }
        (global, Value::Null) => global,
        (_, own) => own,
    }
}
