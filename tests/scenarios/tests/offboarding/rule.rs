//! The rule of docs/OFFBOARDING.md once more, as simple as it can be said.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// What somebody says of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Entra: the account is enabled, or disabled.
    Enabled(bool),
    /// Entra: the account is in the recycle bin.
    Deleted,
    /// Entra: it is taken out of there.
    Restored,
    /// Entra: it is gone for good.
    Purged,
    /// The provisioning client: `active`.
    Active(bool),
    /// An administrator: blocked, or not any more.
    Blocked(bool),
    /// An administrator: the last day is so many days from today, or there is none.
    LastDay(Option<i8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    There,
    InTheBin,
    Gone,
}

/// What was said of a user so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    account: Account,
    enabled: bool,
    active: bool,
    blocked: bool,
    over_at: Option<Timestamp>,
    /// Whether somebody here took the access since what follows was done last: whoever may end access in
    /// Entra may be at the account.
    touched: bool,
}

impl Said {
    /// Of somebody who has access.
    pub(crate) fn nothing() -> Self {
        let (account, over_at) = (Account::There, None);
        Self { account, enabled: true, active: true, blocked: false, over_at, touched: false }
    }

    /// Whether nobody can tell by whom the account is enabled or disabled.
    pub(crate) fn is_touched(&self, now: Timestamp) -> bool {
        self.touched || self.blocked || self.is_over(now)
    }

    /// Whatever follows is done.
    pub(crate) fn rest(&mut self, now: Timestamp) {
        self.touched = false;
        self.touched = self.is_touched(now);
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.over_at.is_some_and(|over_at| over_at <= now)
    }

    /// Takes a word in.
    pub(crate) fn hear(&mut self, word: Word, now: Timestamp) {
        self.touched = self.is_touched(now);
        match (word, self.account) {
            (Word::Enabled(enabled), Account::There) => self.enabled = enabled,
            (Word::Deleted, Account::There) => self.account = Account::InTheBin,
            (Word::Restored, Account::InTheBin) => self.account = Account::There,
            (Word::Purged, _) => self.account = Account::Gone,
            // Nobody can, with an account that is not there.
            (Word::Enabled(_) | Word::Deleted | Word::Restored, _) => {}
            (Word::Active(active), _) => self.active = active,
            (Word::Blocked(blocked), _) => self.blocked = blocked,
            (Word::LastDay(days), _) => self.over_at = days.map(|days| end_of_day(now, days)),
        }
    }

    /// What stands against their access; they have it where nothing does.
    pub(crate) fn against(&self, now: Timestamp) -> BTreeSet<&'static str> {
        let reasons = [
            ("entra", self.account != Account::There || !self.enabled),
            ("administrator", self.blocked),
            ("provisioning", !self.active),
            ("last_day", self.is_over(now)),
        ];
        reasons.into_iter().filter(|(_, stands)| *stands).map(|(reason, _)| reason).collect()
    }
}

/// The end of a day so many days from today, in UTC.
fn end_of_day(now: Timestamp, days: i8) -> Timestamp {
    let next = now.to_zoned(TimeZone::UTC).date() + (i64::from(days) + 1).days();
    next.to_zoned(TimeZone::UTC).unwrap().timestamp()
}
