//! Who is in a group: a few at once or thousands staged, seen by all or by nobody.

use std::cell::Cell;
use std::collections::BTreeSet;

use ambient::SystemEntropy;
use futures_util::future::join_all;
use identity::{GroupId, UserId};
use scenarios::{Effect, Fault};
use store::{Action, Folded, Group, MemberChange, OutboxItem, ProvisionError, TableError, Task};

use crate::groups::group;
use crate::{Place, RACERS, audit, noon, race, user};

impl Place {
    async fn people(&self, count: usize) -> Vec<UserId> {
        let users = (0..count).map(|number| user(&format!("p{number}"))).collect::<Vec<_>>();
        for some in users.chunks(RACERS) {
            let made = some.iter().map(|user| self.store.create_user(self.org(), user));
            assert_eq!(race(made).await, some.len());
        }
        users.iter().map(|user| user.id).collect()
    }

    async fn group_of(&self, members: &[UserId]) -> Group {
        let staff = group("Staff");
        self.create(&staff, members).await.unwrap();
        staff
    }

    async fn change_members(
        &self,
        group: GroupId,
        change: &MemberChange,
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        let said = audit(Action::GroupChanged);
        self.store.change_members(self.org(), group, change, &said, &SystemEntropy).await
    }

    async fn members(&self, group: GroupId) -> BTreeSet<UserId> {
        let roster = self.store.roster(self.org(), group, 100_000, noon()).await.unwrap();
        roster.unwrap().members.unwrap().into_iter().collect()
    }

    async fn is_member(&self, group: GroupId, user: UserId) -> bool {
        self.store.is_member(self.org(), group, user, noon()).await.unwrap()
    }

    async fn groups_of(&self, user: UserId) -> usize {
        self.store.groups_of(self.org(), user, noon()).await.unwrap().len()
    }

    async fn fold(&self, group: GroupId) -> Folded {
        self.store.fold_members(self.org(), group, || true, noon()).await.unwrap()
    }
}

fn removing(users: &[UserId]) -> MemberChange {
    MemberChange::between(users, &[])
}

fn set(users: &[UserId]) -> BTreeSet<UserId> {
    users.iter().copied().collect()
}

#[tokio::test]
async fn few_members_are_one_transaction_whatever_the_group_holds() {
    let place = Place::new().await;
    let people = place.people(40).await;
    let staff = place.group_of(&people[..30]).await;
    assert!(place.stored(staff.id).await.unwrap().value == staff, "nothing waits");
    let (store, wire) = place.watched().await;
    let mut change = MemberChange::adding(&people[25..35]);
    change.remove(people[0]);
    change.remove(people[39]);
    change.remove(people[34]);

    let said = audit(Action::GroupChanged);
    let item = store.change_members(place.org(), staff.id, &change, &said, &SystemEntropy).await;

    assert!(item.unwrap().is_none());
    let calls = wire.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(place.members(staff.id).await, set(&people[1..34]));
    assert!(place.is_member(staff.id, people[33]).await);
    assert!(!place.is_member(staff.id, people[0]).await);
    assert_eq!(place.groups_of(people[33]).await, 1);
    assert_eq!(place.groups_of(people[0]).await, 0);
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
async fn a_large_change_is_seen_at_once_and_carried_out_later() {
    let place = Place::new().await;
    let people = place.people(70).await;
    let staff = place.group_of(&people[..10]).await;
    let mut change = MemberChange::adding(&people[5..60]);
    change.remove(people[0]);

    let item = place.change_members(staff.id, &change).await.unwrap().unwrap();

    assert!(matches!(item.task, Task::FoldMembers { group, .. } if group == staff.id));
    let few = MemberChange::adding(&people[65..66]);
    let second = place.change_members(staff.id, &few).await.unwrap();
    assert!(second.is_some(), "whatever comes while one waits, waits behind it");
    let third = place.change_members(staff.id, &removing(&people[58..60])).await.unwrap();
    assert!(third.is_some());
    let mut expected = set(&people[1..58]);
    expected.insert(people[65]);
    for folded in [false, true] {
        assert_eq!(place.members(staff.id).await, expected, "{folded}");
        assert!(place.is_member(staff.id, people[57]).await);
        assert!(!place.is_member(staff.id, people[58]).await);
        assert!(!place.is_member(staff.id, people[0]).await);
        assert_eq!(place.stored(staff.id).await.unwrap().version, 4, "{folded}");
        assert_eq!(place.groups_of(people[57]).await, usize::from(folded));
        place.sound_records().await;
        assert_eq!(place.fold(staff.id).await, Folded::Everything);
    }
    let records = place.sound_records().await;
    assert_eq!(records.count("#CHANGE#"), 0);
    let direct = place.change_members(staff.id, &removing(&people[65..66])).await.unwrap();
    assert!(direct.is_none(), "nothing waits any more");
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
        assert_eq!(place.fold(staff.id).await, Folded::Everything);
    }
    let everybody = place.change_members(staff.id, &removing(&people)).await.unwrap();
    assert!(everybody.is_some());
    assert!(place.members(staff.id).await.is_empty());
    place.fold(staff.id).await;
    let records = place.sound_records().await;
    assert_eq!(records.count("#MEMBERS#"), 0);
}

