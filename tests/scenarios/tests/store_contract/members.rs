//! Who is in a group: a few at once or thousands staged, seen by all or by nobody.

use std::collections::BTreeSet;

use ambient::SystemEntropy;
use identity::{GroupId, UserId};
use jiff::Timestamp;
use scenarios::TestClock;
use store::{
    Action, Group, MemberChange, OutboxItem, Progress, ProvisionError, Store, TableError, Task,
};

use crate::groups::group;
use crate::{Place, RACERS, audit, noon, race, seconds, user};

impl Place {
    pub(crate) async fn people(&self, count: usize) -> Vec<UserId> {
        let users = (0..count).map(|number| user(&format!("p{number}"))).collect::<Vec<_>>();
        for some in users.chunks(RACERS) {
            let made = some.iter().map(|user| self.store.create_user(self.org(), user));
            assert_eq!(race(made).await, some.len());
        }
        users.iter().map(|user| user.id).collect()
    }

    pub(crate) async fn group_of(&self, members: &[UserId]) -> Group {
        let staff = group(&format!("Staff {}", GroupId::mint(&SystemEntropy)));
        self.create(&staff, members).await.unwrap();
        staff
    }

    pub(crate) async fn change_members(
        &self,
        group: GroupId,
        change: &MemberChange,
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        let said = audit(Action::GroupChanged);
        self.store.change_members(self.org(), group, change, &said, &SystemEntropy).await
    }

    pub(crate) async fn members(&self, group: GroupId) -> BTreeSet<UserId> {
        let roster = self.store.roster(self.org(), group, 100_000, noon()).await.unwrap();
        roster.unwrap().members.unwrap().into_iter().collect()
    }

    pub(crate) async fn is_member(&self, group: GroupId, user: UserId) -> bool {
        self.store.is_member(self.org(), group, user, noon()).await.unwrap()
    }

    pub(crate) async fn groups_of(&self, user: UserId) -> usize {
        self.store.groups_of(self.org(), user, noon()).await.unwrap().unwrap().len()
    }

    pub(crate) async fn fold_from(
        &self,
        store: &Store,
        group: GroupId,
    ) -> Result<Progress, TableError> {
        store.fold_members(self.org(), group, later(), &clock()).await
    }

    pub(crate) async fn fold(&self, group: GroupId) -> Progress {
        self.fold_from(&self.store, group).await.unwrap()
    }
}

/// The end of every story.
pub(crate) fn later() -> Timestamp {
    noon() + seconds(2)
}

/// Shows noon.
pub(crate) fn clock() -> TestClock {
    TestClock::at(&noon().to_string())
}

pub(crate) fn removing(users: &[UserId]) -> MemberChange {
    MemberChange::between(users, &[])
}

pub(crate) fn set(users: &[UserId]) -> BTreeSet<UserId> {
    users.iter().copied().collect()
}

#[tokio::test]
async fn few_members_are_one_transaction_whatever_the_group_holds() {
    let place = Place::new().await;
    let people = place.people(40).await;
    let staff = place.group_of(&people[..30]).await;
    assert!(place.stored(staff.id).await.unwrap().value == staff, "nothing waits");
    let (store, wire) = place.watched().await;
    let mut change = MemberChange::adding(&people[30..35]);
    change.remove(people[0]);
    change.remove(people[34]);
    change.add(people[34]);

    let said = audit(Action::GroupChanged);
    let item = store.change_members(place.org(), staff.id, &change, &said, &SystemEntropy).await;

    assert!(item.unwrap().is_none());
    let calls = wire.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(place.members(staff.id).await, set(&people[1..35]));
    assert!(place.is_member(staff.id, people[33]).await);
    assert!(!place.is_member(staff.id, people[0]).await);
    assert_eq!(place.groups_of(people[33]).await, 1);
    assert_eq!(place.groups_of(people[0]).await, 0);
    assert_eq!(place.stored(staff.id).await.unwrap().version, 2);
    place.sound_records().await;
}

