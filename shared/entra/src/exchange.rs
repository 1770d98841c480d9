//! One request to Entra and its answer: capped, timed, without redirects.

use std::time::Duration;

use oidc::TokenRefusal;
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response};
use uuid::Uuid;

use crate::EntraError;

/// The largest answer that is read, in bytes.
const LARGEST: usize = 256 * 1024;
/// How long one exchange may take: a person waits, and API Gateway ends the wait after 30 s.
const TIME: Duration = Duration::from_secs(8);
/// How long a connection may take to open.
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// A client that follows nobody elsewhere.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT_TIME)
        .timeout(TIME)
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// Posts a form to a token endpoint, RFC 6749 §3.2.
pub(crate) async fn post(
    http: &Client,
    url: &str,
    form: &oidc::TokenForm,
    correlation: Uuid,
) -> Result<Vec<u8>, EntraError> {
    let request = http
        .post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.body().to_owned());
    let response = send(request, correlation).await?;
    let status = response.status();
    if status.is_success() {
        return read(response).await;
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.map(str::to_owned);
    let body = read(response).await?;
    let refusal = TokenRefusal::read(status.as_u16(), after.as_deref(), &body);
    tracing::info!(entra.correlation = %correlation, "{refusal}");
    Err(refusal.into())
}

/// Gets a document that anybody may read.
pub(crate) async fn get(
    http: &Client,
    url: &str,
    correlation: Uuid,
) -> Result<Vec<u8>, EntraError> {
    let response = send(http.get(url), correlation).await?;
    match response.status() {
        status if status.is_success() => read(response).await,
        status => Err(EntraError::NoKeys(status.as_u16())),
    }
}

async fn send(request: RequestBuilder, correlation: Uuid) -> Result<Response, EntraError> {
    let request = request
        .header(ACCEPT, "application/json")
        .header("client-request-id", correlation.to_string())
        .header("return-client-request-id", "true");
    request.send().await.map_err(unreachable)
}

async fn read(mut response: Response) -> Result<Vec<u8>, EntraError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(EntraError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The address is left out: it holds the tenant, and is known anyway.
fn unreachable(error: reqwest::Error) -> EntraError {
    EntraError::Unreachable(error.without_url())
}
