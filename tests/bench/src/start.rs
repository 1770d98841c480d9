//! From the start of a process to its first poll, and to its first answer.
//!
//! A stub of the runtime API: it hands one silent sign-in to a fresh process, which needs the
//! stack's DynamoDB and KMS to answer it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::Stack;
use scenarios::world;
use serde_json::{Value, json};

use crate::Failure;
use crate::account::{Account, LOGIN};
use crate::answer::{check, question};
use crate::process::resident;
use crate::stopwatch::{Spread, Stopwatch};

/// What a process that does not answer is given.
const PATIENCE: Duration = Duration::from_secs(10);

/// Milliseconds and MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Starts {
    pub(crate) first_poll: Spread,
    pub(crate) first_answer: Spread,
    pub(crate) resident: Spread,
}

struct Start {
    first_poll: Duration,
    first_answer: Duration,
    resident: f64,
}

/// Starts the login function as often as told, one process at a time.
pub(crate) async fn measure(
    account: &Account,
    functions: &Path,
    count: usize,
) -> Result<Starts, Failure> {
    let executable = functions.join("login");
    let mut starts = Vec::new();
    // The first one reads the executable from the disk.
    for index in 0..=count {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut command = Command::new(&executable);
        command
            .env_clear()
            .envs(environment(&account.stack, &listener.local_addr()?.to_string()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let (id, query) = question();
        let event = event(account, &query)?;
        let started =
            tokio::task::spawn_blocking(move || first_answer(&mut command, &listener, &event));
        let (start, answer) = started.await??;
        check_response(&answer, &id)?;
        if index > 0 {
            starts.push(start);
        }
    }
    let milliseconds = |of: fn(&Start) -> Duration| {
        let values = starts.iter().map(|start| of(start).as_secs_f64() * 1e3);
        Spread::of(&values.collect::<Vec<_>>())
    };
    let memory = starts.iter().map(|start| start.resident).collect::<Vec<_>>();
    Ok(Starts {
        first_poll: milliseconds(|start| start.first_poll)?,
        first_answer: milliseconds(|start| start.first_answer)?,
        resident: Spread::of(&memory)?,
    })
}

/// What Lambda and the stack give the function.
fn environment(stack: &Stack, runtime_api: &str) -> BTreeMap<String, String> {
    let ready = stack.ready();
    let model = world::model(&ready.base_url, &ready.sqs_endpoint);
    let function = model.functions.get(LOGIN);
    let mut all = function.map(|function| function.environment.clone()).unwrap_or_default();
    let own = [
        ("AWS_LAMBDA_FUNCTION_NAME", LOGIN),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_REGION", &ready.region),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &ready.dynamodb_endpoint),
        ("AWS_ENDPOINT_URL_KMS", &ready.kms_endpoint),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", &ready.eventbridge_endpoint),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}

/// A silent sign-in as API Gateway brings it, payload format 2.0.
fn event(account: &Account, query: &str) -> Result<String, Failure> {
    let person = account.people.first().ok_or("nobody enrolled")?;
    let cookies = person.browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
    let path = account.sso_path();
    let host = account.stack.ready().base_url.trim_start_matches("http://").to_owned();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies.collect::<Vec<_>>(),
        "headers": { "accept": "text/html", "accept-language": "en", "host": host },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "bench",
            "domainName": host,
            "domainPrefix": "bench",
            "http": {
                "method": "GET", "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "bench",
            },
            "requestId": "bench=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:12:00:00 +0000",
            "timeEpoch": SystemClock.now().as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    Ok(event.to_string())
}

/// One process, from its start to its first answer.
fn first_answer(
    command: &mut Command,
    listener: &TcpListener,
    event: &str,
) -> Result<(Start, Vec<u8>), Failure> {
    let watch = Stopwatch::start();
    let mut process = Ended(command.spawn()?);
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let (line, _) = read(&mut reader)?;
    let first_poll = watch.elapsed();
    if !line.starts_with("GET ") || !line.contains("/invocation/next") {
        return Err(format!("the first request is no poll: {line}").into());
    }
    // Looking at memory is not the function's time.
    let resident = resident(process.0.id())?;
    let watch = Stopwatch::start();
    hand_over(reader.get_mut(), event)?;
    let (line, answer) = read(&mut reader)?;
    let first_answer = first_poll + watch.elapsed();
    process.0.kill()?;
    if !line.contains("/response") {
        let answer = String::from_utf8_lossy(&answer).into_owned();
        return Err(format!("no answer: {line} {answer}").into());
    }
    Ok((Start { first_poll, first_answer, resident }, answer))
}

/// Answers the poll, as the runtime API does.
fn hand_over(stream: &mut TcpStream, event: &str) -> Result<(), Failure> {
    let deadline = SystemClock.now().as_millisecond() + 15_000;
    let head = format!(
        "HTTP/1.1 200 OK\r\n\
         content-type: application/json\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: \
         arn:aws:lambda:eu-central-1:123456789012:function:{LOGIN}\r\n\
         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\
         content-length: {}\r\n\r\n{event}",
        event.len()
    );
    Ok(stream.write_all(head.as_bytes())?)
}

/// Reads one request: its first line, and its body.
fn read(reader: &mut BufReader<TcpStream>) -> Result<(String, Vec<u8>), Failure> {
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    let mut chunked = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err("the process hung up".into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
    }
    let mut body = Vec::new();
    if !chunked {
        reader.take(length).read_to_end(&mut body)?;
        return Ok((first, body));
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = u64::from_str_radix(size.trim(), 16)?;
        reader.by_ref().take(size).read_to_end(&mut body)?;
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok((first, body));
        }
    }
}

/// Checks that the answer for API Gateway is a page with an assertion.
fn check_response(answer: &[u8], id: &str) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    if answer.get("isBase64Encoded").and_then(Value::as_bool) == Some(true) {
        return check(&String::from_utf8(STANDARD.decode(body)?)?, id);
    }
    check(body, id)
}

/// A process that does not outlive its measurement.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
