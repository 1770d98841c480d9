//! What a provisioning client does to users: names taken once, look-ups that follow, nothing lost.

use ambient::SystemEntropy;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use identity::{Block, OutboxId, User, UserId};
use jiff::Timestamp;
use scenarios::world::aws;
use scenarios::{Records, TestClock};
use serde_json::{Value, json};
use store::{
    Action, Actor, AuditEntry, ImportError, KeptAttributes, LookUp, Named, Profile, Progress,
    ProvisionError, Provisioned, Resource, Task,
};

use crate::enrolments::{enrolled, session_of};
use crate::{Place, RACERS, noon, race, seconds, user};

fn audit(at: Timestamp, user: UserId, attributes: &[&str]) -> AuditEntry {
    let id = OutboxId::mint(&SystemEntropy);
    let mut audit = AuditEntry::new(id, at, Actor::System, Action::UserChanged);
    audit.resource = Some(Resource::User(user));
    audit.attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
    audit
}

fn profile(external_id: &str, emails: &[&str]) -> Profile {
    Profile {
        external_id: Some(external_id.to_owned()),
        emails: emails.iter().map(|email| (*email).to_owned()).collect(),
        attributes: kept(&json!({ "title": "Countess", "n": 1.5e300, "deep": [[{ "x": null }]] })),
        ..Profile::new(noon())
    }
}

pub(crate) fn kept(attributes: &Value) -> KeptAttributes {
    KeptAttributes::of(attributes.as_object().unwrap().clone())
}

fn set(profile: &mut Profile, name: &str, value: impl Into<Value>) {
    let mut attributes = profile.attributes.read().unwrap();
    attributes.insert(name.to_owned(), value.into());
    profile.attributes = KeptAttributes::of(attributes);
}

impl Place {
    pub(crate) async fn provision(&self, user: &User, profile: &Profile) -> Provisioned {
        let audit = audit(noon(), user.id, &[]);
        self.store.create_provisioned(self.org(), user, profile, &audit, None).await.unwrap()
    }

    async fn change(
        &self,
        before: &Provisioned,
        change: impl Fn(&mut User, &mut Profile),
    ) -> Result<Provisioned, ProvisionError> {
        let (mut user, mut profile) = (before.user.value.clone(), before.profile.value.clone());
        change(&mut user, &mut profile);
        let audit = audit(noon() + seconds(60), user.id, &["title"]);
        let org = self.org();
        let changed =
            self.store.change_provisioned(org, before, &user, &profile, &audit, None).await;
        changed.map(|(after, _)| after)
    }

    async fn read(&self, user: UserId) -> Option<Provisioned> {
        self.store.provisioned(self.org(), user, noon()).await.unwrap()
    }

    async fn owner_of(&self, name: &str) -> Option<UserId> {
        let name = name.parse().unwrap();
        self.store.owner(self.org(), LookUp::UserName(&name), noon()).await.unwrap()
    }

    async fn found_by(&self, email: &str) -> usize {
        let found = self.store.users_with_email(self.org(), email, 10, noon()).await.unwrap();
        found.unwrap().len()
    }

    /// Takes away what somebody left behind.
    pub(crate) async fn forget(&self, user: UserId) {
        let clock = TestClock::at(&noon().to_string());
        let until = noon() + seconds(1);
        let gone = self.store.forget_user(self.org(), user, until, &clock).await;
        assert_eq!(gone.unwrap(), Progress::Everything);
    }
}

#[tokio::test]
async fn a_new_user_is_one_transaction_and_reads_back_as_they_were_made() {
    let place = Place::new().await;
    let (store, wire) = place.watched().await;
    let ada = user("ada");
    let kept = profile("e1", &["Ada@Contoso.test", "ada@home.test", "ADA@contoso.test"]);

    let audit = audit(noon(), ada.id, &["userName"]);
    let made = store.create_provisioned(place.org(), &ada, &kept, &audit, None).await.unwrap();

    let calls = wire.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].operation, "TransactWriteItems");
    let read = store.provisioned(place.org(), ada.id, noon()).await.unwrap().unwrap();
    assert_eq!(wire.calls().len(), 1, "user and profile are one read");
    assert_eq!((&read.user.value, &read.profile.value), (&ada, &kept));
    assert_eq!(read.versions(), made.versions());
    assert_eq!(place.owner_of("ADA@contoso.TEST").await, Some(ada.id));
    assert_eq!(place.found_by("ada@CONTOSO.test").await, 1);
    assert_eq!(place.store.count_users(place.org()).await.unwrap(), 2, "the administrator too");
    let records = place.sound_records().await;
    let audit = records.audit();
    let entry = audit.iter().find(|entry| entry["resource"] == json!({ "user": ada.id }));
    assert_eq!(entry.unwrap()["attributes"], json!(["userName"]));
}

