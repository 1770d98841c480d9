//! Entra is down, or says no for now: nobody is lost, everybody can see it.

use entra_sim::{Domain, Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::microsoft::{Connector, account};
use scenarios::world::WRITER;
use scenarios::{Authenticator, World};
use serde_json::{Value, json};

use crate::place::{agrees, connected, create, here, operate, pending, there};

/// Lets more than a day pass, of which every half hour is swept, and lets the administrator come
/// back: no session is that long.
async fn a_day_and_more(world: &World, olga: &mut Connector<'_>) {
    for _ in 0..52 {
        world.clock.pass(SignedDuration::from_mins(30));
        world.agree();
        world.sweep().await;
    }
    let page = olga.person.browser.visit(&world.sso("_back")).await;
    olga.person.browser.sign_in(&page, &mut olga.person.authenticator).await;
}

#[tokio::test]
async fn while_entra_is_down_for_more_than_a_day_a_user_waits_in_sight_and_is_made_afterwards() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = connected(&world).await;
    let down = GraphFault::next(Fault::Throttled { retry_after: Some(3600) }).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    create(&world, "ada").await;

    a_day_and_more(&world, &mut olga).await;

    let waits = ("ada@contoso.test".to_owned(), "pending".to_owned(), json!("unavailable"));
    assert_eq!(pending(&world).await, [waits]);
    assert!(there(&world, "ada").is_empty());
    let page = olga.page().await;
    assert!(page.text.contains("<dt>Waiting to be made in Entra</dt><dd>1</dd>"), "{}", page.text);
    world.records().await.check_invariants();
    // Who waits may enrol, and is told that Entra does not know them yet.
    let link = world.link(&world.contoso(), &here(&world, "ada").await).await;
    let mut browser = world.browser();
    let page = browser.open_link(&link).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    assert!(page.recovery_code().is_some(), "{}", page.text);
    let refused = browser.visit(&world.sso("_early")).await;
    assert!(refused.answer().is_none(), "{}", refused.text);

    // Entra asked for an hour: no pause is longer, and one try is enough.
    world.microsoft.mend();
    world.clock.pass(SignedDuration::from_mins(61));
    world.agree();
    world.sweep().await;
    agrees(&world, "ada", "once Entra is back").await;
    assert!(pending(&world).await.is_empty());
    world.clock.pass(SignedDuration::from_mins(1));
    world.sweep().await;
    let records = world.records().await;
    records.check_invariants();
    let tasks = records.values("#OUTBOX#").into_iter().map(|item| item["task"].clone());
    let tasks = tasks.collect::<Vec<_>>();
    let is_round = |task: &Value| task.get("read_directory").is_some();
    assert!(tasks.iter().all(is_round), "only the next round is still to come: {tasks:?}");
}

#[tokio::test]
async fn while_the_consent_is_gone_a_user_waits_and_is_made_once_it_is_given_again() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = connected(&world).await;
    olga.revoke(WRITER).await;
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    create(&world, "ada").await;

    a_day_and_more(&world, &mut olga).await;

    let waits = ("ada@contoso.test".to_owned(), "pending".to_owned(), json!("no_consent"));
    assert_eq!(pending(&world).await, [waits]);
    world.records().await.check_invariants();
    olga.connect("write-users", account::BOSS).await;
    world.clock.pass(SignedDuration::from_mins(31));
    world.agree();
    world.sweep().await;
    world.swept().await;
    agrees(&world, "ada", "once it is given again").await;
    world.quiet().await;
}

#[tokio::test]
async fn a_wider_permission_does_instead_of_the_narrow_ones_and_the_page_offers_and_shows_it() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = world.connector().await;
    let page = olga.page().await;
    for wider in ["Directory.Read.All", "Directory.ReadWrite.All"] {
        assert!(page.text.contains(&format!("<code>{wider}</code>")), "{}", page.text);
    }
    olga.register(|application| {
        let writes = application.roles.contains("User.ReadWrite.All");
        let wider = if writes { "Directory.ReadWrite.All" } else { "Directory.Read.All" };
        application.roles = [wider.to_owned()].into();
    })
    .await;

    olga.connect("read-users", account::BOSS).await;
    let page = olga.connect("write-users", account::BOSS).await;

    assert_eq!(page.text.matches("granted by a wider one").count(), 2, "{}", page.text);
    operate(&world, "set_mode", json!({ "mode": "cloud", "confirm": true })).await.unwrap();
    create(&world, "ada").await;
    world.swept().await;
    agrees(&world, "ada", "by a wider permission").await;
}
