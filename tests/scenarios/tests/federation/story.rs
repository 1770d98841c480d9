//! Somebody looks: what is asked for, what is shown, and what is kept.

use ambient::SystemEntropy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entra_sim::{Domain, FederatedIdpMfaBehavior, PromptLoginBehavior};
use http::{Request, header};
use jiff::SignedDuration;
use scenarios::microsoft::{TENANT, account};
use scenarios::saml::between;
use scenarios::world::{DOMAIN, FEDERATION};
use scenarios::{Page, World};
use serde_json::json;
use tower::ServiceExt as _;

use crate::{audited, difference, entry, stored, verdict};

/// The parameters of an address.
fn parameter(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{name} in {url}")).1.into_owned()
}

#[tokio::test]
async fn an_administrator_looks_with_their_own_rights_and_sees_that_all_is_as_published() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let page = olga.page().await;
    assert!(page.text.contains("/federation\">See how they stand</a>"), "{}", page.text);
    let before = world.records().await;
    let graph = world.microsoft.graph_calls().len();
    let departure = olga.look_departure("narrow").await;
    let microsoft = olga.person.browser.get(&departure).await.location().unwrap();

    // Exactly the connected tenant, exactly what is needed, and nothing that lasts.
    assert!(microsoft.contains(&format!("/{TENANT}/oauth2/v2.0/authorize?")), "{microsoft}");
    let resource = world.microsoft.url();
    assert_eq!(
        parameter(&microsoft, "scope"),
        format!(
            "openid profile {resource}/Domain-InternalFederation.Read.All {resource}/Domain.Read.All"
        )
    );
    assert_eq!(parameter(&microsoft, "client_id"), FEDERATION);
    assert_eq!(parameter(&microsoft, "code_challenge_method"), "S256");
    let back = olga.answer(&microsoft, Some(account::BOSS)).await;
    let page = olga.person.browser.visit(&back).await;

    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
    assert!(page.text.contains("boss@contoso.onmicrosoft.com"), "{}", page.text);
    assert!(page.text.contains(&format!("datetime=\"{}\"", world.now())), "{}", page.text);
    page.assert_guarded("the page");
    let calls = world.microsoft.graph_calls().split_off(graph);
    let asked = calls.iter().map(|call| format!("{} {}", call.method, call.path));
    assert_eq!(
        asked.collect::<Vec<_>>(),
        [
            format!("GET /domains/{DOMAIN}"),
            format!("GET /domains/{DOMAIN}/federationConfiguration")
        ]
    );
    assert_eq!(audited(&world, &before).await, [entry("federation_checked", "as_published")]);
    world.records().await.check_invariants();

    // It stands, with its age, until somebody looks again.
    world.clock.pass(SignedDuration::from_mins(3));
    world.agree();
    let later = olga.federation_page().await;
    assert_eq!(verdict(&later, DOMAIN), "as we publish it");
    assert!(!later.text.contains(&format!("datetime=\"{}\"", world.now())));
    let again = olga.look_at_federation("narrow", account::BOSS).await;
    assert!(again.text.contains(&format!("datetime=\"{}\"", world.now())), "{}", again.text);
}

