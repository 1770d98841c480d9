//! What is written to the log when a request fails, and the number that finds it.
//!
//! Knows no error of anybody's: functions decide what they answer, this only writes the cause.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;

/// The number of a request, which a person reads from a page and an administrator finds in the
/// log: API Gateway's, else the Lambda invocation's.
///
/// Never a header's, which whoever calls could choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A number that is known already, for what comes by no request.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the number of a request that Lambda brought; `-` for any other.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let gateway = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
            _ => None,
        };
        gateway
            .or_else(|| parts.lambda_context_ref().map(|context| context.request_id.clone()))
            .filter(|id| !id.is_empty())
            .map_or_else(|| Self::new("-"), Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Logs an error with all its causes, once, at the boundary where it becomes an answer.
pub fn log(error: &(dyn Error + 'static), request_id: &RequestId) {
    tracing::error!(request.id = %request_id, error.chain = %Chain(error), "the request failed");
}

/// An error and its causes on one line, outermost first.
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::Request;
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("the table did not answer")]
    struct Inner;

    #[derive(Debug, Error)]
    #[error("the session was not written")]
    struct Outer(#[source] Inner);

    #[test]
    fn a_chain_names_every_cause_once() {
        let chain = Chain(&Outer(Inner)).to_string();

        assert_eq!(chain, "the session was not written: the table did not answer");
    }

    #[test]
    fn the_number_is_the_gateways_and_never_a_headers() {
        let event = r#"{
            "version": "2.0", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": false,
            "headers": {"x-amzn-trace-id": "Root=forged", "x-request-id": "forged"},
            "requestContext": {
                "stage": "$default", "requestId": "JKJaXmPLvHcESHA=", "timeEpoch": 0,
                "http": {"method": "GET", "path": "/"}
            }
        }"#;
        let (parts, _) = lambda_http::request::from_str(event).unwrap().into_parts();

        assert_eq!(RequestId::of(&parts).as_str(), "JKJaXmPLvHcESHA=");
    }

    #[test]
    fn the_invocations_number_stands_in() {
        let mut context = lambda_http::Context::default();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let (parts, ()) = Request::new(()).with_lambda_context(context).into_parts();

        assert_eq!(RequestId::of(&parts).as_str(), "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    }

    #[test]
    fn a_request_that_no_function_got_has_none() {
        let (parts, ()) = Request::new(()).into_parts();

        assert_eq!(RequestId::of(&parts).to_string(), "-");
    }
}
