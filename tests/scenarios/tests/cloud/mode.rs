//! Where users come from: asked for, confirmed, and what is refused meanwhile.

use identity::Mode;
use scenarios::World;
use scenarios::microsoft::account;
use serde_json::{Value, json};

use crate::place::{connected, create, operate, pending, somebody, there};

async fn mode(world: &World) -> Mode {
    world.store.organization(world.organization, world.now()).await.unwrap().unwrap().value.mode
}

#[tokio::test]
async fn whose_users_come_from_on_premises_makes_nobody_here_and_says_why() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let before = world.quiet().await;

    let refused = operate(&world, "create_user", somebody("ada")).await.unwrap_err();

    assert_eq!(refused["errorType"], "Refused");
    assert!(refused["errorMessage"].as_str().unwrap().contains("made on-premises"), "{refused}");
    assert_eq!(world.quiet().await.without(&[]), before.without(&[]));
    assert!(olga.page().await.text.contains("From on-premises: they are made there"));
    world.other_client().await.create(&json!({ "userName": "ada@contoso.test" })).await;
    world.settled().await;
    assert!(there(&world, "ada").is_empty());
    assert_eq!(world.records().await.count("#PUSHES#"), 0);
}

#[tokio::test]
async fn a_mode_is_changed_by_a_confirmation_alone_and_the_plan_says_what_is_missing() {
    let world = World::start().await;
    let before = world.records().await;
    let ask = json!({ "mode": "cloud" });

    let plan = operate(&world, "set_mode", ask.clone()).await.unwrap();

    assert_eq!((&plan["mode"], &plan["changed"]), (&json!("hybrid"), &json!(false)));
    assert_eq!(plan["confirm"], json!({ "confirm": true }));
    assert_eq!(plan["missing"].as_array().unwrap().len(), 4, "{plan}");
    assert_eq!(plan["users"], 1);
    assert_eq!(mode(&world).await, Mode::Hybrid);
    assert_eq!(world.records().await, before, "nothing is written");

    let mut olga = world.connector().await;
    world.microsoft.put_domain(entra_sim::Domain::named("contoso.test")).unwrap();
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let plan = operate(&world, "set_mode", ask).await.unwrap();
    assert_eq!(plan["missing"].as_array().unwrap().len(), 1, "it is not federated yet: {plan}");

    let before = world.records().await;
    let asked = json!({ "mode": "cloud", "confirm": true });
    for changed in [true, false] {
        let done = operate(&world, "set_mode", asked.clone()).await.unwrap();
        assert_eq!(done["changed"], changed);
    }
    assert_eq!(mode(&world).await, Mode::Cloud);
    let audited = world.records().await.audited_since(&before);
    assert_eq!(audited, [("mode_changed".to_owned(), Some("cloud".to_owned()))]);
}

#[tokio::test]
async fn what_is_no_user_is_refused_and_says_what_it_must_be() {
    let world = World::start().await;
    let set = json!({ "mode": "cloud", "confirm": true });
    operate(&world, "set_mode", set).await.unwrap();
    world.user("grace").await;
    let before = world.quiet().await;
    let sku = "05e9a617-0261-4cee-bb44-138d3ef5d965";
    let cases: [(&str, Value, &str); 12] = [
        ("user_name", json!("ada"), "BadRequest"),
        ("user_name", json!("ada@fabrikam.test"), "BadRequest"),
        ("user_name", json!("adä@contoso.test"), "BadRequest"),
        ("user_name", json!("grace@contoso.test"), "Conflict"),
        ("given_name", json!(" "), "BadRequest"),
        ("surname", json!("x".repeat(65)), "BadRequest"),
        ("personal_email", json!("ada@contoso.test"), "BadRequest"),
        ("phone", json!("0171"), "BadRequest"),
        ("usage_location", json!("UK"), "BadRequest"),
        ("licences", json!(["office"]), "BadRequest"),
        ("licences", Value::Array(vec![json!(sku); 21]), "BadRequest"),
        ("colour", json!("red"), "BadRequest"),
    ];
    for (field, value, kind) in cases {
        let mut asked = somebody("ada");
        if field == "licences" {
            asked.as_object_mut().unwrap().remove("usage_location");
        }
        asked[field] = value;
        let refused = operate(&world, "create_user", asked).await.unwrap_err();
        assert_eq!(refused["errorType"], kind, "{field}: {refused}");
    }
    assert_eq!(world.quiet().await, before, "nothing is written");
}

#[tokio::test]
async fn whoever_waits_goes_on_waiting_while_users_come_from_on_premises() {
    let world = World::start().await;
    world.microsoft.put_domain(entra_sim::Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    let fault = entra_sim::GraphFault::next(entra_sim::Fault::Status(503)).times(1000);
    world.microsoft.inject(fault.at("/users").when("POST"));
    create(&world, "ada").await;
    let back = json!({ "mode": "hybrid", "confirm": true });
    let back = operate(&world, "set_mode", back).await.unwrap();
    assert_eq!(back["pending"], 1);

    for _ in 0..8 {
        world.clock.pass(jiff::SignedDuration::from_mins(31));
        world.sweep().await;
    }

    let waits = ("ada@contoso.test".to_owned(), "pending".to_owned(), json!("hybrid"));
    assert_eq!(pending(&world).await, [waits]);
    assert!(there(&world, "ada").is_empty());
    world.records().await.check_invariants();
}

#[tokio::test]
async fn nobody_is_made_in_entra_who_signs_in_with_a_microsoft_account() {
    let world = World::start().await;
    world.microsoft.put_domain(entra_sim::Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    let mut directories = Vec::new();
    for (name, method) in [("Partners", "microsoft"), ("Staff", "passkey")] {
        let asked = json!({ "name": name, "method": method });
        let made = operate(&world, "create_directory", asked).await.unwrap();
        directories.push(made["directory_id"].as_str().unwrap().to_owned());
    }
    let [partners, staff] = directories.try_into().unwrap();
    let person = |name: &str| json!({ "userName": format!("{name}@contoso.test") });

    world.other_client_of(&partners).await.create(&person("ada")).await;
    world.settled().await;
    assert_eq!(world.records().await.count("#PUSHES#"), 0);
    assert!(there(&world, "ada").is_empty());

    // Whose way to sign in changes while they wait goes on waiting.
    let down = entra_sim::Fault::Throttled { retry_after: Some(3600) };
    let down = entra_sim::GraphFault::next(down).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    world.other_client_of(&staff).await.create(&person("grace")).await;
    let steps = [
        (None, Some("unavailable")),
        (Some("microsoft"), Some("microsoft_accounts")),
        (Some("passkey"), None),
    ];
    for (method, reason) in steps {
        if let Some(method) = method {
            let asked = json!({ "directory_id": staff, "method": method });
            operate(&world, "set_directory_method", asked).await.unwrap();
            world.microsoft.mend();
        }
        for _ in 0..3 {
            world.clock.pass(jiff::SignedDuration::from_mins(31));
            world.agree();
            world.sweep().await;
        }
        let waits = |reason| ("grace@contoso.test".to_owned(), "pending".to_owned(), json!(reason));
        assert_eq!(pending(&world).await, Vec::from_iter(reason.map(waits)), "{method:?}");
        assert_eq!(there(&world, "grace").is_empty(), reason.is_some(), "{method:?}");
    }
    world.records().await.check_invariants();
}
