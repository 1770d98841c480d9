//! Who cannot be onboarded or cannot sign in, and why, before anybody tries.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ClaimRefusal, FederatedDomain, Method, User, claim_may_enrol};

/// Why somebody cannot be onboarded or cannot sign in. One user may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The account is disabled in Entra, or access was taken away here.
    Blocked,
    /// The user name lies under no domain that sends its sign-ins to us: Entra would refuse the
    /// assertion with 5000820, or never ask for one.
    OutsideDomain,
    /// Nothing that Entra could match an assertion by.
    NoAnchor,
    /// Their anchor in Entra belongs to another user here: it names that one.
    AnchorTaken,
    /// Their anchor is none that Graph takes ([`Anchor::is_legal`](crate::Anchor::is_legal)), or that can be asserted.
    IllegalAnchor,
    /// Their name in Entra belongs to another user here: it signs that one in.
    NameTaken,
    /// Nothing that proves who enrols.
    NoClaim,
    /// Another user has the same personal address: a code that is sent there proves neither.
    SharedClaim,
    /// The personal address changed lately, and proves nothing until it has settled.
    ChangedClaim,
    /// A member of the tenant, enabled there, who is nobody here yet: nothing was looked at.
    NotRead,
    /// A guest of the tenant, who signs in at home.
    Guest,
}

impl Obstacle {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Blocked,
        Self::OutsideDomain,
        Self::NoAnchor,
        Self::AnchorTaken,
        Self::IllegalAnchor,
        Self::NameTaken,
        Self::NoClaim,
        Self::SharedClaim,
        Self::ChangedClaim,
        Self::NotRead,
        Self::Guest,
    ];

    /// The word in our URLs, keys and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::OutsideDomain => "outside-domain",
            Self::NoAnchor => "no-anchor",
            Self::AnchorTaken => "anchor-taken",
            Self::IllegalAnchor => "illegal-anchor",
            Self::NameTaken => "name-taken",
            Self::NoClaim => "no-claim",
            Self::SharedClaim => "shared-claim",
            Self::ChangedClaim => "changed-claim",
            Self::NotRead => "not-read",
            Self::Guest => "guest",
        }
    }

    /// The one that a word stands for.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|obstacle| obstacle.word() == word)
    }
}

/// Whether somebody else has the same personal address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimUse {
    /// Nobody else.
    Alone,
    /// At least one other user of the organization.
    Shared,
}

/// Everything that stands between a user and their first sign-in, by what the organization
/// federates and by who else has their claim.
///
/// Who has no access is reported for that alone: nobody has to mend anything for them. Whoever signs
/// in with Microsoft needs nothing else: nobody asserts them, and they enrol nothing. A claim is asked
/// only of those whom it would enrol: administrators enrol by link, and whoever has enrolled needs none
/// any more ([`claim_may_enrol`]).
pub fn obstacles(
    (user, method): (&User, Method),
    federated: &[FederatedDomain],
    claim: ClaimUse,
    now: Timestamp,
) -> BTreeSet<Obstacle> {
    if !user.has_access(now) {
        return BTreeSet::from([Obstacle::Blocked]);
    }
    if !signs_in_here((user, method), now) {
        return BTreeSet::new();
    }
    let mut obstacles = BTreeSet::new();
    let address = user.user_name.address();
    if !address.is_some_and(|address| federated.iter().any(|domain| domain.covers(address))) {
        obstacles.insert(Obstacle::OutsideDomain);
    }
    match &user.anchor {
        None => drop(obstacles.insert(Obstacle::NoAnchor)),
        Some(anchor) if !anchor.is_legal() => drop(obstacles.insert(Obstacle::IllegalAnchor)),
        Some(_) => {}
    }
    match (claim_may_enrol(user, method, now), claim) {
        (Err(ClaimRefusal::NoClaim), _) => drop(obstacles.insert(Obstacle::NoClaim)),
        (Err(ClaimRefusal::ChangedLately), _) => drop(obstacles.insert(Obstacle::ChangedClaim)),
        (Ok(()), ClaimUse::Shared) => drop(obstacles.insert(Obstacle::SharedClaim)),
        (Ok(()) | Err(_), _) => {}
    }
    obstacles
}