#[tokio::test]
async fn a_fold_goes_on_where_it_stopped_and_two_at_once_do_no_harm() {
    let place = Place::new().await;
    let people = place.people(1_100).await;
    let staff = place.group_of(&[]).await;
    place.change_members(staff.id, &MemberChange::adding(&people)).await.unwrap();
    place.change_members(staff.id, &removing(&people[..50])).await.unwrap();

    let steps = Cell::new(0);
    let one = || {
        steps.set(steps.get() + 1);
        steps.get() <= 1
    };
    let part = place.store.fold_members(place.org(), staff.id, one, noon()).await.unwrap();

    assert_eq!(part, Folded::Partly);
    assert_eq!(place.members(staff.id).await, set(&people[50..]));
    place.sound_records().await;
    let folds = join_all((0..4).map(|_| place.fold(staff.id))).await;
    assert!(folds.iter().all(|folded| *folded == Folded::Everything));
    assert_eq!(place.members(staff.id).await, set(&people[50..]));
    let records = place.sound_records().await;
    assert_eq!(records.count("#MEMBERS#"), 1_050);
    assert_eq!(records.count("#CHANGE#"), 0);
}

#[tokio::test]
async fn a_twenty_first_change_must_wait_and_leaves_nothing() {
    let place = Place::new().await;
    let people = place.people(31).await;
    let staff = place.group_of(&[]).await;
    for _ in 0..20 {
        place.change_members(staff.id, &MemberChange::adding(&people)).await.unwrap();
    }
    let before = place.sound_records().await;

    let busy = place.change_members(staff.id, &removing(&people)).await;
    let stored = place.stored(staff.id).await.unwrap();
    let renamed = place.change_group(&stored, &removing(&people[..1]), |_| ()).await;

    assert!(matches!(busy, Err(ProvisionError::Busy)), "{busy:?}");
    assert!(matches!(renamed, Err(ProvisionError::Busy)), "{renamed:?}");
    assert_eq!(place.sound_records().await, before);
    place.fold(staff.id).await;
    assert_eq!(place.members(staff.id).await, set(&people));
}

