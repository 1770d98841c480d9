//! Everything that was sent, newest first, kept across restarts.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::services::disk::{DiskError, Journal, make_folder};

/// Older messages are forgotten.
const KEPT: usize = 500;

/// How a message travels.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By SES.
    Mail,
    /// By SNS.
    Sms,
}

/// A message that was sent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// `MessageId` of SES or SNS.
    pub id: String,
    /// How it travels.
    pub channel: Channel,
    /// The address or phone number; several addresses with a comma and a blank between them.
    pub to: String,
    /// Copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Blind copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<String>,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<String>,
    /// `FromEmailAddress`, or the sender id of a text message.
    pub from: Option<String>,
    /// Subject of a mail.
    pub subject: Option<String>,
    /// Body as plain text.
    pub text: Option<String>,
    /// Body as HTML.
    pub html: Option<String>,
    /// When it was accepted.
    pub at: Timestamp,
}

/// The messages that were sent; clones see the same ones.
#[derive(Clone, Debug)]
pub struct Outbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    messages: VecDeque<Message>,
    journal: Journal,
}

impl Outbox {
    /// Reads the outbox.
    pub(in crate::services) fn open(folder: &Path) -> Result<Self, DiskError> {
        make_folder(folder)?;
        let mut messages = VecDeque::new();
        let journal = Journal::open(folder.join("outbox.journal"), |message| {
            keep(&mut messages, message);
        })?;
        let state = Mutex::new(State { messages, journal });
        Ok(Self { inner: Arc::new(Inner { state, changed: Notify::new() }) })
    }

    /// All messages, newest first.
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.iter().cloned().collect()
    }

    /// Waits until a message is such, and answers the newest one that is.
    pub async fn wait_for(&self, mut is_such: impl FnMut(&Message) -> bool) -> Message {
        loop {
            // Made before looking, so that nothing sent in between goes unnoticed.
            let changed = self.inner.changed.notified();
            let found = self.state().messages.iter().find(|message| is_such(message)).cloned();
            match found {
                Some(message) => return message,
                None => changed.await,
            }
        }
    }

    /// Keeps a message.
    pub(super) fn add(&self, message: Message) -> Result<(), DiskError> {
        let mut state = self.state();
        state.journal.append(std::slice::from_ref(&message))?;
        keep(&mut state.messages, message);
        if state.journal.lines() > 2 * KEPT {
            let oldest_first: Vec<_> = state.messages.iter().rev().cloned().collect();
            state.journal.rewrite(&oldest_first)?;
        }
        drop(state);
        self.inner.changed.notify_waiters();
        Ok(())
    }

    /// Messages are kept whole, so a poisoned lock still guards good ones.
    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(messages: &mut VecDeque<Message>, message: Message) {
    messages.push_front(message);
    messages.truncate(KEPT);
}
