//! What is in one queue, and who holds it. No clock, no file, no waiting.
//!
//! Two kinds of state: what the [`Record`]s say survives a restart; holds (visibility timeouts)
//! do not, because whoever held a message when the account stopped is gone.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attribute::Attributes;

/// One message.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// `MessageId`.
    pub(crate) id: String,
    /// `MessageBody`.
    pub(crate) body: String,
    /// `MessageAttributes`.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub(crate) attributes: Attributes,
    /// `AWSTraceHeader`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_header: Option<String>,
    /// `SentTimestamp`; kept when the message is moved to a dead-letter queue.
    pub(crate) sent_at: Timestamp,
    /// End of the delay.
    pub(crate) visible_at: Timestamp,
    /// `ApproximateReceiveCount`.
    #[serde(default)]
    pub(crate) receive_count: u32,
    /// `ApproximateFirstReceiveTimestamp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_received_at: Option<Timestamp>,
    /// `DeadLetterQueueSourceArn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_arn: Option<String>,
}

impl Message {
    /// Bytes that count against limits.
    pub(crate) fn size(&self) -> usize {
        let attributes: usize =
            self.attributes.iter().map(|(name, attribute)| name.len() + attribute.size()).sum();
        self.body.len() + attributes
    }
}

/// One line of the queue's journal.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// The queue was made.
    Created(Timestamp),
    /// A message was accepted.
    Sent(Message),
    /// A message was handed out.
    Received(String, Timestamp),
    /// A message is gone.
    Deleted(String),
    /// All messages are gone.
    Purged,
}

/// A message handed out, and the receipt that deletes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Received {
    /// `ReceiptHandle`.
    pub(crate) receipt: Receipt,
    /// The message, this delivery counted.
    pub(crate) message: Message,
}

/// Names one delivery of one message.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Receipt {
    /// The message.
    pub(crate) message: String,
    /// The delivery.
    pub(crate) delivery: String,
}

/// What a receiver asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    /// Most messages.
    pub(crate) count: usize,
    /// Most bytes, though one message always fits.
    pub(crate) bytes: usize,
    /// How long the messages stay hidden from others.
    pub(crate) visibility: Duration,
}

/// What a queue does with its messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Older messages are dropped.
    pub(crate) retention: Duration,
    /// Deliveries after which a message goes to the dead-letter queue.
    pub(crate) max_receive_count: Option<u32>,
}

/// How many messages there are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Can be received now.
    pub(crate) visible: usize,
    /// Held by a receiver.
    pub(crate) in_flight: usize,
    /// Not visible yet.
    pub(crate) delayed: usize,
}

/// What [`Backlog::take`] decided.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Handed to the receiver.
    pub(crate) received: Vec<Received>,
    /// Tried too often: to be sent to the dead-letter queue and then deleted.
    pub(crate) exhausted: Vec<Message>,
}

/// The messages of one queue.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    created_at: Option<Timestamp>,
    messages: BTreeMap<u64, Message>,
    positions: HashMap<String, u64>,
    holds: HashMap<u64, Hold>,
    next: u64,
}

#[derive(Debug)]
struct Hold {
    delivery: String,
    until: Timestamp,
}