#[tokio::test]
async fn a_rename_and_its_members_come_together_or_not_at_all() {
    let place = Place::new().await;
    let people = place.people(40).await;
    for count in [3, 40] {
        let staff = place.group_of(&[]).await;
        let before = place.stored(staff.id).await.unwrap();
        let joining = MemberChange::adding(&people[..count]);
        let crew = |group: &mut Group| group.display_name = "Crew".to_owned();

        let item = place.change_group(&before, &joining, crew).await.unwrap();
        let stale = place.change_group(&before, &removing(&people), crew).await;

        assert_eq!(item.is_some(), count > 30);
        assert!(matches!(stale, Err(ProvisionError::Stale)), "{stale:?}");
        let after = place.stored(staff.id).await.unwrap();
        assert_eq!((after.value.display_name.as_str(), after.version), ("Crew", 2));
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
async fn readers_of_a_group_under_change_see_whole_changes_only() {
    let place = Place::new().await;
    let people = place.people(80).await;
    let (one, other) = people.split_at(40);
    let staff = place.group_of(&[]).await;
    place.change_members(staff.id, &MemberChange::adding(one)).await.unwrap();
    let done = Cell::new(false);

    let writer = async {
        for round in 0..6 {
            let (from, to) = if round % 2 == 0 { (one, other) } else { (other, one) };
            let swap = MemberChange::between(from, to);
            while let Err(ProvisionError::Busy) = place.change_members(staff.id, &swap).await {}
            place.fold(staff.id).await;
        }
        done.set(true);
    };
    let reader = async {
        let mut reads = 0;
        while !done.get() {
            let members = place.members(staff.id).await;
            assert!(members == set(one) || members == set(other), "{} at once", members.len());
            reads += 1;
        }
        assert!(reads > 0);
    };
    tokio::join!(writer, reader);

    assert_eq!(place.members(staff.id).await, set(one));
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
    place.store.forget_user(place.org(), people[0], noon()).await.unwrap();
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
    assert_eq!(place.fold(staff.id).await, Folded::Everything);
    place.sound_records().await;
    let Task::ForgetGroup { group, changes } = &item.task else { panic!("{item:?}") };
    for _ in 0..2 {
        place.store.forget_group(place.org(), *group, changes, noon()).await.unwrap();
    }
    let records = place.sound_records().await;
    assert_eq!(records.without(&["#OUTBOX#"]).count(&staff.id.to_string()), 0);
}

#[tokio::test]
async fn a_large_change_whose_answer_got_lost_is_whole_or_not_there_at_all() {
    let place = Place::new().await;
    let people = place.people(40).await;
    let (store, wire) = place.watched().await;
    for (skip, decided) in [(0, false), (1, true)] {
        for effect in [Effect::LoseAnswer, Effect::Lose] {
            let staff = place.group_of(&people[..1]).await;
            let lost = matches!(effect, Effect::Lose);
            wire.fault(Fault { operation: "TransactWriteItems", skip, times: 9, effect });
            let change = MemberChange::adding(&people);
            let said = audit(Action::GroupChanged);

            let unsure =
                store.change_members(place.org(), staff.id, &change, &said, &SystemEntropy);
            let unsure = unsure.await;

            wire.mend();
            assert!(
                matches!(unsure, Err(ProvisionError::Table(TableError::Unavailable(_)))),
                "{unsure:?}"
            );
            let there = if decided && !lost { &people[..] } else { &people[..1] };
            assert_eq!(place.members(staff.id).await, set(there), "{skip} {lost}");
            place.sound_records().await;
            assert_eq!(place.fold(staff.id).await, Folded::Everything);
            assert_eq!(place.members(staff.id).await, set(there), "{skip} {lost}: folded");
            place.sound_records().await;
        }
    }
}

#[tokio::test]
async fn a_fold_that_fails_anywhere_is_finished_by_the_next_one() {
    let place = Place::new().await;
    let people = place.people(70).await;
    let (store, wire) = place.watched().await;
    for effect in [Effect::LoseAnswer, Effect::Lose] {
        for skip in [0, 2, 3] {
            let staff = place.group_of(&people[..5]).await;
            let change = MemberChange::between(&people[..5], &people[5..]);
            place.change_members(staff.id, &change).await.unwrap();
            let operation = "TransactWriteItems";
            wire.fault(Fault { operation, skip, times: 9, effect: effect.clone() });

            let failed = store.fold_members(place.org(), staff.id, || true, noon()).await;

            assert!(failed.is_err(), "{skip}");
            wire.mend();
            assert_eq!(place.members(staff.id).await, set(&people[5..]), "{skip}");
            place.sound_records().await;
            assert_eq!(place.fold(staff.id).await, Folded::Everything);
            assert_eq!(place.members(staff.id).await, set(&people[5..]), "{skip}: folded");
            place.sound_records().await;
        }
    }
}
