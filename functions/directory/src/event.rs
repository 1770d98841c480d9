//! What the function is invoked with, what follows from it, and what it answers.

use bus::OutboxDue;
use serde::{Deserialize, Serialize};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// What the function is invoked with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// A batch of messages from the outbox queue.
    Queue {
        /// The messages.
        #[serde(rename = "Records")]
        records: Vec<Message>,
    },
    /// The schedule.
    Sweep {
        /// What is to be swept.
        sweep: Swept,
    },
}

/// What a schedule sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Swept {
    /// Outbox items that no event brought.
    Outbox,
}

/// A message of the queue, around an event of the bus.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Names the message within its batch.
    pub message_id: String,
    /// The event, as EventBridge wrote it.
    pub body: String,
}

impl Message {
    /// What it names, if it is an event of ours.
    pub(crate) fn due(&self) -> Option<Due> {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(rename = "detail-type")]
            detail_type: String,
            detail: OutboxDue,
        }
        let Envelope { detail_type, detail } = serde_json::from_str(&self.body).ok()?;
        Some(match detail_type.as_str() {
            OutboxDue::ROUND_DETAIL_TYPE => Due::Round(detail),
            _ => Due::Item(detail),
        })
    }
}

/// What a message names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// A round, or what else goes through everybody.
    Round(OutboxDue),
    /// Anything else.
    Item(OutboxDue),
}

/// Which messages of a batch must come again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// One for each message that failed.
    pub batch_item_failures: Vec<Failed>,
}

/// A message that must come again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Which one.
    pub item_identifier: String,
}

impl App {
    /// Carries out what an event names.
    ///
    /// # Errors
    ///
    /// [`Failure`] when a sweep could not carry out all that was due; a batch names its failed
    /// messages in the reply.
    pub async fn carry_out(&self, event: Event, request_id: &str) -> Result<Reply, Failure> {
        let request_id = RequestId::new(request_id);
        match event {
            Event::Queue { records } => Ok(self.batch(&records, &request_id).await),
            Event::Sweep { sweep: Swept::Outbox } => {
                self.sweep(&request_id).await?;
                Ok(Reply::default())
            }
        }
    }
}
