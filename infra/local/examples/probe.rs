//! A function for the stack's own tests: does what the path, or `do` in its event, says.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "tests look at the environment as it came")]
    let variables: Value = std::env::vars()
        .map(|(name, value)| (name, Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    if variables.get("DIES_AT_START").is_some() {
        return Err("this function dies at its start".into());
    }
    run(service_fn(|event| answer(event, &variables))).await
}

async fn answer(event: LambdaEvent<Value>, variables: &Value) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let task = if text("do").is_empty() {
        text("rawPath").trim_start_matches("/patient").trim_start_matches('/')
    } else {
        text("do")
    };
    match task.split('/').next().unwrap_or_default() {
        "cookies" => Ok(json!({
            "statusCode": 302, "cookies": ["a=1; Path=/", "b=2"],
            "headers": {"location": "/there", "x-number": 7},
        })),
        "bytes" => Ok(json!({
            "statusCode": 200, "isBase64Encoded": true, "body": "AP8Q",
            "headers": {"content-type": "image/png"},
        })),
        "pid" => Ok(json!({ "pid": std::process::id() })),
        "variables" => Ok(json!({ "variables": variables })),
        "context" => Ok(json!({
            "deadline": context.deadline, "arn": context.invoked_function_arn,
            "request_id": context.request_id, "trace": context.xray_trace_id,
        })),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(json!({ "pid": std::process::id() }))
        }
        "hang" => {
            std::future::pending::<()>().await;
            Ok(Value::Null)
        }
        "large" => Ok(Value::from("x".repeat(7 * 1024 * 1024))),
        "greedy" => {
            let memory = vec![1_u8; 512 * 1024 * 1024];
            tokio::time::sleep(Duration::from_secs(30)).await;
            Ok(json!({ "bytes": memory.len() }))
        }
        "log" => {
            println!("a line on standard output");
            eprintln!("a line on standard error");
            Ok(Value::Null)
        }
        "fail" => Err("it failed on purpose".into()),
        "malformed" => Ok(json!({ "statusCode": "no number" })),
        "exit" => std::process::exit(3),
        _ => Ok(json!({ "statusCode": 200, "body": event.to_string() })),
    }
}