impl Backlog {
    /// Carries out one record: the only way in which durable state changes.
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Created(at) => self.created_at = Some(at),
            Record::Sent(message) => {
                self.positions.insert(message.id.clone(), self.next);
                self.messages.insert(self.next, message);
                self.next += 1;
            }
            Record::Received(id, at) => {
                if let Some(message) = self.message_mut(&id) {
                    message.receive_count += 1;
                    message.first_received_at.get_or_insert(at);
                }
            }
            Record::Deleted(id) => {
                if let Some(position) = self.positions.remove(&id) {
                    self.messages.remove(&position);
                    self.holds.remove(&position);
                }
            }
            Record::Purged => {
                self.messages.clear();
                self.positions.clear();
                self.holds.clear();
            }
        }
    }

    /// When the queue was made.
    pub(crate) fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// How many messages there are in all.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// The fewest records that lead to the same durable state.
    pub(crate) fn snapshot(&self) -> Vec<Record> {
        let created = self.created_at.map(Record::Created);
        created.into_iter().chain(self.messages.values().cloned().map(Record::Sent)).collect()
    }

    /// Decides which messages have outlived the retention period.
    pub(crate) fn expired(&self, retention: Duration, now: Timestamp) -> Vec<Record> {
        self.messages
            .values()
            .filter(|message| message.sent_at + retention <= now)
            .map(|message| Record::Deleted(message.id.clone()))
            .collect()
    }

    /// Chooses messages for a receiver and holds them; the caller records the deliveries.
    pub(crate) fn take(
        &mut self,
        want: Want,
        rules: Rules,
        now: Timestamp,
        mut mint: impl FnMut() -> String,
    ) -> Taken {
        let mut taken = Taken::default();
        let mut bytes = 0;
        for (position, message) in &self.messages {
            if taken.received.len() == want.count {
                break;
            }
            if message.visible_at > now || self.holds.get(position).is_some_and(|h| h.until > now) {
                continue;
            }
            let delivery = mint();
            let until = now + want.visibility;
            if rules.max_receive_count.is_some_and(|most| message.receive_count >= most) {
                taken.exhausted.push(message.clone());
            } else {
                bytes += message.size();
                if bytes > want.bytes && !taken.received.is_empty() {
                    break;
                }
                let mut message = message.clone();
                message.receive_count += 1;
                message.first_received_at.get_or_insert(now);
                let receipt = Receipt { message: message.id.clone(), delivery: delivery.clone() };
                taken.received.push(Received { receipt, message });
            }
            self.holds.insert(*position, Hold { delivery, until });
        }
        taken
    }

    /// Whether `receipt` is the latest delivery of a message that is still here.
    ///
    /// After a restart nobody holds anything, and an older receipt is as good as any.
    pub(crate) fn is_latest(&self, receipt: &Receipt) -> bool {
        self.positions.get(&receipt.message).is_some_and(|position| {
            self.holds.get(position).is_none_or(|hold| hold.delivery == receipt.delivery)
        })
    }

    /// Hides a held message for another while, or shows it; `None` when it is not held.
    pub(crate) fn hold_until(
        &mut self,
        receipt: &Receipt,
        until: Timestamp,
        now: Timestamp,
    ) -> Option<()> {
        let position = self.positions.get(&receipt.message)?;
        let hold = self.holds.get_mut(position)?;
        if hold.delivery != receipt.delivery || hold.until <= now {
            return None;
        }
        hold.until = until;
        Some(())
    }

    /// The next instant at which a hidden message becomes visible.
    pub(crate) fn next_visible(&self, now: Timestamp) -> Option<Timestamp> {
        let at = |(position, message): (&u64, &Message)| {
            let held = self.holds.get(position).map(|hold| hold.until);
            held.map_or(message.visible_at, |until| until.max(message.visible_at))
        };
        self.messages.iter().map(at).filter(|at| *at > now).min()
    }

    /// Counts the messages.
    pub(crate) fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for (position, message) in &self.messages {
            if message.visible_at > now {
                counts.delayed += 1;
            } else if self.holds.get(position).is_some_and(|hold| hold.until > now) {
                counts.in_flight += 1;
            } else {
                counts.visible += 1;
            }
        }
        counts
    }

    fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        let position = self.positions.get(id)?;
        self.messages.get_mut(position)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const RULES: Rules = Rules { retention: Duration::from_secs(3600), max_receive_count: Some(2) };
    const WANT: Want = Want { count: 10, bytes: usize::MAX, visibility: Duration::from_secs(30) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn message(id: &str, delay: i64) -> Message {
        Message {
            id: id.to_owned(),
            body: "body".to_owned(),
            attributes: Attributes::new(),
            trace_header: None,
            sent_at: at(0),
            visible_at: at(delay),
            receive_count: 0,
            first_received_at: None,
            source_arn: None,
        }
    }

    fn backlog(messages: &[Message]) -> Backlog {
        let mut backlog = Backlog::default();
        messages.iter().cloned().map(Record::Sent).for_each(|record| backlog.apply(record));
        backlog
    }

    /// Takes and records, as the queue does; answers the ids.
    fn take(backlog: &mut Backlog, want: Want, now: Timestamp) -> (Vec<Received>, Vec<String>) {
        let mut number = 0;
        let taken = backlog.take(want, RULES, now, || {
            number += 1;
            format!("{now}-{number}")
        });
        for received in &taken.received {
            backlog.apply(Record::Received(received.message.id.clone(), now));
        }
        (taken.received, taken.exhausted.into_iter().map(|message| message.id).collect())
    }

    fn ids(received: &[Received]) -> Vec<&str> {
        received.iter().map(|received| received.message.id.as_str()).collect()
    }

    #[test]
    fn a_message_is_hidden_until_its_visibility_timeout_has_passed() {
        let mut backlog = backlog(&[message("a", 0), message("b", 10)]);

        assert_eq!(ids(&take(&mut backlog, WANT, at(0)).0), ["a"]);
        assert_eq!(backlog.counts(at(0)), Counts { visible: 0, in_flight: 1, delayed: 1 });
        assert_eq!(backlog.next_visible(at(0)), Some(at(10)));
        assert_eq!(ids(&take(&mut backlog, WANT, at(10)).0), ["b"]);
        assert!(take(&mut backlog, WANT, at(29)).0.is_empty());

        let again = take(&mut backlog, WANT, at(30)).0;

        assert_eq!(ids(&again), ["a"]);
        assert_eq!(again.first().unwrap().message.receive_count, 2);
        assert_eq!(again.first().unwrap().message.first_received_at, Some(at(0)));
    }

    #[test]
    fn a_message_received_too_often_is_exhausted() {
        let mut backlog = backlog(&[message("a", 0)]);
        take(&mut backlog, WANT, at(0));
        take(&mut backlog, WANT, at(30));

        let (received, exhausted) = take(&mut backlog, WANT, at(60));

        assert!(received.is_empty());
        assert_eq!(exhausted, ["a"]);
    }

    #[test]
    fn only_the_latest_receipt_counts() {
        let mut backlog = backlog(&[message("a", 0)]);
        let first = take(&mut backlog, WANT, at(0)).0.remove(0).receipt;
        assert!(backlog.is_latest(&first));
        assert_eq!(backlog.hold_until(&first, at(60), at(1)), Some(()));
        assert!(take(&mut backlog, WANT, at(59)).0.is_empty());

        let second = take(&mut backlog, WANT, at(60)).0.remove(0).receipt;

        assert!(!backlog.is_latest(&first));
        assert!(backlog.is_latest(&second));
        assert_eq!(backlog.hold_until(&first, at(90), at(61)), None);
        assert_eq!(backlog.hold_until(&second, at(200), at(90)), None, "its time has passed");
    }

    #[test]
    fn a_batch_ends_at_its_count_and_bytes_but_holds_at_least_one() {
        let messages = ["a", "b", "c"].map(|id| message(id, 0));

        let two = Want { count: 2, ..WANT };
        assert_eq!(ids(&take(&mut backlog(&messages), two, at(0)).0), ["a", "b"]);
        let eight_bytes = Want { bytes: 8, ..WANT };
        assert_eq!(ids(&take(&mut backlog(&messages), eight_bytes, at(0)).0), ["a", "b"]);
        let one_byte = Want { bytes: 1, ..WANT };
        assert_eq!(ids(&take(&mut backlog(&messages), one_byte, at(0)).0), ["a"]);
    }

    #[test]
    fn a_snapshot_leads_to_the_same_messages_and_frees_what_was_held() {
        let mut before = backlog(&[message("a", 0), message("b", 0), message("c", 0)]);
        before.apply(Record::Created(at(0)));
        take(&mut before, Want { count: 1, ..WANT }, at(0));
        before.apply(Record::Deleted("b".to_owned()));

        let mut after = Backlog::default();
        before.snapshot().into_iter().for_each(|record| after.apply(record));

        assert_eq!(after.created_at(), Some(at(0)));
        let received = take(&mut after, WANT, at(1)).0;
        assert_eq!(ids(&received), ["a", "c"]);
        assert_eq!(received.first().unwrap().message.receive_count, 2);
    }

    #[test]
    fn the_retention_period_ends_a_message() {
        let backlog = backlog(&[message("a", 0)]);

        assert!(backlog.expired(RULES.retention, at(3599)).is_empty());
        assert_eq!(backlog.expired(RULES.retention, at(3600)), [Record::Deleted("a".to_owned())]);
    }
}
