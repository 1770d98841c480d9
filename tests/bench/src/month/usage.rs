//! How much of each service something uses, and what that costs.

use std::collections::BTreeMap;
use std::ops::{Add, Sub};

use serde_json::{Value, json};

use crate::Failure;

/// What something uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Of the HTTP API.
    pub(super) requests: f64,
    /// Of functions.
    pub(super) invocations: f64,
    /// Memory times time of functions.
    pub(super) gb_seconds: f64,
    pub(super) read_units: f64,
    pub(super) write_units: f64,
    pub(super) signatures: f64,
    /// Said on the bus.
    pub(super) events: f64,
    pub(super) mails: f64,
}

/// An event goes into a queue, is taken out of it, and deleted.
const QUEUE_REQUESTS_OF_AN_EVENT: f64 = 3.0;

impl Usage {
    /// So many times.
    pub(super) fn times(self, many: f64) -> Self {
        Self {
            requests: self.requests * many,
            invocations: self.invocations * many,
            gb_seconds: self.gb_seconds * many,
            read_units: self.read_units * many,
            write_units: self.write_units * many,
            signatures: self.signatures * many,
            events: self.events * many,
            mails: self.mails * many,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "http_requests": self.requests, "invocations": self.invocations,
            "gb_seconds": self.gb_seconds, "read_units": self.read_units,
            "write_units": self.write_units, "signatures": self.signatures,
            "events": self.events, "mails": self.mails,
        })
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            invocations: self.invocations + other.invocations,
            gb_seconds: self.gb_seconds + other.gb_seconds,
            read_units: self.read_units + other.read_units,
            write_units: self.write_units + other.write_units,
            signatures: self.signatures + other.signatures,
            events: self.events + other.events,
            mails: self.mails + other.mails,
        }
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other.times(-1.0)
    }
}

/// What is paid for.
const NAMED: [&str; 13] = [
    "million_http_requests",
    "million_invocations",
    "million_gb_seconds",
    "million_read_units",
    "million_write_units",
    "gb_stored",
    "million_signatures",
    "key",
    "million_events",
    "million_queue_requests",
    "million_mails",
    "alarm",
    "gb_logged",
];

/// What AWS asks, in dollars.
#[derive(Clone, Debug)]
pub(super) struct Prices(BTreeMap<&'static str, f64>);

impl Prices {
    pub(super) fn read() -> Result<Self, Failure> {
        let told: Value = serde_json::from_str(include_str!("../../prices.json"))?;
        let price = |name: &'static str| {
            let price = told.get(name).and_then(Value::as_f64);
            price.map(|price| (name, price)).ok_or(format!("prices.json lacks {name}"))
        };
        Ok(Self(NAMED.into_iter().map(price).collect::<Result<_, _>>()?))
    }

    /// The price of one, by its name.
    pub(super) fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(f64::NAN)
    }

    /// The price of one of those that are sold by the million.
    pub(super) fn million(&self, name: &str) -> f64 {
        self.get(name) / 1_000_000.0
    }

    /// The price of what is used.
    pub(super) fn of(&self, usage: &Usage) -> f64 {
        [
            (usage.requests, "million_http_requests"),
            (usage.invocations, "million_invocations"),
            (usage.gb_seconds, "million_gb_seconds"),
            (usage.read_units, "million_read_units"),
            (usage.write_units, "million_write_units"),
            (usage.signatures, "million_signatures"),
            (usage.events, "million_events"),
            (usage.events * QUEUE_REQUESTS_OF_AN_EVENT, "million_queue_requests"),
            (usage.mails, "million_mails"),
        ]
        .into_iter()
        .map(|(many, name)| many * self.million(name))
        .sum()
    }
}
