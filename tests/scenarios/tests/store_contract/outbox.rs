//! Items are taken by one at a time and lost by nobody.

use std::collections::BTreeSet;

use ambient::SystemEntropy;
use futures_util::future::join_all;
use identity::{OrganizationId, UserId};
use jiff::Timestamp;
use store::{Action, OutboxItem, Stored, Task};

use crate::{Place, RACERS, audit, noon, seconds};

fn item(place: &Place) -> OutboxItem {
    let task = Task::SendInvitation { user: UserId::mint(&SystemEntropy) };
    OutboxItem::new(&SystemEntropy, place.org(), task, noon())
}

async fn put(place: &Place) -> OutboxItem {
    let item = item(place);
    place.store.put_in_outbox(place.org(), &item, &audit(Action::LinkHandedOut)).await.unwrap();
    item
}

async fn take(place: &Place, item: &OutboxItem, now: Timestamp) -> Option<Stored<OutboxItem>> {
    let item = place.store.outbox(place.org(), item.id, now).await.unwrap()?;
    place.store.take_outbox(item, now).await.unwrap()
}

#[tokio::test]
async fn of_sixteen_who_take_an_item_at_once_one_gets_it() {
    let place = Place::new().await;
    let item = put(&place).await;

    let taken = join_all((0..RACERS).map(|_| take(&place, &item, noon()))).await;

    assert_eq!(taken.iter().flatten().count(), 1);
}

#[tokio::test]
async fn an_item_is_held_for_ninety_seconds_and_then_taken_by_somebody_else() {
    let place = Place::new().await;
    let item = put(&place).await;
    // Its event may bring it before the sweep looks.
    let first = take(&place, &item, noon()).await.unwrap();
    assert_eq!(first.value.attempts, 1);

    for (after, free) in [(0, false), (89, false), (90, true)] {
        let taken = take(&place, &item, noon() + seconds(after)).await;
        assert_eq!(taken.is_some(), free, "after {after} s");
    }
    let late = audit(Action::CodeSent);
    place.store.finish_outbox(&first, Some(&late), &[]).await.unwrap();
    place.store.postpone_outbox(&first, None, noon()).await.unwrap();
    let third = take(&place, &item, noon() + seconds(180)).await;

    assert_eq!(third.map(|taken| taken.value.attempts), Some(3), "whoever is late ends nothing");
}

