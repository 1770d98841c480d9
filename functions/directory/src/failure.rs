//! Why an item was not carried out.

use bus::BusError;
use courier::CourierError;
use courier::mail::LetterError;
use exports::ExportError;
use graph::GraphError;
use jiff::SignedDuration;
use lambda_runtime::Diagnostic;
use store::{ConnectError, Refusals, TableError};

use crate::import::ReadingError;

/// Counts what Microsoft did not do.
const DIRECTORY_POSTPONED: &str = "DirectoryPostponed";

/// Why an item was not carried out. It stays due.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// The mail cannot be sent now.
    #[error("the mail could not be sent")]
    Mail(#[from] CourierError),
    /// The mail could not be written.
    #[error("the mail could not be written")]
    Letter(#[from] LetterError),
    /// The directory cannot be read now.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The directory cannot be written to now.
    #[error("the directory could not be written to")]
    Writing(#[source] GraphError),
    /// The tenant refuses us: believed once it did so often enough in a row.
    #[error("the tenant refuses us, {} times in a row by now", .refusals.times)]
    Refused {
        /// How often in a row, with this time.
        refusals: Refusals,
        /// What it said.
        #[source]
        source: Box<GraphError>,
    },
    /// The tenant does not tell what changes.
    #[error("the tenant cannot be subscribed to")]
    Subscribing(#[source] GraphError),
    /// There is no such organization.
    #[error("there is no such organization")]
    NoOrganization,
    /// What the connection became could not be stored.
    #[error(transparent)]
    Connection(#[from] ConnectError),
    /// The event cannot be said now.
    #[error("the event could not be said")]
    Bus(#[from] BusError),
    /// A file cannot be written now.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A table of values could not be written.
    #[error("the table of values could not be written")]
    Csv(#[from] csv::Error),
    /// It takes longer than one invocation: the next sweep goes on with it.
    #[error("the item is carried out in part")]
    Unfinished,
    /// The same, and it has come further: the next invocation goes on with it at once.
    #[error("the item is carried out in part, and goes on")]
    GoesOn,
    /// Something else has to be so first. Whoever waits sees what.
    #[error("the item waits for something else")]
    Waiting,
    /// Graph is out of order for what is asked of it: nothing is asked before so much time has passed.
    /// Whoever waits sees it.
    #[error("the item waits for Graph, for {0:#} at least")]
    OutOfOrder(SignedDuration),
    /// What is left of it has its time, and waits for nothing else.
    #[error("the item rests")]
    Resting,
    /// Some items of a sweep failed; the others were carried out.
    #[error("{failed} of {due} due items failed")]
    Sweep {
        /// How many failed.
        failed: usize,
        /// How many were due.
        due: usize,
    },
}

impl Failure {
    /// How long Graph asked not to be asked again.
    pub(crate) fn asked_for(&self) -> Option<SignedDuration> {
        match self {
            Self::Reading(ReadingError::Graph(GraphError::Retry(later)))
            | Self::Writing(GraphError::Retry(later)) => later.after.try_into().ok(),
            Self::OutOfOrder(asked_for) => Some(*asked_for),
            _ => None,
        }
    }

    /// How often in a row the tenant refused us: nothing else that fails says that it does.
    pub(crate) fn refusals(&self) -> Refusals {
        match self {
            Self::Refused { refusals, .. }
            | Self::Reading(ReadingError::Forbidden { refusals, .. }) => *refusals,
            _ => Refusals::default(),
        }
    }

    /// Whether nothing failed that is not shown elsewhere.
    pub(crate) const fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting | Self::OutOfOrder(_))
    }

    /// Time is over: what came further goes on at once, anything else would only turn in circles.
    pub(crate) const fn out_of_time(came_further: bool) -> Self {
        if came_further { Self::GoesOn } else { Self::Unfinished }
    }

    /// Whether it is not for Microsoft that an item is put off: nothing here is weather.
    pub(crate) fn is_ours(&self) -> bool {
        self.metric() != DIRECTORY_POSTPONED
    }

    /// What counts an item that is put off for it: mail has an alarm of its own.
    pub(crate) const fn metric(&self) -> &'static str {
        match self {
            Self::Mail(_) | Self::Letter(_) => "MailPostponed",
            Self::Reading(ReadingError::Graph(_) | ReadingError::Forbidden { .. })
            | Self::Writing(_)
            | Self::Refused { .. }
            | Self::OutOfOrder(_)
            | Self::Subscribing(_) => DIRECTORY_POSTPONED,
            Self::Export(_) | Self::Csv(_) => "ExportPostponed",
            Self::Reading(_)
            | Self::NoOrganization
            | Self::Connection(_)
            | Self::Bus(_)
            | Self::Table(_)
            | Self::Unfinished
            | Self::GoesOn
            | Self::Waiting
            | Self::Resting
            | Self::Sweep { .. } => "OutboxPostponed",
        }
    }
}

/// What Lambda is told, which shows in its console: no cause, which is in the log.
impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::Table(_) => "Table",
            Failure::Mail(_) => "Mail",
            Failure::Letter(_) => "Letter",
            Failure::Reading(_) => "Reading",
            Failure::Writing(_) => "Writing",
            Failure::Refused { .. } => "Refused",
            Failure::OutOfOrder(_) => "OutOfOrder",
            Failure::Subscribing(_) => "Subscribing",
            Failure::NoOrganization => "NoOrganization",
            Failure::Connection(_) => "Connection",
            Failure::Bus(_) => "Bus",
            Failure::Export(_) => "Export",
            Failure::Csv(_) => "Csv",
            Failure::Unfinished => "Unfinished",
            Failure::GoesOn => "GoesOn",
            Failure::Waiting => "Waiting",
            Failure::Resting => "Resting",
            Failure::Sweep { .. } => "Sweep",
        };
        Self { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fails_of_a_mail_is_counted_as_mail() {
        let table = || TableError::Conflict { position: 0 };
        let cases = [
            (Failure::Table(table()), "OutboxPostponed"),
            (Failure::Unfinished, "OutboxPostponed"),
            (Failure::Sweep { failed: 1, due: 2 }, "OutboxPostponed"),
        ];
        for (failure, metric) in cases {
            assert_eq!(failure.metric(), metric, "{failure}");
        }
    }
}