/// Whether somebody is asserted by us: they have access, and no Microsoft account for it.
pub fn signs_in_here((user, method): (&User, Method), now: Timestamp) -> bool {
    user.has_access(now) && method != Method::Microsoft
}

/// What the tenant says of one of its objects, beside who is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whether it is a user of the organization.
    pub known: bool,
    /// Whether it is a guest there.
    pub guest: bool,
    /// Whether its account is turned on there.
    pub enabled: bool,
    /// Its anchor.
    pub anchor: Match,
    /// Its name.
    pub name: Match,
}

/// What something that Entra says of a user is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Nobody's, or theirs.
    Free,
    /// Somebody else's.
    Taken,
    /// Nothing that can be one.
    Illegal,
}

/// What stands before an object of the tenant and does not show by our own users: that it is none of
/// them, or that something of it is another one's.
///
/// Of those who are known it says only what [`obstacles`] cannot, so that both together name each
/// obstacle of a user once. It is asked of those of them alone who sign in here ([`signs_in_here`]).
pub fn obstacles_there(listed: &Listed) -> BTreeSet<Obstacle> {
    match listed {
        Listed { known: false, guest: true, .. } => return BTreeSet::from([Obstacle::Guest]),
        Listed { known: false, enabled: false, .. } => return BTreeSet::from([Obstacle::Blocked]),
        Listed { enabled: false, .. } => return BTreeSet::new(),
        Listed { .. } => {}
    }
    let mut obstacles = BTreeSet::new();
    // Who has a name that cannot be theirs here is not read either: that is what has to be mended.
    if !listed.known && listed.name == Match::Free {
        obstacles.insert(Obstacle::NotRead);
    }
    match listed.anchor {
        Match::Free => {}
        Match::Taken => drop(obstacles.insert(Obstacle::AnchorTaken)),
        Match::Illegal => drop(obstacles.insert(Obstacle::IllegalAnchor)),
    }
    match (listed.name, listed.known) {
        (Match::Taken, _) => drop(obstacles.insert(Obstacle::NameTaken)),
        (Match::Illegal, false) => drop(obstacles.insert(Obstacle::OutsideDomain)),
        (Match::Free, _) | (Match::Illegal, true) => {}
    }
    obstacles
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Anchor, Block, LastDay, OrganizationId, Role, UserId};
    use ambient::SystemEntropy;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn domain() -> FederatedDomain {
        FederatedDomain {
            name: "contoso.com".parse().unwrap(),
            organization: OrganizationId::mint(&SystemEntropy),
            issuer: "https://id.example.org/saml/contoso.com".to_owned(),
            reply_url: "https://login.example.org/login.srf".to_owned(),
        }
    }

    fn ready() -> User {
        let id = UserId::mint(&SystemEntropy);
        let name = "ada@contoso.com".parse().unwrap();
        let mut user = User::new(id, name, "Ada".to_owned(), Timestamp::UNIX_EPOCH);
        user.anchor = Some(Anchor::of(id));
        user.personal_email = Some("ada@home.test".parse().unwrap());
        user
    }

    #[test]
    fn each_obstacle_is_found_for_itself_and_several_of_one_user_together() {
        use ClaimUse::{Alone, Shared};
        use Obstacle::{
            Blocked, ChangedClaim, IllegalAnchor, NoAnchor, NoClaim, OutsideDomain, SharedClaim,
        };
        type Change = fn(&mut User);
        let cases: [(Change, ClaimUse, &[Obstacle]); 15] = [
            (|_| (), Alone, &[]),
            (|_| (), Shared, &[SharedClaim]),
            (|user| user.personal_email = None, Alone, &[NoClaim]),
            (|user| user.personal_email = None, Shared, &[NoClaim]),
            (|user| user.claim_changed_at = Some(NOW), Alone, &[ChangedClaim]),
            (|user| user.anchor = None, Alone, &[NoAnchor]),
            (|user| user.anchor = Some("a_b".parse().unwrap()), Alone, &[IllegalAnchor]),
            (|user| user.user_name = "ada@corp.contoso.com".parse().unwrap(), Alone, &[]),
            (|user| user.user_name = "ada@fabrikam.com".parse().unwrap(), Alone, &[OutsideDomain]),
            (|user| user.user_name = "ada".parse().unwrap(), Alone, &[OutsideDomain]),
            (
                |user| {
                    user.user_name = "ada@fabrikam.com".parse().unwrap();
                    user.anchor = None;
                    user.personal_email = None;
                },
                Alone,
                &[OutsideDomain, NoAnchor, NoClaim],
            ),
            (
                |user| {
                    user.blocks = [Block::Entra].into();
                    user.anchor = None;
                    user.personal_email = None;
                },
                Shared,
                &[Blocked],
            ),
            (|user| user.blocks = [Block::Administrator].into(), Alone, &[Blocked]),
            (
                |user| {
                    user.role = Role::Administrator;
                    user.personal_email = None;
                },
                Alone,
                &[],
            ),
            (|user| user.enrolled_at = Some(Timestamp::UNIX_EPOCH), Shared, &[]),
        ];
        for (number, (change, claim, expected)) in cases.into_iter().enumerate() {
            let mut user = ready();
            change(&mut user);
            let found = obstacles((&user, Method::Passkey), &[domain()], claim, NOW);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "case {number}");
        }
        let user = ready();
        let by = |method| obstacles((&user, method), &[], Alone, NOW);
        assert!(by(Method::Passkey).contains(&OutsideDomain), "nothing is federated");
        assert!(by(Method::Microsoft).is_empty(), "nobody asserts them");
        let mut left = user.clone();
        left.last_day = LastDay::new("1969-12-30".parse().unwrap(), "UTC").ok();
        let found = obstacles((&left, Method::Microsoft), &[domain()], Alone, NOW);
        assert_eq!(found, [Blocked].into(), "the last day is over");
    }

    #[test]
    fn what_the_tenant_says_adds_what_our_own_users_do_not_show() {
        use Match::{Free, Illegal, Taken};
        use Obstacle::{
            AnchorTaken, Blocked, Guest, IllegalAnchor, NameTaken, NotRead, OutsideDomain,
        };
        let member = Listed { known: true, guest: false, enabled: true, anchor: Free, name: Free };
        let stranger = Listed { known: false, ..member };
        let cases: [(Listed, &[Obstacle]); 13] = [
            (member, &[]),
            (stranger, &[NotRead]),
            (Listed { guest: true, ..stranger }, &[Guest]),
            (Listed { guest: true, enabled: false, name: Taken, ..stranger }, &[Guest]),
            (Listed { guest: true, ..member }, &[]),
            (Listed { enabled: false, name: Taken, ..stranger }, &[Blocked]),
            (Listed { enabled: false, name: Taken, ..member }, &[]),
            (Listed { anchor: Taken, name: Taken, ..member }, &[AnchorTaken, NameTaken]),
            (Listed { anchor: Illegal, ..member }, &[IllegalAnchor]),
            (Listed { anchor: Illegal, name: Taken, ..stranger }, &[IllegalAnchor, NameTaken]),
            (Listed { name: Illegal, ..stranger }, &[OutsideDomain]),
            (Listed { anchor: Taken, ..stranger }, &[AnchorTaken, NotRead]),
            (Listed { name: Illegal, ..member }, &[]),
        ];
        for (number, (listed, expected)) in cases.into_iter().enumerate() {
            let found: Vec<_> = obstacles_there(&listed).into_iter().collect();
            assert_eq!(found, expected, "case {number}");
        }
    }

    #[test]
    fn every_obstacle_has_a_word_of_its_own() {
        for obstacle in Obstacle::ALL {
            assert_eq!(Obstacle::of(obstacle.word()), Some(obstacle));
        }
        assert_eq!(Obstacle::of("tired"), None);
    }
}