#[tokio::test]
async fn a_finished_item_is_gone_and_stays_gone() {
    let place = Place::new().await;
    let item = put(&place).await;
    let taken = take(&place, &item, noon()).await.unwrap();

    place.store.finish_outbox(&taken, Some(&audit(Action::CodeSent)), &[]).await.unwrap();
    place.store.finish_outbox(&taken, Some(&audit(Action::CodeSent)), &[]).await.unwrap();
    place.store.postpone_outbox(&taken, None, noon()).await.unwrap();

    assert!(take(&place, &item, noon() + seconds(3600)).await.is_none());
    let day = noon() + seconds(86_400);
    assert_eq!(place.store.due_outbox(100, day).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_postponed_item_waits_twice_as_long_each_time_and_half_an_hour_at_most() {
    let place = Place::new().await;
    let item = put(&place).await;
    let mut now = noon();

    for pause in [30, 60, 120, 240, 480, 960, 1800, 1800, 1800] {
        let taken = take(&place, &item, now).await.unwrap();
        place.store.postpone_outbox(&taken, None, now).await.unwrap();
        let early = take(&place, &item, now + seconds(pause - 1)).await;
        assert!(early.is_none(), "within {pause} s");
        now += seconds(pause);
    }
}

#[tokio::test]
async fn whoever_asks_for_a_longer_pause_gets_it_up_to_an_hour() {
    let place = Place::new().await;
    for (asked_for, pause) in [(5, 30), (300, 300), (86_400, 3_600)] {
        let item = put(&place).await;
        let taken = take(&place, &item, noon()).await.unwrap();
        place.store.postpone_outbox(&taken, Some(seconds(asked_for)), noon()).await.unwrap();

        let early = take(&place, &item, noon() + seconds(pause - 1)).await;
        assert!(early.is_none(), "within {pause} s");
        assert!(take(&place, &item, noon() + seconds(pause)).await.is_some(), "after {pause} s");
    }
}

/// Something of an organization that takes long.
async fn put_long(place: &Place, organization: OrganizationId, task: Task) -> OutboxItem {
    let item = OutboxItem::new(&SystemEntropy, organization, task, noon());
    let audit = audit(Action::UserDeleted);
    place.store.put_in_outbox(organization, &item, &audit).await.unwrap();
    item
}

#[tokio::test]
async fn what_takes_long_takes_turns_however_much_of_one_organization_waits() {
    let place = Place::new().await;
    let forget = || Task::ForgetUser { user: UserId::mint(&SystemEntropy) };
    let since = noon();
    let one = OrganizationId::mint(&SystemEntropy);
    // Of the same partition: before it, and behind it.
    let mut others = Vec::new();
    while others.len() < 2 || others.iter().all(|other| *other < one) {
        let other = OrganizationId::mint(&SystemEntropy);
        if other.uuid().as_bytes()[0] % 16 == one.uuid().as_bytes()[0] % 16 {
            others.push(other);
        }
    }
    for _ in 0..1_500 {
        put_long(&place, one, forget()).await;
    }
    let mut theirs = Vec::new();
    for other in &others {
        for _ in 0..2 {
            theirs.push(put_long(&place, *other, forget()).await.id);
        }
    }
    put_long(&place, others[0], Task::ReadDirectory { since }).await;

    assert_eq!(place.store.due_long_outbox(25, noon() + seconds(29)).await.unwrap().len(), 0);
    let due = place.store.due_long_outbox(25, noon() + seconds(30)).await.unwrap();

    let of = |organization: OrganizationId| due.iter().filter(|due| due.0 == organization).count();
    assert_eq!(of(one), 25);
    assert_eq!(due.len(), 25 + theirs.len(), "a round has a queue of its own");
    let last = due.iter().rposition(|due| theirs.contains(&due.1)).unwrap();
    assert!(last < 1 + 2 * (others.len() + 1), "each has its turn: {last}");
    let prompt = place.store.due_outbox(100, noon() + seconds(30)).await.unwrap();
    assert_eq!(prompt, [], "nobody waits for any of it");
}

#[tokio::test]
async fn what_is_due_is_named_from_all_partitions_and_nothing_else_is() {
    let place = Place::new().await;
    let mut items = Vec::new();
    for _ in 0..100 {
        items.push(put(&place).await);
    }
    let taken = take(&place, &items[0], noon()).await.unwrap();
    place.store.finish_outbox(&taken, None, &[]).await.unwrap();
    take(&place, &items[1], noon()).await.unwrap();
    let due = async |most, after| {
        let due = place.store.due_outbox(most, noon() + seconds(after)).await.unwrap();
        due.into_iter().map(|(org, id)| (org.to_string(), id.to_string())).collect::<BTreeSet<_>>()
    };

    assert_eq!(due(100, 29).await.len(), 0, "within the grace of their events");
    let named = due(100, 30).await;
    let expected = items[2..].iter().map(|item| (place.org().to_string(), item.id.to_string()));
    assert_eq!(named, expected.collect());
    assert_eq!(due(100, 90).await.len(), 99, "the held one, once its time is over");
    assert!(due(1, 30).await.len() <= 16, "at most so many of each partition");
}

#[tokio::test]
async fn what_must_happen_next_is_decided_with_the_end_of_an_item_and_once() {
    let place = Place::new().await;
    let item = put(&place).await;
    let taken = take(&place, &item, noon()).await.unwrap();
    let named = async || place.store.due_outbox(100, noon() + seconds(30)).await.unwrap();
    let next = || (0..98).map(|_| self::item(&place)).collect::<Vec<_>>();

    place.store.finish_outbox(&taken, Some(&audit(Action::CodeSent)), &next()).await.unwrap();
    place.store.finish_outbox(&taken, Some(&audit(Action::CodeSent)), &next()).await.unwrap();

    assert_eq!(named().await.len(), 98, "whoever is late decides nothing");
}

#[tokio::test]
async fn an_item_is_stale_a_day_after_it_was_decided() {
    let place = Place::new().await;
    let item = item(&place);

    for (after, stale) in [(0, false), (86_399, false), (86_400, true)] {
        assert_eq!(item.is_stale(noon() + seconds(after)), stale, "after {after} s");
    }
}
