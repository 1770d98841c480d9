//! One attempt at a call.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use url::Url;
use uuid::Uuid;

use crate::answer::Answer;
use crate::body::{self, BodyError};
use crate::call::{Call, Target};
use crate::link::{ForeignLink, Origin};
use crate::retry_after;
use crate::token::AccessToken;

/// Why an attempt has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// The stored link leads elsewhere: nothing was sent.
    #[error("the link is not one of the configured Graph's")]
    Foreign(#[source] ForeignLink),
    /// It may have been carried out, or not.
    #[error("the call was not answered")]
    Lost(#[source] reqwest::Error),
    /// There was one, but it cannot be read.
    #[error("the answer cannot be read")]
    Body(#[source] BodyError),
}

/// Sends and reads, once.
pub(crate) async fn attempt(
    http: &reqwest::Client,
    origin: &Origin,
    call: &Call,
    token: &AccessToken,
    correlation: Uuid,
    (now, longest): (Timestamp, Duration),
) -> Result<Answer, Unanswered> {
    let url = url_of(origin, &call.target).map_err(Unanswered::Foreign)?;
    let mut request = http
        .request(call.method.clone(), url)
        .timeout(longest)
        .bearer_auth(token.secret())
        .header("client-request-id", correlation.to_string())
        .header("return-client-request-id", "true");
    if let Some(size) = call.page_size {
        request = request.header("Prefer", format!("odata.maxpagesize={size}"));
    }
    if call.eventual {
        request = request.header("ConsistencyLevel", "eventual");
    }
    if let Some(body) = &call.body {
        request = request.json(body);
    }
    let response = request.send().await.map_err(|error| Unanswered::Lost(error.without_url()))?;
    let header = |headers: &HeaderMap, name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let headers = response.headers();
    let retry_after = header(headers, RETRY_AFTER.as_str());
    let mut answer = Answer {
        status: response.status().as_u16(),
        retry_after: retry_after.and_then(|text| retry_after::parse(&text, now)),
        location: header(headers, LOCATION.as_str()),
        request_id: header(headers, "request-id").filter(|id| id.len() <= 64),
        body: Vec::new(),
    };
    answer.body = body::read(response).await.map_err(Unanswered::Body)?;
    Ok(answer)
}

fn url_of(origin: &Origin, target: &Target) -> Result<Url, ForeignLink> {
    match target {
        Target::Address(address) => {
            let base = origin.base().as_str().trim_end_matches('/');
            Url::parse(&format!("{base}{}", address.text())).map_err(|_| ForeignLink)
        }
        Target::Link(link) => {
            let link = origin.link(link.as_str())?;
            Url::parse(link.as_str()).map_err(|_| ForeignLink)
        }
    }
}
