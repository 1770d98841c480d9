use askama::Template;
use jiff::{SignedDuration, Timestamp};

use super::Page;
use crate::language::Language;

/// Shows how an organization's connection to its Entra tenant stands, and what can be done.
///
/// Both forms post `csrf` alone. The ways to Microsoft are links, which the policy of our pages
/// lets go there.
#[derive(Debug, Template)]
#[template(path = "connection.html")]
pub struct Connection<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// How the connection stands.
    pub state: ConnectionState,
    /// The administrator's own domain, where Microsoft sends its sign-ins to us.
    pub circular: Option<&'a str>,
    /// Whether Microsoft should know of the consent by now, and does not.
    pub is_overdue: bool,
    /// For how long nobody has known whether somebody left, where that is longer than it may be.
    pub unchecked: Option<SignedDuration>,
    /// The tenant, once one is known.
    pub tenant: Option<ConnectedTenant<'a>>,
    /// How reading the directory stands, once it began.
    pub reading: Option<ReadingStatus>,
    /// Who is missing in the tenant, where somebody has to decide.
    pub missing: Option<MissingUsers>,
    /// Where it is shown who cannot sign in yet.
    pub preflight_url: &'a str,
    /// Where it is shown how the domains are federated.
    pub federation_url: &'a str,
    /// Where users come from.
    pub users: UserSource,
    /// What can be consented to.
    pub consents: &'a [WantedConsent],
    /// What is to be uploaded: the certificate in use first.
    pub certificates: &'a [UploadCertificate],
    /// Ties the forms to the browser that they were sent to.
    pub csrf: &'a str,
    /// Where the form posts to that looks again.
    pub check_action: &'a str,
    /// Where the form posts to that disconnects.
    pub disconnect_action: &'a str,
}

impl Page for Connection<'_> {}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// There is none.
    None,
    /// Microsoft does not tell whether the person may consent.
    AwaitingRole,
    /// The consent is not known everywhere yet.
    AwaitingToken,
    /// It works.
    Connected,
    /// The consent is gone.
    Lost,
    /// It was ended.
    Disconnected,
}

impl ConnectionState {
    fn text(self, language: Language) -> &'static str {
        match self {
            Self::None => language.connection_none(),
            Self::AwaitingRole => language.connection_awaiting_role(),
            Self::AwaitingToken => language.connection_awaiting_token(),
            Self::Connected => language.connection_connected(),
            Self::Lost => language.connection_lost(),
            Self::Disconnected => language.connection_disconnected(),
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Connected => "notice good",
            Self::Lost | Self::AwaitingRole => "notice",
            Self::None | Self::AwaitingToken | Self::Disconnected => "lead",
        }
    }

    /// Whether there is something to look at, or to end.
    const fn is_there(self) -> bool {
        match self {
            Self::AwaitingRole | Self::AwaitingToken | Self::Connected | Self::Lost => true,
            Self::None | Self::Disconnected => false,
        }
    }
}

/// A tenant as the page shows it.
#[derive(Clone, Copy, Debug)]
pub struct ConnectedTenant<'a> {
    /// The tenant's id.
    pub id: &'a str,
    /// What it calls itself.
    pub name: Option<&'a str>,
    /// Its verified domains.
    pub domains: &'a str,
    /// Who authorised the connection.
    pub authorised_by: Option<&'a str>,
    /// When.
    pub authorised_at: Option<Timestamp>,
    /// When Microsoft last confirmed it.
    pub checked_at: Option<Timestamp>,
}

/// How reading the directory stands.
#[derive(Clone, Copy, Debug)]
pub struct ReadingStatus {
    /// When the round that is under way began.
    pub began_at: Option<Timestamp>,
    /// When it will be over if it goes on like this.
    pub ends_about: Option<Timestamp>,
    /// When the latest round ended.
    pub ended_at: Option<Timestamp>,
    /// How long ago that was.
    pub age: Option<SignedDuration>,
    /// That it fails, where it does.
    pub failing: Option<FailingReading>,
    /// How many pages were read in this round, or the latest one.
    pub pages: u64,
    /// How many users they told of, each as often as they did.
    pub told: u64,
    /// How many users there were to be told of about.
    pub expected: Option<u64>,
    /// How many are new here.
    pub made: u64,
    /// How many changed.
    pub changed: u64,
    /// How many lost access.
    pub blocked: u64,
    /// How many are guests, who sign in at home.
    pub guests: u64,
    /// How many have no anchor.
    pub unanchored: u64,
    /// How many have one that nobody can assert.
    pub bad_anchors: u64,
    /// How many have a name or an anchor that somebody else has.
    pub clashes: u64,
    /// What made no sense and was left out.
    pub unread: u64,
    /// How long after a round the next one begins.
    pub interval: SignedDuration,
}

impl ReadingStatus {
    /// What is worth a line, with what it is called.
    fn lines(&self, language: Language) -> Vec<(&'static str, u64)> {
        let lines = [
            (language.reading_made(), self.made),
            (language.reading_changed(), self.changed),
            (language.reading_blocked(), self.blocked),
            (language.reading_guests(), self.guests),
            (language.reading_unanchored(), self.unanchored),
            (language.reading_bad_anchors(), self.bad_anchors),
            (language.reading_clashes(), self.clashes),
            (language.reading_unread(), self.unread),
        ];
        lines.into_iter().filter(|(_, many)| *many > 0).collect()
    }
}

/// That reading fails, time after time.
#[derive(Clone, Copy, Debug)]
pub struct FailingReading {
    /// Since when.
    pub since: Timestamp,
    /// How often in a row.
    pub times: u32,
    /// Why it did the last time.
    pub cause: FailureCause,
    /// When it is tried again.
    pub again_at: Timestamp,
}

