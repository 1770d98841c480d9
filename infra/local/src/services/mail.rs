//! Mails (SES v2) and text messages (SNS) that end in an outbox instead of the world.

mod outbox;
mod pages;
mod ses;
mod sns;

use std::collections::BTreeSet;

pub use self::outbox::{Channel, Message, Outbox};
pub(super) use self::pages::OutboxPages;
pub(super) use self::ses::Ses;
pub(super) use self::sns::Sns;

/// What SES and SNS allow the account.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum MailAccount {
    /// Anybody can be written to.
    #[default]
    Production,
    /// Only these addresses and phone numbers can be written to: how every AWS account begins.
    Sandbox {
        /// Mail addresses in lower case, and phone numbers.
        verified: BTreeSet<String>,
    },
    /// SES has paused sending.
    Paused,
}

impl MailAccount {
    /// Whether the account may write to `recipient`.
    fn allows(&self, recipient: &str) -> bool {
        match self {
            Self::Production => true,
            Self::Sandbox { verified } => verified.contains(&recipient.to_lowercase()),
            Self::Paused => false,
        }
    }
}