#[tokio::test]
async fn whoever_read_that_nobody_provisions_somebody_changes_nothing_once_somebody_does() {
    let place = Place::new().await;
    let ada = user("ada");
    place.store.create_user(place.org(), &ada).await.unwrap();
    let before = place.read(ada.id).await.unwrap();

    // The user is as they were, the profile is new.
    place.change(&before, |_, profile| set(profile, "title", "Countess")).await.unwrap();

    let renamed = User { display_name: "By the directory".to_owned(), ..ada.clone() };
    let audit = audit(noon(), ada.id, &[]);
    let late = place.store.change_directory_user(place.org(), &before.user, &renamed, &audit).await;
    assert!(matches!(late, Err(ImportError::Stale)), "{late:?}");
    assert_eq!(place.read(ada.id).await.unwrap().user.value, ada);
    place.sound_records().await;
}

#[tokio::test]
async fn a_taken_name_stores_nothing_and_is_never_taken_over() {
    let place = Place::new().await;
    let mut ada = user("ada");
    ada.object_id = "00000000-0000-0000-0000-000000000007".parse().ok();
    place.provision(&ada, &profile("e1", &["ada@contoso.test"])).await;
    let other = |name: &str| User { anchor: None, ..user(name) };
    let anchored = User { anchor: ada.anchor.clone(), ..other("grace") };
    let known = User { object_id: ada.object_id, ..other("grace") };
    let cases = [
        (other("ADA"), "e2", Named::UserName),
        (other("grace"), "e1", Named::ExternalId),
        (anchored, "e2", Named::Anchor),
        (known, "e2", Named::ObjectId),
    ];
    for (second, external_id, expected) in cases {
        let audit = audit(noon(), second.id, &[]);
        let kept = profile(external_id, &["second@contoso.test"]);
        let refused =
            place.store.create_provisioned(place.org(), &second, &kept, &audit, None).await;

        let Err(ProvisionError::Taken(named)) = refused else { panic!("{refused:?}") };
        assert_eq!(named, expected);
        assert!(place.read(second.id).await.is_none(), "{expected:?}: stored all the same");
        assert_eq!(place.found_by("second@contoso.test").await, 0);
    }
    place.provision(&other("grace"), &profile("E1", &[])).await;
    assert_eq!(place.store.count_users(place.org()).await.unwrap(), 3);
    place.sound_records().await;
}

#[tokio::test]
async fn a_change_moves_claims_and_look_ups_with_it_and_frees_the_old_ones() {
    let place = Place::new().await;
    let ada = place.provision(&user("ada"), &profile("e1", &["a@contoso.test", "b@x.test"])).await;

    let changed = place
        .change(&ada, |user, profile| {
            user.user_name = "Countess".parse().unwrap();
            profile.external_id = Some("e2".to_owned());
            profile.emails = vec!["B@x.test".to_owned(), "c@x.test".to_owned()];
        })
        .await
        .unwrap();

    assert_eq!(changed.versions(), (2, 2));
    assert_eq!(changed.profile.value.changed_at, noon() + seconds(60));
    let id = ada.user.value.id;
    assert_eq!(place.owner_of("ada@contoso.test").await, None);
    assert_eq!(place.owner_of("COUNTESS").await, Some(id));
    for (email, found) in [("a@contoso.test", 0), ("b@x.test", 1), ("c@x.test", 1)] {
        assert_eq!(place.found_by(email).await, found, "{email}");
    }
    let owner = |external| place.store.owner(place.org(), LookUp::ExternalId(external), noon());
    assert_eq!(owner("e1").await.unwrap(), None);
    assert_eq!(owner("e2").await.unwrap(), Some(id));
    place.provision(&user("ada"), &profile("e1", &[])).await;
    place.sound_records().await;
}

