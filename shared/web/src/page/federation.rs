use askama::Template;
use identity::{DomainStanding, FederationDifference};
use jiff::Timestamp;

use super::Page;
use crate::language::Language;

/// Shows how the tenant has our domains federated, as somebody of it saw, and how to look again.
///
/// The ways to Microsoft are links, which the policy of our pages lets go there.
#[derive(Debug, Template)]
#[template(path = "federation.html")]
pub struct Federation<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Whether a tenant is connected.
    pub connected: bool,
    /// What the latest look saw.
    pub checked: Option<CheckedFederation<'a>>,
    /// The application that asks, where one is registered.
    pub client_id: Option<&'a str>,
    /// The address that is registered for it.
    pub redirect_uri: &'a str,
    /// The ways to look.
    pub looks: &'a [WantedLook],
    /// Where the connection's page is.
    pub connection_url: &'a str,
}

impl Page for Federation<'_> {}

/// What a look saw.
#[derive(Clone, Debug)]
pub struct CheckedFederation<'a> {
    /// When.
    pub at: Timestamp,
    /// With whose rights.
    pub by: Option<&'a str>,
    /// Each domain, and how it stood.
    pub domains: Vec<(&'a str, &'a DomainStanding)>,
    /// How many more there are that were not looked at.
    pub left_out: usize,
}

/// How far the permissions go that a look asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No further than the look.
    Narrow,
    /// Also to changing domains.
    Wide,
    /// To everything that the person may do in the directory.
    Widest,
}

impl Reach {
    /// Each, in the order in which they are to be tried.
    pub const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::Widest];

    /// The word in our URLs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Wide => "wide",
            Self::Widest => "widest",
        }
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            Self::Narrow => language.look_narrow_title(),
            Self::Wide => language.look_wide_title(),
            Self::Widest => language.look_widest_title(),
        }
    }

    fn why(self, language: Language) -> &'static str {
        match self {
            Self::Narrow => language.look_narrow_why(),
            Self::Wide => language.look_wide_why(),
            Self::Widest => language.look_widest_why(),
        }
    }

    /// The first one is what should be chosen.
    fn class(self) -> &'static str {
        match self {
            Self::Narrow => "button",
            Self::Wide | Self::Widest => "button quiet",
        }
    }
}

/// A way to look.
#[derive(Clone, Debug)]
pub struct WantedLook {
    /// How far its permissions go.
    pub reach: Reach,
    /// The delegated permissions that it asks for.
    pub permissions: &'static [&'static str],
    /// Where the way to Microsoft begins, when it can be gone.
    pub start_url: Option<String>,
}

/// How a domain stood, in one word or two.
fn verdict(standing: &DomainStanding, language: Language) -> &'static str {
    match standing {
        DomainStanding::Absent => language.domain_absent(),
        DomainStanding::Unverified => language.domain_unverified(),
        DomainStanding::Managed => language.domain_managed(),
        DomainStanding::Federated(_) if standing.is_fine() => language.domain_fine(),
        DomainStanding::Federated(_) => language.domain_differs(),
    }
}

/// What that means, and what to do.
fn advice(standing: &DomainStanding, language: Language) -> &'static str {
    match standing {
        DomainStanding::Absent => language.domain_absent_next(),
        DomainStanding::Unverified => language.domain_unverified_next(),
        DomainStanding::Managed => language.domain_managed_next(),
        DomainStanding::Federated(_) if standing.is_fine() => language.domain_fine_next(),
        DomainStanding::Federated(_) => language.domain_differs_next(),
    }
}

fn differences(standing: &DomainStanding) -> &[FederationDifference] {
    match standing {
        DomainStanding::Federated(differences) => differences,
        DomainStanding::Absent | DomainStanding::Unverified | DomainStanding::Managed => &[],
    }
}

/// A value, or that there is none.
fn value(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// A minute, the same in every language: `2026-11-21 17:05 UTC`.
fn minute(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
