//! What the local stack executes of a template: plain values, everything resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// A whole template with its parameters, conditions and intrinsics resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Lambda functions, by logical id.
    pub functions: BTreeMap<String, Function>,
    /// Routes of the HTTP API.
    pub routes: Vec<Route>,
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// Event buses; `default` is always among them.
    pub buses: Vec<Bus>,
    /// Rules with an event pattern.
    pub rules: Vec<Rule>,
    /// Rules and schedules with an expression.
    pub schedules: Vec<Schedule>,
    /// SQS queues.
    pub queues: Vec<Queue>,
    /// SNS topics.
    pub topics: Vec<Topic>,
    /// Queues that feed functions.
    pub mappings: Vec<Mapping>,
    /// KMS keys.
    pub keys: Vec<Key>,
    /// S3 buckets.
    pub buckets: Vec<Bucket>,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
}

/// `AWS::Serverless::Function`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Logical id, which is also the function's name here.
    pub logical_id: String,
    /// Its ARN.
    pub arn: String,
    /// `Metadata.BuildProperties.Binary`: the cargo binary, or the logical id when absent.
    pub binary: String,
    /// Resolved `Environment.Variables`.
    pub environment: BTreeMap<String, String>,
    /// `Timeout`; Lambda's default is 3 seconds.
    pub timeout: Duration,
    /// `MemorySize` in MB; Lambda's default is 128.
    pub memory: u32,
    /// `ReservedConcurrentExecutions`.
    pub reserved_concurrency: Option<u32>,
    /// What happens with asynchronous invocations.
    pub asynchronous: Asynchronous,
}

/// `EventInvokeConfig` and `DeadLetterQueue` of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Asynchronous {
    /// Retries after the first attempt; Lambda's default is 2.
    pub maximum_retries: u32,
    /// Oldest event that is still tried; Lambda's default is 6 hours.
    pub maximum_age: Duration,
    /// Where events go that every attempt failed: `DestinationConfig.OnFailure`.
    pub on_failure: Option<String>,
    /// `DeadLetterQueue.TargetArn` / `DeadLetterConfig.TargetArn`.
    pub dead_letter: Option<String>,
}

impl Default for Asynchronous {
    fn default() -> Self {
        Self {
            maximum_retries: 2,
            maximum_age: Duration::from_secs(6 * 3600),
            on_failure: None,
            dead_letter: None,
        }
    }
}

/// One route of the HTTP API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// Upper-case method; `None` is `ANY`.
    pub method: Option<String>,
    /// `/saml/{domain}/sso`, `/assets/{file+}`; `None` is the `$default` route.
    pub path: Option<String>,
    /// Logical id of the function behind it.
    pub function: String,
    /// `TimeoutInMillis`, at most the API's own 30 seconds.
    pub timeout: Duration,
}

/// `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Logical id.
    pub logical_id: String,
    /// `TableName`, or one made of the stack's name and the logical id.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The resolved properties: what `CreateTable` takes, under the same names.
    pub properties: Value,
    /// `TimeToLiveSpecification.AttributeName` when enabled.
    pub ttl_attribute: Option<String>,
}

/// `AWS::S3::Bucket`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bucket {
    /// Logical id.
    pub logical_id: String,
    /// `BucketName`, or one made of the stack's name and the logical id.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `ExpirationInDays` of the lifecycle's rules that are enabled, the shortest.
    pub expires_after: Option<Duration>,
}

/// `AWS::Events::EventBus`, or the account's `default` bus.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bus {
    /// Logical id; `default` for the account's own.
    pub logical_id: String,
    /// `Name`.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// `AWS::Events::Rule` with an `EventPattern`, or a function's `EventBridgeRule` event.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Logical id (for a function's event: function id followed by event id, as SAM names it).
    pub logical_id: String,
    /// Name of the bus it listens on.
    pub bus: String,
    /// `EventPattern`.
    pub pattern: Value,
    /// Where matching events go.
    pub targets: Vec<Target>,
    /// `State` is not `DISABLED`.
    pub enabled: bool,
}

/// One target of a rule or schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// `Id`.
    pub id: String,
    /// ARN of a function, queue or bus.
    pub arn: String,
    /// What is sent.
    pub input: Input,
    /// `RetryPolicy` of EventBridge itself.
    pub retry: Retry,
    /// `DeadLetterConfig.Arn`: for events that could not be delivered at all.
    pub dead_letter: Option<String>,
    /// `SqsParameters.MessageGroupId`.
    pub message_group: Option<String>,
}

