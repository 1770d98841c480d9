//! How the simulated Graph behaves, what it is told to do wrong, and what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

use super::fault::GraphFault;
use super::limiter::Limiter;
use super::notifications::{Delivery, Pace};
use super::request::Request;
use crate::app::hold;
use crate::clock::Stopwatch;
use crate::graph_user::GraphUser;

/// How many calls are remembered.
const MOST: usize = 10_000;

/// How the simulated Graph behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphSettings {
    /// How many things a page has at most, whatever is asked for.
    pub page_size: usize,
    /// Whether pages of changes come in reverse and tell of some users twice.
    pub disorder: Disorder,
    /// Every so many pages one is empty and still leads on.
    pub empty_every: Option<u32>,
    /// How many of the latest changes a round does not see yet.
    pub lag: u64,
    /// How often a user who was just made is not found.
    pub unseen_reads: u32,
    /// How often a user who was just changed is shown as before.
    pub stale_reads: u32,
    /// How many resource units ten seconds have, or any number.
    pub units: Option<u32>,
    /// How long every answer takes, in milliseconds.
    pub latency_ms: u64,
    /// The SKUs of which no seats are left.
    pub unavailable_skus: Vec<String>,
    /// With what links begin, when Graph is reached through something else.
    pub public_url: Option<String>,
}

/// In which order a round tells of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disorder {
    /// In the order in which they happened, each once.
    #[default]
    None,
    /// In reverse within a page, and some twice: within a page, and again on the next one.
    Repeated,
}

impl Default for GraphSettings {
    fn default() -> Self {
        Self {
            page_size: 999,
            disorder: Disorder::None,
            empty_every: None,
            lag: 0,
            unseen_reads: 0,
            stale_reads: 0,
            units: None,
            latency_ms: 0,
            unavailable_skus: Vec::new(),
            public_url: None,
        }
    }
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphCall {
    /// Counts from one over the life of the process.
    pub number: u64,
    /// The method.
    pub method: String,
    /// Behind the version, without its query.
    pub path: String,
    /// What was selected.
    pub select: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Under which id the client did it.
    pub client_request_id: Option<String>,
    /// Whether it came in a batch.
    pub batched: bool,
    /// The properties that a change named, in the order of their names.
    pub changes: Vec<String>,
}

impl GraphCall {
    /// A call that came alone and was answered like this.
    pub(crate) fn of(request: &Request, correlation: Option<&str>, status: u16) -> Self {
        Self {
            number: 0,
            method: request.method.clone(),
            path: request.address(),
            select: request.query.get("$select").map(str::to_owned),
            status,
            client_request_id: correlation.map(str::to_owned),
            batched: false,
            changes: request.changes(),
        }
    }
}

/// Everything about Graph that a restart forgets.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: GraphSettings,
    pub(crate) faults: Vec<GraphFault>,
    pub(crate) limiter: Limiter,
    /// How often users who were just made are still not found.
    pub(crate) unseen: BTreeMap<String, u32>,
    /// Users who were just changed, as they were before, and how often they are still shown so.
    pub(crate) stale: BTreeMap<String, (u32, GraphUser)>,
    /// How notifications are told.
    pub(crate) delivery: Delivery,
    /// How fast the addresses of subscriptions answer.
    pub(crate) pace: Pace,
    /// Where a notification was sent, and the status of the answer, if one came.
    pub(crate) told: Vec<(String, Option<u16>)>,
    calls: VecDeque<GraphCall>,
    counted: u64,
}

impl Inner {
    /// Remembers a call.
    pub(crate) fn remember(&mut self, call: GraphCall) {
        self.counted += 1;
        self.calls.push_back(GraphCall { number: self.counted, ..call });
        if self.calls.len() > MOST {
            self.calls.pop_front();
        }
    }

    /// The calls, oldest first.
    pub(crate) fn calls(&self) -> Vec<GraphCall> {
        self.calls.iter().cloned().collect()
    }
}

/// The state of the simulated Graph.
#[derive(Debug)]
pub(crate) struct GraphState(Mutex<Inner>);

impl Default for GraphState {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            settings: GraphSettings::default(),
            faults: Vec::new(),
            limiter: Limiter::new(Stopwatch::start()),
            unseen: BTreeMap::new(),
            stale: BTreeMap::new(),
            delivery: Delivery::default(),
            pace: Pace::default(),
            told: Vec::new(),
            calls: VecDeque::new(),
            counted: 0,
        }))
    }
}

impl GraphState {
    /// Looks at it; taken while nothing else is held.
    pub(crate) fn hold(&self) -> MutexGuard<'_, Inner> {
        hold(&self.0)
    }

    /// How it behaves now.
    pub(crate) fn settings(&self) -> GraphSettings {
        self.hold().settings.clone()
    }
}
