//! What a user becomes by what the directory says. Decides, and does nothing.

use graph::{DirectoryUser, Told};
use identity::{Address, Anchor, AttributeValue, Attributes, Block, User, UserId, UserName};
use jiff::Timestamp;
use store::{Action, Known, LeftOutReason, NamesOf, Tally};

use crate::anchor;

/// What a user becomes.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) user: User,
    pub(super) tally: Tally,
    /// Why something of what was told of them does not show in it.
    pub(super) left_out: Option<LeftOutReason>,
    new: Novelty,
}

/// What is claimed for a user of what the directory says: somebody else may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) name: bool,
    pub(super) anchor: bool,
}

impl Claims {
    pub(super) const ALL: Self = Self { name: true, anchor: true };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Novelty {
    Made,
    Known,
}

/// Why nothing becomes of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    /// Guests sign in at home.
    Guest,
    /// Without a name that can be one nobody signs in.
    Nameless,
    /// Gone before we knew of them.
    Unknown,
    /// Told of, and not found when they were asked for.
    Unseen,
    /// What is said of them makes no sense.
    Senseless,
}

impl Skipped {
    pub(super) fn tally(self) -> Tally {
        match self {
            Self::Guest => Tally { guests: 1, ..Tally::default() },
            Self::Nameless => Tally { clashes: 1, ..Tally::default() },
            Self::Unknown => Tally::default(),
            Self::Unseen | Self::Senseless => Tally { unread: 1, ..Tally::default() },
        }
    }

    /// Why they are to be asked for again, if they are. Nobody else was anybody here, or is told of once
    /// they may be.
    pub(super) fn left_out(self) -> Option<LeftOutReason> {
        match self {
            Self::Guest | Self::Nameless | Self::Unknown => None,
            Self::Unseen => Some(LeftOutReason::NotFound),
            Self::Senseless => Some(LeftOutReason::Unread),
        }
    }
}

impl Decided {
    /// The word of the audit: access first.
    pub(super) fn action(&self) -> Action {
        match (self.new, self.tally.blocked, self.tally.unblocked) {
            (Novelty::Made, _, _) => Action::UserCreated,
            (Novelty::Known, 1.., _) => Action::AccessTaken,
            (Novelty::Known, 0, 1..) => Action::AccessGiven,
            (Novelty::Known, 0, 0) => Action::UserChanged,
        }
    }
}

/// A user who is told of for the first time.
pub(super) fn made(
    id: UserId,
    told: &DirectoryUser,
    claims: Claims,
    now: Timestamp,
) -> Result<Decided, Skipped> {
    if told.user_type.value().is_some_and(|kind| kind == "Guest") {
        return Err(Skipped::Guest);
    }
    let name: Option<UserName> =
        told.user_principal_name.value().and_then(|name| name.parse().ok());
    let user = User::new(id, name.ok_or(Skipped::Nameless)?, String::new(), now);
    let known =
        Known { user: store::Stored { value: user, version: 0 }, names: NamesOf::Directory };
    let mut decided = changed(&known, told, claims, now);
    // Who is not said to have access has none.
    if told.account_enabled.value().is_none() && !decided.user.blocks.contains(&Block::Entra) {
        decided.user.block(Block::Entra, now);
        decided.tally.blocked = 1;
    }
    // The first claim of somebody new is as good as any.
    decided.user.claim_changed_at = None;
    decided.new = Novelty::Made;
    decided.tally.made = 1;
    decided.tally.changed = 0;
    Ok(decided)
}

/// A known user, as the directory has them now.
pub(super) fn changed(
    known: &Known,
    told: &DirectoryUser,
    claims: Claims,
    now: Timestamp,
) -> Decided {
    let before = &known.user.value;
    let mut user = before.clone();
    let mut tally = Tally::default();
    user.object_id = Some(told.id);
    if told.on_premises_sync_enabled.is_said() {
        user.on_premises = told.is_synced();
    }
    if claims.anchor {
        read_anchor(&mut user, told, &mut tally);
    } else if told.on_premises_immutable_id.is_said() {
        // Theirs is somebody else's here, and the one that they had is theirs no more.
        user.anchor = None;
        user.unanchored = true;
    }
    if known.names == NamesOf::Directory {
        if claims.name {
            name(&mut user, told);
        }
        display_name(&mut user, told);
        attributes(&mut user.attributes, told);
        claim(&mut user, told, now);
    }
    access(&mut user, told, now, &mut tally);
    tally.changed = u64::from(user != *before);
    Decided { user, tally, left_out: None, new: Novelty::Known }
}