#[tokio::test]
async fn only_what_differs_is_a_change_and_another_spelling_does() {
    let place = Place::new().await;
    let ada = place.provision(&user("ada"), &profile("e1", &[])).await;
    let entries = place.sound_records().await.audit().len();

    let same = place.change(&ada, |_, _| ()).await.unwrap();
    let titled = |_: &mut User, profile: &mut Profile| {
        set(profile, "title", "Lady");
    };
    let titled = place.change(&same, titled).await.unwrap();
    let spelt =
        |user: &mut User, _: &mut Profile| user.user_name = "ADA@contoso.test".parse().unwrap();
    let spelt = place.change(&titled, spelt).await.unwrap();

    assert_eq!(same.versions(), (1, 1));
    assert_eq!(titled.versions(), (1, 2));
    assert_eq!(spelt.versions(), (2, 3));
    let read = place.read(ada.user.value.id).await.unwrap();
    assert_eq!(read.user.value.user_name.as_str(), "ADA@contoso.test");
    assert_eq!(read.versions(), spelt.versions());
    assert_eq!(place.sound_records().await.audit().len(), entries + 2);
}

#[tokio::test]
async fn a_change_that_rests_on_an_old_state_is_refused_whichever_half_is_old() {
    let place = Place::new().await;
    let ada = place.provision(&user("ada"), &profile("e1", &[])).await;
    let id = ada.user.value.id;
    let title = |title: &'static str| {
        move |_: &mut User, profile: &mut Profile| {
            set(profile, "title", title);
        }
    };

    place.change(&ada, title("Lady")).await.unwrap();
    assert!(matches!(place.change(&ada, title("Dame")).await, Err(ProvisionError::Stale)));

    let titled = place.read(id).await.unwrap();
    let block = |user: &mut User, _: &mut Profile| user.block(Block::Provisioning, noon());
    place.change(&titled, block).await.unwrap();
    let stale = titled;
    assert!(matches!(place.change(&stale, title("Dame")).await, Err(ProvisionError::Stale)));
    let end = audit(noon(), id, &[]);
    let deleted = place.store.delete_provisioned(place.org(), &stale, &end, &SystemEntropy).await;
    assert!(matches!(deleted, Err(ProvisionError::Stale)));
    let read = place.read(id).await.unwrap();
    assert_eq!(read.profile.value.attributes.read().unwrap()["title"], "Lady");
    assert!(read.user.value.blocks.contains(&Block::Provisioning));
    place.sound_records().await;
}

#[tokio::test]
async fn somebody_whom_nobody_provisioned_gets_a_profile_with_the_first_change() {
    let place = Place::new().await;
    let ada = place.user("ada").await.value;
    let before = place.read(ada.id).await.unwrap();
    assert_eq!(before.versions(), (1, 0));

    let emails = |_: &mut User, profile: &mut Profile| profile.emails = vec!["a@x.test".to_owned()];
    let first = place.change(&before, emails).await.unwrap();
    let second = place.change(&before, emails).await;

    assert_eq!(first.versions(), (2, 1), "who read that there is none sees that it changed");
    assert!(matches!(second, Err(ProvisionError::Stale)));
    assert_eq!(place.found_by("a@x.test").await, 1);
    place.sound_records().await;
}

