//! Up to twenty calls as one, each with a fate of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address::Address;
use crate::answer::Answer;
use crate::call::{Call, Target};
use crate::client::Attempt;
use crate::error::{GraphError, Later, Trace};
use crate::new_user::{NewUser, UserChange};
use crate::retry_after;
use crate::tenant::{self, Tenant};
use crate::user::DirectoryUser;

/// How many calls a batch holds: Graph's own limit.
const MOST: usize = 20;

/// The batch has twenty calls already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a batch holds twenty calls")]
pub struct BatchFull;

/// Calls about users that go together. They are the same calls, in the same spelling, as alone.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    calls: Vec<Call>,
}

impl Batch {
    /// Adds the reading of a user.
    ///
    /// # Errors
    ///
    /// [`BatchFull`] from the twenty-first on, as for every other.
    pub fn user(&mut self, id: Uuid) -> Result<(), BatchFull> {
        self.push(tenant::user_call(id))
    }

    /// Adds the making of a user.
    ///
    /// # Errors
    ///
    /// [`BatchFull`].
    pub fn create_user(&mut self, user: &NewUser) -> Result<(), BatchFull> {
        self.push(tenant::create_call(user))
    }

    /// Adds a change of a user.
    ///
    /// # Errors
    ///
    /// [`BatchFull`].
    pub fn change_user(&mut self, id: Uuid, change: &UserChange) -> Result<(), BatchFull> {
        self.push(tenant::change_call(id, change))
    }

    /// Adds the deletion of a user.
    ///
    /// # Errors
    ///
    /// [`BatchFull`].
    pub fn delete_user(&mut self, id: Uuid) -> Result<(), BatchFull> {
        self.push(tenant::delete_call(id))
    }

    /// Adds the end of a user's sessions.
    ///
    /// # Errors
    ///
    /// [`BatchFull`].
    pub fn revoke_sessions(&mut self, id: Uuid) -> Result<(), BatchFull> {
        self.push(tenant::revoke_call(id))
    }

    fn push(&mut self, call: Call) -> Result<(), BatchFull> {
        if self.calls.len() == MOST {
            return Err(BatchFull);
        }
        self.calls.push(call);
        Ok(())
    }
}

/// One part of the answer.
#[derive(Debug, Deserialize)]
struct Part {
    id: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Value,
}

#[derive(Debug, Deserialize)]
struct Parts {
    responses: Vec<Part>,
}

type Fate = Result<Option<DirectoryUser>, GraphError>;

impl Tenant<'_> {
    /// `POST /$batch`: makes all calls, and those again that Graph puts off. Answers the fate of each
    /// in the order of the calls: the user, where there is one to tell of.
    ///
    /// # Errors
    ///
    /// Where nothing was answered at all: as every call. Otherwise each fate has its own.
    pub async fn batch(&self, batch: &Batch) -> Result<Vec<Fate>, GraphError> {
        let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
        let mut waiting: Vec<usize> = (0..batch.calls.len()).collect();
        let mut failed = 0;
        while !waiting.is_empty() {
            let answers = match self.send_batch(batch, &waiting).await {
                Ok(answers) => answers,
                Err(error) if fates.is_empty() => return Err(error),
                Err(error) => {
                    let trace = self.trace();
                    let after = match &error {
                        GraphError::Retry(later) => later.after,
                        _ => Duration::ZERO,
                    };
                    tracing::warn!(%trace, "the rest of a batch is put off: {error}");
                    fates.extend(waiting.iter().map(|at| (*at, put_off(after, trace.clone()))));
                    break;
                }
            };
            let (mut again, mut asked, mut last) = (Vec::new(), None, self.trace());
            for at in waiting {
                match self.fate(answers.get(&at)) {
                    Ok(fate) => {
                        fates.insert(at, fate);
                    }
                    Err((after, trace)) => {
                        asked = asked.max(after);
                        last = trace.clone();
                        fates.insert(at, put_off(after.unwrap_or_default(), trace));
                        again.push(at);
                    }
                }
            }
            waiting = again;
            failed += 1;
            if !waiting.is_empty()
                && self.graph.pause(self.work, failed, asked, last).await.is_err()
            {
                break;
            }
        }
        Ok(fates.into_values().collect())
    }

    async fn send_batch(
        &self,
        batch: &Batch,
        which: &[usize],
    ) -> Result<BTreeMap<usize, Answer>, GraphError> {
        let calls = which.iter().filter_map(|at| Some((*at, batch.calls.get(*at)?)));
        let requests: Vec<_> = calls.map(|(at, call)| request(at, call)).collect();
        let call = Call::post(Address::new("/$batch")).with(&json!({ "requests": requests }));
        let answer = self.graph.call(self.work, &call).await?;
        let parts: Parts = self.parse(&answer)?;
        Ok(parts.responses.into_iter().filter_map(|part| part.answer()).collect())
    }

    /// The fate of one call, or that it is put off.
    fn fate(&self, answer: Option<&Answer>) -> Result<Fate, (Option<Duration>, Trace)> {
        let Some(answer) = answer else {
            return Ok(Err(GraphError::bug("a part of the batch has no answer", self.trace())));
        };
        let trace = self.trace_of(answer);
        match self.graph.error_of(answer.judge(), answer, trace) {
            Ok(()) => Ok(self.told(answer)),
            Err(Attempt::Again(after, trace)) => Err((after, trace)),
            Err(Attempt::Failed(error)) => Ok(Err(error)),
            // The token was good for the batch: what refuses a part is a missing permission.
            Err(Attempt::Renew(trace)) => Ok(Err(GraphError::ConsentLost(trace))),
            Err(Attempt::Answered(_)) => Ok(Ok(None)),
        }
    }

    /// The user that an answer tells of: a revocation tells of nobody.
    fn told(&self, answer: &Answer) -> Fate {
        let names_one = serde_json::from_slice::<Value>(&answer.body)
            .is_ok_and(|body| body.get("id").is_some());
        if names_one { self.read_user(answer).map(Some) } else { Ok(None) }
    }
}

fn put_off(after: Duration, trace: Trace) -> Fate {
    Err(GraphError::Retry(Later { after, trace }))
}

fn request(at: usize, call: &Call) -> Value {
    let url = match &call.target {
        Target::Address(address) => address.text(),
        Target::Link(link) => link.as_str().to_owned(),
    };
    let mut request = json!({ "id": at.to_string(), "method": call.method.as_str(), "url": url });
    if let (Some(body), Some(request)) = (&call.body, request.as_object_mut()) {
        request.insert("body".to_owned(), body.clone());
        request.insert("headers".to_owned(), json!({ "Content-Type": "application/json" }));
    }
    request
}

impl Part {
    fn answer(self) -> Option<(usize, Answer)> {
        let header = |name: &str| {
            let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        // Seconds, as Graph writes them: a date would need to be told the time.
        let retry_after = header("retry-after")
            .and_then(|text| retry_after::parse(&text, jiff::Timestamp::UNIX_EPOCH));
        let answer = Answer {
            status: self.status,
            retry_after,
            location: header("location"),
            request_id: header("request-id"),
            body: serde_json::to_vec(&self.body).unwrap_or_default(),
        };
        Some((self.id.parse().ok()?, answer))
    }
}
