//! A passkey comes with everything or not at all, and codes are counted.

use ambient::SystemEntropy;
use identity::{Address, Limit, Proof, SecretHash, Session, User};
use jiff::Timestamp;
use store::{
    Action, CodeSlip, Enrolment, Link, NewPasskey, OutboxItem, Passkey, Proven, Stored, TableError,
    Task,
};

use crate::requests::request;
use crate::{Place, RACERS, audit, noon, passkey, race, seconds, secret};

fn enrolment(user: Option<&User>) -> Enrolment {
    Enrolment {
        typed: None,
        slip: None,
        proven: user.map(|user| Proven { user: user.id, proof: Proof::Link, since: noon() }),
        evidence: None,
        registration: None,
        language: "en".to_owned(),
        ends_at: noon() + seconds(1800),
    }
}

/// A registration of a user, with everything that it rests on.
struct Registration {
    request: SecretHash,
    enrolment: Stored<Enrolment>,
    link: Option<(SecretHash, Stored<Link>)>,
    user: Stored<User>,
    passkey: Passkey,
    session: (SecretHash, Session),
}

impl Registration {
    /// One that nothing stands against.
    async fn new(place: &Place, user: &Stored<User>) -> Self {
        let (id, value) = (secret(), enrolment(Some(&user.value)));
        place.store.open_enrolment(place.org(), &id, &request(place), &value).await.unwrap();
        let enrolled = User { enrolled_at: Some(noon()), ..user.value.clone() };
        Self {
            request: id,
            enrolment: Stored { value, version: 1 },
            link: None,
            user: Stored { value: enrolled, version: user.version },
            passkey: passkey(),
            session: (secret(), place.session(&user.value)),
        }
    }

    async fn with_link(place: &Place, user: &Stored<User>, hash: &SecretHash) -> Self {
        let link = place.store.link(place.org(), hash, noon()).await.unwrap().unwrap();
        Self { link: Some((hash.clone(), link)), ..Self::new(place, user).await }
    }

    async fn store(&self, place: &Place) -> Result<(), TableError> {
        let user = self.user.value.id;
        let (passkey, language) = ("Laptop".to_owned(), "en".to_owned());
        let task = Task::ReportEnrolment { user, passkey, language };
        let new = NewPasskey {
            request: &self.request,
            enrolment: &self.enrolment,
            link: self.link.as_ref().map(|(hash, link)| (hash, link)),
            user: &self.user,
            passkey: &self.passkey,
            session: (&self.session.0, &self.session.1),
            report: &OutboxItem::new(&SystemEntropy, place.org(), task, noon()),
            audit: &audit(Action::Enrolled),
        };
        place.store.enrol(place.org(), &new).await
    }
}

/// Gives a user a passkey.
pub(crate) async fn enrolled(place: &Place, user: &Stored<User>) -> Stored<Passkey> {
    let registration = Registration::new(place, user).await;
    registration.store(place).await.unwrap();
    Stored { value: registration.passkey, version: 1 }
}

/// Gives a user a passkey and the session that begins with it.
pub(crate) async fn session_of(place: &Place, user: &Stored<User>) -> SecretHash {
    let registration = Registration::new(place, user).await;
    registration.store(place).await.unwrap();
    registration.session.0
}

#[tokio::test]
async fn a_registration_stores_everything_or_nothing() {
    type Spoil = fn(&mut Registration);
    let place = Place::new().await;
    let cases: [(&str, Spoil, Option<bool>); 4] = [
        // what is stale, and whether the refusal says that the credential is registered already
        ("user", |it| it.user.version += 1, Some(false)),
        ("enrolment", |it| it.enrolment.version += 1, Some(false)),
        ("link", |it| it.link.as_mut().unwrap().1.version += 1, Some(false)),
        ("nothing", |_| (), None),
    ];
    for (what, spoil, refused) in cases {
        let ada = place.user(&format!("ada-{what}")).await;
        let (hash, link) = (secret(), Link::new(ada.value.id, noon()));
        let said = audit(Action::LinkHandedOut);
        place.store.hand_out_link(place.org(), &ada, (&hash, &link), &[], &said).await.unwrap();
        let mut registration = Registration::with_link(&place, &ada, &hash).await;
        spoil(&mut registration);

        let result = registration.store(&place).await;

        let first = result.err().map(|error| matches!(error, TableError::Conflict { position: 0 }));
        assert_eq!(first, refused, "{what}");
        let stored = refused.is_none();
        let (store, org, id) = (&place.store, place.org(), ada.value.id);
        assert_eq!(store.passkeys(org, id, noon()).await.unwrap().len(), usize::from(stored));
        let user = store.user(org, id, noon()).await.unwrap().unwrap();
        assert_eq!(user.value.enrolled_at.is_some(), stored, "{what}");
        let left = store.enrolment(org, &registration.request, noon()).await.unwrap();
        assert_eq!(left.is_none(), stored, "{what}: the enrolment");
        let link = store.link(org, &hash, noon()).await.unwrap().unwrap();
        assert_eq!(!link.value.holds(noon()), stored, "{what}: the link");
    }
}