#[tokio::test]
async fn a_profile_has_its_bounds_and_what_is_within_them_is_one_transaction() {
    let place = Place::new().await;
    let addresses = |count: usize, at: &str| {
        (0..count).map(|number| format!("{number}@{at}.test")).collect::<Vec<_>>()
    };
    let with = |emails: Vec<String>, bytes: usize| {
        let mut kept = profile("e1", &[]);
        kept.emails = emails;
        kept.attributes = self::kept(&json!({ "x": "é".repeat(bytes / 2) }));
        kept
    };
    let most = Profile::MOST_BYTES - r#"{"x":""}"#.len();
    let ada = user("ada");
    let create = async |kept: &Profile| {
        let audit = audit(noon(), ada.id, &[]);
        place.store.create_provisioned(place.org(), &ada, kept, &audit, None).await
    };
    let refused = create(&with(addresses(Profile::MOST_EMAILS + 1, "a"), 0)).await;
    assert!(matches!(refused, Err(ProvisionError::TooManyEmails)));
    let refused = create(&with(Vec::new(), most + 2)).await;
    assert!(matches!(refused, Err(ProvisionError::TooLarge)));

    let made = create(&with(addresses(Profile::MOST_EMAILS, "a"), most)).await.unwrap();
    let changed = place
        .change(&made, |user, profile| {
            user.user_name = "other".parse().unwrap();
            user.object_id = "00000000-0000-0000-0000-000000000007".parse().ok();
            profile.external_id = Some("e2".to_owned());
            profile.emails = addresses(Profile::MOST_EMAILS, "b");
        })
        .await
        .unwrap();

    assert_eq!(changed.versions(), (2, 2));
    assert_eq!(place.found_by("31@b.test").await, 1);
    assert_eq!(place.found_by("31@a.test").await, 0);
    place.sound_records().await;
}

#[tokio::test]
async fn a_deleted_user_is_gone_at_once_and_what_they_leave_is_taken_away() {
    let place = Place::new().await;
    let org = place.org();
    let ada = place.provision(&user("ada"), &profile("e1", &["ada@contoso.test"])).await;
    let id = ada.user.value.id;
    let key = enrolled(&place, &ada.user).await.value;
    let session = session_of(&place, &place.read(id).await.unwrap().user).await;
    let ada = place.read(id).await.unwrap();

    let end = audit(noon(), id, &[]);
    let follows = place.store.delete_provisioned(org, &ada, &end, &SystemEntropy).await.unwrap();

    assert!(place.read(id).await.is_none());
    assert_eq!(place.owner_of("ada@contoso.test").await, None);
    assert_eq!(place.found_by("ada@contoso.test").await, 0);
    assert_eq!(place.store.count_users(org).await.unwrap(), 1);
    assert_eq!(follows[0].task, Task::ForgetUser { user: id });
    assert!(matches!(follows[1].task, Task::TellAccess(_)), "{follows:?}");
    place.sound_records().await;
    place.provision(&user("ada"), &profile("e1", &[])).await;

    for _ in 0..2 {
        place.forget(id).await;
    }
    let records = place.sound_records().await;
    for left in [id.to_string(), key.id.as_str().to_owned(), session.as_str().to_owned()] {
        let items = records.without(&["#OUTBOX#"]).count(&left);
        assert_eq!(items, 0, "{left}");
    }
    assert!(records.audit().iter().any(|entry| entry["resource"] == json!({ "user": id })));
}

#[tokio::test]
async fn forgetting_somebody_who_is_there_takes_nothing_away() {
    let place = Place::new().await;
    let ada = place.provision(&user("ada"), &profile("e1", &[])).await;
    enrolled(&place, &ada.user).await;
    let before = place.sound_records().await;

    place.forget(ada.user.value.id).await;

    assert_eq!(place.sound_records().await, before);
}

#[tokio::test]
async fn of_sixteen_who_take_a_user_name_or_an_external_id_at_once_one_gets_it() {
    let place = Place::new().await;
    let own = |number: usize| format!("own-{number}");
    let users = (0..RACERS).map(|_| user("ada")).collect::<Vec<_>>();
    let create = async |user: &User, external_id: &str| {
        let audit = audit(noon(), user.id, &[]);
        let kept = profile(external_id, &["shared@contoso.test"]);
        place.store.create_provisioned(place.org(), user, &kept, &audit, None).await
    };
    let names = users.iter().enumerate().map(|(number, user)| {
        let (external_id, create) = (own(number), &create);
        async move { create(user, &external_id).await }
    });
    assert_eq!(race(names).await, 1);

    let users = (0..RACERS).map(|number| user(&own(number))).collect::<Vec<_>>();
    assert_eq!(race(users.iter().map(|user| create(user, "same"))).await, 1);

    assert_eq!(place.found_by("shared@contoso.test").await, 2);
    assert_eq!(place.store.count_users(place.org()).await.unwrap(), 3);
    place.sound_records().await;
}

