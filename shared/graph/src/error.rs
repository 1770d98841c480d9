//! What can go wrong, by what follows from it.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::link::Link;

/// By which ids a call is found again, in our log and in Microsoft's. Nothing of it is secret or
/// says who somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Our own id of the piece of work, sent as `client-request-id`.
    pub correlation: Uuid,
    /// Graph's id of the request.
    pub request_id: Option<String>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Graph's word for what is wrong, where it is a plain word.
    pub code: Option<String>,
}

impl Trace {
    /// Whether Graph itself says that there is no such object. A 404 alone may be somebody else's.
    pub fn is_no_such_object(&self) -> bool {
        self.code.as_deref() == Some("Request_ResourceNotFound")
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        write!(formatter, "client-request-id {}", self.correlation)?;
        write!(formatter, ", request-id {}", or_none(&self.request_id))?;
        write!(formatter, ", status {}", self.status.unwrap_or_default())?;
        write!(formatter, ", code {}", or_none(&self.code))
    }
}

/// That a call is to be made again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// After how long: what Graph asked for, or what comes next of our own pauses.
    pub after: Duration,
    /// The last attempt.
    pub trace: Trace,
}

/// Why a call did not do what it was to do, by what follows.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// Throttled, out of order, or out of time: the same call, later.
    #[error("Graph cannot be asked before {:?} have passed ({})", .0.after, .0.trace)]
    Retry(Later),
    /// The tenant does not let us do this: consent was never given for it, or is gone. Nobody is
    /// offboarded for it.
    #[error("the tenant does not consent to the call ({0})")]
    ConsentLost(Trace),
    /// There is no such thing, or not yet: what was just made may take a while to be seen everywhere.
    #[error("there is no such thing in the directory ({0})")]
    NotFound(Trace),
    /// Something else has the name already. After an attempt that was never answered it may be our
    /// own: whoever makes a user looks at the one of that name before they believe it is another.
    #[error("the directory has another of that name ({trace})")]
    Conflict {
        /// The property that clashes, where Graph says so.
        property: Option<String>,
        /// The call.
        trace: Trace,
    },
    /// A link of a list or a round of changes is not good any more: everything is read anew.
    #[error("the round of changes has to begin anew ({trace})")]
    Gone {
        /// Where Graph says to begin; from the beginning, where it does not.
        resync: Option<Link>,
        /// The call.
        trace: Trace,
    },
    /// What is said of this one thing is not of the shape that Graph promises: nothing is believed of
    /// it. Others can be read.
    #[error("what Graph says of one thing makes no sense ({0})")]
    Unread(Trace),
    /// The call is wrong, or something in it that the directory does not take, or the answer is not
    /// what Graph promises. The same call will not do better.
    #[error("{what} ({trace})")]
    Bug {
        /// What is wrong.
        what: &'static str,
        /// The call.
        trace: Trace,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl GraphError {
    pub(crate) fn bug(what: &'static str, trace: Trace) -> Self {
        Self::Bug { what, trace, source: None }
    }

    pub(crate) fn caused(
        what: &'static str,
        trace: Trace,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Bug { what, trace, source: Some(source.into()) }
    }
}