/// Every value that two sides could have set differently; one of them is meant to do harm.
#[tokio::test]
async fn each_difference_is_shown_with_what_it_is_and_what_it_should_be() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let stranger = STANDARD.encode(olga.certificate().await);
    let mut federation = world.microsoft.federation(DOMAIN).unwrap();
    federation.passive_sign_in_uri = "https://adfs.contoso.test/\"><script>x</script>".to_owned();
    federation.next_signing_certificate = Some(stranger);
    federation.metadata_exchange_uri = Some("https://adfs.contoso.test/mex".to_owned());
    federation.active_sign_in_uri = Some("https://adfs.contoso.test/usernamemixed".to_owned());
    federation.federated_idp_mfa_behavior = FederatedIdpMfaBehavior::RejectMfaByFederatedIdp;
    federation.prompt_login_behavior = PromptLoginBehavior::NativeSupport;
    world.microsoft.federate(Domain::named(DOMAIN), federation).unwrap();
    let before = world.records().await;

    let page = olga.look_at_federation("narrow", account::BOSS).await;

    assert_eq!(verdict(&page, DOMAIN), "differs");
    let of = |property: &str| {
        difference(&page, property).unwrap_or_else(|| panic!("{property}: {}", page.text))
    };
    let issuer = world.bootstrap["issuer_uri"].as_str().unwrap();
    let (is, should) = of("passiveSignInUri");
    assert_eq!(should, format!("{issuer}/sso"));
    assert!(is.starts_with("https://adfs.contoso.test/") && !is.contains("<script"), "{is}");
    assert!(page.text.contains("keeps people out"), "{}", page.text);
    assert_eq!(page.text.matches("lets others in").count(), 3, "{}", page.text);
    let exchange = ("https://adfs.contoso.test/mex".to_owned(), "nothing".to_owned());
    assert_eq!(of("metadataExchangeUri"), exchange);
    assert_eq!(of("activeSignInUri").1, format!("{issuer}/sso"));
    assert!(page.text.contains(&format!("href=\"{issuer}/certificate\"")), "{}", page.text);
    let (is, should) = of("nextSigningCertificate");
    assert_eq!((is.len(), should.as_str()), (64, "nothing"), "a fingerprint of somebody else's");
    let expected = ("rejectMfaByFederatedIdp", "acceptIfMfaDoneByFederatedIdp");
    assert_eq!(of("federatedIdpMfaBehavior"), (expected.0.to_owned(), expected.1.to_owned()));
    assert_eq!(of("promptLoginBehavior"), ("nativeSupport".to_owned(), "disabled".to_owned()));
    for same in ["issuerUri", "signOutUri", "preferredAuthenticationProtocol", "signingCertificate"]
    {
        assert_eq!(difference(&page, same), None, "{same}");
    }
    assert_eq!(audited(&world, &before).await, [entry("federation_checked", "lets_others_in")]);
}

#[tokio::test]
async fn a_domain_that_is_absent_unverified_or_managed_is_told_so() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    assert_eq!(
        verdict(&olga.look_at_federation("narrow", account::BOSS).await, DOMAIN),
        "not in the tenant"
    );
    let cases = [(false, "not verified"), (true, "not federated")];
    for (is_verified, told) in cases {
        let domain = Domain { is_verified, ..Domain::named(DOMAIN) };
        world.microsoft.put_domain(domain).unwrap();
        let page = olga.look_at_federation("narrow", account::BOSS).await;
        assert_eq!(verdict(&page, DOMAIN), told);
        assert_eq!(difference(&page, "issuerUri"), None);
    }
}

#[tokio::test]
async fn where_the_narrow_permissions_are_refused_the_administrator_chooses_a_wider_one() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let unknown = ["Domain-InternalFederation.Read.All"];
    olga.simulate("faults", &json!({ "unknown_scopes": unknown })).await;
    let before = world.records().await;

    let departure = olga.look_departure("narrow").await;
    let microsoft = olga.person.browser.get(&departure).await.location().unwrap();
    let back = olga.answer(&microsoft, Some(account::BOSS)).await;
    let page = olga.person.browser.get(&back).await;
    page.assert_refused(403, "an unknown permission");
    assert!(page.text.contains("that page offers others"), "{}", page.text);
    assert_eq!(audited(&world, &before).await, [entry("federation_refused", "invalid_client")]);
    assert_eq!(stored(&world.records().await), None);

    for (reach, changes) in [("older", false), ("wide", true), ("widest", true)] {
        let page = olga.look_at_federation(reach, account::BOSS).await;
        assert_eq!(verdict(&page, DOMAIN), "as we publish it", "{reach}");
        let given = page.text.contains("By the permissions");
        assert!(given, "{reach}: {}", page.text);
        let granted = between(&page.text, "By the permissions", "</dl>").unwrap();
        assert_eq!(granted.contains("Domain.ReadWrite.All"), changes, "{reach}: {granted}");
    }
    // What was granted once comes along, and the page says so.
    let page = olga.look_at_federation("older", account::BOSS).await;
    let granted = between(&page.text, "By the permissions", "</dl>").unwrap();
    assert!(granted.contains("Domain.ReadWrite.All"), "{granted}");
}

