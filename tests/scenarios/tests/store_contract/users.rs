//! People and the names that are theirs alone.

use identity::Block;
use jiff::Timestamp;
use store::{Action, AuditEntry, CreateUserError, Named};

use crate::{Place, RACERS, audit, noon, race, seconds, user};

fn entry_at(at: Timestamp) -> AuditEntry {
    AuditEntry { at, ..audit(Action::AccessTaken) }
}

#[tokio::test]
async fn every_name_of_a_user_is_theirs_alone_and_a_taken_one_stores_nothing() {
    let place = Place::new().await;
    let mut first = user("ada");
    first.object_id = "00000000-0000-0000-0000-000000000007".parse().ok();
    place.store.create_user(place.org(), &first).await.unwrap();
    let mut same_name = user("ADA");
    same_name.anchor = None;
    let mut same_anchor = user("grace");
    same_anchor.anchor = first.anchor.clone();
    let mut same_object = user("hedy");
    same_object.object_id = first.object_id;
    let cases = [
        (same_name, Named::UserName),
        (same_anchor, Named::Anchor),
        (same_object, Named::ObjectId),
    ];
    for (second, expected) in cases {
        let refused = place.store.create_user(place.org(), &second).await.unwrap_err();

        let CreateUserError::Taken(named) = refused else { panic!("{refused:?}") };
        assert_eq!(named, expected);
        let stored = place.store.user(place.org(), second.id, noon()).await.unwrap();
        assert!(stored.is_none(), "{expected:?}: stored all the same");
        let named = place.store.user_named(place.org(), &second.user_name, noon()).await.unwrap();
        assert!(named.is_none_or(|stored| stored.value.id == first.id), "{expected:?}");
    }
}

#[tokio::test]
async fn of_sixteen_who_take_a_name_at_once_one_gets_it() {
    let place = Place::new().await;
    let users = (0..RACERS).map(|_| user("ada")).collect::<Vec<_>>();

    let stored = race(users.iter().map(|user| place.store.create_user(place.org(), user))).await;

    assert_eq!(stored, 1);
    let named =
        place.store.user_named(place.org(), &users[0].user_name, noon()).await.unwrap().unwrap();
    assert!(users.contains(&named.value));
}

#[tokio::test]
async fn names_of_one_organization_are_free_in_another() {
    let (here, there) = (Place::new().await, crate::organization("https://id.contoso.test"));
    let ada = user("ada");

    here.store.create_user(here.org(), &ada).await.unwrap();
    here.store.create_user(there.id, &ada).await.unwrap();

    assert!(here.store.user(here.org(), ada.id, noon()).await.unwrap().is_some());
}

#[tokio::test]
async fn each_reason_blocks_once_and_all_sessions_end_with_the_first_write() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let org = place.org();
    let later = noon() + seconds(60);
    assert_eq!(ada.version, 1);

    for (reason, version) in [(Block::Entra, 2), (Block::Entra, 2), (Block::Administrator, 3)] {
        place.store.block_user(org, ada.value.id, reason, &entry_at(later)).await.unwrap();
        let stored = place.store.user(org, ada.value.id, later).await.unwrap().unwrap();
        assert_eq!(stored.version, version, "{reason:?}");
        assert_eq!(stored.value.sessions_valid_from, later);
    }
    let entry = entry_at(later);
    place.store.unblock_user(org, ada.value.id, Block::Entra, &entry).await.unwrap();
    let stored = place.store.user(org, ada.value.id, later).await.unwrap().unwrap();
    assert_eq!(stored.value.blocks, [Block::Administrator].into());
}

#[tokio::test]
async fn no_block_is_lost_among_sixteen_at_once() {
    let place = Place::new().await;
    let ada = place.user("ada").await.value;
    let reasons = [Block::Entra, Block::Administrator, Block::Provisioning];

    let entries = (0..RACERS).map(|_| entry_at(noon() + seconds(1))).collect::<Vec<_>>();

    let blocks = entries.iter().enumerate().map(|(racer, entry)| {
        place.store.block_user(place.org(), ada.id, reasons[racer % 3], entry)
    });
    let blocked = race(blocks).await;

    assert_eq!(blocked, RACERS);
    let stored = place.store.user(place.org(), ada.id, noon()).await.unwrap().unwrap();
    assert_eq!(stored.value.blocks, reasons.into());
    assert_eq!(stored.version, 4, "one write for each reason");
}
