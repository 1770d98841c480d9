//! Changes of members that are staged: seen by all from their commit on, carried out by one at a
//! time, in parts.

use std::cell::Cell;

use ambient::{Clock as _, SystemEntropy};
use futures_util::future::join_all;
use jiff::SignedDuration;
use scenarios::{Call, Effect, Fault, TestClock};
use store::{Action, MemberChange, Progress, ProvisionError, TableError, Task};

use crate::members::{clock, removing, set};
use crate::{Place, audit, noon, seconds};

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
        assert_eq!(place.groups_of(people[57]).await, 1, "{folded}");
        assert_eq!(place.groups_of(people[65]).await, 1, "{folded}");
        assert_eq!(place.groups_of(people[58]).await, 0, "{folded}");
        assert_eq!(place.groups_of(people[0]).await, 0, "{folded}");
        place.sound_records().await;
        assert_eq!(place.fold(staff.id).await, Progress::Everything);
    }
    let records = place.sound_records().await;
    assert_eq!(records.count("#CHANGE#"), 0);
    let direct = place.change_members(staff.id, &removing(&people[65..66])).await.unwrap();
    assert!(direct.is_none(), "nothing waits any more");
}

#[tokio::test]
async fn a_fold_goes_on_where_it_stopped_and_two_at_once_do_no_harm() {
    let place = Place::new().await;
    let people = place.people(1_100).await;
    let staff = place.group_of(&[]).await;
    place.change_members(staff.id, &MemberChange::adding(&people)).await.unwrap();
    place.change_members(staff.id, &removing(&people[..50])).await.unwrap();

    // Looked at when the lease is taken and before each chunk: one chunk is begun in time.
    let clock = clock();
    clock.hurry(seconds(1));
    let part = place.store.fold_members(place.org(), staff.id, noon() + seconds(3), &clock).await;
    let part = part.unwrap();

    assert_eq!(part, Progress::Partly);
    assert_eq!(place.members(staff.id).await, set(&people[50..]));
    place.sound_records().await;
    let folds = join_all((0..4).map(|_| place.fold(staff.id))).await;
    let whole = folds.iter().filter(|folded| **folded == Progress::Everything).count();
    assert_eq!(whole, 1, "whoever finds somebody at it leaves it to them");
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

    let (store, wire) = place.watched().await;
    let said = audit(Action::GroupChanged);
    let away = removing(&people);
    let busy = store.change_members(place.org(), staff.id, &away, &said, &SystemEntropy).await;
    let calls = wire.calls();
    let stored = place.stored(staff.id).await.unwrap();
    let renamed = place.change_group(&stored, &removing(&people[..1]), |_| ()).await;

    assert!(matches!(busy, Err(ProvisionError::Busy)), "{busy:?}");
    assert!(!calls.iter().any(Call::writes), "nothing is stored aside first: {calls:?}");
    assert!(matches!(renamed, Err(ProvisionError::Busy)), "{renamed:?}");
    assert_eq!(place.sound_records().await, before);
    place.fold(staff.id).await;
    assert_eq!(place.members(staff.id).await, set(&people));
}

#[tokio::test]
async fn what_is_decided_is_never_lost_however_long_it_waits() {
    let place = Place::new().await;
    let people = place.people(40).await;
    let staff = place.group_of(&[]).await;
    place.change_members(staff.id, &MemberChange::adding(&people)).await.unwrap();
    // The lease is taken, and there is no time left for a chunk.
    let clock = clock();
    clock.hurry(seconds(1));
    let part = place.store.fold_members(place.org(), staff.id, noon() + seconds(2), &clock).await;
    assert_eq!(part.unwrap(), Progress::Partly);
    place.sound_records().await;

    let later = noon() + SignedDuration::from_hours(40 * 24);
    let roster = place.store.roster(place.org(), staff.id, 100, later).await.unwrap().unwrap();
    assert_eq!(roster.members.map(|members| members.len()), Some(40));
    let clock = TestClock::at(&later.to_string());
    let until = later + seconds(2);
    let whole = place.store.fold_members(place.org(), staff.id, until, &clock).await.unwrap();

    assert_eq!(whole, Progress::Everything);
    assert_eq!(place.members(staff.id).await, set(&people));
    assert_eq!(place.sound_records().await.count("#CHANGE#"), 0);
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
            assert_eq!(place.fold(staff.id).await, Progress::Everything);
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
        for skip in [0, 1, 3, 4] {
            let staff = place.group_of(&people[..5]).await;
            let change = MemberChange::between(&people[..5], &people[5..]);
            place.change_members(staff.id, &change).await.unwrap();
            let operation = "TransactWriteItems";
            wire.fault(Fault { operation, skip, times: 9, effect: effect.clone() });

            let failed = place.fold_from(&store, staff.id).await;

            assert!(failed.is_err(), "{skip}");
            wire.mend();
            assert_eq!(place.members(staff.id).await, set(&people[5..]), "{skip}");
            place.sound_records().await;
            // Whoever failed gave nothing back, so that their time must be over.
            let later = TestClock::at(&(noon() + seconds(12)).to_string());
            let until = noon() + seconds(14);
            let folded = place.store.fold_members(place.org(), staff.id, until, &later).await;
            assert_eq!(folded.unwrap(), Progress::Everything);
            assert_eq!(place.members(staff.id).await, set(&people[5..]), "{skip}: folded");
            place.sound_records().await;
        }
    }
}

