//! Pending requests: opened once, changed from what was read, over at their end.

use identity::SecretHash;
use jiff::Timestamp;
use store::{Action, Asking, PendingAuthn, Request, TableError};

use crate::{Place, RACERS, audit, noon, race, seconds, secret};

pub(crate) fn request(place: &Place) -> Request {
    let authn = PendingAuthn {
        domain: place.domain.name.clone(),
        id: "_1".to_owned(),
        not_before: None,
        passive: false,
        relay_state: None,
    };
    Request {
        browser: secret(),
        authn: Some(authn),
        hint: None,
        ceremony: None,
        ends_at: Request::end(noon()),
    }
}

async fn read(place: &Place, id: &SecretHash, now: Timestamp) -> Option<store::Stored<Request>> {
    let domain = &place.domain.name;
    let asking = Asking { domain, answered: None, request: Some(id), session: None, passkey: None };
    place.store.facts(place.org(), &asking, now).await.unwrap().unwrap().request
}

#[tokio::test]
async fn a_request_is_there_until_its_end_and_not_at_it() {
    let place = Place::new().await;
    let id = secret();
    place.store.open_request(place.org(), &id, &request(&place)).await.unwrap();

    for (after, there) in [(0, true), (1799, true), (1800, false), (86_400, false)] {
        let found = read(&place, &id, noon() + seconds(after)).await;
        assert_eq!(found.is_some(), there, "after {after} s");
    }
}

#[tokio::test]
async fn a_request_is_opened_once_and_changed_from_the_version_that_was_read() {
    let place = Place::new().await;
    let (org, id, mut value) = (place.org(), secret(), request(&place));
    place.store.open_request(org, &id, &value).await.unwrap();

    let twice = place.store.open_request(org, &id, &value).await;
    value.hint = Some("first".to_owned().into());
    place.store.change_request(org, &id, &value, 1).await.unwrap();
    value.hint = Some("second".to_owned().into());
    let stale = place.store.change_request(org, &id, &value, 1).await;
    let said = audit(Action::SignInRefused);
    let stale_refusal = place.store.refuse(org, &id, &value, 1, &said, noon()).await;
    let missing = place.store.change_request(org, &secret(), &value, 1).await;

    for (what, result) in
        [("twice", twice), ("stale", stale), ("refusal", stale_refusal), ("missing", missing)]
    {
        assert!(matches!(result, Err(TableError::Conflict { position: 0 })), "{what}: {result:?}");
    }
    let stored = read(&place, &id, noon()).await.unwrap();
    assert_eq!(
        (stored.version, stored.value.hint.map(String::from).as_deref()),
        (2, Some("first"))
    );
}

#[tokio::test]
async fn of_sixteen_who_change_a_version_at_once_one_does() {
    let place = Place::new().await;
    let (org, id, value) = (place.org(), secret(), request(&place));
    place.store.open_request(org, &id, &value).await.unwrap();
    let values =
        (0..RACERS).map(|racer| Request { hint: Some(racer.to_string().into()), ..value.clone() });
    let values = values.collect::<Vec<_>>();

    let changes = values.iter().map(|value| place.store.change_request(org, &id, value, 1));
    let changed = race(changes).await;

    assert_eq!(changed, 1);
    assert_eq!(read(&place, &id, noon()).await.unwrap().version, 2);
}

#[tokio::test]
async fn what_is_not_there_is_none_and_a_foreign_domain_is_nothing_at_all() {
    let place = Place::new().await;
    let ada = place.user("ada").await.value;
    let (one, two, three) = (secret(), secret(), secret());
    let asking = Asking {
        domain: &place.domain.name,
        answered: Some("_1"),
        request: Some(&one),
        session: Some((ada.id, &two)),
        passkey: None,
    };
    let facts = place.store.facts(place.org(), &asking, noon()).await.unwrap().unwrap();
    let other = "fabrikam.test".parse().unwrap();
    let elsewhere = Asking { domain: &other, passkey: Some((ada.id, &three)), ..asking.clone() };
    let stranger = crate::organization("https://id.contoso.test").id;

    assert_eq!(facts.user.map(|user| user.value), Some(ada));
    assert_eq!(facts.answered, None);
    assert!(facts.request.is_none() && facts.session.is_none() && facts.passkey.is_none());
    assert!(place.store.facts(place.org(), &elsewhere, noon()).await.unwrap().is_none());
    assert!(place.store.facts(stranger, &asking, noon()).await.unwrap().is_none());
}
