//! Starts one function process with the environment that Lambda gives it, and nothing else.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::Settings;
use super::log::Log;
use crate::template::model::Function;

/// Starts the process; its output goes to `log`.
pub(super) fn spawn(
    function: &Function,
    settings: &Settings,
    runtime_api: &str,
    log: &Arc<Log>,
) -> io::Result<Child> {
    let mut command = Command::new(settings.bin_dir.join(&function.binary));
    command
        .env_clear()
        .envs(environment(function, settings, runtime_api))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C reaches the stack only, which then ends its functions itself.
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(output) = child.stdout.take() {
        tokio::spawn(copy(output, function.logical_id.clone(), log.clone()));
    }
    if let Some(errors) = child.stderr.take() {
        tokio::spawn(copy(errors, function.logical_id.clone(), log.clone()));
    }
    Ok(child)
}

/// The template's variables, and Lambda's own, which win.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
fn environment(
    function: &Function,
    settings: &Settings,
    runtime_api: &str,
) -> BTreeMap<String, String> {
    let mut all = function.environment.clone();
    all.extend(settings.variables.clone());
    let lambda = [
        ("_HANDLER", "bootstrap"),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.logical_id),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", function.logical_id)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
        // One readable stream: the template's JSON format is for CloudWatch.
        ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_REGION", &settings.region),
        ("AWS_DEFAULT_REGION", &settings.region),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        // Never the credentials or the instance metadata of the machine this runs on.
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("TZ", ":UTC"),
    ];
    all.extend(lambda.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}

async fn copy(stream: impl AsyncRead + Unpin, function: String, log: Arc<Log>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                log.write(&function, text.trim_end_matches(['\n', '\r']));
            }
        }
    }
}