/// Somebody whom nobody provisioned and who has the name: they become the object that the directory
/// tells of. What they are here stays: role, passkeys, blocks of ours.
pub(super) fn linked(theirs: &User, decided: &User, now: Timestamp) -> User {
    let mut user = theirs.clone();
    user.object_id = decided.object_id;
    user.linked_at = Some(now);
    user.on_premises = decided.on_premises;
    user.anchor = decided.anchor.clone().or(user.anchor);
    user.unanchored = decided.unanchored;
    user.attributes = decided.attributes.clone();
    if decided.blocks.contains(&Block::Entra) {
        user.block(Block::Entra, now);
    }
    user
}

/// Entra's anchor is what an assertion must say. One that Entra does not have yet stays.
fn read_anchor(user: &mut User, told: &DirectoryUser, tally: &mut Tally) {
    match &told.on_premises_immutable_id {
        Told::Value(text) => match text.parse::<Anchor>() {
            Ok(anchor) => (user.anchor, user.unanchored) = (Some(anchor), false),
            Err(_) => (tally.bad_anchors, user.unanchored) = (1, false),
        },
        Told::Empty => {
            tally.unanchored = 1;
            // By now it may be somebody else's there. Ours may be on its way.
            if user.anchor != Some(Anchor::of(user.id)) {
                user.anchor = None;
            }
            user.unanchored = anchor::is_ours_to_write(user);
        }
        Told::Unsaid => {}
    }
}

/// A name that somebody has only while their anchor is repaired is none of theirs, however late it is
/// told of.
fn name(user: &mut User, told: &DirectoryUser) {
    let name = told.user_principal_name.value().and_then(|name| name.parse::<UserName>().ok());
    if let Some(name) = name.filter(|name| name.temporary_of() != Some(user.id)) {
        user.user_name = name;
    }
}