#[tokio::test]
async fn whoever_is_in_already_does_not_join_and_whoever_is_out_does_not_leave() {
    let place = Place::new().await;
    let people = place.people(10).await;
    let staff = place.group_of(&people[..5]).await;
    let (store, wire) = place.watched().await;
    let mut nothing = MemberChange::adding(&people[..3]);
    nothing.remove(people[7]);
    let mut something = nothing.clone();
    something.add(people[8]);
    something.remove(people[4]);
    let before = place.sound_records().await;

    let said = audit(Action::GroupChanged);
    let item = store.change_members(place.org(), staff.id, &nothing, &said, &SystemEntropy).await;

    assert!(item.unwrap().is_none());
    assert_eq!(place.sound_records().await, before, "not even the audit");
    assert_eq!(wire.calls().len(), 2, "tried, and looked at");
    let said = audit(Action::GroupChanged);
    store.change_members(place.org(), staff.id, &something, &said, &SystemEntropy).await.unwrap();
    assert_eq!(wire.calls().len(), 3);
    let expected = [&people[..4], &people[8..9]].concat();
    assert_eq!(place.members(staff.id).await, set(&expected));
    assert_eq!(place.stored(staff.id).await.unwrap().version, 2);
    place.sound_records().await;
}

#[tokio::test]
async fn somebody_who_is_nobody_here_changes_nothing_few_or_many() {
    let place = Place::new().await;
    let elsewhere = crate::organization("https://id.contoso.test");
    let foreign = user("foreign");
    place.store.create_user(elsewhere.id, &foreign).await.unwrap();
    let people = place.people(40).await;
    let staff = place.group_of(&people[..1]).await;
    let before = place.sound_records().await;
    for count in [1, 40] {
        let mut change = MemberChange::adding(&people[..count]);
        change.add(foreign.id);

        let refused = place.change_members(staff.id, &change).await;

        let Err(ProvisionError::NoUser(nobody)) = refused else { panic!("{refused:?}") };
        assert_eq!(nobody, foreign.id);
        assert_eq!(place.sound_records().await, before, "{count}");
        let mut all = people[..count].to_vec();
        all.push(foreign.id);
        let refused = place.create(&group("Other"), &all).await;
        assert!(matches!(refused, Err(ProvisionError::NoUser(_))), "{refused:?}");
    }
    assert_eq!(place.store.count_groups(place.org()).await.unwrap(), 1);
    let gone = place.change_members(GroupId::mint(&SystemEntropy), &removing(&people)).await;
    assert!(matches!(gone, Err(ProvisionError::Stale)), "{gone:?}");
    place.sound_records().await;
}

#[tokio::test]
async fn a_group_is_made_with_thousands_and_its_roster_says_when_they_are_too_many() {
    let place = Place::new().await;
    let people = place.people(1_100).await;
    let staff = group("Staff");

    let item = place.create(&staff, &people).await.unwrap();

    assert!(item.is_some());
    for folded in [false, true] {
        assert_eq!(place.members(staff.id).await, set(&people), "{folded}");
        for (most, all) in [(1_099, false), (1_100, true), (0, false)] {
            let roster = place.store.roster(place.org(), staff.id, most, noon()).await;
            assert_eq!(roster.unwrap().unwrap().members.is_some(), all, "{most} {folded}");
        }
        assert_eq!(place.fold(staff.id).await, Progress::Everything);
    }
    let everybody = place.change_members(staff.id, &removing(&people)).await.unwrap();
    assert!(everybody.is_some());
    assert!(place.members(staff.id).await.is_empty());
    place.fold(staff.id).await;
    let records = place.sound_records().await;
    assert_eq!(records.count("#MEMBERS#"), 0);
}

