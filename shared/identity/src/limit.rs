//! How often something may be tried.

use jiff::Timestamp;

/// At most so many times within one window of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many times within one window.
    pub times: u32,
    /// The window's length in seconds; windows begin at multiples of it since 1970.
    pub window_seconds: i64,
}

impl Limit {
    /// Codes that one typed address may ask for.
    pub const CODES_PER_ADDRESS: Self = Self { times: 5, window_seconds: 3600 };
    /// Codes that one user is sent, whatever was typed.
    pub const CODES_PER_USER: Self = Self { times: 5, window_seconds: 3600 };
    /// Codes that the people of one organization are sent. Counted where somebody is found, so that
    /// invented addresses use nothing up.
    pub const CODES_PER_ORGANIZATION: Self = Self { times: 10_000, window_seconds: 3600 };
    /// Tries of codes, right or wrong, for one typed address: three codes' worth. Whoever guesses
    /// has one chance in sixty thousand a day for a name.
    pub const CODE_TRIES_PER_ADDRESS: Self = Self { times: 15, window_seconds: 86_400 };
    /// Wrong recovery codes that may be tried for one typed address.
    pub const RECOVERIES_PER_ADDRESS: Self = Self { times: 5, window_seconds: 3600 };

    /// Entries of the audit about one link that is over.
    pub const OVER_LINKS: Self = Self { times: 1, window_seconds: 3600 };
    /// Entries of the audit about one answered request that comes again, for each who brings it.
    pub const REPLAYS: Self = Self { times: 1, window_seconds: 3600 };
    /// Entries of the audit about refused sign-ins: of one user, or of all whom nobody knows.
    pub const REFUSALS: Self = Self { times: 100, window_seconds: 3600 };

    /// The number of the window that `now` falls into.
    pub fn window(self, now: Timestamp) -> i64 {
        now.as_second().div_euclid(self.window_seconds)
    }

    /// The first second after the window that `now` falls into, since 1970.
    pub fn window_end(self, now: Timestamp) -> i64 {
        (self.window(now) + 1) * self.window_seconds
    }
}

/// What a typed address may be used for only so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// To ask for a code.
    AskForCode,
    /// To try a code, right or wrong.
    TryCode,
    /// To try a recovery code that is wrong.
    TryRecoveryCode,
}

impl Attempt {
    /// How often.
    pub const fn limit(self) -> Limit {
        match self {
            Self::AskForCode => Limit::CODES_PER_ADDRESS,
            Self::TryCode => Limit::CODE_TRIES_PER_ADDRESS,
            Self::TryRecoveryCode => Limit::RECOVERIES_PER_ADDRESS,
        }
    }

    /// The word that the audit keeps of one too many.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AskForCode => "codes_asked_too_often",
            Self::TryCode => "codes_tried_too_often",
            Self::TryRecoveryCode => "recovery_codes_tried_too_often",
        }
    }
}