#[tokio::test]
async fn a_change_in_several_chunks_shows_in_everybodys_groups_from_its_commit_on() {
    let place = Place::new().await;
    let people = place.people(2_100).await;
    let (others, elsewhere) = (place.group_of(&people[..1]).await, place.group_of(&[]).await);
    let staff = place.group_of(&people[2_090..]).await;
    let change = MemberChange::between(&people[2_090..], &people[..2_090]);
    place.change_members(staff.id, &change).await.unwrap();
    place.change_members(elsewhere.id, &MemberChange::adding(&people[..40])).await.unwrap();

    for chunks in 0..=3 {
        let mut ids = [others.id, elsewhere.id, staff.id];
        ids.sort();
        let found = place.store.groups_of(place.org(), people[0], noon()).await.unwrap().unwrap();
        assert_eq!(found.iter().map(|group| group.value.id).collect::<Vec<_>>(), ids, "{chunks}");
        for user in people[40..2_090].iter().step_by(97) {
            assert_eq!(place.groups_of(*user).await, 1, "after {chunks} chunks");
            assert!(place.is_member(staff.id, *user).await, "after {chunks} chunks");
        }
        assert_eq!(place.groups_of(people[2_099]).await, 0, "after {chunks} chunks");
        let clock = clock();
        clock.hurry(seconds(1));
        let until = noon() + seconds(3);
        place.store.fold_members(place.org(), staff.id, until, &clock).await.unwrap();
    }
    assert_eq!(place.sound_records().await.count("#FOLDING"), 1, "the other one's waits");
    place.fold(elsewhere.id).await;
    assert_eq!(place.sound_records().await.count("#FOLDING"), 0);
}

#[tokio::test]
async fn whoever_holds_the_lease_of_a_fold_is_alone_until_it_ends() {
    let place = Place::new().await;
    let people = place.people(40).await;
    let staff = place.group_of(&[]).await;
    place.change_members(staff.id, &MemberChange::adding(&people)).await.unwrap();
    let (store, wire) = place.watched().await;
    // It takes the lease, and is never heard of again.
    let effect = Effect::Lose;
    wire.fault(Fault { operation: "TransactWriteItems", skip: 1, times: usize::MAX, effect });
    assert!(place.fold_from(&store, staff.id).await.is_err());
    wire.mend();

    for (after, folded) in
        [(0, Progress::Partly), (11, Progress::Partly), (12, Progress::Everything)]
    {
        let clock = TestClock::at(&(noon() + seconds(after)).to_string());
        let until = noon() + seconds(after + 2);
        let came = place.store.fold_members(place.org(), staff.id, until, &clock).await;
        assert_eq!(came.unwrap(), folded, "{after} s later");
    }
    assert_eq!(place.members(staff.id).await, set(&people));
    place.sound_records().await;
}

#[tokio::test]
async fn a_large_group_is_forgotten_in_parts() {
    let place = Place::new().await;
    let people = place.people(1_000).await;
    let staff = place.group_of(&people[..30]).await;
    place.change_members(staff.id, &MemberChange::adding(&people)).await.unwrap();
    place.fold(staff.id).await;
    let before = place.stored(staff.id).await.unwrap();
    let said = audit(Action::GroupDeleted);
    place.store.delete_group(place.org(), &before, &said, &SystemEntropy).await.unwrap();
    let left = async || place.sound_records().await.count("#MEMBERS#");

    let clock = clock();
    clock.hurry(seconds(1));
    let (mut lefts, mut invocations) = (vec![left().await], 0);
    loop {
        let until = clock.now() + seconds(5);
        invocations += 1;
        let gone = place.store.forget_group(place.org(), staff.id, &[], until, &clock).await;
        lefts.push(left().await);
        if gone.unwrap() == Progress::Everything {
            break;
        }
    }

    assert!(invocations > 3, "{invocations}");
    assert!(lefts.windows(2).all(|pair| pair[1] < pair[0]), "each one gets on: {lefts:?}");
    assert_eq!(lefts.last(), Some(&0));
}
