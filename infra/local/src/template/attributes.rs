//! What `Ref` and `Fn::GetAtt` answer for each resource type.

use serde_json::Value;

use super::Fault;
use super::properties::Properties;
use super::resolve::Resolver;

/// Types whose `Ref` is their physical name, with the property that sets it and their ARN's form
/// (service and prefix of the resource part).
const NAMED: &[(&str, &str, &str, &str)] = &[
    ("AWS::DynamoDB::Table", "TableName", "dynamodb", "table/"),
    ("AWS::Events::EventBus", "Name", "events", "event-bus/"),
    ("AWS::Events::Rule", "Name", "events", "rule/"),
    ("AWS::Scheduler::Schedule", "Name", "scheduler", "schedule/default/"),
    ("AWS::Scheduler::ScheduleGroup", "Name", "scheduler", "schedule-group/"),
    ("AWS::Logs::LogGroup", "LogGroupName", "logs", "log-group:"),
    ("AWS::CloudWatch::Alarm", "AlarmName", "cloudwatch", "alarm:"),
];

/// `Ref` to a resource.
pub(super) fn reference(resolver: &Resolver<'_>, id: &str, at: &str) -> Result<String, Fault> {
    if let Some(owner) =
        id.strip_suffix(".Stage").or_else(|| id.strip_suffix("ApiGatewayDefaultStage"))
        && kind(resolver, owner) == Some("AWS::Serverless::HttpApi")
    {
        return Ok("$default".to_owned());
    }
    let resource = known(resolver, id, at)?;
    let properties = Properties::of_resource(resolver, id, resource);
    let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => Ok(id.to_owned()),
        "AWS::Serverless::HttpApi" | "AWS::ApiGatewayV2::Api" => Ok("local".to_owned()),
        "AWS::KMS::Key" => Ok(key_id(resolver, id)),
        "AWS::KMS::Alias" => properties.needed_text("AliasName"),
        "AWS::SQS::Queue" => Ok(format!(
            "{}/{}/{}",
            resolver.context.sqs_endpoint,
            resolver.context.account,
            queue_name(resolver, id, &properties)?
        )),
        "AWS::SNS::Topic" => attribute(resolver, id, "TopicArn", at),
        "AWS::IAM::Role" => physical(resolver, id, &properties, "RoleName"),
        "AWS::S3::Bucket" => Ok(physical(resolver, id, &properties, "BucketName")?.to_lowercase()),
        "AWS::ApiGatewayV2::DomainName" => properties.needed_text("DomainName"),
        other => match NAMED.iter().find(|named| named.0 == other) {
            Some((_, property, _, _)) => physical(resolver, id, &properties, property),
            None => Err(unknown(id, other, at)),
        },
    }
}

/// `Fn::GetAtt` of a resource.
pub(super) fn attribute(
    resolver: &Resolver<'_>,
    id: &str,
    attribute: &str,
    at: &str,
) -> Result<String, Fault> {
    if let Some(owner) = id.strip_suffix("Role")
        && attribute == "Arn"
        && kind(resolver, owner) == Some("AWS::Serverless::Function")
    {
        return Ok(role_arn(resolver, &named(resolver, id)));
    }
    let resource = known(resolver, id, at)?;
    let properties = Properties::of_resource(resolver, id, resource);
    let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
    let name = || reference(resolver, id, at);
    match (kind, attribute) {
        ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
            Ok(arn(resolver, "lambda", "function:", id))
        }
        ("AWS::Serverless::HttpApi" | "AWS::ApiGatewayV2::Api", "ApiEndpoint") => {
            Ok(resolver.context.base_url.clone())
        }
        ("AWS::Serverless::HttpApi" | "AWS::ApiGatewayV2::Api", "ApiId") => name(),
        ("AWS::KMS::Key", "Arn") => Ok(arn(resolver, "kms", "key/", &key_id(resolver, id))),
        ("AWS::KMS::Key", "KeyId") => name(),
        ("AWS::SQS::Queue", "Arn") => {
            Ok(arn(resolver, "sqs", "", &queue_name(resolver, id, &properties)?))
        }
        ("AWS::SQS::Queue", "QueueName") => queue_name(resolver, id, &properties),
        ("AWS::SQS::Queue", "QueueUrl") => name(),
        ("AWS::SNS::Topic", "TopicArn") => {
            Ok(arn(resolver, "sns", "", &physical(resolver, id, &properties, "TopicName")?))
        }
        ("AWS::SNS::Topic", "TopicName") => physical(resolver, id, &properties, "TopicName"),
        ("AWS::IAM::Role", "Arn") => Ok(role_arn(resolver, &name()?)),
        ("AWS::S3::Bucket", "Arn") => Ok(format!("arn:aws:s3:::{}", name()?)),
        ("AWS::DynamoDB::Table", "StreamArn") => {
            Ok(format!("{}/stream/local", arn(resolver, "dynamodb", "table/", &name()?)))
        }
        ("AWS::Events::EventBus", "Name") => name(),
        (other, "Arn") => match NAMED.iter().find(|named| named.0 == other) {
            Some((_, _, service, prefix)) => Ok(arn(resolver, service, prefix, &name()?)),
            None => Err(unknown(id, other, at)),
        },
        (other, attribute) => Err(unknown(&format!("{id}.{attribute}"), other, at)),
    }
}

/// `arn:aws:{service}:{region}:{account}:{prefix}{name}`.
pub(super) fn arn(resolver: &Resolver<'_>, service: &str, prefix: &str, name: &str) -> String {
    let context = resolver.context;
    format!("arn:aws:{service}:{}:{}:{prefix}{name}", context.region, context.account)
}

/// The name that CloudFormation would make up, without its random end.
pub(super) fn named(resolver: &Resolver<'_>, id: &str) -> String {
    format!("{}-{id}", resolver.context.stack)
}

/// The same key id at every start: a UUID whose bytes are a digest of stack and logical id.
fn key_id(resolver: &Resolver<'_>, id: &str) -> String {
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, named(resolver, id).as_bytes());
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *from;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn queue_name(
    resolver: &Resolver<'_>,
    id: &str,
    properties: &Properties<'_>,
) -> Result<String, Fault> {
    physical(resolver, id, properties, "QueueName")
}

fn physical(
    resolver: &Resolver<'_>,
    id: &str,
    properties: &Properties<'_>,
    property: &str,
) -> Result<String, Fault> {
    Ok(properties.text(property)?.unwrap_or_else(|| named(resolver, id)))
}

fn role_arn(resolver: &Resolver<'_>, name: &str) -> String {
    format!("arn:aws:iam::{}:role/{name}", resolver.context.account)
}

fn kind<'r>(resolver: &'r Resolver<'_>, id: &str) -> Option<&'r str> {
    resolver.resource(id)?.get("Type")?.as_str()
}

fn known<'r>(resolver: &'r Resolver<'_>, id: &str, at: &str) -> Result<&'r Value, Fault> {
    resolver
        .resource(id)
        .ok_or_else(|| Fault::new(at, format!("there is no parameter or resource `{id}`")))
}

fn unknown(id: &str, kind: &str, at: &str) -> Fault {
    Fault::new(at, format!("refers to `{id}`, and the local stack knows no such value of {kind}"))
}
