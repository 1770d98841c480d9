//! Somebody is disabled, and comes back, as they and everybody else see it.

use std::time::Duration;

use entra_sim::{Delivery, Domain, GraphUser};
use identity::User;
use jiff::SignedDuration;
use reqwest::Client;
use scenarios::scim::entra_user;
use scenarios::{Authenticator, Person, World};
use serde_json::json;

const OBJECT: &str = "6b0f1b2c-3d4e-4f60-8172-63544536271a";

/// A world whose tenant is connected and has these people, each with a passkey and a session here.
async fn with_people(names: &[&str]) -> (World, Vec<Person>) {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut people = Vec::new();
    for name in names {
        let person = world.person(name).await;
        let account = GraphUser {
            user_principal_name: person.user.user_name.as_str().to_owned(),
            display_name: (*name).to_owned(),
            on_premises_immutable_id: person.user.anchor.as_ref().map(ToString::to_string),
            ..GraphUser::default()
        };
        world.microsoft.put_user(account).unwrap();
        people.push(person);
    }
    world.connector().await.connected().await;
    (world, people)
}

fn account(world: &World, address: &str) -> GraphUser {
    let mut accounts = world.microsoft.users().into_iter();
    accounts.find(|account| account.user_principal_name == address).unwrap()
}

fn enable(world: &World, user: &User, account_enabled: bool) {
    let account = account(world, user.user_name.as_str());
    world.microsoft.put_user(GraphUser { account_enabled, ..account }).unwrap();
}

async fn stored(world: &World, user: &User) -> User {
    world.store.user(world.organization, user.id, world.now()).await.unwrap().unwrap().value
}

async fn pass(world: &World, time: SignedDuration) {
    world.clock.pass(time);
    world.agree();
    world.sweep().await;
}

/// Whether the session of their browser answers, without a word.
async fn answers_silently(world: &World, person: &mut Person, request: &str) -> bool {
    person.browser.visit(&world.sso(request)).await.answer().is_some()
}

/// Whether their passkey signs them in, in a browser that holds nothing.
async fn signs_in(world: &World, passkey: &mut Authenticator, request: &str) -> bool {
    let mut browser = world.browser();
    let page = browser.visit(&world.sso(request)).await;
    let page = browser.sign_in(&page, passkey).await;
    if page.answer().is_none() {
        page.assert_refused(403, "disabled");
    }
    page.answer().is_some()
}

async fn operate(world: &World, action: &str, user: &User) {
    let email = user.user_name.as_str();
    let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
    world.operate(asked).await.unwrap();
}

#[tokio::test]
async fn who_is_disabled_is_refused_from_the_next_round_on_and_comes_back_without_their_session() {
    let (world, mut people) = with_people(&["ada"]).await;
    // Rounds are known by the instant of their beginning.
    pass(&world, SignedDuration::from_secs(1)).await;
    let often = json!({ "action": "check_interval", "domain": "contoso.test", "minutes": 120 });
    world.operate(often).await.unwrap();
    world.settled().await;
    let mut ada = people.remove(0);
    assert!(answers_silently(&world, &mut ada, "_before").await);

    enable(&world, &ada.user, false);
    pass(&world, SignedDuration::from_mins(100)).await;
    assert!(answers_silently(&world, &mut ada, "_still").await, "nobody has looked yet");
    pass(&world, SignedDuration::from_mins(20)).await;
    assert!(!answers_silently(&world, &mut ada, "_session").await, "the session is over");
    assert!(!signs_in(&world, &mut ada.authenticator, "_passkey").await);

    enable(&world, &ada.user, true);
    pass(&world, SignedDuration::from_mins(120)).await;
    assert!(!answers_silently(&world, &mut ada, "_old").await, "what was open stays over");
    assert!(signs_in(&world, &mut ada.authenticator, "_back").await);
    world.quiet().await;
}

#[tokio::test]
async fn whom_an_administrator_blocked_entra_does_not_bring_back_nor_the_other_way_round() {
    let (world, mut people) = with_people(&["ada", "grace"]).await;
    let (mut grace, mut ada) = (people.pop().unwrap(), people.pop().unwrap());
    let round = SignedDuration::from_hours(4);
    for person in [&ada, &grace] {
        operate(&world, "block", &person.user).await;
        enable(&world, &person.user, false);
    }
    pass(&world, round).await;

    enable(&world, &ada.user, true);
    operate(&world, "unblock", &grace.user).await;
    pass(&world, round).await;
    assert_eq!(json!(stored(&world, &ada.user).await.blocks), json!(["administrator"]));
    assert_eq!(json!(stored(&world, &grace.user).await.blocks), json!(["entra"]));
    assert!(!signs_in(&world, &mut ada.authenticator, "_ada").await);
    assert!(!signs_in(&world, &mut grace.authenticator, "_grace").await);

    operate(&world, "unblock", &ada.user).await;
    enable(&world, &grace.user, true);
    pass(&world, round).await;
    assert!(signs_in(&world, &mut ada.authenticator, "_ada-back").await);
    assert!(signs_in(&world, &mut grace.authenticator, "_grace-back").await);
    world.quiet().await;
}

