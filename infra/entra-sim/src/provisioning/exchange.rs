//! The provisioning log: each request and its answer, without the token.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// How many exchanges are kept.
const MOST: usize = 1_000;
/// How much of a body is kept, in bytes.
const LONGEST: usize = 4_096;

/// One request and what came back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exchange {
    /// Counts from one over the life of the process.
    pub number: u64,
    /// When the request was sent, by the simulator's clock.
    pub at: Timestamp,
    /// The sign-in name or group that it was about.
    pub subject: String,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The request's body: JSON, or text where it was too long to keep whole.
    pub sent: Option<Value>,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// The answer's body: JSON, or text where it is none or too long to keep whole.
    pub received: Option<Value>,
    /// Why no answer came.
    pub error: Option<String>,
    /// What Microsoft's documentation does not allow in the answer.
    pub complaint: Option<String>,
    /// How long the answer took.
    pub duration_ms: u64,
}

/// The latest exchanges.
#[derive(Debug, Default)]
pub(crate) struct ExchangeLog {
    entries: VecDeque<Exchange>,
    written: u64,
}

impl ExchangeLog {
    /// Writes an exchange and forgets the oldest if there are too many.
    pub(crate) fn write(&mut self, exchange: Exchange) {
        self.written += 1;
        self.entries.push_back(Exchange { number: self.written, ..exchange });
        if self.entries.len() > MOST {
            self.entries.pop_front();
        }
    }

    /// How many were written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// The exchanges behind a number, oldest first.
    pub(crate) fn since(&self, number: u64) -> Vec<Exchange> {
        self.entries.iter().filter(|exchange| exchange.number > number).cloned().collect()
    }
}

/// A body as the log keeps it: never with the token, never longer than it should be.
pub(crate) fn kept(body: &str, secret: &str) -> Value {
    let redacted;
    let body = if !secret.is_empty() && body.contains(secret) {
        redacted = body.replace(secret, "[redacted]");
        &redacted
    } else {
        body
    };
    if body.len() > LONGEST {
        let end = body.floor_char_boundary(LONGEST);
        return Value::String(format!(
            "{} [{} bytes in all]",
            body.get(..end).unwrap_or_default(),
            body.len()
        ));
    }
    serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_without_the_token_and_cut_where_it_is_too_long() {
        let echo = kept("{\"seen\":\"Bearer secret-token\"}", "secret-token");
        let long = kept(&"ä".repeat(LONGEST), "secret-token");

        assert_eq!(echo.to_string(), "{\"seen\":\"Bearer [redacted]\"}");
        let long = long.as_str().unwrap_or_default();
        assert!(long.ends_with("[8192 bytes in all]"), "{long}");
        assert!(long.len() < LONGEST + 40);
    }

    #[test]
    fn the_log_is_bounded() {
        let mut log = ExchangeLog::default();
        let exchange = Exchange {
            number: 0,
            at: Timestamp::UNIX_EPOCH,
            subject: String::new(),
            method: "GET".to_owned(),
            url: String::new(),
            sent: None,
            status: None,
            received: None,
            error: None,
            complaint: None,
            duration_ms: 0,
        };
        (0..=MOST).for_each(|_| log.write(exchange.clone()));

        assert_eq!(log.written(), 1_001);
        assert_eq!(log.since(0).len(), MOST);
        assert_eq!(log.since(0).first().map(|first| first.number), Some(2));
    }
}
