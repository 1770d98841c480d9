//! The client: attempts, pauses and tokens.

use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Entropy};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::answer::{Answer, Verdict};
use crate::backoff;
use crate::body::BodyError;
use crate::call::Call;
use crate::error::{GraphError, Later, Trace};
use crate::link::Origin;
use crate::send::{self, Unanswered};
use crate::tenant::Tenant;
use crate::token::{AccessToken, TokenError, TokenSource, Tokens};

/// How long one attempt may take.
const LONGEST: Duration = Duration::from_secs(30);
/// With less time left than this no attempt is begun.
const LEAST: Duration = Duration::from_secs(2);
/// How often a call is tried, whatever time is left.
const ATTEMPTS: u32 = 6;

/// Microsoft Graph, for all tenants.
pub struct Graph {
    http: reqwest::Client,
    pub(crate) origin: Origin,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct StartError(#[source] reqwest::Error);

/// One piece of work: in which tenant, under which id, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) tenant: Uuid,
    pub(crate) correlation: Uuid,
    pub(crate) deadline: Timestamp,
}

/// What an attempt came to.
pub(crate) enum Attempt {
    Answered(Answer),
    /// Again, after this long if Graph said so.
    Again(Option<Duration>, Trace),
    /// Again at once: the token is forgotten.
    Renew(Trace),
    Failed(GraphError),
}

impl Graph {
    /// Speaks to the Graph at `origin`, and follows no redirect: a token goes nowhere else.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the machine has no usable TLS.
    pub fn new(
        origin: Origin,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .user_agent("passerelle")
            .build()
            .map_err(StartError)?;
        Ok(Self { http, origin, tokens: Tokens::new(tokens), clock, entropy })
    }

    /// One tenant, for one piece of work that is over at `deadline`. `correlation` is found again in
    /// Microsoft's logs.
    pub fn tenant(&self, tenant: Uuid, correlation: Uuid, deadline: Timestamp) -> Tenant<'_> {
        Tenant::new(self, Work { tenant, correlation, deadline })
    }

    /// The configured address.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Forgets the token of a tenant that was disconnected.
    pub fn forget(&self, tenant: Uuid) {
        self.tokens.forget_tenant(tenant);
    }

    /// Makes a call, again and again while that helps and there is time.
    pub(crate) async fn call(&self, work: Work, call: &Call) -> Result<Answer, GraphError> {
        let mut failed = 0;
        let mut renewed = false;
        loop {
            let (asked, trace) = match self.attempt(work, call).await {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Failed(error) => return Err(error),
                Attempt::Renew(_) if !renewed => {
                    renewed = true;
                    continue;
                }
                Attempt::Renew(trace) => return Err(GraphError::ConsentLost(trace)),
                Attempt::Again(asked, trace) => (asked, trace),
            };
            failed += 1;
            self.pause(work, failed, asked, trace).await?;
        }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    ///
    /// [`GraphError::Retry`] where the deadline does not allow another one.
    pub(crate) async fn pause(
        &self,
        work: Work,
        failed: u32,
        asked: Option<Duration>,
        trace: Trace,
    ) -> Result<(), GraphError> {
        let after = backoff::pause(failed, asked, &*self.entropy);
        if failed >= ATTEMPTS || self.left(work) < after + LEAST {
            return Err(GraphError::Retry(Later { after, trace }));
        }
        tokio::time::sleep(after).await;
        Ok(())
    }

    fn left(&self, work: Work) -> Duration {
        let left = work.deadline.duration_since(self.clock.now());
        Duration::try_from(left.max(SignedDuration::ZERO)).unwrap_or_default()
    }

    /// Tries once.
    pub(crate) async fn attempt(&self, work: Work, call: &Call) -> Attempt {
        let trace = Trace { correlation: work.correlation, ..Trace::default() };
        let left = self.left(work);
        if left < LEAST {
            let after = backoff::pause(1, None, &*self.entropy);
            return Attempt::Failed(GraphError::Retry(Later { after, trace }));
        }
        let now = self.clock.now();
        let token = match self.tokens.get(work.tenant, work.correlation, now).await {
            Ok(token) => token,
            Err(error) => return without_token(error, trace),
        };
        let time = (now, LONGEST.min(self.left(work)));
        let sent =
            send::attempt(&self.http, &self.origin, call, &token, work.correlation, time).await;
        match sent {
            Ok(answer) => self.judge(work, &token, answer),
            Err(error @ Unanswered::Foreign(_)) => {
                Attempt::Failed(GraphError::caused("the call leads away from Graph", trace, error))
            }
            Err(error @ Unanswered::Body(BodyError::TooLarge)) => {
                Attempt::Failed(GraphError::caused("the answer is too large", trace, error))
            }
            Err(error @ (Unanswered::Lost(_) | Unanswered::Body(BodyError::Broken(_)))) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%trace, source, "{error}");
                Attempt::Again(None, trace)
            }
        }
    }

    fn judge(&self, work: Work, token: &AccessToken, answer: Answer) -> Attempt {
        let trace = Trace {
            correlation: work.correlation,
            request_id: answer.request_id.clone(),
            status: Some(answer.status),
            code: answer.code(),
        };
        let verdict = answer.judge();
        if verdict != Verdict::Done {
            tracing::info!(%trace, ?verdict, "Graph did not do as asked");
        }
        match self.error_of(verdict, &answer, trace) {
            Ok(()) => Attempt::Answered(answer),
            Err(Attempt::Renew(trace)) => {
                self.tokens.forget(work.tenant, token);
                Attempt::Renew(trace)
            }
            Err(attempt) => attempt,
        }
    }

    /// What a verdict comes to, of a call or of a part of a batch.
    pub(crate) fn error_of(
        &self,
        verdict: Verdict,
        answer: &Answer,
        trace: Trace,
    ) -> Result<(), Attempt> {
        Err(match verdict {
            Verdict::Done => return Ok(()),
            Verdict::Unauthorized => Attempt::Renew(trace),
            Verdict::Later(after) => Attempt::Again(after, trace),
            Verdict::ConsentLost => Attempt::Failed(GraphError::ConsentLost(trace)),
            Verdict::NotFound => Attempt::Failed(GraphError::NotFound(trace)),
            Verdict::Conflict(property) => {
                Attempt::Failed(GraphError::Conflict { property, trace })
            }
            Verdict::Gone => {
                let resync = answer.location.as_deref().map(|text| self.origin.link(text));
                Attempt::Failed(match resync {
                    Some(Err(foreign)) => {
                        GraphError::caused("the way to begin anew leads elsewhere", trace, foreign)
                    }
                    Some(Ok(link)) => GraphError::Gone { resync: Some(link), trace },
                    None => GraphError::Gone { resync: None, trace },
                })
            }
            Verdict::Wrong => Attempt::Failed(GraphError::bug("Graph refused the call", trace)),
        })
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Graph").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn without_token(error: TokenError, trace: Trace) -> Attempt {
    match error {
        TokenError::Retry(after) => Attempt::Again(after, trace),
        TokenError::ConsentLost(code) => {
            Attempt::Failed(GraphError::ConsentLost(Trace { code, ..trace }))
        }
        TokenError::Bug(error) => {
            Attempt::Failed(GraphError::caused("no token can be had", trace, error))
        }
    }
}