#[tokio::test]
async fn a_rename_and_its_members_come_together_or_not_at_all() {
    let place = Place::new().await;
    let people = place.people(40).await;
    for count in [3, 40] {
        let staff = place.group_of(&[]).await;
        let before = place.stored(staff.id).await.unwrap();
        let joining = MemberChange::adding(&people[..count]);
        let crew = |group: &mut Group| group.display_name = format!("Crew {count}");

        let item = place.change_group(&before, &joining, crew).await.unwrap();
        let stale = place.change_group(&before, &removing(&people), crew).await;

        assert_eq!(item.is_some(), count > 30);
        assert!(matches!(stale, Err(ProvisionError::Stale)), "{stale:?}");
        let after = place.stored(staff.id).await.unwrap();
        assert_eq!((after.value.display_name, after.version), (format!("Crew {count}"), 2));
        assert_eq!(place.members(staff.id).await, set(&people[..count]));
        place.fold(staff.id).await;
        place.sound_records().await;
    }
}

#[tokio::test]
async fn sixteen_who_change_one_groups_members_at_once_all_succeed() {
    let place = Place::new().await;
    let people = place.people(RACERS * 4).await;
    let staff = place.group_of(&people[..RACERS]).await;
    let writer = async |number: usize| {
        let mut change = MemberChange::adding(&people[RACERS + 3 * number..][..3]);
        change.remove(people[number]);
        place.change_members(staff.id, &change).await
    };

    assert_eq!(race((0..RACERS).map(writer)).await, RACERS);

    place.fold(staff.id).await;
    assert_eq!(place.members(staff.id).await, set(&people[RACERS..]));
    assert_eq!(place.stored(staff.id).await.unwrap().version, 17);
    place.sound_records().await;
}

#[tokio::test]
async fn a_deleted_user_leaves_their_groups_even_those_that_they_were_about_to_join() {
    let place = Place::new().await;
    let people = place.people(40).await;
    let here = place.group_of(&people[..5]).await;
    let there = place.group_of(&[]).await;
    place.change_members(there.id, &MemberChange::adding(&people)).await.unwrap();
    let gone = place.store.provisioned(place.org(), people[0], noon()).await.unwrap().unwrap();

    let said = audit(Action::UserDeleted);
    place.store.delete_provisioned(place.org(), &gone, &said, &SystemEntropy).await.unwrap();
    let version = place.stored(here.id).await.unwrap().version;
    let gone = place.store.forget_user(place.org(), people[0], later(), &clock()).await;
    assert_eq!(gone.unwrap(), Progress::Everything);
    place.fold(there.id).await;

    assert_eq!(place.members(here.id).await, set(&people[1..5]));
    assert_eq!(place.stored(here.id).await.unwrap().version, version + 1);
    assert_eq!(place.members(there.id).await, set(&people[1..]));
    let late = place.change_members(here.id, &MemberChange::adding(&people[..1])).await;
    assert!(matches!(late, Err(ProvisionError::NoUser(_))), "{late:?}");
    let records = place.sound_records().await;
    let left = records.without(&["#OUTBOX#"]).count(&people[0].to_string());
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_deleted_group_has_nobody_in_it_at_once_and_is_cleared_away_later() {
    let place = Place::new().await;
    let people = place.people(60).await;
    let staff = place.group_of(&people[..20]).await;
    place.change_members(staff.id, &MemberChange::adding(&people[20..])).await.unwrap();
    let before = place.stored(staff.id).await.unwrap();

    let said = audit(Action::GroupDeleted);
    let item = place.store.delete_group(place.org(), &before, &said, &SystemEntropy).await.unwrap();

    assert!(place.store.roster(place.org(), staff.id, 100, noon()).await.unwrap().is_none());
    assert!(!place.is_member(staff.id, people[0]).await);
    assert_eq!(place.groups_of(people[0]).await, 0);
    assert_eq!(place.fold(staff.id).await, Progress::Everything);
    place.sound_records().await;
    let Task::ForgetGroup { group, changes } = &item.task else { panic!("{item:?}") };
    for _ in 0..2 {
        let gone = place.store.forget_group(place.org(), *group, changes, later(), &clock()).await;
        assert_eq!(gone.unwrap(), Progress::Everything);
    }
    let records = place.sound_records().await;
    assert_eq!(records.without(&["#OUTBOX#"]).count(&staff.id.to_string()), 0);
}