#[tokio::test]
async fn a_credential_is_registered_once_in_an_organization() {
    let place = Place::new().await;
    let (ada, grace) = (place.user("ada").await, place.user("grace").await);
    let first = Registration::new(&place, &ada).await;
    let mut second = Registration::new(&place, &grace).await;
    second.passkey.id = first.passkey.id.clone();

    first.store(&place).await.unwrap();
    let refused = second.store(&place).await;

    assert!(matches!(refused, Err(TableError::Conflict { position: 0 })), "{refused:?}");
    let grace = place.store.passkeys(place.org(), grace.value.id, noon()).await.unwrap();
    assert_eq!(grace.len(), 0);
}

#[tokio::test]
async fn of_sixteen_who_use_a_link_at_once_one_enrols() {
    let place = Place::new().await;
    let ada = place.user("ada").await;
    let (hash, link) = (secret(), Link::new(ada.value.id, noon()));
    let said = audit(Action::LinkHandedOut);
    place.store.hand_out_link(place.org(), &ada, (&hash, &link), &[], &said).await.unwrap();
    let mut registrations = Vec::new();
    for _ in 0..RACERS {
        registrations.push(Registration::with_link(&place, &ada, &hash).await);
    }

    let enrolled = race(registrations.iter().map(|each| each.store(&place))).await;

    assert_eq!(enrolled, 1);
    let passkeys = place.store.passkeys(place.org(), ada.value.id, noon()).await.unwrap();
    assert_eq!(passkeys.len(), 1);
}

/// Asks for a code in an enrolment of its own.
async fn ask(place: &Place, address: &Address, now: Timestamp) -> Result<(), TableError> {
    let (id, task) = (secret(), Task::SendCode { enrolment: secret(), seed: vec![0; 16] });
    let sender = OutboxItem::new(&SystemEntropy, place.org(), task, now);
    let slip = CodeSlip {
        sender: sender.id,
        asked_at: now,
        tries: 0,
        ends_at: now + seconds(600),
        sent: None,
    };
    let enrolment = Enrolment { slip: Some(slip), ..enrolment(None) };
    place.store.ask_for_code(place.org(), &id, (&enrolment, None), &sender, address, now).await
}

#[tokio::test]
async fn among_sixteen_at_once_no_limit_is_exceeded_and_the_next_window_is_open() {
    let place = Place::new().await;
    let limit = usize::try_from(Limit::CODES_PER_ADDRESS.times).unwrap();
    let end = Timestamp::from_second(Limit::CODES_PER_ADDRESS.window_end(noon())).unwrap();
    let spellings = ["ada@contoso.test", "ADA@Contoso.Test"].map(|text| text.parse().unwrap());
    let other = "grace@contoso.test".parse().unwrap();

    let now = (0..RACERS).map(|racer| ask(&place, &spellings[racer % 2], noon()));
    assert_eq!(race(now).await, limit);
    let refused = ask(&place, &spellings[0], end - seconds(1)).await;
    assert!(matches!(refused, Err(TableError::Conflict { position: 0 })), "{refused:?}");
    ask(&place, &other, noon()).await.unwrap();
    ask(&place, &spellings[0], end).await.unwrap();
}

#[tokio::test]
async fn recovery_codes_are_tried_no_oftener_than_allowed() {
    let place = Place::new().await;
    let address: Address = "ada@contoso.test".parse().unwrap();
    let limit = usize::try_from(Limit::RECOVERIES_PER_ADDRESS.times).unwrap();

    let audit = (0..RACERS).map(|_| audit(Action::EnrolmentRefused)).collect::<Vec<_>>();
    let refuse = |audit| place.store.refuse_recovery(place.org(), &address, audit, noon());
    let tries = audit.iter().map(refuse);

    assert_eq!(race(tries).await, limit);
}

#[tokio::test]
async fn of_sixteen_tries_of_one_code_at_once_one_is_judged() {
    let place = Place::new().await;
    let address: Address = "ada@contoso.test".parse().unwrap();
    let id = secret();
    let value = enrolment(None);
    place.store.open_enrolment(place.org(), &id, &request(&place), &value).await.unwrap();

    let tries = (0..RACERS)
        .map(|_| place.store.judge_code(place.org(), &id, (&value, 1), &address, None, noon()));
    let judged = race(tries).await;

    assert_eq!(judged, 1);
    let stored = place.store.enrolment(place.org(), &id, noon()).await.unwrap().unwrap();
    assert_eq!(stored.version, 2);
}

#[tokio::test]
async fn an_enrolment_is_there_until_its_end_and_not_at_it() {
    let place = Place::new().await;
    let (id, value) = (secret(), enrolment(None));
    place.store.open_enrolment(place.org(), &id, &request(&place), &value).await.unwrap();

    for (after, there) in [(0, true), (1799, true), (1800, false)] {
        let now = noon() + seconds(after);
        let enrolling = place.store.enrolling(place.org(), &id, now).await.unwrap();
        assert_eq!(enrolling.is_some_and(|found| found.enrolment.is_some()), there, "{after} s");
        let alone = place.store.enrolment(place.org(), &id, now).await.unwrap();
        assert_eq!(alone.is_some(), there, "{after} s");
    }
}