/// What a target receives.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The whole event.
    Event,
    /// `Input`: this text instead of the event.
    Constant(String),
    /// `InputPath`: a part of the event.
    Path(String),
    /// `InputTransformer`.
    Transformer {
        /// `InputPathsMap`.
        paths: BTreeMap<String, String>,
        /// `InputTemplate`.
        template: String,
    },
}

/// `RetryPolicy`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retry {
    /// `MaximumRetryAttempts`; EventBridge's default is 185.
    pub maximum_attempts: u32,
    /// `MaximumEventAgeInSeconds`; EventBridge's default is a day.
    pub maximum_age: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { maximum_attempts: 185, maximum_age: Duration::from_secs(86_400) }
    }
}

/// `AWS::Scheduler::Schedule`, `AWS::Events::Rule` with `ScheduleExpression`, or a function's
/// `Schedule`/`ScheduleV2` event.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Logical id, under which `POST /_local/schedules/{name}/run` knows it. An event of a
    /// function is known by its own id (`Sweep`), and also by SAM's name (`DirectoryFunctionSweep`).
    pub logical_id: String,
    /// SAM's name where it differs from the logical id.
    pub alias: Option<String>,
    /// Its ARN.
    pub arn: String,
    /// `rate(1 minute)`, `cron(…)` or `at(…)`, as written.
    pub expression: String,
    /// `ScheduleExpressionTimezone` (EventBridge Scheduler only).
    pub timezone: Option<String>,
    /// Who sends it, which decides the payload of a target without `Input`.
    pub kind: ScheduleKind,
    /// What is sent where.
    pub targets: Vec<Target>,
    /// `State` is not `DISABLED`.
    pub enabled: bool,
}

/// The two schedulers of AWS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ScheduleKind {
    /// A rule of EventBridge: targets without input receive a `Scheduled Event`.
    Rule,
    /// EventBridge Scheduler: targets without input receive `{}`.
    Scheduler,
}

/// `AWS::SQS::Queue`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queue {
    /// Logical id.
    pub logical_id: String,
    /// `QueueName`, or one made of the stack's name and the logical id.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its URL, as `!Ref` answers it: `{sqs endpoint}/{account}/{name}`.
    pub url: String,
    /// `FifoQueue`.
    pub fifo: bool,
    /// `VisibilityTimeout`; default 30 seconds.
    pub visibility_timeout: Duration,
    /// `MessageRetentionPeriod`; default 4 days.
    pub retention: Duration,
    /// `DelaySeconds`; default 0.
    pub delay: Duration,
    /// `ReceiveMessageWaitTimeSeconds`; default 0.
    pub wait_time: Duration,
    /// `MaximumMessageSize`.
    pub maximum_message_size: u32,
    /// `RedrivePolicy`.
    pub redrive: Option<Redrive>,
}

/// `RedrivePolicy` of a queue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Redrive {
    /// `deadLetterTargetArn`.
    pub target_arn: String,
    /// `maxReceiveCount`.
    pub max_receive_count: u32,
}

/// `AWS::SNS::Topic`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Topic {
    /// Logical id.
    pub logical_id: String,
    /// `TopicName`.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// `AWS::Lambda::EventSourceMapping` or a function's `SQS` event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// Logical id.
    pub logical_id: String,
    /// ARN of the queue.
    pub queue_arn: String,
    /// Logical id of the function.
    pub function: String,
    /// `BatchSize`; default 10.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`; default 0.
    pub window: Duration,
    /// `ScalingConfig.MaximumConcurrency`.
    pub maximum_concurrency: Option<u32>,
    /// Whether the function's answer names single messages that failed.
    pub failures: BatchFailures,
    /// `Enabled` is not `false`.
    pub enabled: bool,
}

/// `FunctionResponseTypes` of a mapping.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BatchFailures {
    /// A failed invocation returns the whole batch.
    WholeBatch,
    /// `ReportBatchItemFailures`: the answer's `batchItemFailures` are returned.
    Reported,
}

/// `AWS::KMS::Key`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    /// Logical id.
    pub logical_id: String,
    /// Key id, as `!Ref` answers it: a UUID made from the stack's name and the logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `KeySpec`: `SYMMETRIC_DEFAULT`, `RSA_2048`, …
    pub spec: String,
    /// `KeyUsage`: `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, …
    pub usage: String,
    /// `Enabled` is not `false`.
    pub enabled: bool,
    /// `AliasName` of each alias that targets it, with the `alias/` in front.
    pub aliases: Vec<String>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

/// The last part of an ARN: `arn:aws:lambda:eu-central-1:123456789012:function:NAME` → `NAME`.
pub fn arn_name(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}