/// Why reading fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// Microsoft asked for time.
    Throttled,
    /// Microsoft did not answer, or not in time.
    Unavailable,
    /// Microsoft refused us, and is asked again before that is believed.
    Refused,
    /// It is for whoever operates the deployment to mend.
    Ours,
}

impl FailureCause {
    fn text(self, language: Language) -> &'static str {
        match self {
            Self::Throttled => language.reading_throttled(),
            Self::Unavailable => language.reading_unavailable(),
            Self::Refused => language.reading_refused(),
            Self::Ours => language.reading_ours(),
        }
    }
}

/// Users who are missing in the tenant, and keep access until somebody decides.
#[derive(Clone, Debug)]
pub struct MissingUsers {
    /// How many they are.
    pub missing: u64,
    /// How many the tenant was asked for.
    pub asked: u64,
    /// Since when somebody has to decide.
    pub since: Timestamp,
    /// Names the list of them.
    pub search: String,
}

/// Where users come from, and who is on the way.
#[derive(Clone, Copy, Debug)]
pub struct UserSource {
    /// Whether they are made here; on-premises otherwise.
    pub cloud: bool,
    /// How many wait to be made in Entra.
    pub pending: u64,
    /// How many stopped, until somebody decides.
    pub conflicts: u64,
}

impl UserSource {
    fn text(self, language: Language) -> &'static str {
        if self.cloud { language.users_cloud() } else { language.users_hybrid() }
    }

    /// Whether anybody is on the way.
    const fn waits(self) -> bool {
        self.pending > 0 || self.conflicts > 0
    }
}

/// An application that can be consented to.
#[derive(Clone, Debug)]
pub struct WantedConsent {
    /// The application that asks, where one is registered.
    pub client_id: Option<String>,
    /// When it was seen that the consent was taken back, where it was.
    pub lost_at: Option<Timestamp>,
    /// What it is good for.
    pub purposes: Vec<ConsentPurpose>,
    /// Where the way to Microsoft begins, when it can be gone.
    pub start_url: Option<String>,
}

impl WantedConsent {
    /// Whether nothing is left to ask for.
    fn is_granted(&self) -> bool {
        let all = self.purposes.iter().flat_map(|purpose| &purpose.permissions);
        all.clone().count() > 0 && all.into_iter().all(|permission| permission.granted)
    }

    fn title(&self, language: Language) -> &'static str {
        match self.purposes.first().map(|purpose| purpose.purpose) {
            None | Some(Purpose::Read) => language.connection_read_title(),
            Some(Purpose::EndAccess | Purpose::Change) => language.connection_write_title(),
        }
    }
}

/// What an application is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Users are read.
    Read,
    /// Whoever lost their access here loses it there too.
    EndAccess,
    /// Users are changed, and made.
    Change,
}

/// What an application is good for, and what that needs.
#[derive(Clone, Debug)]
pub struct ConsentPurpose {
    /// What it is.
    pub purpose: Purpose,
    /// What it needs.
    pub permissions: Vec<WantedPermission>,
    /// The wider permission that would do instead of all of them.
    pub wider: &'static str,
}

impl ConsentPurpose {
    /// What it is called, where the application is good for more.
    fn title(&self, language: Language) -> Option<&'static str> {
        match self.purpose {
            Purpose::Read => None,
            Purpose::EndAccess => Some(language.connection_end_title()),
            Purpose::Change => Some(language.connection_change_title()),
        }
    }

    /// What the wider permission is for: in full the first time that a page says it.
    fn wider_why(&self, language: Language) -> &'static str {
        match self.purpose {
            Purpose::Read => language.connection_wider(),
            Purpose::EndAccess | Purpose::Change => language.connection_wider_too(),
        }
    }

    fn why(&self, language: Language) -> &'static str {
        match self.purpose {
            Purpose::Read => language.connection_read_why(),
            Purpose::EndAccess => language.connection_end_why(),
            Purpose::Change => language.connection_write_why(),
        }
    }
}

/// An application permission of Microsoft Graph.
#[derive(Clone, Copy, Debug)]
pub struct WantedPermission {
    /// Its name, as Entra shows it.
    pub name: &'static str,
    /// Whether it is granted.
    pub granted: bool,
    /// Whether it is so by a wider one alone.
    pub by_wider: bool,
}

impl WantedPermission {
    fn text(&self, language: Language) -> &'static str {
        match (self.granted, self.by_wider) {
            (true, false) => language.connection_granted(),
            (true, true) => language.connection_granted_wider(),
            (false, _) => language.connection_missing(),
        }
    }

    fn class(&self) -> &'static str {
        if self.granted { "badge good" } else { "badge" }
    }
}

/// A certificate to upload.
#[derive(Clone, Debug)]
pub struct UploadCertificate {
    /// Where it is.
    pub url: String,
    /// Its SHA-1 digest, which Entra shows as the thumbprint.
    pub thumbprint: String,
    /// The last valid instant.
    pub not_after: Timestamp,
    /// Whether it follows another one, and has to be uploaded before that one ends.
    pub follows: bool,
}

/// A minute, the same in every language: `2026-11-21 17:05 UTC`.
fn minute(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A day, the same in every language: `2026-11-21`.
fn day(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Hours and minutes, the same in every language: `4 h`, `1 h 30 min`.
fn span(span: &SignedDuration) -> String {
    let (hours, minutes) = (span.as_mins() / 60, span.as_mins() % 60);
    match (hours, minutes) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
