//! Each request of a relying party is answered once, on what was true when it was decided.

use identity::{Limit, SecretHash, User};
use store::{Action, Answered, Asking, Proof, SignedIn, Stored, TableError};

use crate::requests::request;
use crate::{Place, RACERS, audit, noon, race, seconds, secret};

/// An answer to a request of that id that rests on nothing but its user and a session.
async fn answer(
    place: &Place,
    user: &Stored<User>,
    session: &SecretHash,
    id: &str,
) -> Result<(), TableError> {
    let audit = audit(Action::SignedIn);
    let answered = Answered {
        domain: &place.domain.name,
        request_id: id,
        pending: None,
        user,
        proof: Proof::Session(session),
        audit: &audit,
    };
    place.store.answer(place.org(), &answered, noon()).await
}

#[tokio::test]
async fn a_request_of_a_relying_party_is_answered_once_among_sixteen_at_once() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let session = crate::enrolments::session_of(&place, &ada).await;
    let ada = place.store.user(place.org(), ada.value.id, noon()).await.unwrap().unwrap();

    let answered = race((0..RACERS).map(|_| answer(&place, &ada, &session, "_1"))).await;
    let again = answer(&place, &ada, &session, "_1").await;

    assert_eq!(answered, 1);
    assert!(matches!(again, Err(TableError::Conflict { position: 0 })), "{again:?}");
    answer(&place, &ada, &session, "_2").await.unwrap();
}

#[tokio::test]
async fn a_session_that_ended_since_it_was_read_answers_nothing() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let session = crate::enrolments::session_of(&place, &ada).await;
    let ada = place.store.user(place.org(), ada.value.id, noon()).await.unwrap().unwrap();
    let said = audit(Action::SignedOut);
    let ended = place.store.end_session(place.org(), ada.value.id, &session, &said, noon());
    assert!(ended.await.unwrap());

    let answered = answer(&place, &ada, &session, "_1").await;

    let Err(TableError::Conflict { position }) = answered else { panic!("{answered:?}") };
    assert!(position > 0, "the request was not answered before");
}

#[tokio::test]
async fn a_declined_request_is_not_answered_and_an_answered_one_not_declined() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let session = crate::enrolments::session_of(&place, &ada).await;
    let ada = place.store.user(place.org(), ada.value.id, noon()).await.unwrap().unwrap();
    let decline = async |id| {
        let audit = audit(Action::SignInRefused);
        let asked = (&place.domain.name, id);
        place.store.decline(place.org(), asked, None, &audit, noon()).await
    };

    decline("_1").await.unwrap();
    answer(&place, &ada, &session, "_2").await.unwrap();

    let late = answer(&place, &ada, &session, "_1").await;
    for result in [late, decline("_2").await, decline("_1").await] {
        assert!(matches!(result, Err(TableError::Conflict { position: 0 })), "{result:?}");
    }
}

#[tokio::test]
async fn strangers_who_go_on_fill_no_audit_and_what_they_ask_for_is_done_all_the_same() {
    let place = Place::new().await;
    let entries = async || place.sound_records().await.count("AUDIT#");
    let (before, id) = (entries().await, secret());
    let value = request(&place);
    place.store.open_request(place.org(), &id, &value).await.unwrap();
    let most = u64::from(Limit::REFUSALS.times);

    for number in 1..=most {
        let said = audit(Action::SignInRefused);
        let asked = (&place.domain.name, format!("_{number}"));
        let asked = (asked.0, asked.1.as_str());
        place.store.decline(place.org(), asked, None, &said, noon()).await.unwrap();
    }
    let said = audit(Action::SignInRefused);
    place.store.refuse(place.org(), &id, &value, 1, &said, noon()).await.unwrap();
    let later = noon() + seconds(Limit::REFUSALS.window_seconds);
    place.store.refuse(place.org(), &id, &value, 2, &said, later).await.unwrap();
    for _ in 0..3 {
        let said = audit(Action::SignInRefused);
        let asked = (&place.domain.name, "_1");
        place.store.audit_replay(place.org(), asked, &said, noon()).await.unwrap();
    }

    let audited = entries().await - before;
    assert_eq!(audited, usize::try_from(most).unwrap() + 2, "one of the next window, one replay");
}

#[tokio::test]
async fn an_answer_rests_on_the_user_the_request_and_the_passkey_as_they_were_read() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let passkey = crate::enrolments::enrolled(&place, &ada).await;
    let ada = place.store.user(place.org(), ada.value.id, noon()).await.unwrap().unwrap();
    let cases = [
        // versions of user, request and passkey beyond what is stored, whether it is answered
        ((1, 0, 0), false),
        ((0, 1, 0), false),
        ((0, 0, 1), false),
        ((0, 0, 0), true),
    ];
    let pending = secret();
    place.store.open_request(place.org(), &pending, &request(&place)).await.unwrap();
    for ((user, request_ahead, passkey_ahead), answers) in cases {
        let what = format!("{user} {request_ahead} {passkey_ahead}");
        let user = Stored { value: ada.value.clone(), version: ada.version + user };
        let stored = Stored { value: request(&place), version: 1 + request_ahead };
        let passkey = Stored { value: passkey.value.clone(), version: 1 + passkey_ahead };
        let (session, hash) = (place.session(&ada.value), secret());
        let said = audit(Action::SignedIn);
        let answered = Answered {
            domain: &place.domain.name,
            request_id: "_1",
            pending: Some((&pending, &stored)),
            user: &user,
            proof: Proof::Ceremony(SignedIn { passkey, session: (&hash, &session) }),
            audit: &said,
        };

        let result = place.store.answer(place.org(), &answered, noon()).await;

        match result {
            Ok(()) => assert!(answers, "{what}"),
            Err(TableError::Conflict { position }) => assert!(!answers && position > 0, "{what}"),
            Err(other) => panic!("{what}: {other:?}"),
        }
        let asking = Asking {
            domain: &place.domain.name,
            answered: Some("_1"),
            request: Some(&pending),
            session: Some((ada.value.id, &hash)),
            passkey: None,
        };
        let facts = place.store.facts(place.org(), &asking, noon()).await.unwrap().unwrap();
        assert_eq!(facts.session.is_some(), answers, "{what}: the session");
        assert_eq!(facts.request.is_none(), answers, "{what}: the pending request");
        assert_eq!(facts.answered, answers.then(noon), "{what}: the relying party's request");
    }
}

#[tokio::test]
async fn a_session_is_there_until_its_end_and_ends_once() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let hash = crate::enrolments::session_of(&place, &ada).await;
    let there = async |after| {
        let session = Some((ada.value.id, &hash));
        let domain = &place.domain.name;
        let asking = Asking { domain, answered: None, request: None, session, passkey: None };
        let now = noon() + seconds(after);
        let facts = place.store.facts(place.org(), &asking, now).await.unwrap().unwrap();
        facts.session.is_some()
    };
    for (after, expected) in [(0, true), (8 * 3600 - 1, true), (8 * 3600, false)] {
        assert_eq!(there(after).await, expected, "after {after} s");
    }

    let ends = (0..RACERS).map(async |_| {
        let said = audit(Action::SignedOut);
        place.store.end_session(place.org(), ada.value.id, &hash, &said, noon()).await
    });
    let ended = futures_util::future::join_all(ends).await;

    let first = ended.into_iter().map(Result::unwrap).filter(|there| *there).count();
    assert_eq!(first, 1, "sixteen end it, and one finds it there");
    assert!(!there(0).await);
}