#[tokio::test]
async fn whoever_was_unassigned_and_is_deleted_in_entra_later_is_caught_by_the_round() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let client = world.entra().await;
    let made = client.create(&entra_user("ada", OBJECT)).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let account = GraphUser {
        id: OBJECT.to_owned(),
        user_principal_name: "ada@contoso.test".to_owned(),
        display_name: "Ada".to_owned(),
        on_premises_immutable_id: Some("anchor-of-ada".to_owned()),
        ..GraphUser::default()
    };
    world.microsoft.put_user(account).unwrap();
    world.connector().await.connected().await;
    let say = async |active: bool| {
        let change = json!([{ "op": "replace", "path": "active", "value": active }]);
        client.patch(&path, change).await.expect(200)["active"].as_bool().unwrap()
    };
    let blocks = async || {
        let name = "ada@contoso.test".parse().unwrap();
        let found = world.store.user_named(world.organization, &name, world.now()).await;
        json!(found.unwrap().unwrap().value.blocks)
    };

    // Unassigned: from then on provisioning tells of them no more, whatever becomes of them.
    assert!(!say(false).await);
    world.microsoft.soft_delete_user("ada@contoso.test").unwrap();
    pass(&world, SignedDuration::from_hours(4)).await;
    assert_eq!(blocks().await, json!(["entra", "provisioning"]));

    // By a slip, or by somebody with the key.
    assert!(!say(true).await, "an account in the recycle bin has no access");
    world.microsoft.delete_user("ada@contoso.test").unwrap();
    pass(&world, SignedDuration::from_hours(4)).await;
    assert_eq!(blocks().await, json!(["entra"]));
    world.quiet().await;
}

#[tokio::test]
async fn however_microsoft_tells_of_it_for_a_day_or_not_at_all_the_next_round_misses_nobody() {
    let names = ["ada", "grace", "alan", "barbara"];
    let (world, people) = with_people(&names).await;
    let silent = Delivery { silent: true, ..Delivery::default() };
    let late = Delivery { delay_ms: 300, delay_every: 2, ..Delivery::default() };
    let ways = [
        silent.clone(),
        Delivery { doubled: true, ..Delivery::default() },
        Delivery { drop_every: 2, ..Delivery::default() },
        Delivery { forged: true, ..Delivery::default() },
        late.clone(),
        Delivery { doubled: true, reversed: true, ..late },
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let what = format!("{way:?}");
        world.microsoft.set_delivery(way);
        let enabled = number % 2 == 1;
        for (order, person) in people.iter().enumerate() {
            // Some are changed there and back: what counts is how they are in the end.
            for there in [enabled, !enabled, enabled].iter().skip(2 * (order % 2)) {
                enable(&world, &person.user, *there);
            }
        }
        // What is told arrives in time, or after it.
        tokio::time::sleep(Duration::from_millis(400 * u64::from(number < 5))).await;
        world.microsoft.set_delivery(silent.clone());
        pass(&world, SignedDuration::from_hours(24)).await;
        world.swept_by(SignedDuration::from_mins(5)).await;
        for person in &people {
            let blocked = !stored(&world, &person.user).await.blocks.is_empty();
            assert_eq!(blocked, !enabled, "{what}: {}", person.user.user_name.as_str());
        }
    }
    world.quiet().await;
}

#[tokio::test]
async fn a_notice_that_lies_about_somebody_takes_and_gives_nobody_anything() {
    let (world, people) = with_people(&["ada", "grace"]).await;
    enable(&world, &people[1].user, false);
    pass(&world, SignedDuration::from_hours(4)).await;
    let before = world.records().await;
    // By whoever learned the secret: that one is gone, the other enabled again, and a stranger deleted.
    let objects = people.iter().map(|person| account(&world, person.user.user_name.as_str()).id);
    for (object, change) in
        objects.chain([OBJECT.to_owned()]).zip(["deleted", "updated", "deleted"])
    {
        let mut notice = world.notice(&object);
        notice["changeType"] = json!(change);
        notice["resourceData"]["accountEnabled"] = json!(change == "updated");
        let url = format!("{}{}", world.base_url, world.notice_path());
        let sent = Client::new().post(url).json(&json!({ "value": [notice] })).send().await;
        assert_eq!(sent.unwrap().status(), 202);
    }
    world.swept_by(SignedDuration::from_mins(5)).await;

    let now = world.quiet().await;
    assert_eq!(now.audited_since(&before), [], "the directory itself is asked");
    let blocks = async |person: &Person| json!(stored(&world, &person.user).await.blocks);
    assert_eq!(blocks(&people[0]).await, json!([]));
    assert_eq!(blocks(&people[1]).await, json!(["entra"]));
}