fn display_name(user: &mut User, told: &DirectoryUser) {
    let text = |told: &Told<String>| {
        told.value().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let parts: Vec<String> =
        [text(&told.given_name), text(&told.surname)].into_iter().flatten().collect();
    let parts = Some(parts.join(" ")).filter(|parts| !parts.is_empty());
    if let Some(name) = text(&told.display_name).or(parts) {
        user.display_name = name;
    } else if user.display_name.is_empty() {
        user.display_name = user.user_name.as_str().to_owned();
    }
}

/// What else is said of them. What cannot be kept is as good as nothing.
fn attributes(of: &mut Attributes, told: &DirectoryUser) {
    let lines = [
        (&mut of.given_name, &told.given_name),
        (&mut of.surname, &told.surname),
        (&mut of.mobile_phone, &told.mobile_phone),
        (&mut of.department, &told.department),
        (&mut of.country, &told.country),
    ];
    for (kept, told) in lines.into_iter().filter(|(_, told)| told.is_said()) {
        *kept = told.value().and_then(|text| text.parse::<AttributeValue>().ok());
    }
    if told.mail.is_said() {
        of.mail = told.mail.value().and_then(|text| text.parse().ok());
    }
}

/// The first further address proves who enrols; an address that proved somebody stays.
fn claim(user: &mut User, told: &DirectoryUser, now: Timestamp) {
    let addresses: &[String] = match &told.other_mails {
        Told::Unsaid => return,
        Told::Empty => &[],
        Told::Value(addresses) => addresses,
    };
    if user.enrolled_at.is_some() {
        return;
    }
    let own = user.user_name.folded();
    let usable = addresses.iter().filter(|text| text.to_lowercase() != own);
    let address: Option<Address> = usable.filter_map(|text| text.parse().ok()).next();
    if address != user.personal_email {
        user.claim_changed_at = Some(now);
        user.personal_email = address;
    }
}

/// Who is disabled or gone there has no access here, for as long as that is so. That we disabled an account
/// ourselves is no word of Entra's.
fn access(user: &mut User, told: &DirectoryUser, now: Timestamp, tally: &mut Tally) {
    let is_ours = user.is_disabled_by_us(told.id);
    let enabled = match (&told.removed, &told.account_enabled) {
        (Some(_), _) => Some(false),
        (None, Told::Value(enabled)) => Some(*enabled || is_ours),
        (None, Told::Empty | Told::Unsaid) => None,
    };
    // Somebody of the tenant enabled it: whoever disables it then is not us. What is told may be older.
    let ours = user.disabled.filter(|account| account.object == told.id);
    let is_undone = ours.is_some_and(|account| account.is_settled(now));
    if is_undone && told.removed.is_none() && told.account_enabled.value() == Some(&true) {
        user.disabled = None;
    }
    let blocked = user.blocks.contains(&Block::Entra);
    match enabled {
        Some(false) if !blocked => {
            user.block(Block::Entra, now);
            tally.blocked = 1;
        }
        Some(true) if blocked => {
            user.unblock(Block::Entra, now);
            tally.unblocked = 1;
        }
        Some(_) | None => {}
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use identity::DisabledAccount;
    use jiff::SignedDuration;
    use serde_json::{Value, json};
    use store::Stored;

    use super::*;

    const NO_ANCHOR: Claims = Claims { anchor: false, ..Claims::ALL };
    const NO_NAME: Claims = Claims { name: false, ..Claims::ALL };
    const ADA: &str = "7c2f1a34-0f8e-4a7f-9a51-2d1f0c9be001";

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn told(mut said: Value) -> DirectoryUser {
        said.as_object_mut().unwrap().insert("id".to_owned(), json!(ADA));
        serde_json::from_value(said).unwrap()
    }

    fn ada() -> User {
        let said = json!({
            "userPrincipalName": "ada@contoso.test", "displayName": "Ada Arden",
            "givenName": "Ada", "surname": "Arden", "mail": "ada.arden@contoso.test",
            "mobilePhone": "+49 151 1", "department": " Sales ", "country": "DE",
            "otherMails": ["ada@contoso.test", "ada@personal.test"], "accountEnabled": true,
            "onPremisesImmutableId": "A1", "onPremisesSyncEnabled": null, "userType": "Member",
        });
        made(UserId::from_bytes([1; 16]), &told(said), Claims::ALL, now()).unwrap().user
    }

    fn known(user: &User, names: NamesOf) -> Known {
        Known { user: Stored { value: user.clone(), version: 1 }, names }
    }

    #[test]
    fn somebody_new_is_made_of_what_the_directory_says() {
        let user = ada();

        assert_eq!(user.user_name.as_str(), "ada@contoso.test");
        assert_eq!(user.display_name, "Ada Arden");
        assert_eq!(user.object_id.unwrap().to_string(), ADA);
        assert_eq!(user.anchor.unwrap().as_str(), "A1");
        assert_eq!(user.personal_email.unwrap().as_str(), "ada@personal.test");
        let kept = serde_json::to_value(&user.attributes).unwrap();
        let expected = json!({
            "given_name": "Ada", "surname": "Arden", "mail": "ada.arden@contoso.test",
            "mobile_phone": "+49 151 1", "department": "Sales", "country": "DE",
        });
        assert_eq!(kept, expected);
        assert_eq!((user.claim_changed_at, user.on_premises), (None, false));
        assert!(user.blocks.is_empty());
    }

    #[test]
    fn guests_and_the_nameless_are_nobody_here() {
        let cases = [
            (json!({ "userPrincipalName": "x@contoso.test", "userType": "Guest" }), Skipped::Guest),
            (json!({ "userPrincipalName": null, "userType": "Member" }), Skipped::Nameless),
            (json!({ "userPrincipalName": " ", "userType": "Member" }), Skipped::Nameless),
        ];
        for (said, expected) in cases {
            let made = made(UserId::from_bytes([1; 16]), &told(said), Claims::ALL, now());
            assert_eq!(made.unwrap_err(), expected);
        }
    }

    #[test]
    fn nobody_is_made_with_access_who_is_not_said_to_have_it() {
        let cases = [(json!(true), false), (json!(false), true), (json!(null), true)];
        for (enabled, blocked) in cases {
            let said = json!({
                "userPrincipalName": "x@contoso.test", "userType": "Member",
                "accountEnabled": enabled,
            });
            let made = made(UserId::from_bytes([1; 16]), &told(said), Claims::ALL, now()).unwrap();
            assert_eq!(made.user.blocks.contains(&Block::Entra), blocked, "{enabled}");
        }
    }

    #[test]
    fn access_goes_though_the_new_name_is_somebody_elses() {
        let user = ada();
        let said = json!({ "userPrincipalName": "b@contoso.test", "accountEnabled": false });

        let decided = changed(&known(&user, NamesOf::Directory), &told(said), NO_NAME, now());

        assert_eq!(decided.user.user_name, user.user_name);
        assert!(decided.user.blocks.contains(&Block::Entra));
    }

    #[test]
    fn what_is_not_said_stays_and_nothing_flaps() {
        let user = ada();
        let whole = json!({
            "userPrincipalName": "ada@contoso.test", "displayName": "Ada Arden",
            "otherMails": ["ada@personal.test"], "accountEnabled": true,
            "onPremisesImmutableId": "A1", "department": "Sales ", "mail": "ada.arden@contoso.test",
        });

        for said in [json!({}), json!({ "country": "DE" }), whole] {
            let decided =
                changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());
            assert_eq!(decided.user, user);
            assert_eq!(decided.tally.changed, 0);
        }
    }

    #[test]
    fn an_attribute_is_what_was_said_of_it_last_and_nothing_where_that_is_no_line() {
        let user = ada();
        let long = "x".repeat(AttributeValue::MOST + 1);
        let cases = [
            (json!({ "department": "Legal" }), Some("Legal")),
            (json!({ "department": null }), None),
            (json!({ "department": "" }), None),
            (json!({ "department": "two\nlines" }), None),
            (json!({ "department": long }), None),
            (json!({ "mail": "other@contoso.test" }), Some("Sales")),
            (json!({ "@removed": { "reason": "deleted" } }), Some("Sales")),
        ];
        for (said, department) in cases {
            let text = said.to_string();
            let decided =
                changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());
            let kept = &decided.user.attributes;
            let value = kept.department.as_ref().map(AttributeValue::as_str);
            assert_eq!(value, department, "{text}");
            assert_eq!(kept.country, user.attributes.country, "{text}");
        }
        let nobody = json!({ "mail": "nobody" });
        let decided = changed(&known(&user, NamesOf::Directory), &told(nobody), Claims::ALL, now());
        assert_eq!(decided.user.attributes.mail, None, "it is no address");
        assert_eq!(decided.tally.changed, 1);
    }

    #[test]
    fn access_goes_and_comes_back_with_the_account_and_other_blocks_stay() {
        let mut user = ada();
        user.block(Block::Administrator, now());
        let removed = json!({ "@removed": { "reason": "changed" } });
        let steps = [
            (json!({ "accountEnabled": false }), true, Action::AccessTaken),
            (json!({ "accountEnabled": false }), true, Action::UserChanged),
            (json!({ "displayName": "x" }), true, Action::UserChanged),
            (json!({ "accountEnabled": true }), false, Action::AccessGiven),
            (removed, true, Action::AccessTaken),
            (json!({ "accountEnabled": true }), false, Action::AccessGiven),
        ];
        for (said, blocked, action) in steps {
            let text = said.to_string();
            let decided =
                changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());
            assert_eq!(decided.user.blocks.contains(&Block::Entra), blocked, "{text}");
            assert_eq!(decided.action(), action, "{text}");
            assert!(decided.user.blocks.contains(&Block::Administrator));
            user = decided.user;
        }
    }

    #[test]
    fn that_we_disabled_an_account_is_no_word_of_entras_until_somebody_there_enables_it() {
        let object = ADA.parse().unwrap();
        let disabled = |object, at| {
            let disabled = DisabledAccount { tenant: uuid::Uuid::nil(), object, at };
            let mut user = User { disabled: Some(disabled), ..ada() };
            user.block(Block::Administrator, now());
            user
        };
        let ours = disabled(object, now());
        let later = now() + DisabledAccount::LAG;
        let (off, on) = (json!({ "accountEnabled": false }), json!({ "accountEnabled": true }));
        let gone = json!({ "@removed": { "reason": "changed" } });
        let mut lifted = ours.clone();
        lifted.unblock(Block::Administrator, now());
        let mut back = ours.clone();
        back.block(Block::Entra, now());
        let cases = [
            // the user, what is told, when; blocked by Entra, ours to enable
            (&ours, &off, now(), false, true),
            (&ours, &off, later, false, true),
            (&ours, &on, now(), false, true),
            (&ours, &on, later - SignedDuration::from_nanos(1), false, true),
            (&ours, &on, later, false, false),
            (&ours, &gone, later, true, true),
            // Out of the recycle bin, as we left it.
            (&back, &off, later, false, true),
            (&disabled(uuid::Uuid::nil(), now()), &off, later, true, true),
            // Whoever has access here again is going to be enabled there.
            (&lifted, &off, later, false, true),
            (&lifted, &on, later, false, false),
        ];
        for (user, said, at, blocked, is_ours) in cases {
            let told = told(said.clone());
            let decided = changed(&known(user, NamesOf::Directory), &told, Claims::ALL, at).user;
            assert_eq!(decided.blocks.contains(&Block::Entra), blocked, "{said} at {at}");
            assert_eq!(decided.disabled.is_some(), is_ours, "{said} at {at}");
            assert_eq!(decided.is_offboarded(at), user.is_offboarded(at), "{said} at {at}");
        }
    }

    #[test]
    fn names_are_the_clients_where_one_keeps_them_and_the_anchor_is_always_entras() {
        let user = ada();
        let said = json!({
            "userPrincipalName": "arden@contoso.test", "displayName": "Arden",
            "otherMails": ["other@personal.test"], "onPremisesImmutableId": "a1",
            "department": "Legal",
        });

        let by_client =
            changed(&known(&user, NamesOf::Client), &told(said.clone()), Claims::ALL, now());
        let by_directory =
            changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());

        assert_eq!(by_client.user.user_name, user.user_name);
        assert_eq!(by_client.user.personal_email, user.personal_email);
        assert_eq!(by_client.user.attributes, user.attributes);
        assert_eq!(by_client.user.anchor.unwrap().as_str(), "a1", "case counts");
        assert_eq!(by_directory.user.user_name.as_str(), "arden@contoso.test");
        assert_eq!(by_directory.user.id, user.id, "a rename keeps the user");
        let department = by_directory.user.attributes.department.unwrap();
        assert_eq!(department.as_str(), "Legal");
        assert_eq!(by_directory.user.claim_changed_at, Some(now()));
    }

    #[test]
    fn a_temporary_name_is_nobodys_here_and_what_else_is_told_counts() {
        let user = ada();
        let domain = "contoso.onmicrosoft.com".parse().unwrap();
        let temporary = |id| UserName::temporary(id, &domain).unwrap().as_str().to_owned();
        let said = json!({ "userPrincipalName": temporary(user.id), "accountEnabled": false });

        let decided = changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());
        assert_eq!(decided.user.user_name.as_str(), user.user_name.as_str());
        assert!(decided.user.blocks.contains(&Block::Entra));

        let others = temporary(UserId::from_bytes([2; 16]));
        let said = json!({ "userPrincipalName": others });
        let decided = changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());
        assert_eq!(decided.user.user_name.as_str(), others, "a name like any other");
    }

    #[test]
    fn an_address_that_proved_somebody_stays() {
        let user = User { enrolled_at: Some(now()), ..ada() };
        let said = json!({ "otherMails": ["other@personal.test"] });

        let decided = changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());

        assert_eq!(decided.user, user);
    }

    #[test]
    fn an_anchor_that_is_missing_or_that_nobody_can_assert_is_counted() {
        let user = ada();
        let cases = [
            (json!({ "onPremisesImmutableId": null }), (1, 0)),
            (json!({ "onPremisesImmutableId": "with space" }), (0, 1)),
            (json!({ "onPremisesImmutableId": "A1" }), (0, 0)),
        ];
        for (said, (unanchored, bad)) in cases {
            let decided =
                changed(&known(&user, NamesOf::Directory), &told(said), Claims::ALL, now());
            assert_eq!((decided.tally.unanchored, decided.tally.bad_anchors), (unanchored, bad));
            let expected = user.anchor.clone().filter(|_| unanchored == 0);
            assert_eq!(decided.user.anchor, expected, "one that Entra took away names nobody");
        }
        let minted = User { anchor: Some(Anchor::of(user.id)), ..user.clone() };
        let nothing = json!({ "onPremisesImmutableId": null });
        let decided =
            changed(&known(&minted, NamesOf::Directory), &told(nothing), Claims::ALL, now());
        assert_eq!(decided.user.anchor, minted.anchor, "ours may be on its way");
        let taken = json!({ "onPremisesImmutableId": "A2" });
        let decided = changed(&known(&user, NamesOf::Directory), &told(taken), NO_ANCHOR, now());
        assert_eq!(decided.user.anchor, None, "somebody else has A2, and A1 is theirs no more");
    }
}
