//! From the operator's word to the portal.

use identity::Anchor;
use jiff::SignedDuration;
use scenarios::World;
use serde_json::json;

use crate::place::{agrees, connected, create, here, operate, somebody, there};

#[tokio::test]
async fn somebody_made_here_is_made_in_entra_enrols_and_signs_in_at_microsoft() {
    let world = World::federated().await;
    let mut olga = connected(&world).await;

    let made = create(&world, "ada").await;
    assert_eq!(made["status"], "pending");
    world.swept().await;

    agrees(&world, "ada", "after the push").await;
    let (ours, theirs) = (here(&world, "ada").await, there(&world, "ada").remove(0));
    assert_eq!(made["user"], json!(ours.id));
    assert_eq!(ours.anchor, Some(Anchor::of(ours.id)));
    assert_eq!(theirs.given_name.as_deref(), Some("ada"));
    assert_eq!(theirs.other_mails, ["ada@personal.test"]);
    assert_eq!(theirs.mobile_phone.as_deref(), Some("+49 171 1234567"));
    assert_eq!(theirs.more["usageLocation"], "DE");
    assert!(theirs.account_enabled);
    assert!(!theirs.more.contains_key("passwordProfile"));
    let page = olga.page().await;
    assert!(page.text.contains("From here: whoever is made here"), "{}", page.text);
    assert!(page.text.contains("<dt>Waiting to be made in Entra</dt><dd>0</dd>"));

    let mut ada = world.enrolled(&world.contoso(), ours.clone()).await;
    let told = world.sign_in_at_microsoft(&mut ada.browser, "ada").await;
    assert!(told["location"].is_string(), "{told}");

    // The next rounds tell of them, and change nothing.
    let known = here(&world, "ada").await;
    for _ in 0..2 {
        world.clock.pass(SignedDuration::from_hours(4));
        world.agree();
        world.sweep().await;
        world.swept().await;
        assert_eq!(here(&world, "ada").await, known, "nothing flaps");
    }
    agrees(&world, "ada", "after two rounds").await;
    world.quiet().await;
}

#[tokio::test]
async fn licences_are_assigned_and_one_that_is_not_to_be_had_stops_nobody() {
    const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
    const GONE: &str = "6fd2c87f-b296-42f0-b197-1e91e994b900";
    let world = World::start().await;
    world.microsoft.put_domain(entra_sim::Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    let settings = entra_sim::GraphSettings {
        unavailable_skus: vec![GONE.to_owned()],
        ..entra_sim::GraphSettings::default()
    };
    world.microsoft.set_graph(settings);
    let before = world.records().await;

    for (name, sku) in [("ada", SKU), ("grace", GONE)] {
        let mut asked = somebody(name);
        asked["licences"] = json!([sku]);
        operate(&world, "create_user", asked).await.unwrap();
    }
    world.swept().await;

    for name in ["ada", "grace"] {
        agrees(&world, name, name).await;
    }
    let ada = there(&world, "ada").remove(0);
    assert_eq!(ada.more["assignedLicenses"][0]["skuId"], SKU);
    assert!(!there(&world, "grace").remove(0).more.contains_key("assignedLicenses"));
    let audited = world.quiet().await.audited_since(&before);
    let refused = audited.iter().filter(|(action, _)| action == "licence_refused");
    assert_eq!(refused.count(), 1);
}

#[tokio::test]
async fn whom_another_client_provisions_is_made_in_entra_and_whom_entra_provisions_is_not() {
    let world = World::start().await;
    world.microsoft.put_domain(entra_sim::Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    let (entra, other) = (world.entra().await, world.other_client().await);
    let person = |name: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{name}@contoso.test"), "displayName": name, "active": true,
            "name": { "givenName": name, "familyName": "Example" },
            "addresses": [{ "type": "work", "country": "FR" }],
        })
    };

    other.create(&person("ada")).await;
    entra.create(&person("edith")).await;
    world.swept().await;

    agrees(&world, "ada", "by another client").await;
    let ada = there(&world, "ada").remove(0);
    assert_eq!(
        (ada.surname.as_deref(), &ada.more["usageLocation"]),
        (Some("Example"), &json!("FR"))
    );
    assert!(there(&world, "edith").is_empty());
    let deleted = other.create(&person("gone")).await;
    other.delete(&format!("/Users/{}", deleted["id"].as_str().unwrap())).await.expect(204);
    world.swept().await;
    world.quiet().await;
}