#[tokio::test]
async fn no_update_is_lost_among_sixteen_who_change_one_user() {
    let place = Place::new().await;
    let ada = place.provision(&user("ada"), &profile("e1", &[])).await;
    let id = ada.user.value.id;
    let writer = async |number: usize| {
        // As many tries as it takes: each lost one was somebody else's success.
        loop {
            let before = place.read(id).await.unwrap();
            let changed = place.change(&before, |_, profile| {
                set(profile, &format!("n{number}"), number);
                profile.emails.push(format!("{number}@x.test"));
            });
            match changed.await {
                Err(ProvisionError::Stale) => {}
                other => return other,
            }
        }
    };

    let written = race((0..RACERS).map(writer)).await;

    assert_eq!(written, RACERS);
    let read = place.read(id).await.unwrap();
    assert_eq!(read.profile.version, 17);
    let attributes = read.profile.value.attributes.read().unwrap();
    for number in 0..RACERS {
        assert_eq!(attributes[&format!("n{number}")], number);
        assert_eq!(place.found_by(&format!("{number}@x.test")).await, 1);
    }
    place.sound_records().await;
}

#[tokio::test]
async fn of_sixteen_users_who_are_renamed_to_one_name_at_once_one_is() {
    let place = Place::new().await;
    let users = (0..RACERS).map(|number| user(&format!("u{number}")));
    let kept = |number: usize| profile(&format!("e{number}"), &[]);
    let mut made = Vec::new();
    for (number, user) in users.enumerate() {
        made.push(place.provision(&user, &kept(number)).await);
    }

    let rename = |user: &mut User, _: &mut Profile| user.user_name = "Ada".parse().unwrap();
    let renamed = join_all(made.iter().map(|before| place.change(before, rename))).await;

    let won = renamed.iter().filter(|renamed| renamed.is_ok()).count();
    let taken = renamed
        .iter()
        .filter(|renamed| matches!(renamed, Err(ProvisionError::Taken(Named::UserName))))
        .count();
    assert_eq!((won, taken), (1, RACERS - 1));
    place.sound_records().await;
}

#[tokio::test]
async fn a_delete_and_a_change_at_once_leave_nothing_behind() {
    let place = Place::new().await;
    for round in 0..RACERS {
        let name = format!("u{round}");
        let ada = place.provision(&user(&name), &profile(&name, &["a@x.test"])).await;
        let end = audit(noon(), ada.user.value.id, &[]);
        let delete = place.store.delete_provisioned(place.org(), &ada, &end, &SystemEntropy);
        let emails = |_: &mut User, profile: &mut Profile| profile.emails.clear();

        let (deleted, changed) = tokio::join!(delete, place.change(&ada, emails));

        assert!(deleted.is_ok() != changed.is_ok(), "{deleted:?} {changed:?}");
    }
    place.sound_records().await;
}

#[tokio::test]
async fn whoever_is_named_twice_is_read_once() {
    let place = Place::new().await;
    let [ada, grace] = ["ada", "grace"].map(user);
    for user in [&ada, &grace] {
        place.provision(user, &Profile::new(noon())).await;
    }
    let ids = [grace.id, ada.id, grace.id, grace.id];

    let found = place.store.all_provisioned(place.org(), &ids, noon()).await.unwrap();
    let strangers = place.store.strangers(place.org(), &ids).await.unwrap();

    let found = found.iter().map(|found| found.user.value.id).collect::<Vec<_>>();
    assert_eq!(found, [grace.id, ada.id]);
    assert_eq!(strangers, []);
}

#[tokio::test]
async fn whoever_is_still_there_keeps_groups_that_fill_more_than_one_page() {
    let place = Place::new().await;
    let ada = place.user("ada").await.value;
    let client = aws_sdk_dynamodb::Client::new(&aws(place.database.endpoint()).await);
    let text = |text: String| AttributeValue::S(text);
    // Before the user in their partition, and 1 MB long.
    for number in 0..4 {
        let put = client.put_item().table_name(&place.table_name);
        let put = put.item("pk", text(format!("ORG#{}#USER#{}", place.org(), ada.id)));
        let put = put.item("sk", text(format!("GROUP#{number:032x}")));
        put.item("value", text("x".repeat(390_000))).send().await.unwrap();
    }

    place.forget(ada.id).await;

    let records = Records::read(&client, &place.table_name).await;
    assert_eq!(records.count(&format!("#USER#{}", ada.id)), 5);
}
