use askama::Template;
use identity::Obstacle;
use jiff::Timestamp;

use super::Page;
use crate::language::Language;

/// Shows who cannot be onboarded or cannot sign in, counted by what stands in the way.
///
/// The form posts `csrf` alone.
#[derive(Debug, Template)]
#[template(path = "preflight.html")]
pub struct Preflight<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// The look that is under way.
    pub look: Option<LookStatus>,
    /// What the latest look found.
    pub found: Option<Found>,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
    /// Where the form posts to that begins a look, unless one is to be waited for.
    pub begin_action: Option<&'a str>,
    /// Where what the latest look found can be fetched, once it is written.
    pub files: Option<FileLinks<'a>>,
    /// Where the connection's page is.
    pub connection_url: &'a str,
}

impl Page for Preflight<'_> {}

/// What a look found, as files.
#[derive(Clone, Copy, Debug)]
pub struct FileLinks<'a> {
    /// Where the table of values can be fetched.
    pub csv_url: &'a str,
    /// Where the lines of JSON can be fetched.
    pub json_url: &'a str,
}

/// How far a look has come.
#[derive(Clone, Copy, Debug)]
pub struct LookStatus {
    /// How many users were looked at.
    pub looked_at: u64,
    /// How many there are, once they are counted.
    pub expected: Option<u64>,
    /// What is being done.
    pub step: LookStep,
}

/// What a look is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookStep {
    /// Our users.
    Looks,
    /// The tenant, which is asked whom it has beside them.
    Asks,
    /// The files.
    Writes,
}

/// What a look found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many users were looked at.
    pub looked_at: u64,
    /// How many users the tenant told of, if it was asked.
    pub told: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// First instant at which nothing of it is kept any more.
    pub kept_until: Timestamp,
    /// Each obstacle, with how many users it stands before.
    pub obstacles: Vec<FoundObstacle>,
}

impl Found {
    /// Guests are in nobody's way. Where the tenant was not asked nobody knows.
    fn is_clear(&self) -> bool {
        self.told.is_some()
            && self
                .obstacles
                .iter()
                .all(|found| found.users == 0 || found.obstacle == Obstacle::Guest)
    }
}

/// An obstacle, and before how many users it stands.
#[derive(Clone, Debug)]
pub struct FoundObstacle {
    /// Which.
    pub obstacle: Obstacle,
    /// Before how many.
    pub users: u64,
    /// Where they are listed.
    pub url: String,
}

/// Shows a page of the users before whom one obstacle stands.
#[derive(Debug, Template)]
#[template(path = "preflight_list.html")]
pub struct PreflightList<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// Before how many users it stands in all.
    pub users: u64,
    /// When they were looked at.
    pub at: Timestamp,
    /// Those of this page.
    pub people: &'a [ListedUser<'a>],
    /// Which page it is, from 1.
    pub page: u64,
    /// How many there are.
    pub pages: u64,
    /// Where the page before is.
    pub previous_url: Option<&'a str>,
    /// Where the next page is.
    pub next_url: Option<&'a str>,
    /// Where all obstacles are.
    pub overview_url: &'a str,
}

impl Page for PreflightList<'_> {}

impl PreflightList<'_> {
    fn has_holders(&self) -> bool {
        self.people.iter().any(|user| user.held_by.is_some())
    }
}

/// A user before whom an obstacle stands.
#[derive(Clone, Copy, Debug)]
pub struct ListedUser<'a> {
    /// The user name.
    pub user_name: &'a str,
    /// What pages and mails call them.
    pub display_name: &'a str,
    /// What pages and mails call the one who has what they were to have.
    pub held_by: Option<&'a str>,
}

fn name(obstacle: &Obstacle, language: Language) -> &'static str {
    match obstacle {
        Obstacle::Blocked => language.obstacle_blocked(),
        Obstacle::OutsideDomain => language.obstacle_outside_domain(),
        Obstacle::NoAnchor => language.obstacle_no_anchor(),
        Obstacle::AnchorTaken => language.obstacle_anchor_taken(),
        Obstacle::IllegalAnchor => language.obstacle_illegal_anchor(),
        Obstacle::NameTaken => language.obstacle_name_taken(),
        Obstacle::NoClaim => language.obstacle_no_claim(),
        Obstacle::SharedClaim => language.obstacle_shared_claim(),
        Obstacle::ChangedClaim => language.obstacle_changed_claim(),
        Obstacle::NotRead => language.obstacle_not_read(),
        Obstacle::Guest => language.obstacle_guest(),
    }
}

fn advice(obstacle: &Obstacle, language: Language) -> &'static str {
    match obstacle {
        Obstacle::Blocked => language.obstacle_blocked_next(),
        Obstacle::OutsideDomain => language.obstacle_outside_domain_next(),
        Obstacle::NoAnchor => language.obstacle_no_anchor_next(),
        Obstacle::AnchorTaken => language.obstacle_anchor_taken_next(),
        Obstacle::IllegalAnchor => language.obstacle_illegal_anchor_next(),
        Obstacle::NameTaken => language.obstacle_name_taken_next(),
        Obstacle::NoClaim => language.obstacle_no_claim_next(),
        Obstacle::SharedClaim => language.obstacle_shared_claim_next(),
        Obstacle::ChangedClaim => language.obstacle_changed_claim_next(),
        Obstacle::NotRead => language.obstacle_not_read_next(),
        Obstacle::Guest => language.obstacle_guest_next(),
    }
}

/// A minute, the same in every language: `2026-11-21 17:05 UTC`.
fn minute(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