/// The grant is the tenant's; whether Microsoft shows it is the person's own right.
#[tokio::test]
async fn whoever_has_no_role_for_it_is_told_which_it_takes_and_whoever_has_one_sees() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    olga.look_at_federation("narrow", account::BOSS).await;
    let before = world.records().await;

    let back = olga.look_return("narrow", Some(account::MEMBER)).await;
    let page = olga.person.browser.get(&back).await;

    page.assert_refused(403, "a member");
    assert!(page.text.contains("Domain Name Administrator"), "{}", page.text);
    assert_eq!(audited(&world, &before).await, [entry("federation_refused", "not_permitted")]);
    assert_eq!(stored(&world.records().await), stored(&before), "what was seen stands");
    for role in [
        "8329153b-31d0-4727-b945-745eb3bc5f31",
        "be2f45a1-457d-42af-a067-6ec1fa63bc45",
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
        "194ae4cb-b126-40b2-bd5b-6091b380977d",
        "5d6b6bb7-de71-4623-b4af-96380a352509",
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    ] {
        world.microsoft.put_directory_roles("member@contoso.onmicrosoft.com", &[role]).unwrap();
        let page = olga.look_at_federation("narrow", account::MEMBER).await;
        assert_eq!(verdict(&page, DOMAIN), "as we publish it", "{role}");
        assert!(page.text.contains("member@contoso.onmicrosoft.com"), "{}", page.text);
    }
}

#[tokio::test]
async fn what_was_seen_is_not_shown_once_the_tenant_is_let_go() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    olga.look_at_federation("narrow", account::BOSS).await;
    world.clock.pass(SignedDuration::from_secs(1));

    olga.press("disconnect").await;

    let page = olga.federation_page().await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("id=\"not-connected\""), "{}", page.text);
    assert!(!page.text.contains("as we publish it") && !page.text.contains("/start/"));
    // Nor what was seen before, once it is connected again.
    world.clock.pass(SignedDuration::from_secs(1));
    world.agree();
    olga.connected().await;
    let page = olga.federation_page().await;
    assert!(page.text.contains("/start/narrow/"), "{}", page.text);
    assert!(!page.text.contains("as we publish it"), "{}", page.text);
}

/// The page without a registered application, as `template.yaml` deploys it at first.
#[tokio::test]
async fn without_an_application_the_page_says_how_to_register_it_and_leads_nowhere() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let departure = olga.look_departure("narrow").await;
    let mut environment = world.environments["OauthFunction"].clone();
    environment.insert("ENTRA_FEDERATION".to_owned(), String::new());
    let app = oauth::App::with(
        &scenarios::world::aws(world.oauth.url()).await,
        oauth::Config::read(environment).unwrap(),
        world.clock.clone(),
        std::sync::Arc::new(SystemEntropy),
    );
    let router = oauth::router(app.unwrap());
    let cookies = olga.person.browser.cookies.iter().map(|(k, v)| format!("{k}={v}"));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let get = async |path: &str| {
        let request = Request::get(path).header(header::COOKIE, &cookies);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, text }
    };

    let page = get(&format!("{}/federation", world.connection_path())).await;

    assert_eq!(page.status, 200);
    assert!(page.text.contains("id=\"not-registered\""), "{}", page.text);
    assert!(page.text.contains(&format!("{}/oauth/callback/federation", world.base_url)));
    assert!(!page.text.contains("/start/"), "{}", page.text);
    get(&departure).await.assert_refused(409, "there is no application");
}

#[tokio::test]
async fn the_token_of_a_look_is_in_no_item_no_page_and_no_address() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;

    // Graph's own marks of where a list goes on look alike.
    let known = world.records().await.words();
    let back = olga.look_return("narrow", Some(account::BOSS)).await;
    let answer = olga.person.browser.get(&back).await;
    let page = olga.person.browser.visit(&answer.location().unwrap()).await;

    for text in [&answer.location().unwrap(), &answer.text, &page.text] {
        // A JWT begins with the base64url of `{"`.
        assert!(!text.contains("eyJ"), "{text}");
    }
    for call in world.oauth.seen() {
        let body = call.body.to_string();
        assert!(!body.contains("\"eyJ"), "{}: {body}", call.target);
        assert!(!body.contains("\"0."), "{}: {body}", call.target);
    }
    let words = world.records().await.words();
    let mut new = words.difference(&known);
    assert!(new.all(|word| !word.contains("eyJ")), "a token is stored");
}
