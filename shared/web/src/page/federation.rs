use askama::Template;
use identity::{DomainStanding, FederationDifference, Weight};
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
    /// The permissions that Microsoft gave for it.
    pub granted: &'a [String],
    /// Each domain, and how it stood.
    pub domains: Vec<CheckedDomain<'a>>,
    /// How many more there are that were not looked at.
    pub left_out: usize,
}

/// A domain, as it stood.
#[derive(Clone, Debug)]
pub struct CheckedDomain<'a> {
    /// The domain.
    pub name: &'a str,
    /// How it stood.
    pub standing: &'a DomainStanding,
    /// How that differs from what we publish now.
    pub differences: Vec<FederationDifference>,
    /// Where the certificates are that we publish.
    pub certificate_url: String,
}

impl CheckedDomain<'_> {
    fn is_fine(&self) -> bool {
        matches!(self.standing, DomainStanding::Federated(_)) && self.differences.is_empty()
    }

    /// In one word or two.
    fn verdict(&self, language: Language) -> &'static str {
        match self.standing {
            DomainStanding::Absent => language.domain_absent(),
            DomainStanding::Unverified => language.domain_unverified(),
            DomainStanding::Managed => language.domain_managed(),
            DomainStanding::Federated(_) if self.is_fine() => language.domain_fine(),
            DomainStanding::Federated(_) => language.domain_differs(),
        }
    }

    /// What that means, and what to do.
    fn advice(&self, language: Language) -> &'static str {
        match self.standing {
            DomainStanding::Absent => language.domain_absent_next(),
            DomainStanding::Unverified => language.domain_unverified_next(),
            DomainStanding::Managed => language.domain_managed_next(),
            DomainStanding::Federated(_) if self.is_fine() => language.domain_fine_next(),
            DomainStanding::Federated(_) => language.domain_differs_next(),
        }
    }
}

/// What follows from a difference, where that is more than it being one.
fn follows(weight: &Weight, language: Language) -> Option<&'static str> {
    match weight {
        Weight::LetsOthersIn => Some(language.federation_lets_in()),
        Weight::KeepsOut => Some(language.federation_vital()),
        Weight::Minor => None,
    }
}

/// How far the permissions go that a look asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No further than the look.
    Narrow,
    /// No further, for whoever cannot grant the newer ones.
    Older,
    /// Also to changing domains.
    Wide,
    /// To everything that the person may do in the directory.
    Widest,
}

impl Reach {
    /// Each, in the order in which they are to be tried.
    pub const ALL: [Self; 4] = [Self::Narrow, Self::Older, Self::Wide, Self::Widest];

    /// The word in our URLs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Older => "older",
            Self::Wide => "wide",
            Self::Widest => "widest",
        }
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            Self::Narrow => language.look_narrow_title(),
            Self::Older => language.look_older_title(),
            Self::Wide => language.look_wide_title(),
            Self::Widest => language.look_widest_title(),
        }
    }

    fn why(self, language: Language) -> &'static str {
        match self {
            Self::Narrow => language.look_narrow_why(),
            Self::Older => language.look_older_why(),
            Self::Wide => language.look_wide_why(),
            Self::Widest => language.look_widest_why(),
        }
    }

    /// The first one is what should be chosen.
    fn class(self) -> &'static str {
        match self {
            Self::Narrow => "button",
            Self::Older | Self::Wide | Self::Widest => "button quiet",
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

/// A minute, the same in every language: `2026-11-21 17:05 UTC`.
fn minute(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
