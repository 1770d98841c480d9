//! Invokes a function of the running stack.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::arguments::Invocation;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing listens there.
    #[error("no local stack runs on port {0}: start it, or name its --port")]
    NoStack(u16, #[source] std::io::Error),
    /// The stack said no.
    #[error("the stack refused: {0}")]
    Refused(String),
    /// The function failed.
    #[error("the function failed: {0}")]
    Failed(String),
    /// The connection broke.
    #[error("the connection to the stack broke")]
    Broken(#[from] hyper::Error),
    /// The function's name cannot be part of an address.
    #[error("that is no name of a function")]
    Name(#[from] http::Error),
}

/// The function's answer.
pub(super) async fn call(invocation: &Invocation) -> Result<String, CallError> {
    let Invocation { port, function, payload } = invocation;
    let address = format!("localhost:{port}");
    let request =
        Request::post(format!("/_local/lambda/2015-03-31/functions/{function}/invocations"))
            .header("host", &address)
            .body(Full::new(Bytes::from(payload.clone())))?;
    let stream =
        TcpStream::connect(&address).await.map_err(|error| CallError::NoStack(*port, error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    drop(sender);
    let _ = connection.await;
    if head.status != StatusCode::OK {
        return Err(CallError::Refused(text));
    }
    match head.headers.get("x-amz-function-error") {
        Some(_) => Err(CallError::Failed(text)),
        None => Ok(text),
    }
}
